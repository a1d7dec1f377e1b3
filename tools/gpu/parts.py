"""Where the time goes: the forms beside each other, and each kernel of a training step."""

from dataclasses import replace

import torch
from scans import make

from carousel.kernels import LSTMCell
from carousel.kernels.cpu import TENSORS
from carousel.kernels.gpu import scan
from carousel.kernels.gpu.form import form_of
from carousel.kernels.gpu.persistent import Persistent
from carousel.kernels.gpu.stepwise import Stepwise

FULL = LSTMCell("full")


def run(place, record) -> None:
    for T, B, H in (1024, 16, 768), (512, 64, 1024), (512, 256, 1024), (512, 256, 512):
        shape(place, record, *place.size(T, B, H))


def shape(place, record, T, B, H) -> None:
    """Both forms at a shape, forward and backward apart, stepwise in a CUDA graph too; and the kernels of a step."""
    dtype = torch.bfloat16
    one = make(FULL, T, B, H, H, dtype=dtype).map(lambda tensor: tensor.to(place.device))
    given, where = one.arguments, f"B{B} T{T} H{H}"
    chosen, _ = form_of(FULL, H, dtype, place.card)
    forms = {"stepwise": Stepwise(FULL)}
    if isinstance(chosen, Persistent):
        forms |= {f"persistent, {units} units": Persistent(FULL, units, place.card.processors)
                  for units in sorted({8, chosen.units})}  # fmt: skip
        if H <= 512:
            forms["persistent, 32 sequences"] = replace(chosen, sequences=32)
    for name, form in forms.items():
        for part in "inference", "forward", "backward":
            record.attempt(f"{where} {name} {part}", timed, place, given, one.errors, form, part)
            place.synchronize()  # which fails where the attempt has lost the GPU
            if isinstance(form, Stepwise) and not place.is_rehearsal:
                record.attempt(
                    f"{where} {name} {part}, graph", in_graph, place, given, one.errors, form, part
                )
    if not place.is_rehearsal:
        record.attempt(f"{where} kernels", kernels, given, one.errors, chosen)


def step_of(given, errors, form, part):
    if part != "backward":
        return lambda _: scan.forward(given, part == "forward", form)
    *_, kept = scan.forward(given, True, form)
    return lambda _: scan.backward(given, kept, errors, [True] * TENSORS, form)


def timed(place, given, errors, form, part) -> dict:
    return told(given, place.milliseconds(step_of(given, errors, form, part), 0.2))


def in_graph(place, given, errors, form, part) -> dict:
    step, graph = step_of(given, errors, form, part), torch.cuda.CUDAGraph()
    step(0)  # compiles, which a capture does not allow
    with torch.cuda.graph(graph):
        step(0)
    return told(given, place.milliseconds(lambda _: graph.replay(), 0.2))


def told(given, milliseconds) -> dict:
    return dict(milliseconds=milliseconds, microseconds_a_step=milliseconds * 1e3 / len(given.x))


def kernels(given, errors, form) -> dict:
    """The ten that take longest in a training step: how often each is called, and its milliseconds together."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        *_, kept = scan.forward(given, True, form)
        scan.backward(given, kept, errors, [True] * TENSORS, form)
        torch.cuda.synchronize()
    spent = sorted(profile.key_averages(), key=lambda row: -row.self_device_time_total)
    return {row.key[:80]: (row.count, row.self_device_time_total / 1e3) for row in spent[:10]}
