"""Every cell of carousel.LSTM against the paper's equations in float64: signals, states, every gradient, odd sizes."""

import itertools

import pytest
import torch
from torch.nn.utils.rnn import pack_sequence, pad_sequence

import carousel
from carousel.equations import augmented, vanilla
from helpers import as_numpy, assert_same

CELLS = list(
    itertools.product(("none", "diagonal", "full"), (False, True), (0, 3), ((0, 0), (2, 0), (0, 1), (1, 2)))
)


def layer_of(cell, **options):
    peephole, input_gate, proj_size, context = cell
    torch.manual_seed(0)
    return carousel.LSTM(
        3,
        5,
        proj_size=proj_size,
        dtype=torch.float64,
        peephole=peephole,
        input_gate=input_gate,
        context=context,
        **options,
    )


def gradient_symbols(layer, reverse=False):
    """The weights' gradients under the paper's names: dE/db is that of either stored bias."""
    suffix = "_l0_reverse" if reverse else "_l0"
    stored = {n.removesuffix(suffix): p.grad for n, p in layer.named_parameters() if n.endswith(suffix)}
    if "bias_ih" in stored:
        assert_same(stored["bias_hh"], stored["bias_ih"], 0.0)
        stored["bias"] = stored["bias_ih"]
    return as_numpy(layer._as_symbols(stored, 0))


def reversed_in_time(symbols):
    """A reverse layer's weights for an equation that runs forward over the reversed sequence."""
    return {name: value[::-1] if name.startswith("W_x") else value for name, value in symbols.items()}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_signals_states_and_every_gradient(cell, bias):
    layer = layer_of(cell, bias=bias)
    T, B, V = 7, 3, cell[2] or 5
    x, v_0, s_0 = (
        torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for shape in ((T, B, 3), (1, B, V), (1, B, 5))
    )
    output, (v_n, s_n) = layer(x, (v_0, s_0))
    e, f_chi, f_psi = (torch.randn_like(part) for part in (output, v_n, s_n))
    ((output * e).sum() + (v_n * f_chi).sum() + (s_n * f_psi).sum()).backward()

    params, window = as_numpy(layer.symbols()), {"look_ahead": cell[3][1]}
    initial = s_0[0].detach().numpy(), v_0[0].detach().numpy()
    signals = augmented.forward(params, x.detach().numpy(), *initial, **window)
    _, gradients = augmented.backward(
        params, signals, e.numpy(), f_chi[0].numpy(), f_psi[0].numpy(), **window
    )
    assert_same(output, signals["v"])
    assert_same((v_n[0], s_n[0]), (signals["v"][-1], signals["s"][-1]))
    assert_same(
        layer.trace(x, (v_0, s_0)), {n: signals[n] for n in signals if n not in ("x", "s_init", "v_init")}
    )
    wanted = {name: gradients[name] for name in params}
    assert_same(gradient_symbols(layer), wanted)
    assert_same(
        (x.grad, s_0.grad[0], v_0.grad[0]), (gradients["x"], gradients["s_init"], gradients["v_init"])
    )


@pytest.mark.parametrize("cell", CELLS[::5], ids=str)
def test_reverse_direction_of_a_ragged_batch(cell):
    """Each sequence alone, run backwards by the equations, is its row of the bidirectional ragged batch."""
    layer = layer_of(cell, bidirectional=True)
    V = cell[2] or 5
    lengths = [4, 7, 1, 5]
    sequences = [torch.randn(n, 3, dtype=torch.float64, requires_grad=True) for n in lengths]
    packed, (v_n, s_n) = layer(pack_sequence(sequences, enforce_sorted=False))
    output, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    e = torch.randn_like(output)
    (output * e).sum().backward()
    signals_of = layer.trace(pack_sequence(sequences, enforce_sorted=False), reverse=True)

    past, future = cell[3]
    params = reversed_in_time(as_numpy(layer.symbols(reverse=True)))
    total = dict.fromkeys(params, 0.0)
    for b, sequence in enumerate(sequences):
        n = lengths[b]
        x = sequence.detach().numpy()[::-1][:, None]
        signals = augmented.forward(params, x, look_ahead=past)
        _, gradients = augmented.backward(
            params, signals, e[:n, b, V:].numpy()[::-1][:, None], look_ahead=past
        )
        assert_same(output[:n, b, V:], signals["v"][::-1, 0].copy())
        assert_same((v_n[1, b], s_n[1, b]), (signals["v"][-1, 0], signals["s"][-1, 0]))
        assert_same(signals_of["s"][:n, b], signals["s"][::-1, 0].copy())
        assert not output[n:, b].any()
        assert not any(signal[n:, b].any() for signal in signals_of.values())
        total = {name: total[name] + gradients[name] for name in params}
    assert_same(
        gradient_symbols(layer, reverse=True), {n: v.copy() for n, v in reversed_in_time(total).items()}
    )


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_ragged_batch_is_its_sequences_one_by_one(cell):
    layer = layer_of(cell, num_layers=2, bidirectional=True)
    sequences = [torch.randn(n, 3, dtype=torch.float64) for n in (2, 6, 1, 6, 3)]
    packed, states = layer(pack_sequence(sequences, enforce_sorted=False))
    output, _ = torch.nn.utils.rnn.pad_packed_sequence(packed)
    alone = [layer(sequence) for sequence in sequences]
    assert_same(output, pad_sequence([one for one, _ in alone]))
    for i in range(2):
        assert_same(states[i], torch.stack([state[i] for _, state in alone], dim=1))


def test_a_whole_stack_is_its_layers_one_by_one():
    layer = layer_of(("full", True, 3, [(1, 1), (0, 2)]), num_layers=2)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    first = augmented.forward(as_numpy(layer.symbols(0)), x.numpy(), look_ahead=1)
    second = augmented.forward(as_numpy(layer.symbols(1)), first["v"], look_ahead=2)
    output, (v_n, s_n) = layer(x)
    assert_same(output, second["v"])
    assert_same(v_n, torch.tensor([first["v"][-1].tolist(), second["v"][-1].tolist()], dtype=torch.float64))
    assert_same(layer.trace(x, layer=1)["a_cx"], second["a_cx"])


def test_each_layer_and_direction_has_its_own_window():
    layer = layer_of(("full", True, 3, [(1, 1), (2, 0)]), num_layers=2, bidirectional=True)
    x = torch.randn(6, 2, 3, dtype=torch.float64)
    first = torch.cat([layer.trace(x, reverse=r)["v"] for r in (False, True)], dim=-1).detach().numpy()
    ahead = augmented.forward(as_numpy(layer.symbols(1)), first, look_ahead=0)
    params = reversed_in_time(as_numpy(layer.symbols(1, reverse=True)))
    back = augmented.forward(params, first[::-1], look_ahead=2)
    output, _ = layer(x)
    assert_same(output[..., :3], ahead["v"])
    assert_same(output[..., 3:], back["v"][::-1].copy())


OPTIONS = {"num_layers": 2, "bias": False, "batch_first": True, "dropout": 0.3, "bidirectional": True}


@pytest.mark.parametrize(
    ("preset", "own", "more"),
    [
        (carousel.VanillaLSTM, {"peephole": "full"}, {}),
        (
            carousel.AugmentedLSTM,
            {"peephole": "full", "input_gate": True, "context": (2, 0)},
            {"proj_size": 2},
        ),
    ],
)
def test_presets_pass_every_option_on(preset, own, more):
    given = {key: value for key, value in own.items() if key == "context"}
    for options in (
        {},
        OPTIONS | more,
        *({key: value} for key, value in (OPTIONS | more).items() if key != "dropout"),
    ):
        made = preset(3, 5, **given, **options, dtype=torch.float64)
        wanted = carousel.LSTM(3, 5, **own, **options, dtype=torch.float64)
        assert repr(made) == repr(wanted)
        assert {n: (p.shape, p.dtype) for n, p in made.named_parameters()} == {
            n: (p.shape, p.dtype) for n, p in wanted.named_parameters()
        }
    assert preset(3, 5, device="meta").weight_hh_l0.device.type == "meta"


def test_presets():
    vanilla_layer = carousel.VanillaLSTM(3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    assert_same(vanilla_layer(x)[0], vanilla.forward(as_numpy(vanilla_layer.symbols()), x.numpy())["v"])
    assert sum(p.numel() for p in vanilla_layer.parameters()) == 5 * (4 * 3 + 3 * 5 + 4 * 5 + 4) + 4 * 5
    augmented_layer = carousel.AugmentedLSTM(3, 5, proj_size=2)
    assert "peephole='full', input_gate=True, context=[(1, 1)]" in repr(augmented_layer)
    assert set(augmented_layer.symbols()) == {
        *(f"{kind}{node}" for kind in ("W_x", "W_v", "b_") for node in ("cu", "cs", "cr", "cx", "du")),
        *(f"W_s{node}" for node in ("cu", "cs", "cr", "cx")),
        "W_qdr",
    }
