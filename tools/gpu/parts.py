"""Where the time goes: the meeting of the programs, each kernel of a training step, and the forms beside each other."""

import torch
import triton
from scans import SOURCES, make

from carousel.kernels import LSTMCell
from carousel.kernels.cpu import PEEPHOLES, TENSORS, Arguments
from carousel.kernels.gpu import scan
from carousel.kernels.gpu.form import form_of
from carousel.kernels.gpu.jit.grid import arrive, wait
from carousel.kernels.gpu.persistent import Persistent
from carousel.kernels.gpu.stepwise import Stepwise

FULL = LSTMCell("full")


@triton.jit(do_not_specialize=["times"])
def meet(counter, times):
    for i in range(times):
        arrive(counter)
        wait(counter, i + 1)


def run(place, record) -> None:
    meetings(place, record)
    for T, B, H in (1024, 16, 768), (512, 64, 1024), (512, 256, 256):
        shape(place, record, *place.size(T, B, H))


def meetings(place, record) -> None:
    (times,) = place.size(2000)
    counter = torch.zeros(1, dtype=torch.int32, device=place.device)
    for programs in sorted({min(programs, place.card.processors) for programs in (8, 32, 64, 128)}):

        def step(_, programs=programs):
            counter.zero_()
            meet[(programs,)](counter, times, num_warps=8, launch_cooperative_grid=True)

            record(
                what="meeting",
                programs=programs,
                microseconds=place.milliseconds(step, 0.1) * 1e3 / times,
            )


def shape(place, record, T, B, H) -> None:
    """Both forms at a shape, forward and backward apart, stepwise in a CUDA graph too; and the kernels of a step."""
    dtype = torch.bfloat16
    one = make(FULL, T, B, H, H, dtype=dtype).map(lambda tensor: tensor.to(place.device))
    given = Arguments(
        *[getattr(one, name) for name in SOURCES[:3]],
        *one.weights,
        None,
        PEEPHOLES.index("full"),
        False,
        False,
    )
    where = f"B{B} T{T} H{H}"
    chosen, reason = form_of(FULL, H, dtype, place.card)
    forms = {"stepwise": Stepwise(FULL)}
    if isinstance(chosen, Persistent):
        forms |= {f"persistent, {units} units": Persistent(FULL, units, place.card.processors)
                  for units in sorted({8, chosen.units})}  # fmt: skip
    record(what=where, reason=reason)
    for name, form in forms.items():
        try:
            passes(place, record, f"{where} {name}", given, one.errors, form, T)
        except Exception as failure:
            record(what=f"{where} {name}", fault=f"{type(failure).__name__}: {failure}"[:500])
    if not place.is_rehearsal:
        try:
            kernels(record, where, given, one.errors, chosen)
        except Exception as failure:
            record(what=f"{where} kernels", skipped=f"{type(failure).__name__}: {failure}"[:300])


def passes(place, record, what, given, errors, form, T) -> None:
    *_, kept = scan.forward(given, True, form)
    steps = {
        "inference": lambda _: scan.forward(given, False, form),
        "forward": lambda _: scan.forward(given, True, form),
        "backward": lambda _: scan.backward(given, kept, errors, [True] * TENSORS, form),
    }
    for name, step in steps.items():
        found = place.milliseconds(step, 0.2)
        record(what=f"{what} {name}", milliseconds=found, microseconds_a_step=found * 1e3 / T)
        if isinstance(form, Stepwise) and not place.is_rehearsal:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                step(0)
            found = place.milliseconds(lambda _, graph=graph: graph.replay(), 0.2)
            record(what=f"{what} {name}, graph", milliseconds=found, microseconds_a_step=found * 1e3 / T)


def kernels(record, where, given, errors, form) -> None:
    """The ten that take longest in a training step."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        *_, kept = scan.forward(given, True, form)
        scan.backward(given, kept, errors, [True] * TENSORS, form)
        torch.cuda.synchronize()
    spent = sorted(profile.key_averages(), key=lambda row: -row.self_device_time_total)
    for row in spent[:10]:
        record(
            what=f"{where} kernel",
            kernel=row.key[:80],
            calls=row.count,
            milliseconds=row.self_device_time_total / 1e3,
        )
