"""A small record with known numbers, for the tests of what is made of it."""

from carousel.benchmarks import Record
from carousel.benchmarks.grid import Shape
from carousel.benchmarks.result import Result

SMALL, LARGE = Shape(1, 100, 64, 64), Shape(32, 100, 128, 256)


def known_record(**changes) -> Record:
    def result(shape, threads, ratio, mode="training", **more):
        numbers = dict(own=0.002, other=0.002 * ratio, ratio=ratio, quartiles=(0.9 * ratio, 1.1 * ratio))
        return Result("plain", mode, shape, threads, "nn.LSTM", **numbers | dict(rounds=9, speed=50.0) | more)

    refused = Result(
        "plain", "inference", LARGE, 1, "nn.LSTM", refused="nn.LSTM disagrees by 1.0e-01 in s with carousel"
    )
    memory = result(SMALL, 1, 1.5, "memory", own=2e6, other=3e6, quartiles=None, rounds=1, speed=None)
    fields = dict(
        date="2026-11-23",
        machine={
            "processor": "A Processor",
            "cores": 2,
            "instructions": "AVX512",
            "versions": {"torch": "2.13.0"},
        },
        peaks={1: 100.0, 2: 200.0},
        is_quick=False,
        absent={"jax": "jax not installed"},
        rows=["plain-training", "plain-inference", "ragged", "memory"],
        results=[
            result(SMALL, 1, 1.0),
            result(LARGE, 1, 4.0),
            result(SMALL, 2, 3.0, own=20e-6, other=60e-6),
            refused,
            memory,
        ],
    )
    return Record(**fields | changes)
