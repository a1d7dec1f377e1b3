"""Where the time goes: the forms beside each other, and each kernel of a training step."""

import torch
from scans import make

from carousel.kernels import LSTMCell
from carousel.kernels.cpu import TENSORS
from carousel.kernels.gpu import scan
from carousel.kernels.gpu.form import form_of
from carousel.kernels.gpu.persistent import Persistent, largest_slice
from carousel.kernels.gpu.streamed import Streamed

FULL = LSTMCell("full")


def run(place, record) -> None:
    for T, B, H in (1024, 16, 768), (512, 64, 1024), (512, 256, 1024), (512, 256, 512):
        shape(place, record, *place.size(T, B, H))


def shape(place, record, T, B, H) -> None:
    """All forms at a shape, forward and backward apart; and the kernels of a step of the form that is chosen."""
    dtype = torch.bfloat16
    one = make(FULL, T, B, H, H, dtype=dtype).map(lambda tensor: tensor.to(place.device))
    given, where = one.arguments, f"B{B} T{T} H{H}"
    processors, chosen = place.card.processors, form_of(FULL, B, H, dtype, place.card)[0]
    forms = {
        "streamed": Streamed(FULL, processors),
        "streamed, wide": Streamed(FULL, processors, is_wide=True),
    }
    units = largest_slice(FULL, H, dtype, place.card)
    if units is not None:
        forms |= {f"persistent, {each} units": Persistent(FULL, each, processors) for each in {8, units}}
        if H <= 512:
            forms["persistent, 32 sequences"] = Persistent(FULL, units, processors, sequences=32)
    forms["stepwise"] = Streamed(FULL, processors, phases_a_launch=1)
    for name, form in forms.items():
        for part in "inference", "forward", "backward":
            record.attempt(f"{where} {name} {part}", timed, place, given, one.errors, form, part)
            place.synchronize()  # which fails where the attempt has lost the GPU
    if not place.is_rehearsal:
        record.attempt(f"{where} kernels", kernels, given, one.errors, chosen)


def step_of(given, errors, form, part):
    if part != "backward":
        return lambda _: scan.forward(given, part == "forward", form)
    *_, kept = scan.forward(given, True, form)
    return lambda _: scan.backward(given, kept, errors, [True] * TENSORS, form)


def timed(place, given, errors, form, part) -> dict:
    milliseconds = place.milliseconds(step_of(given, errors, form, part), 0.2)
    return dict(milliseconds=milliseconds, microseconds_a_step=milliseconds * 1e3 / len(given.x))


def kernels(given, errors, form) -> dict:
    """The ten that take longest in a training step: how often each is called, and its milliseconds together."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        *_, kept = scan.forward(given, True, form)
        scan.backward(given, kept, errors, [True] * TENSORS, form)
        torch.cuda.synchronize()
    spent = sorted(profile.key_averages(), key=lambda row: -row.self_device_time_total)
    return {row.key[:80]: (row.count, row.self_device_time_total / 1e3) for row in spent[:10]}
