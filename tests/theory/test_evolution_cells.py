"""Each cell of the road is what its equation says; its ends are the layers; bad input is told apart."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import carousel
from carousel.theory.evolution import STEPS, Cell, carried_error, cell, growth_rate
from helpers import assert_same

D_X, D_S = 2, 3
LAYERS = {
    "rnn": lambda: carousel.RNN(D_X, D_S),
    "split": lambda: carousel.RNN(D_X, D_S, canonical=True),
    "vanilla": lambda: carousel.VanillaLSTM(D_X, D_S),
    "augmented": lambda: carousel.AugmentedLSTM(D_X, D_S),
}
RNN_NAMES = {"W_r": "W_vdu", "W_x": "W_xdu", "theta_s": "b_du", "W_s": "b_s"}
FRACTIONS = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)


def make(step: str, copies: int | None = None, **options) -> Cell:
    return cell(step, D_X, D_S, copies, dtype=torch.float64, memory=10, seed=3, **options)


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def layer_of(step: str) -> torch.nn.Module:
    torch.manual_seed(0)
    layer = LAYERS[step]().double()
    if step == "split":
        layer.load_symbols(layer.symbols() | {"W_s": torch.diag(FRACTIONS)})
    return layer


def as_cell_weights(step: str, symbols: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A layer's symbols under the names and in the shapes of the cell; of W_s its diagonal."""
    if step in ("rnn", "split"):
        symbols = {RNN_NAMES[name]: symbol for name, symbol in symbols.items()}
        symbols["W_xdu"] = symbols["W_xdu"][None]
    if step == "split":
        symbols["b_s"] = symbols["b_s"].diag()
    return symbols


def gradients_by_symbol(layer: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The gradients under the layer's own symbols: it is filled with them, of the two biases' with one."""
    with torch.no_grad():
        for name, weight in layer.named_parameters():
            weight.copy_(torch.zeros_like(weight) if "bias_hh" in name else weight.grad)
    return layer.symbols()


@pytest.mark.parametrize("step", LAYERS)
def test_the_ends_of_the_road_are_the_layers(step):
    layer, made = layer_of(step), make(step)
    weights = as_cell_weights(step, layer.symbols())
    made.load(weights | ({"b_s": FRACTIONS.logit()} if step == "split" else {}))
    x, weight = draw(12, 4, D_X), draw(12, 4, D_S)
    s, v = draw(2, 4, D_S).tanh()
    v = s.tanh() if step == "split" else v
    hx = {"rnn": v[None], "split": s[None]}.get(step, (v[None], s[None]))
    found = []
    for run in (lambda x: made(x, (s, v))[1], lambda x: layer(x, hx)[0]):
        seen = x.clone().requires_grad_()
        output = run(seen)
        (output * weight).sum().backward()
        found.append((output, seen.grad))
    assert_same(*found)
    for name, gradient in as_cell_weights(step, gradients_by_symbol(layer)).items():
        if name == "b_s":
            gradient = gradient * FRACTIONS * (1 - FRACTIONS)
        gradient = gradient.movedim(0, 1).flatten(1) if name.startswith("W_x") else gradient
        ours = made.get_parameter(name).grad
        assert_same(ours, gradient.reshape(ours.shape), what=name)


@pytest.mark.parametrize("step", STEPS)
def test_copies_are_single_cells_side_by_side(step):
    many = make(step, copies=3)
    x = draw(5, 3, 2, D_X)
    s, v = many(x)
    for copy in range(3):
        alone = make(step)
        for name, weight in alone.named_parameters():
            weight.data.copy_(many.get_parameter(name)[copy])
        assert_same(s[:, copy], alone(x[:, copy])[0])
        assert_same(v[:, copy], alone(x[:, copy])[1])


@pytest.mark.parametrize("step", [step for step in STEPS if step != "augmented"])
def test_a_sequence_cut_in_two_gives_the_same(step):
    made, x = make(step), draw(6, 2, D_X)
    s, v = made(x[:4])
    assert_same(made(x[4:], (s[-1], v[-1]))[1], made(x)[1][4:])


def test_the_window_looks_one_step_ahead_and_zeros_stand_beyond_the_end():
    made, x = make("augmented"), draw(6, 2, D_X)
    ended = torch.cat([x[:3], torch.zeros_like(x[:1])])
    assert_same(made(ended)[1][:3], made(x[:3])[1])
    assert (made(x)[1][2] - made(x[:3])[1][2]).abs().max() > 1e-3


@pytest.mark.parametrize("step", STEPS)
def test_every_weight_is_used(step):
    made = make(step)
    loss = (made(draw(6, 2, D_X))[1] * draw(6, 2, D_S)).sum()
    for gradient in torch.autograd.grad(loss, list(made.parameters())):
        assert gradient.abs().max() > 0


def test_each_step_reduces_to_the_one_before():
    """A gate that is held open, or a fraction of one, takes its step back."""
    x, shut_off = draw(8, 2, D_X), np.full(D_S, np.inf)
    undo = {"proportions": ("b_cs", "b_cu"), "readout": ("b_cr",), "input_gate": ("b_cx",)}
    before = {"proportions": "split", "readout": "absorbed", "input_gate": "readout"}
    for step, gates in undo.items():
        later, earlier = make(step), make(before[step])
        weights = {name: weight.detach() for name, weight in later.named_parameters()}
        later.load(weights | dict.fromkeys(gates, shut_off))
        earlier.load({name: weights[name] for name in earlier.weights})
        assert_same(later(x)[1], earlier(x)[1], what=step)


def test_a_bounded_update_is_the_only_difference_between_s4_and_s6():
    x = 1e-6 * draw(4, 2, D_X)
    linear, bounded = make("readout"), make("bounded")
    assert_same(linear(x)[0], bounded(x)[0], 1e-12)
    assert (linear(1e6 * x)[0] - bounded(1e6 * x)[0]).abs().max() > 0.01


def test_gates_start_where_memory_says():
    memory = 50
    made = cell("vanilla", 2, 1000, memory=memory)
    kept = made.b_cs.detach().sigmoid()
    assert kept.min() >= 0.5
    assert kept.max() <= 1 - 1 / memory + 1e-6
    assert kept.max() > 1 - 1.1 / memory
    assert_same(made.b_cu, -made.b_cs)
    fractions = cell("split", 2, 1000).b_s.sigmoid()
    assert abs(fractions.mean() - 0.5) < 0.05


def test_carried_error_is_what_a_nudge_says():
    made, x = make("vanilla"), draw(6, 1, D_X)
    error = draw(D_S)
    psi = carried_error(made, x, error=error)
    signals = list(made.signals(x))
    for lag in range(1, 5):
        s, v = (part.detach() for part in signals[-1 - lag])
        nudge = torch.tensor([0.0, 1e-6, 0.0], dtype=torch.float64)
        after = [
            made(x[-lag:], (s + sign * nudge, v_after(made, signals, lag, s + sign * nudge)))[0][-1]
            for sign in (1, -1)
        ]
        slope = ((after[0] - after[1]) / 2e-6 * error).sum()
        assert_same(psi[lag, 0, 1], slope, 1e-7)


def v_after(made: Cell, signals: list, lag: int, s: torch.Tensor) -> torch.Tensor:
    """v of the step whose state is nudged: its readout and its readout gate's peephole see the nudge."""
    _, v_before = signals[-2 - lag]
    x = draw(6, 1, D_X)[-1 - lag]
    share = x @ made.W_xcr.mT + made.b_cr
    return (made.node("cr", share, v_before, s).sigmoid() * s.tanh()).detach()


def test_growth_rate_of_a_known_growth():
    lags = torch.arange(40.0).view(-1, 1, 1)
    errors = torch.cat([1.1**lags, 0.7**lags], dim=1).expand(-1, -1, 4)
    np.testing.assert_allclose(growth_rate(errors), [1.1, 0.7], rtol=1e-5)


@pytest.mark.parametrize(
    ("step", "hint"),
    [("vanila", "did you mean 'vanilla'"), ("S7", "known: 'absorbed'"), (3, "known"), ("", "known")],
)
def test_an_unknown_step_is_answered_with_a_name(step, hint):
    with pytest.raises(ValueError, match=hint):
        cell(step, D_X, D_S)


@pytest.mark.parametrize(
    ("arguments", "options", "said"),
    [
        ((0, 3), {}, "input_size must be a whole number, at least 1, got 0"),
        ((2, 2.5), {}, "state_size must be a whole number, at least 1, got 2.5"),
        ((2, 3, -1), {}, "copies must be a whole number, at least 1, got -1"),
        ((2, True), {}, "state_size must be a whole number, at least 1, got True"),
        ((2, 3), {"memory": 1}, "memory must be a finite number of steps, at least 2, got 1"),
        ((2, 3), {"memory": float("nan")}, "memory must be"),
    ],
)
def test_bad_sizes(arguments, options, said):
    with pytest.raises(ValueError, match=said):
        cell("vanilla", *arguments, **options)


@settings(max_examples=40, deadline=None)
@given(
    step=st.sampled_from(list(STEPS)),
    shape=st.lists(st.integers(0, 3), min_size=0, max_size=5),
    copies=st.sampled_from([None, 2]),
)
def test_shapes_fit_or_are_told(step, shape, copies):
    made = make(step, copies=copies)
    lead = [] if copies is None else [copies]
    fits = (
        len(shape) == 3 + len(lead)
        and shape[0] > 0
        and shape[-2] > 0
        and shape[-1] == D_X
        and shape[1:-2] == lead
    )
    x = torch.zeros(shape, dtype=torch.float64)
    if fits:
        assert made(x)[0].shape == (*shape[:-1], D_S)
    else:
        with pytest.raises(ValueError, match=r"x must have shape \[T, .*B, 2\], got"):
            made(x)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_none(bad):
    made, x = make("bounded"), draw(4, 2, D_X)
    x[2, 1, 0] = bad
    with pytest.raises(ValueError, match="x holds a NaN or an infinity"):
        made(x)
    with pytest.raises(ValueError, match=r"s\[-1\], holds a NaN"):
        made(draw(4, 2, D_X), (torch.full((2, D_S), bad), torch.zeros(2, D_S)))
    with pytest.raises(ValueError, match=r"v\[-1\], must have shape \[2, 3\], got \[3, 3\]"):
        made(draw(4, 2, D_X), (torch.zeros(2, D_S), torch.zeros(3, D_S)))


def test_weights_that_do_not_fit():
    made = make("rnn")
    weights = {"W_xdu": np.zeros((1, D_S, D_X)), "W_vdu": np.zeros((D_S, D_S)), "b_du": np.zeros(D_S)}
    made.load(weights)
    with pytest.raises(ValueError, match="StandardRNN has the weights W_vdu, W_xdu, b_du, got W_vdu, b_du"):
        made.load({name: weight for name, weight in weights.items() if name != "W_xdu"})
    with pytest.raises(ValueError, match=r"W_vdu must fit shape \[3, 3\], got \[3, 2\]"):
        made.load(weights | {"W_vdu": np.zeros((D_S, 2))})
    with pytest.raises(ValueError, match=r"W_xdu must fit shape \[3, 2\], got \[2, 3, 2\]"):
        made.load(weights | {"W_xdu": np.zeros((2, D_S, D_X))})
    with pytest.raises(ValueError, match=r"b_du must fit shape \[1, 3\], got \[1\]"):
        made.load(weights | {"b_du": np.zeros(1)})
    with pytest.raises(ValueError, match="b_du holds a NaN"):
        made.load(weights | {"b_du": np.full(D_S, np.nan)})


def test_errors_that_do_not_fit():
    made, x = make("bounded"), draw(6, 2, D_X)
    with pytest.raises(ValueError, match=r"error must fit shape \[2, 3\], got \[4\]"):
        carried_error(made, x, error=torch.ones(4))
    with pytest.raises(ValueError, match="finite, nonzero"):
        growth_rate(torch.zeros(10, 3))
    with pytest.raises(ValueError, match="at least 4 lags"):
        growth_rate(torch.ones(3, 3))
