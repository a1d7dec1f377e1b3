"""The Triton kernels in Triton's interpreter; test_gpu_forms.py runs these tests in a process of their own.

Its programs run one after another, so a program that waits for a later one would wait forever: a launch has either one
program, or one phase, or `Programs` take turns.
"""

from dataclasses import dataclass, replace

import pytest
import torch
from interpreter import InterpreterBuilder, Programs, card_product
from scans import CELLS, Scan, make, name_of, run_eager, truth
from scans import run as run_through
from triton.runtime.interpreter import GridExecutor

from carousel import kernels
from carousel.kernels import LSTMCell, Weights, cpu, operators
from carousel.kernels.cpu import TENSORS, Arguments
from carousel.kernels.gpu import kept_rows, scan, trust
from carousel.kernels.gpu.form import Form
from carousel.kernels.gpu.jit import grid, persistent, streamed
from carousel.kernels.gpu.persistent import Persistent
from carousel.kernels.gpu.streamed import Streamed
from helpers import assert_same

FULL = LSTMCell("full", True, True)
DEVICE = torch.device("cpu")


@pytest.fixture(autouse=True)
def poisoned_memory():
    """What torch.empty returns is full of NaN."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(autouse=True)
def mended_interpreter(monkeypatch):
    monkeypatch.setattr(InterpreterBuilder, "create_dot", card_product)


def run(one: Scan, form: Form, wanted=(True,) * TENSORS, errors=None):
    given = one.arguments
    v, v_last, s_last, kept = scan.forward(given, True, form)
    gradients = scan.backward(given, kept, one.errors if errors is None else errors, list(wanted), form)
    named = zip(Arguments._fields, gradients, strict=False)
    return dict(v=v, v_last=v_last, s_last=s_last) | {
        f"d{name}": gradient for name, gradient in named if gradient is not None
    }


def assert_true(one: Scan, form: Form, tolerance: float = 1e-6) -> None:
    """Against the equations in float64, of the numbers as they are."""
    got = run(one, form)
    assert {value.dtype for value in got.values()} == {one.x.dtype}
    assert_same({name: value.double() for name, value in got.items()}, truth(one), tolerance)


CHOSEN = [cell for cell in CELLS if not cell.projection] + [LSTMCell(projection=True), FULL]
"""Every recurrence; and a projection, which is outside of it, with the simplest and the richest."""


@pytest.mark.parametrize("i", range(len(CHOSEN)), ids=lambda i: name_of(CHOSEN[i]))
@pytest.mark.parametrize("form", ["persistent", "streamed"])
def test_every_cell(i, form):
    """Two tiles of sequences and two slices of units, both cut off; half of the cells ragged, half reversed."""
    cell = CHOSEN[i]
    B, H, form = {
        "persistent": (18, 9, Persistent(cell, 8, 4, phases_a_launch=1)),
        "streamed": (66, 17, Streamed(cell, 3, phases_a_launch=1)),
    }[form]
    one = make(cell, 3, B, 2, H, ragged=i % 2 == 0, reverse=i % 3 == 0, bias=i != 5, dtype=torch.float32)
    assert_true(one, form)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", [LSTMCell("diagonal"), FULL], ids=name_of)
def test_programs_at_once(cell, reverse, ragged, monkeypatch):
    """One launch for all steps, with more parts than programs; a race shows as NaN, or as a wait for ever."""
    programs = Programs(2 * reverse + ragged, grid.arrive)
    monkeypatch.setattr(GridExecutor, "__call__", lambda *given, **more: programs.launched(*given, **more))
    for form in persistent, streamed:
        monkeypatch.setattr(form, "wait", programs.wait)
        monkeypatch.setattr(form, "arrive", programs.arrive)
    one = make(cell, 4, 34, 2, 17, ragged=ragged, reverse=reverse, dtype=torch.float32)
    assert_true(one, Persistent(cell, 8, processors=6))
    one = make(cell, 4, 66, 2, 18, ragged=ragged, reverse=reverse, dtype=torch.float32)
    assert_true(one, Streamed(cell, processors=3), 2e-6)


def test_products_in_several_parts():
    one = make(FULL, 2, 3, 2, 33, dtype=torch.float32)
    assert_true(one, Persistent(FULL, 16, 3, phases_a_launch=1), 2e-6)
    assert_true(one, Streamed(FULL, 1), 2e-6)


def test_tiles_of_more_sequences():
    one = make(FULL, 2, 35, 2, 5, ragged=True, dtype=torch.float32)
    assert_true(one, Persistent(FULL, 8, 1, sequences=32))
    one = make(FULL, 2, 130, 2, 34, ragged=True, dtype=torch.float32)
    assert_true(one, Streamed(FULL, 1, is_wide=True), 2e-6)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("cell", [LSTMCell(), LSTMCell("full", True)], ids=name_of)
def test_recurrent_dropout(cell, ragged):
    one = make(cell, 3, 17, 2, 9, ragged=ragged, reverse=ragged, dtype=torch.float32, masked=True)
    assert_true(one, Persistent(cell, 8, 4, phases_a_launch=1))
    assert_true(one, Streamed(cell, 1))


@pytest.mark.parametrize("make_form", [lambda: Persistent(FULL, 8, 1), lambda: Streamed(FULL, 1)])
def test_one_step_of_one_sequence(make_form):
    assert_true(make(FULL, 1, 1, 1, 1, dtype=torch.float32), make_form())


def test_tf32_where_the_library_may_use_it(monkeypatch):
    """To its three digits."""
    one = make(FULL, 2, 3, 2, 20, dtype=torch.float32)
    monkeypatch.setattr("carousel.kernels.gpu.launch.precision", lambda dtype: "tf32")
    for form in Persistent(FULL, 8, 3, phases_a_launch=1), Streamed(FULL, 1):
        assert_true(one, form, 2e-3)
        with pytest.raises(AssertionError):
            assert_true(one, form, 2e-5)


@pytest.mark.parametrize("dtype, tolerance", [(torch.bfloat16, 3e-2), (torch.float16, 4e-3)], ids=str)
@pytest.mark.parametrize("make_form", [lambda: Persistent(FULL, 16, 1), lambda: Streamed(FULL, 1)])
def test_half_precision(dtype, tolerance, make_form):
    assert_true(make(FULL, 4, 3, 2, 6, ragged=True, dtype=dtype), make_form(), tolerance)


def test_the_state_of_half_precision_is_float32():
    """It stays while so little is added in each step that bfloat16 would round it away."""
    cell, T, H = LSTMCell("diagonal"), 16, 4
    one = make(cell, T, 1, 1, H, dtype=torch.bfloat16)
    rows = torch.arange(4 * H).div(H, rounding_mode="floor")
    bias = torch.tensor([-6.0, 20.0, 20.0, 0.0])[rows].bfloat16()  # g_cu is 0.0025, g_cs 1, u 1
    weights = Weights(*[None if weight is None else torch.zeros_like(weight) for weight in one.weights])
    one = replace(one, s_init=torch.ones(1, H).bfloat16(), weights=weights._replace(bias=bias))
    for form in Persistent(cell, 8, 1), Streamed(cell, 1):
        _, _, s_last, _ = scan.forward(one.arguments, False, form)
        torch.testing.assert_close(s_last.float(), torch.full((1, H), 1 + T * 0.00247), rtol=1e-2, atol=0)


@pytest.mark.parametrize("cell", [LSTMCell("diagonal", True), FULL], ids=name_of)
@pytest.mark.parametrize("make_form", [lambda cell: Persistent(cell, 8, 1), lambda cell: Streamed(cell, 1)])
def test_inference_computes_the_same(cell, make_form):
    one = make(cell, 3, 5, 2, 6, ragged=True, reverse=True, dtype=torch.float32)
    *trained, kept = scan.forward(one.arguments, True, make_form(cell))
    *got, nothing = scan.forward(one.arguments, False, make_form(cell))
    assert nothing is None and kept is not None
    assert all(torch.equal(a, b) for a, b in zip(got, trained, strict=True))


def test_gradients_that_nobody_wants_and_errors_that_are_zero():
    one = make(FULL, 3, 4, 2, 5, ragged=True, dtype=torch.float32)
    form = Streamed(FULL, 1)
    zero = replace(one, errors=(torch.zeros_like(one.errors[0]), *one.errors[1:]))
    some = run(one, form, (True, False, False, True, False, False, False, False), (None, *one.errors[1:]))
    assert some.keys() == {"v", "v_last", "s_last", "dx", "dih"}
    every = run(zero, form)
    assert torch.equal(some["dx"], every["dx"]) and torch.equal(some["dih"], every["dih"])
    nothing = run(one, form, errors=(None, None, None))
    assert all(not nothing[name].any() for name in nothing if name.startswith("d"))


@dataclass(frozen=True)
class OnThisMachine:
    """In place of `carousel.kernels.gpu`, whose functions ask the GPU what form to take."""

    form: Form
    kept_rows = staticmethod(kept_rows)

    def forward(self, given, keep):
        return scan.forward(given, keep, self.form)

    def backward(self, given, kept, errors, wanted):
        return scan.backward(given, kept, errors, wanted, self.form)


@pytest.mark.skipif(bool(cpu.MISSING), reason=cpu.MISSING)
def test_the_operators_and_second_derivatives(monkeypatch):
    cell = LSTMCell("full", True)
    monkeypatch.setattr(operators, "kernel_of", lambda given: OnThisMachine(Streamed(cell, 1)))
    one = make(cell, 2, 2, 2, 3, ragged=True, dtype=torch.float32)
    leaves = [None if part is None else part.requires_grad_() for part in one.arguments.tensors]
    given = Arguments(*leaves, *one.arguments[TENSORS:])
    tests = "test_schema", "test_faketensor"
    for keep in (False, True):
        torch.library.opcheck(torch.ops.carousel.lstm.default, (*given, keep), test_utils=tests)
    with torch.no_grad():
        _, _, _, kept = scan.forward(given, True, Streamed(cell, 1))
    backward = (*given, *kept[:3], *one.errors, [True] * TENSORS)
    torch.library.opcheck(torch.ops.carousel.lstm_backward.default, backward, test_utils=tests)

    def curvature():
        v, (v_last, s_last) = kernels.scan(
            cell, given.x, (given.v_init, given.s_init), Weights(*given[3:8]), given.lengths
        )
        sources = [leaf for leaf in leaves if leaf is not None]
        slopes = torch.autograd.grad(
            v.square().sum() + v_last.sum() + s_last.sum(), sources, create_graph=True
        )
        return torch.autograd.grad(sum(slope.square().sum() for slope in slopes), sources)

    got = curvature()
    with kernels.use_kernel("eager"):
        assert_same(got, curvature(), 1e-5)


def test_a_ragged_batch_is_packed_once(monkeypatch):
    """To pack it again for the gradients would have the device waited for again."""
    cell, packed = LSTMCell("diagonal"), []
    monkeypatch.setattr(operators, "kernel_of", lambda given: OnThisMachine(Streamed(cell, 1)))
    monkeypatch.setattr(scan, "_rows", lambda given, rows=scan._rows: packed.append(1) or rows(given))
    one = make(cell, 2, 2, 2, 3, ragged=True, dtype=torch.float32)
    assert_same(run_through(one, operators.scan), run_eager(one), 1e-6)
    assert packed == [1]


@pytest.mark.parametrize("make_form", [lambda cell: Persistent(cell, 8, 1), lambda cell: Streamed(cell, 1)])
def test_signs_that_are_still_to_be_turned(make_form):
    cell = LSTMCell("diagonal")
    one = make(cell, 2, 2, 2, 3, dtype=torch.float32, masked=True)
    turned = one.map(lambda tensor: torch._neg_view(-tensor))
    assert_same(run(turned, make_form(cell)), run(one, make_form(cell)), 0.0)


def test_what_agrees_is_trusted(recwarn):
    for cell in (FULL, LSTMCell("diagonal")):
        assert trust.fault(Persistent(cell, 8, 1), cell, 6, torch.float32, DEVICE, keep=True) == ""
        assert trust.fault(Streamed(cell, 1), cell, 6, torch.bfloat16, DEVICE, keep=False) == ""
    cell = LSTMCell("full")
    assert trust.fault(Streamed(cell, 1), cell, 6, torch.float32, DEVICE, keep=True, masked=True) == ""
    assert not recwarn.list


def test_the_first_case_does_not_mind_where_tensors_are_made_by_default():
    with torch.device("meta"):
        assert trust.fault(Streamed(FULL, 1), FULL, 5, torch.float32, DEVICE, keep=True) == ""


@dataclass(frozen=True)
class Faulty(Streamed):
    """A form with a fault."""

    what: str = ""

    def forward(self, given, rows):
        if self.what == "raises":
            raise RuntimeError("out of resource: shared memory\nRequired: more")
        super().forward(given, rows)
        if self.what == "q":
            given.q[-1, 0] += 0.01

    def backward(self, given, rows):
        super().backward(given, rows)
        if self.what == "NaN":
            given.alpha[0, 0] = torch.nan


@pytest.mark.parametrize(
    "what, words",
    [
        ("q", "the Triton kernel's v is off by"),
        ("NaN", "is off by nan on cpu with Triton"),
        ("raises", "the Triton kernel fails on cpu with Triton"),
    ],
)
def test_a_fault_is_told_once(what, words):
    form, case = Faulty(FULL, 1, what=what), (FULL, 4, torch.float32, DEVICE)
    assert trust.known_fault(form, *case[1:]) == ""
    with pytest.warns(UserWarning, match=words) as told:
        found = trust.fault(form, *case, keep=True)
    assert "the form streamed takes its place" in str(told[0].message)
    assert trust.fault(form, *case, keep=True) == found != ""
    assert trust.known_fault(form, *case[1:]) == found
