"""Recurrent dropout, zoneout and DropConnect: against a plain loop with the same masks, and what they leave alone."""

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import carousel
from carousel.kernels import Masks, Weights
from helpers import assert_same

WHOLE = dict(peephole="full", input_gate=True, proj_size=4, context=(1, 1))
OPTIONS = {
    "recurrent dropout": dict(recurrent_dropout=0.4),
    "zoneout": dict(zoneout=(0.3, 0.6)),
    "zoneout of v": dict(zoneout=(0.3, 0.0)),
    "DropConnect": dict(weight_dropout=0.4),
    "all": dict(recurrent_dropout=0.2, zoneout=0.3, weight_dropout=0.4),
}
LAYERS: dict[str, Callable[..., carousel.LSTM]] = {
    "plain": lambda **options: carousel.LSTM(3, 7, **options),
    "diagonal": lambda **options: carousel.LSTM(3, 7, peephole="diagonal", bias=False, **options),
    "stacked": lambda **options: carousel.VanillaLSTM(3, 5, 2, bidirectional=True, **options),
    "whole": lambda **options: carousel.LSTM(3, 7, 2, bidirectional=True, **WHOLE, **options),
}
T, B, LENGTHS = 6, 5, [6, 2, 5, 1, 4]
each_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())


def double(layer):
    torch.manual_seed(1)
    for weight in layer.parameters():
        torch.nn.init.normal_(weight, std=0.5)
    return layer.double()


def batch() -> Tensor:
    torch.manual_seed(2)
    return torch.randn(T, B, 3, dtype=torch.float64)


def states(layer) -> tuple[Tensor, Tensor]:
    torch.manual_seed(3)
    runs = layer.num_layers * (1 + layer.bidirectional)
    return tuple(
        torch.randn(runs, B, size).double()
        for size in (layer.proj_size or layer.hidden_size, layer.hidden_size)
    )


def plain_loop(
    cell, x, v, s, weights: Weights, masks: Masks, steps
) -> tuple[dict[int, Tensor], Tensor, Tensor]:
    """One sequence [T, I] through one run, a step at a time; masks of this sequence."""
    H, out = len(s), {}
    ih, hh, ch, bias, hr = weights
    seen = dict(zip(cell.peephole_nodes, () if ch is None else ch.split(H), strict=True))

    def peephole(node, s):
        return 0.0 if node not in seen else seen[node] @ s if seen[node].dim() == 2 else seen[node] * s

    for n in steps:
        fed = v if masks.v is None else v * masks.v
        xi = dict(zip(cell.nodes, (ih @ x[n]).split(H), strict=True))
        rest = dict(zip(cell.nodes, (hh @ fed + (0.0 if bias is None else bias)).split(H), strict=True))
        g = {
            node: torch.sigmoid(xi[node] + rest[node] + peephole(node, s))
            for node in cell.nodes
            if node != "cr"
        }
        u = torch.tanh(rest["du"] + (g["cx"] * xi["du"] if cell.input_gate else xi["du"]))
        s_new = g["cs"] * s + g["cu"] * u
        q = torch.sigmoid(xi["cr"] + rest["cr"] + peephole("cr", s_new)) * torch.tanh(s_new)
        v_new = q if hr is None else hr @ q
        if masks.zones:
            zone_v, zone_s = (zone[n] for zone in masks.zones)
            v_new, s_new = zone_v * v + (1 - zone_v) * v_new, zone_s * s + (1 - zone_s) * s_new
        v, s = v_new, s_new
        out[n] = v
    return out, v, s


def by_loop(layer, x, state, drawn):
    """The stack over a ragged batch; `drawn` has the weights and masks of each run in order."""
    runs, last = iter(drawn), []
    for level in range(layer.num_layers):
        outputs = []
        for reverse in (False, True)[: 1 + layer.bidirectional]:
            weights, masks = next(runs)
            columns, ends = [], []
            for b, length in enumerate(LENGTHS):
                alone = Masks(
                    None if masks.v is None else masks.v[b],
                    tuple(zone.expand(T, B, -1)[:, b] for zone in masks.zones),
                )
                past, future = layer.context[level]
                inside = F.pad(x[:length, b], (0, 0, past, future))
                windows = torch.cat(
                    [inside[past + future - tap :][:length] for tap in range(past + future + 1)], 1
                )
                steps = range(length)
                start = (part[len(last), b] for part in state)
                out, *end = plain_loop(
                    layer.cell, windows, *start, weights, alone, reversed(steps) if reverse else steps
                )
                zero = torch.zeros_like(end[0])
                columns.append(torch.stack([out.get(n, zero) for n in range(T)]))
                ends.append(end)
            outputs.append(torch.stack(columns, 1))
            last.append([torch.stack(parts) for parts in zip(*ends, strict=True)])
        x = torch.cat(outputs, -1)
    return x, tuple(torch.stack(parts) for parts in zip(*last, strict=True))


def watched(layer, monkeypatch) -> list:
    """What each run of the layer draws, as (weights, masks), in a list that fills as it is called."""
    drawn: list = []
    weights_of, masks_of = layer._varied_weights, layer._masks
    monkeypatch.setattr(
        layer, "_varied_weights", lambda *run: drawn.append([weights_of(*run)]) or drawn[-1][0]
    )
    monkeypatch.setattr(layer, "_masks", lambda *of: drawn[-1].append(masks_of(*of)) or drawn[-1][1])
    return drawn


@each_option
@each_layer
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_values_and_gradients_are_those_of_a_plain_loop(make, options, training, monkeypatch):
    layer, x = double(make(**options)).train(training), batch().requires_grad_()
    state = tuple(part.requires_grad_() for part in states(layer))
    drawn = watched(layer, monkeypatch)
    leaves = [x, *state, *layer.parameters()]

    def results(output, last):
        error = sum(
            (signal * torch.linspace(-1, 1, signal.numel()).view_as(signal)).sum()
            for signal in (output, *last)
        )
        return output, *last, *torch.autograd.grad(error, leaves, retain_graph=True)

    got = results(*layer(x, state, lengths=LENGTHS))
    assert_same(got, results(*by_loop(layer, x, state, drawn)), 1e-11)


@each_layer
def test_masks_are_what_their_names_say(make, monkeypatch):
    layer = make(recurrent_dropout=0.25, zoneout=(0.1, 0.5), weight_dropout=0.4)
    drawn = watched(layer, monkeypatch)
    x = torch.randn(40, 30, 3)
    layer(x)
    V, H = layer.proj_size or layer.hidden_size, layer.hidden_size
    assert len(drawn) == layer.num_layers * (1 + layer.bidirectional)
    for (weights, masks), run in zip(drawn, layer._stored_as, strict=True):
        assert masks.v.shape == (30, V) and masks.v.unique().tolist() == [0.0, pytest.approx(4 / 3)]
        zone_v, zone_s = masks.zones
        assert (zone_v.shape, zone_s.shape) == ((40, 30, V), (40, 30, H))
        assert zone_v.mean() == pytest.approx(0.1, abs=0.02) and zone_s.mean() == pytest.approx(0.5, abs=0.02)
        stored = layer._weights(*run)
        left = weights.hh != 0
        assert left.double().mean() == pytest.approx(0.6, abs=0.15)
        assert_same(weights.hh[left], stored.hh[left] / 0.6)
        assert all(
            one is other or torch.equal(one, other)
            for one, other in zip(weights[2:], stored[2:], strict=True)
        )
    if len(drawn) > 1:
        assert not torch.equal(drawn[0][1].v, drawn[1][1].v)  # each direction has its own


@each_option
def test_the_seed_says_what_is_drawn(options):
    layer, x = LAYERS["stacked"](**options), torch.randn(T, B, 3)

    def drawn_from(seed):
        torch.manual_seed(seed)
        return layer(x)[0]

    assert torch.equal(drawn_from(5), drawn_from(5)) and not torch.equal(drawn_from(5), drawn_from(6))
    torch.manual_seed(5)
    signals = layer.trace(x)  # of the first layer: what a call draws first
    torch.manual_seed(5)
    assert_same(signals["v"], first_layer(layer, x), 1e-6)


def first_layer(layer, x):
    """The first layer's output in the forward direction, as a call computes it."""
    weights, masks = layer._varied_weights(0, False), layer._masks(x, B, layer.training)
    zeros = tuple(x.new_zeros(B, layer.hidden_size) for _ in range(2))
    return carousel.kernels.scan(layer.cell, x, zeros, weights, masks=masks)[0]


@each_option
def test_a_packed_batch_draws_what_a_padded_one_does(options):
    layer, x = double(LAYERS["whole"](**options)), batch()
    torch.manual_seed(4)
    padded, last = layer(x, lengths=LENGTHS)
    torch.manual_seed(4)
    packed, its_last = layer(pack_padded_sequence(x, torch.tensor(LENGTHS), enforce_sorted=False))
    assert_same((pad_packed_sequence(packed)[0], its_last), (padded, last), 1e-12)


@each_layer
def test_nothing_is_drawn_and_no_bit_changes_where_nothing_is_asked_for(make):
    torch.manual_seed(0)
    plain = make()
    torch.manual_seed(0)
    layer = make(
        init="uniform", forget_bias=None, chrono=None, recurrent_dropout=0.0, zoneout=0.0, weight_dropout=0.0
    )
    x, before = torch.randn(T, B, 3), torch.get_rng_state()
    assert torch.equal(layer(x)[0], plain(x)[0])
    off = make(recurrent_dropout=0.5, weight_dropout=0.5).eval()
    off.load_state_dict(plain.state_dict())
    assert torch.equal(off(x)[0], plain(x)[0])
    assert not torch.equal(off.train()(x)[0], plain(x)[0])
    off.eval()
    carousel.explain(make(recurrent_dropout=0.5, zoneout=0.5), x)
    torch.set_rng_state(before)
    off(x), carousel.explain(off.train(), x)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "options", [dict(zoneout=(0.2, 0.4)), dict(recurrent_dropout=0.5, weight_dropout=0.5)], ids=str
)
def test_a_stream_does_what_evaluation_does(options):
    layer = carousel.AugmentedLSTM(3, 7, 2, proj_size=4, **options)
    x = torch.randn(T, B, 3)
    stream = layer.stream(B)
    known = [v for x_n in x if (v := stream.push(x_n)) is not None]
    assert_same(torch.cat([torch.stack(known), stream.flush()]), layer.eval()(x)[0], 1e-6)
    assert_same(stream.state["s"], layer(x)[1][1], 1e-6)


def test_explain_says_what_runs_and_why():
    x = torch.randn(T, B, 3)
    fast = carousel.explain(carousel.LSTM(3, 7), x)
    for options in (dict(recurrent_dropout=0.3), dict(weight_dropout=0.3), dict(chrono=9)):
        assert carousel.explain(carousel.LSTM(3, 7, **options), x) == fast
    told = carousel.explain(carousel.LSTM(3, 7, zoneout=(0.0, 0.1)).eval(), x)
    assert (told.kernel, told.reason) == ("eager", "no kernel has zoneout")


def test_a_trace_shows_the_signals_after_zoneout():
    layer = carousel.LSTM(3, 7, zoneout=(0.2, 0.4)).eval()
    x = torch.randn(T, B, 3)
    signals, (output, (_, s)) = layer.trace(x), layer(x)
    assert_same((signals["v"], signals["s"][-1]), (output, s[0]), 1e-6)


def test_the_options_are_seen_kept_and_changed():
    layer = carousel.LSTM(
        3, 7, zoneout=0.1, recurrent_dropout=0.2, weight_dropout=0.3, init="orthogonal", chrono=9
    )
    text = "init='orthogonal', chrono=9, recurrent_dropout=0.2, zoneout=(0.1, 0.1), weight_dropout=0.3"
    assert repr(layer) == f"LSTM(3, 7, {text})"
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert repr(again) == repr(layer)
    assert layer.state_dict().keys() == carousel.LSTM(3, 7).state_dict().keys()
    layer.zoneout = 0.3
    assert layer.zoneout == (0.3, 0.3)
    with pytest.raises(ValueError, match="zoneout must be a probability"):
        layer.zoneout = 2.0
    layer.zoneout = 0.0
    assert (
        carousel.explain(layer).kernel != "eager" or carousel.explain(carousel.LSTM(3, 7)).kernel == "eager"
    )
    rnn = carousel.RNN(3, 7, canonical=True, recurrent_dropout=0.2, weight_dropout=0.1, init="orthogonal")
    assert repr(rnn) == (
        "RNN(3, 7, init='orthogonal', recurrent_dropout=0.2, weight_dropout=0.1, canonical=True)"
    )


@pytest.mark.parametrize("make", [carousel.LSTM, carousel.RNN])
def test_a_layer_pickled_before_there_were_options_is_as_it_was(make):
    layer, x = make(3, 7), torch.randn(T, B, 3)
    old = copy.copy(layer)
    for name in ("init", "forget_bias", "chrono", "recurrent_dropout", "_zoneout", "weight_dropout"):
        del old.__dict__[name]
    again = pickle.loads(pickle.dumps(old))
    assert "_zoneout" not in vars(again) and repr(again) == repr(layer)
    assert torch.equal(again(x)[0], layer(x)[0])
    again.reset_parameters()


@pytest.mark.parametrize("canonical", [False, True])
def test_an_rnn_is_the_loop_with_the_same_masks(canonical, monkeypatch):
    layer = double(carousel.RNN(3, 7, canonical=canonical, recurrent_dropout=0.4, weight_dropout=0.3))
    x, drawn = batch(), watched(layer, monkeypatch)
    output, last = layer(x)
    ((weights, masks),) = drawn
    carried, rows = torch.zeros(B, 7).double(), []
    for x_n in x:
        r = torch.tanh(carried) if canonical else carried
        s = x_n @ weights.ih.t() + weights.bias + (r * masks.v) @ weights.hh.t()
        s = s + carried @ weights.ch.t() if canonical else s
        rows.append(torch.tanh(s))
        carried = s if canonical else rows[-1]
    assert not torch.equal(masks.v, torch.ones_like(masks.v))
    assert_same((output, last[0]), (torch.stack(rows), carried), 1e-12)


BAD = {
    "init must be 'uniform' or 'orthogonal', got 'chrono'": dict(init="chrono"),
    "forget_bias must be a finite number or None, got nan": dict(forget_bias=float("nan")),
    "chrono must be an integer of 3 or more, the longest dependency in steps, or None, got 2": dict(chrono=2),
    "forget_bias and chrono both set the bias of the gate g_cs; give one of them": dict(
        chrono=9, forget_bias=1.0
    ),
    "chrono sets biases, and bias=False leaves them out; leave out one of the two": dict(
        chrono=9, bias=False
    ),
    "recurrent_dropout must be a probability, a number in range [0, 1], got 1.5": dict(recurrent_dropout=1.5),
    "weight_dropout must be a probability, a number in range [0, 1], got True": dict(weight_dropout=True),
    "zoneout must be a probability, a number in range [0, 1], got -0.1": dict(zoneout=(0.0, -0.1)),
    "zoneout must be a probability, or a pair of them, of v and of s, got (0.1, 0.1, 0.1)": dict(
        zoneout=(0.1,) * 3
    ),
}


@pytest.mark.parametrize(("text", "options"), BAD.items(), ids=BAD.keys())
def test_bad_options_get_a_sentence(text, options):
    with pytest.raises(ValueError) as error:
        carousel.LSTM(3, 7, **options)
    assert str(error.value) == text


def test_what_torch_lacks_is_not_lost():
    with pytest.raises(ValueError, match=r"nothing for zoneout=\(0, 0.2\) of this layer"):
        carousel.LSTM(3, 7, zoneout=(0.0, 0.2)).eval().to_torch()
    layer = carousel.LSTM(3, 7, recurrent_dropout=0.2, weight_dropout=0.1)
    with pytest.raises(
        ValueError, match="nothing for recurrent_dropout=0.2, weight_dropout=0.1 of this layer"
    ):
        layer.to_torch()
    x = torch.randn(T, B, 3)
    assert_same(layer.eval().to_torch()(x)[0], layer(x)[0], 1e-6)
