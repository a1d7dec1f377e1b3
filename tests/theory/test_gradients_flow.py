"""The error signals of any layer against automatic differentiation of a run written apart; bad input; the figure."""

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

import carousel
from carousel.equations import rnn
from carousel.theory.gradients import GradientFlow, error_signals, gradient_flow, plot_flow
from helpers import assert_same
from oracle import augmented

T, B, D_X, H = 7, 3, 2, 4
LENGTHS = torch.tensor([5, 7, 1])
DIRECTIONS = {False: (False,), True: (False, True)}


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)


def states_of_one(layer, x, hx):
    """Output [T, D * V] of one sequence and the very states of every run, by time, for autograd to look at."""
    states, bidirectional = {}, layer.bidirectional
    for level in range(layer.num_layers):
        outputs = []
        for reverse in DIRECTIONS[bidirectional]:
            run = level * (1 + bidirectional) + reverse
            W, seen = dict(layer.symbols(level, reverse)), x.flip(0) if reverse else x
            past, future = layer.context[level][::-1] if reverse else layer.context[level]
            if isinstance(layer, carousel.LSTM):
                if reverse:
                    W = {name: value.flip(0) if value.dim() == 3 else value for name, value in W.items()}
                look_ahead = dict.fromkeys(layer.cell.nodes, future)
                signals = augmented(W, seen, hx[1][run], hx[0][run], look_ahead, (0, 0))
                s, output = signals["s"], signals["v"]
            else:
                s, output = standard_or_canonical(layer, W, seen, hx[run])
            states[level, reverse] = s[::-1] if reverse else s
            outputs.append(torch.stack(output[::-1] if reverse else output))
        x = torch.cat(outputs, dim=-1)
    return x, states


def standard_or_canonical(layer, W, x, initial):
    warp = torch.tanh if layer.nonlinearity == "tanh" else torch.relu
    s, r = initial, warp(initial) if "W_s" in W else initial
    states, readouts = [], []
    for sample in x:
        kept = W["W_s"] @ s if "W_s" in W else 0.0
        s = W["W_r"] @ r + W["W_x"] @ sample + W.get("theta_s", 0.0) + kept
        r = warp(s)
        states.append(s)
        readouts.append(r)
    return states, readouts


def wanted_psi(layer, x, hx, lengths, error, level, reverse):
    """[lags, B, H]"""
    psi = torch.zeros(len(x), x.shape[1], layer.hidden_size, dtype=torch.float64)
    for b, length in enumerate(lengths.tolist()):
        mine = tuple(part[:, b] for part in hx) if isinstance(hx, tuple) else hx[:, b]
        output, states = states_of_one(layer, x[:length, b], mine)
        E = (output[0 if reverse else -1] * error[b]).sum()
        s = states[level, reverse]
        grads = torch.autograd.grad(E, s, allow_unused=True)
        ordered = grads if reverse else grads[::-1]
        for lag, gradient in enumerate(ordered):
            psi[lag, b] = 0 if gradient is None else gradient
    return psi


def start_states(layer, B=B):
    runs = layer.num_layers * (1 + layer.bidirectional)
    s = torch.randn(runs, B, layer.hidden_size, dtype=torch.float64)
    if isinstance(layer, carousel.RNN):
        return s
    return torch.randn(runs, B, layer.proj_size or layer.hidden_size, dtype=torch.float64), s


LAYERS = {
    "lstm": lambda: carousel.LSTM(D_X, H),
    "no bias": lambda: carousel.LSTM(D_X, H, bias=False),
    "vanilla": lambda: carousel.VanillaLSTM(D_X, H),
    "diagonal, projection": lambda: carousel.LSTM(D_X, H, proj_size=3, peephole="diagonal"),
    "augmented": lambda: carousel.AugmentedLSTM(D_X, H, context=(2, 1)),
    "augmented stack, both directions": lambda: carousel.LSTM(
        D_X, H, 2, bidirectional=True, proj_size=3, peephole="full", input_gate=True, context=[(1, 2), (2, 1)]
    ),
    "stack": lambda: carousel.LSTM(D_X, H, 3, dropout=0.5),
    "rnn": lambda: carousel.RNN(D_X, H),
    "relu rnn": lambda: carousel.RNN(D_X, H, nonlinearity="relu"),
    "canonical rnn": lambda: carousel.RNN(D_X, H, 2, canonical=True, bidirectional=True),
    "canonical relu rnn": lambda: carousel.RNN(D_X, H, canonical=True, nonlinearity="relu", bias=False),
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_and_direction_against_autograd(name):
    layer = LAYERS[name]().double()
    x, hx = torch.randn(T, B, D_X, dtype=torch.float64), start_states(layer)
    output, _ = layer.eval()(
        pack_padded_sequence(x, LENGTHS, enforce_sorted=False), hx if isinstance(hx, tuple) else hx
    )
    layer.train()
    width = output.data.shape[1]
    error = torch.randn(B, width, dtype=torch.float64)
    for level in range(layer.num_layers):
        for reverse in DIRECTIONS[layer.bidirectional]:
            flow = gradient_flow(layer, x, hx, lengths=LENGTHS, error=error, level=level, reverse=reverse)
            wanted = wanted_psi(layer.eval(), x, hx, LENGTHS, error, level, reverse)
            assert_same(flow.psi, wanted.numpy())


def test_a_standard_rnn_against_its_equations():
    layer = carousel.RNN(D_X, H).double()
    x = torch.randn(T, B, D_X, dtype=torch.float64)
    e = np.zeros((T, B, H))
    e[-1] = np.random.default_rng(1).standard_normal((B, H))
    params = {name: value.detach().numpy() for name, value in layer.symbols().items()}
    errors, _ = rnn.backward(params, rnn.forward(params, x.numpy()), e)
    assert_same(gradient_flow(layer, x, error=torch.from_numpy(e[-1])).psi, errors["psi"][::-1].copy())


def test_the_trace_alone_would_miss_what_later_steps_see():
    layer = carousel.LSTM(D_X, H).double()
    x = torch.randn(T, 1, D_X, dtype=torch.float64)
    s = layer.trace(x)["s"]
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        torch.autograd.grad(layer(x)[0][-1].sum(), s)
    assert (gradient_flow(layer, x).psi != 0).all()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (torch.nn.LSTM(D_X, H, 2, bidirectional=True, proj_size=2), carousel.LSTM),
        (torch.nn.RNN(D_X, H, nonlinearity="relu", batch_first=True), carousel.RNN),
    ],
)
def test_layers_of_torch_and_single_precision(theirs, ours):
    x = torch.randn(T, B, D_X)
    got, wanted = gradient_flow(theirs, x), gradient_flow(ours.from_torch(theirs).requires_grad_(False), x)
    assert_same(got.psi, wanted.psi)
    assert got.psi.dtype == np.float64
    assert got.name == wanted.name == f"{ours.__name__}(2, 4), layer {theirs.num_layers - 1}"


def test_all_forms_of_input_agree():
    layer = carousel.VanillaLSTM(D_X, H).double()
    x, hx = torch.randn(T, B, D_X, dtype=torch.float64), start_states(layer)
    wanted = gradient_flow(layer, x, hx, lengths=LENGTHS)
    packed = pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
    assert_same(gradient_flow(layer, packed, hx).psi, wanted.psi)
    dirty = x.clone()
    dirty[5:, 0] = torch.nan  # behind the end of sequence 0
    assert_same(gradient_flow(layer, dirty, hx, lengths=LENGTHS).psi, wanted.psi)
    first = tuple(part[:, 0] for part in hx)
    alone = gradient_flow(layer, x[:5, 0], first)
    assert_same(alone.psi[:, 0], wanted.psi[:5, 0])
    turned = carousel.LSTM(D_X, H, peephole="full", batch_first=True).double()
    turned.load_state_dict(layer.state_dict())
    assert_same(gradient_flow(turned, x.transpose(0, 1), hx, lengths=LENGTHS).psi, wanted.psi)


def test_the_layer_is_left_as_it_was():
    layer = carousel.LSTM(D_X, H, 2, dropout=0.5).train()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    gradient_flow(layer, torch.randn(T, B, D_X))
    assert layer.training
    assert next(layer.parameters()).dtype == torch.float32
    assert all(parameter.grad is None for parameter in layer.parameters())
    assert_same(layer.state_dict(), before, tolerance=0)


def flow_of(psi, lengths):
    return GradientFlow(np.asarray(psi, dtype=float), np.asarray(lengths), "test")


def test_numbers_of_a_flow():
    psi = np.zeros((4, 2, 2))
    psi[:, 0] = [[3, 4], [0.3, 0.4], [0.003, 0.004], [0, 0]]
    psi[:2, 1] = [[0, 10], [0, 1]]
    flow = flow_of(psi, [4, 2])
    np.testing.assert_allclose(flow.norms, [[5, 10], [0.5, 1], [0.005, np.nan], [0, np.nan]])
    np.testing.assert_allclose(flow.relative, [1, 0.1, 0.001, 0])
    np.testing.assert_allclose(flow.units, [[1, 1], [0.1, np.sqrt(1.16 / 116)], [0.001, 0.001], [0, 0]])
    assert (flow.reach(), flow.reach(0.5), flow.reach(0.1 + 1e-9)) == (2, 1, 1)
    assert flow.unit_reaches() == [2, 2]


def test_reach_is_for_good():
    assert flow_of(np.array([1, 0.005, 0.5, 0.005, 0.001]).reshape(5, 1, 1), [5]).reach() == 3
    assert flow_of(np.array([1, 0.005, 0.5]).reshape(3, 1, 1), [3]).reach() is None
    assert flow_of(np.ones((1, 1, 1)), [1]).reach() is None


def test_a_unit_without_error_has_no_reach():
    psi = np.ones((3, 1, 2))
    psi[:, 0, 0] = 0
    psi[1:, 0, 1] = 0
    assert flow_of(psi, [3]).unit_reaches() == [None, 1]


def broken(layer, symbol="weight_hh_l0", value=float("nan")):
    with torch.no_grad():
        getattr(layer, symbol)[0] = value
    return layer


def dead():
    layer = torch.nn.RNN(D_X, H, nonlinearity="relu")
    with torch.no_grad():
        layer.bias_ih_l0.fill_(-1e6)
    return layer


def runaway():
    layer = carousel.RNN(1, 1, nonlinearity="relu", bias=False)
    layer.load_symbols({"W_r": [[9.0]], "W_x": [[0.0]]})
    return layer


LSTM, X = carousel.LSTM(D_X, H), torch.ones(T, B, D_X)
BAD = {
    "kind": (torch.nn.Linear(2, 4), X, {}, "gradient_flow takes carousel.LSTM, carousel.RNN, torch.nn.LSTM or torch.nn.RNN, got Linear; give the recurrent layer inside your model"),
    "no state": (torch.nn.GRU(2, 4), X, {}, "gradient_flow: a GRU has no state signal apart from its output; give an LSTM or an RNN of carousel or torch.nn"),
    "zoneout": (carousel.LSTM(D_X, H, zoneout=0.1), X, {}, "gradient_flow: zoneout=(0.1, 0.1) carries an error past the gates, and is not followed; set it to (0, 0) on a copy of the layer"),
    "NaN weight": (broken(carousel.LSTM(D_X, H)), X, {}, "gradient_flow: weight_hh_l0 of the layer is NaN or infinite; load weights from before it diverged"),
    "level": (LSTM, X, {"level": 1}, "level must lie in -1..0 for a stack of 1, got 1"),
    "reverse": (LSTM, X, {"reverse": True}, "reverse=True needs a layer with bidirectional=True; leave reverse out"),
    "array": (LSTM, X.numpy(), {}, "x must be a Tensor or a PackedSequence, got ndarray"),
    "features": (LSTM, X[..., :1], {}, "x must have at least one step and one sequence and 2 features, [T, B, 2], got [7, 3, 1]"),
    "empty": (LSTM, X[:0], {}, "x must have at least one step and one sequence and 2 features, [T, B, 2], got [0, 3, 2]"),
    "no sequence": (LSTM, X[:, :0], {}, "x must have at least one step and one sequence and 2 features, [T, B, 2], got [7, 0, 2]"),
    "axes": (LSTM, X[0, 0], {}, "x must have at least one step and one sequence and 2 features, [T, B, 2], got [2]"),
    "NaN": (LSTM, broken_x := X.clone(), {}, "x must be finite, got NaN or infinity at step 4 of sequence 2"),
    "lengths": (LSTM, X, {"lengths": torch.tensor([7, 8, 1])}, "lengths must be 3 whole numbers from 1 to 7, one a sequence, got [7, 8, 1]"),
    "empty sequence": (LSTM, X, {"lengths": torch.tensor([7, 0, 1])}, "lengths must be 3 whole numbers from 1 to 7, one a sequence, got [7, 0, 1]"),
    "too few lengths": (LSTM, X, {"lengths": torch.tensor([7])}, "lengths must be 3 whole numbers from 1 to 7, one a sequence, got [7]"),
    "fractions": (LSTM, X, {"lengths": torch.tensor([7.0, 2.5, 1.0])}, "lengths must be 3 whole numbers from 1 to 7, one a sequence, got [7.0, 2.5, 1.0]"),
    "lengths twice": (LSTM, pack_padded_sequence(X, LENGTHS, enforce_sorted=False), {"lengths": LENGTHS}, "a PackedSequence knows its lengths; leave lengths out"),
    "one state": (LSTM, X, {"hx": torch.zeros(1, B, H)}, "LSTM: hx must be a pair (h_0, c_0) of tensors, got one tensor"),
    "kind of state": (LSTM, X, {"hx": 3}, "hx must be one tensor for an RNN or a pair (v, s) for an LSTM, got int"),
    "size of state": (LSTM, X, {"hx": (torch.zeros(1, B, H), torch.zeros(1, B, H + 1))}, "LSTM: Expected hx[1] size (1, 3, 4), got [1, 3, 5]"),
    "NaN state": (LSTM, X, {"hx": (torch.full((1, B, H), torch.nan), torch.zeros(1, B, H))}, "hx must be finite, got NaN or infinity"),
    "error": (LSTM, X, {"error": torch.ones(H + 1)}, "error must have shape [4] or [3, 4], as the output has, got [5]"),
    "NaN error": (LSTM, X, {"error": torch.full((H,), torch.nan)}, "error must be finite, got NaN or infinity"),
    "no gradient": (dead(), X, {}, "E does not depend on the state of this RNN where it is read: dE/ds is exactly 0 there; look for saturated or dead units, weights of zero, or give another error"),
    "explosion": (runaway(), torch.ones(400, 1, 1), {"hx": torch.full((1, 1, 1), 1e-300, dtype=torch.float64)}, "the error signals of this RNN explode beyond float64 within 400 steps; use fewer steps"),
}  # fmt: skip
broken_x[4, 2, 1] = torch.nan


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case):
    layer, x, options, message = BAD[case]
    with pytest.raises(ValueError) as error:
        gradient_flow(layer, x, **options)
    assert str(error.value) == message


@pytest.mark.parametrize("share", [0, 1, -1, float("nan")])
def test_bad_share(share):
    flow = flow_of(np.ones((2, 1, 1)), [2])
    for ask in (flow.reach, flow.unit_reaches, lambda share: plot_flow(flow, share=share)):
        with pytest.raises(ValueError, match="share must lie between 0 and 1, 0.01 for 1 %, got"):
            ask(share)


@pytest.mark.parametrize(
    "psi", [np.ones((1, 1, 1)), 0.1 ** np.arange(60.0).reshape(30, 1, 2), np.eye(3)[:, None]]
)
def test_a_figure_for_any_flow(psi):
    figure = plot_flow(flow_of(psi, [len(psi)]), title="of a $ test")
    figure.canvas.draw()
    assert (figure.get_size_inches() <= (8, 5)).all()
    assert "of test over" in figure.get_label()


@pytest.mark.parametrize("fault", ["turned", "slope", "state path"])
def test_faults_in_the_error_signals_are_noticed(monkeypatch, fault):
    """The comparison with autograd fails where a sequence is not turned, a slope or a path is wrong."""
    if fault == "turned":
        monkeypatch.setattr(error_signals, "turned", lambda signal, lengths: signal[::-1])
        name = "augmented stack, both directions"
    elif fault == "slope":
        monkeypatch.setattr(error_signals, "_relu", np.abs)
        name = "relu rnn"
    else:
        right = error_signals.augmented.backward
        monkeypatch.setattr(
            error_signals.augmented,
            "backward",
            lambda p, signals, e, **options: right(
                p, signals | {"g_cs": signals["g_cs"] * 0.9}, e, **options
            ),
        )
        name = "vanilla"
    with pytest.raises(AssertionError):
        test_every_layer_and_direction_against_autograd(name)
