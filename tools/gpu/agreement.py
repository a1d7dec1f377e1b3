"""Every cell in every dtype and all forms against eager in float64, and the same bits when it runs again."""

from dataclasses import replace

import torch
from scans import CELLS, make, name_of, run_eager

from carousel.kernels import LSTMCell
from carousel.kernels.cpu import TENSORS, Arguments
from carousel.kernels.gpu import scan
from carousel.kernels.gpu.form import form_of
from carousel.kernels.gpu.streamed import Streamed

LIMITS = {torch.float32: 2e-5, torch.float16: 8e-3, torch.bfloat16: 6e-2}
"""Of the largest error over the largest value."""
REPEATS = 4
LARGE = [(16, 256), (64, 512), (16, 768), (100, 1024)]
"""B and H of scans as large as those that are timed."""


def run(place, record) -> None:
    cells = CELLS[-1:] if place.is_rehearsal else CELLS
    for i, cell in enumerate(cells):
        for j, dtype in enumerate(LIMITS):
            T, B, inputs, H = place.size(9, 37, 5, 43)
            one = make(
                cell, T, B, inputs, H, ragged=(i + j) % 2 == 0, reverse=i % 3 == 0, bias=i != 5, dtype=dtype,
                masked=j == 1 and not cell.projection,
            )  # fmt: skip
            third = (i + j) % 3  # to compile all takes too long
            compare(place, record, one, "persistent", ("streamed", "streamed, wide", "stepwise")[third])
    full = LSTMCell("full")
    for B, H in LARGE:
        T, B, H = place.size(48, B, H)
        one = make(full, T, B, 8, H, dtype=torch.bfloat16)
        compare(place, record, one, "persistent", "streamed", "streamed, wide")


def compare(place, record, one, *names) -> None:
    (T, B, _), H, dtype = one.x.shape, one.s_init.shape[1], one.x.dtype
    narrow = Streamed(one.cell, place.card.processors)
    forms = {
        "persistent": form_of(one.cell, 1, H, dtype, place.card)[0],
        "streamed": narrow,
        "streamed, wide": replace(narrow, is_wide=True),
        "stepwise": replace(narrow, phases_a_launch=1),
    }
    for name in names:
        form = forms[name]
        what = f"{name_of(one.cell)} {name} {dtype} B{B} T{T} H{H}"
        what += " ragged" * (one.lengths is not None) + " reverse" * one.reverse
        what += " masked" * (one.v_mask is not None)
        record.attempt(what, check, place, one, form)
        place.synchronize()  # which fails where the check has lost the GPU


def check(place, one, form) -> dict:
    one = one.map(lambda tensor: tensor.to(place.device))
    if one.lengths is not None:
        one = replace(one, lengths=one.lengths.to(place.device))
    wanted = run_eager(one.map(lambda tensor: tensor.double()))
    first = results(one, form)
    errors = {name: error(first[name], wanted[name]) for name in wanted}
    worst = max(errors, key=errors.get)
    fault = "" if errors[worst] <= LIMITS[one.x.dtype] else "beyond the limit"
    for _ in range(1 if place.is_rehearsal else REPEATS):
        again = results(one, form)
        if any(not torch.equal(first[name], again[name]) for name in first):
            fault += " not the same again"
            break
    return dict(worst=worst, error=errors[worst], fault=fault)


def results(one, form) -> dict[str, torch.Tensor]:
    given = one.arguments
    v, v_last, s_last, kept = scan.forward(given, True, form)
    gradients = scan.backward(given, kept, one.errors, [True] * TENSORS, form)
    named = zip(Arguments._fields, gradients, strict=False)
    return dict(v=v, v_last=v_last, s_last=s_last) | {
        f"d{name}": part for name, part in named if part is not None
    }


def error(got: torch.Tensor, wanted: torch.Tensor) -> float:
    """Infinite where it is NaN."""
    found = ((got - wanted).abs().max() / wanted.abs().max().clamp(min=1e-6)).item()
    return found if found == found else float("inf")
