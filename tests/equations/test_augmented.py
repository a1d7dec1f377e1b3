"""carousel.equations.augmented against automatic differentiation, torch.nn.LSTM, itself in pieces, and bad input."""

import numpy as np
import pytest
import torch

import oracle
from carousel.equations import augmented, vanilla
from helpers import assert_same

GATES = ("cu", "cs", "cr", "cx")


def random_case(seed: int, **fixed):
    """Sizes, windows, extensions and arrays of one random case; `fixed` overrides a choice."""
    rng = np.random.default_rng(seed)
    choice = {
        "d_s": int(rng.integers(1, 6)),
        "d_x": int(rng.integers(1, 5)),
        "K": int(rng.integers(1, 7)),
        "B": int(rng.integers(1, 4)),
        "peephole": rng.choice(["none", "diagonal", "full"]),
        "input_gate": bool(rng.integers(2)),
        "projection": bool(rng.integers(2)),
        "bias": bool(rng.integers(4)),
        "max_taps": int(rng.integers(1, 5)),
        "halo": (int(rng.integers(3)), int(rng.integers(3))),
        **fixed,
    }
    d_s, d_x, K, B = (choice[name] for name in ("d_s", "d_x", "K", "B"))
    d_v = int(rng.integers(1, d_s + 1)) if choice["projection"] else d_s
    nodes = ["cu", "cs", "cr", "du"] + ["cx"] * choice["input_gate"]
    params, look_ahead = {}, {}
    for node in nodes:
        taps = int(rng.integers(1, choice["max_taps"] + 1))
        look_ahead[node] = int(rng.integers(taps))
        params[f"W_x{node}"] = rng.normal(size=(taps, d_s, d_x))
        params[f"W_v{node}"] = rng.normal(size=(d_s, d_v))
        if choice["bias"]:
            params[f"b_{node}"] = rng.normal(size=d_s)
        if node != "du" and choice["peephole"] != "none":
            params[f"W_s{node}"] = rng.normal(size=(d_s, d_s) if choice["peephole"] == "full" else d_s)
    if choice["projection"]:
        params["W_qdr"] = rng.normal(size=(d_v, d_s))
    arrays = {
        "x": rng.normal(size=(sum(choice["halo"]) + K, B, d_x)),
        "s_init": rng.normal(size=(B, d_s)),
        "v_init": rng.normal(size=(B, d_v)),
        "dE_dv": rng.normal(size=(K, B, d_v)),
        "f_chi_end": rng.normal(size=(B, d_v)),
        "f_psi_end": rng.normal(size=(B, d_s)),
    }
    return params, arrays, {"look_ahead": look_ahead, "halo": choice["halo"]}


def run(params, arrays, windows):
    signals = augmented.forward(params, arrays["x"], arrays["s_init"], arrays["v_init"], **windows)
    ends = arrays["f_chi_end"], arrays["f_psi_end"]
    return signals, *augmented.backward(params, signals, arrays["dE_dv"], *ends, **windows)


def differentiated(params, arrays, windows):
    """The oracle's signals, and the derivative of E by every signal and every array, by autograd."""
    W = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    leaves = {name: torch.tensor(arrays[name], requires_grad=True) for name in ("x", "s_init", "v_init")}
    B = leaves["x"].shape[1]
    runs = [
        oracle.augmented(W, leaves["x"][:, b], leaves["s_init"][b], leaves["v_init"][b], **windows)
        for b in range(B)
    ]
    E = sum(
        (torch.stack(signals["v"]) * torch.tensor(arrays["dE_dv"][:, b])).sum()
        + signals["v"][-1] @ torch.tensor(arrays["f_chi_end"][b])
        + signals["s"][-1] @ torch.tensor(arrays["f_psi_end"][b])
        for b, signals in enumerate(runs)
    )
    by_array = dict(
        zip(
            [*W, *leaves],
            torch.autograd.grad(E, [*W.values(), *leaves.values()], retain_graph=True),
            strict=True,
        )
    )
    by_signal = {
        name: torch.stack(
            [torch.stack(torch.autograd.grad(E, signals[name], retain_graph=True)) for signals in runs], dim=1
        )
        for name in runs[0]
        if name.startswith("a_") or name in ("s", "r", "q", "v", "xi_du")
    }
    signals = {name: torch.stack([torch.stack(one[name]) for one in runs], dim=1) for name in runs[0]}
    return signals, by_array, by_signal


@pytest.mark.parametrize("seed", range(220))
def test_every_gradient_is_that_of_automatic_differentiation(seed):
    case = random_case(seed)
    signals, errors, gradients = run(*case)
    wanted_signals, by_array, by_signal = differentiated(*case)
    assert_same({name: signals[name] for name in wanted_signals}, wanted_signals, 1e-12)
    assert_same(gradients, by_array, 1e-10)
    letters = {"chi": "v", "beta": "q", "rho": "r", "psi": "s", "delta_du": "xi_du"}
    letters |= {name.replace("a_", "alpha_"): name for name in by_signal if name.startswith("a_")}
    assert_same(
        {letter: errors[letter] for letter in letters}, {k: by_signal[v] for k, v in letters.items()}, 1e-10
    )


@pytest.mark.parametrize("seed", range(10))
def test_what_a_step_passes_back_is_what_the_step_before_receives(seed):
    params, arrays, windows = random_case(seed, K=5)
    _, errors, _ = run(params, arrays, windows)
    assert_same(errors["chi"][:-1], arrays["dE_dv"][:-1] + errors["f_chi"][1:])
    assert errors["f_psi"].shape == errors["psi"].shape


@pytest.mark.parametrize("seed", range(200))
def test_without_extensions_it_is_the_vanilla_lstm_to_the_last_bit(seed):
    params, arrays, _ = random_case(
        seed, peephole="full", input_gate=False, projection=False, bias=True, max_taps=1, halo=(0, 0)
    )
    params = {name: value[0] if name.startswith("W_x") else value for name, value in params.items()}
    ends = arrays["f_chi_end"], arrays["f_psi_end"]
    signals, errors, gradients = run(params, arrays, {})
    plain = vanilla.forward(params, arrays["x"], arrays["s_init"], arrays["v_init"])
    plain_errors, plain_gradients = vanilla.backward(params, plain, arrays["dE_dv"], *ends)
    assert_same({name: signals[name] for name in plain}, plain, 0.0)
    assert_same({name: errors[name] for name in plain_errors}, plain_errors, 0.0)
    assert_same(gradients, plain_gradients, 0.0)


@pytest.mark.parametrize("proj_size", [0, 3])
def test_reduces_to_torch_lstm(proj_size):
    torch.manual_seed(proj_size)
    module = torch.nn.LSTM(4, 5, proj_size=proj_size, dtype=torch.float64)
    x = torch.randn(6, 2, 4, dtype=torch.float64, requires_grad=True)
    output, (_, c) = module(x)
    upstream = torch.randn_like(output)
    (output * upstream).sum().backward()
    order = ("cu", "cs", "du", "cr")

    def by_symbol(W_ih, W_hh, b, W_hr=None):
        parts = {"W_x": W_ih, "W_v": W_hh, "b_": b}
        named = {
            f"{letter}{p}": part
            for letter, W in parts.items()
            for p, part in zip(order, W.chunk(4), strict=True)
        }
        return named | ({} if W_hr is None else {"W_qdr": W_hr})

    weights = dict(module.named_parameters())
    W = [weights["weight_ih_l0"], weights["weight_hh_l0"], weights["bias_ih_l0"] + weights["bias_hh_l0"]]
    W += [weights["weight_hr_l0"]] if proj_size else []
    params = {name: value.detach().numpy() for name, value in by_symbol(*W).items()}
    signals = augmented.forward(params, x.detach().numpy())
    _, gradients = augmented.backward(params, signals, upstream.numpy())
    assert_same(signals["v"], output)
    assert_same(signals["s"][-1], c[0])
    grads = [weights[name].grad for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")]
    grads += [weights["weight_hr_l0"].grad] if proj_size else []
    wanted = by_symbol(*grads) | {"x": x.grad}
    assert_same({name: gradients[name] for name in wanted}, wanted)


@pytest.mark.parametrize("seed", range(20))
def test_segments_with_carried_signals_give_the_whole_sequence(seed):
    rng = np.random.default_rng(seed)
    params, arrays, windows = random_case(seed, K=9, halo=(0, 0))
    whole, whole_errors, whole_gradients = run(params, arrays, windows)
    cuts = [0, *sorted(rng.choice(np.arange(1, 9), size=2, replace=False)), 9]
    reach = 4
    segments, s, v = [], arrays["s_init"], arrays["v_init"]
    for start, end in zip(cuts[:-1], cuts[1:], strict=True):
        first, last = max(0, start - reach), min(9, end + reach)
        options = {"look_ahead": windows["look_ahead"], "halo": (int(start - first), int(last - end))}
        signals = augmented.forward(params, arrays["x"][first:last], s, v, **options)
        s, v = signals["s"][-1], signals["v"][-1]
        segments.append((slice(start, end), slice(first, last), signals, options))
    assert_same(np.concatenate([signals["v"] for _, _, signals, _ in segments]), whole["v"], 1e-12)

    total = {name: np.zeros_like(value) for name, value in whole_gradients.items()}
    f_chi, f_psi = arrays["f_chi_end"], arrays["f_psi_end"]
    for steps, samples, signals, options in reversed(segments):
        errors, gradients = augmented.backward(
            params, signals, arrays["dE_dv"][steps], f_chi, f_psi, **options
        )
        f_chi, f_psi = errors["f_chi"][0], errors["f_psi"][0]
        for name in params:
            total[name] += gradients[name]
        total["x"][samples] += gradients["x"]
    total |= {"s_init": f_psi, "v_init": f_chi}
    assert_same(total, whole_gradients, 1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_parameter_count(seed):
    params, _, _ = random_case(seed, peephole="full", input_gate=True, projection=True, bias=True)
    d_s, d_x = params["W_xdu"].shape[1:]
    d_v = len(params["W_qdr"])
    taps = sum(len(value) for name, value in params.items() if name.startswith("W_x"))
    assert (
        sum(value.size for value in params.values()) == d_s * (taps * d_x + 4 * d_s + 5 * d_v + 5) + d_v * d_s
    )


def test_a_window_looks_ahead_at_negative_l():
    params, arrays, _ = random_case(
        0, d_x=1, d_s=1, K=4, B=1, peephole="none", input_gate=False, projection=False
    )
    for name in params:
        params[name] = np.zeros_like(params[name])
    for node in ("cu", "cs", "cr", "du"):
        params[f"W_x{node}"] = np.zeros((3, 1, 1))
    params["W_xdu"][:, 0, 0] = 1.0, 10.0, 100.0
    x = np.array([1.0, 2.0, 3.0, 4.0]).reshape(4, 1, 1)
    signals = augmented.forward(params, x, look_ahead=1)
    # l = -1 sees x[n + 1], l = 0 sees x[n], l = 1 sees x[n - 1]
    assert signals["xi_du"].ravel().tolist() == [12.0, 123.0, 234.0, 340.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, a, w: p.pop("W_vcs"), "params lacks W_vcs"),
        (lambda p, a, w: p.update(W_scd=np.ones(2)), "unknown symbols W_scd"),
        (
            lambda p, a, w: p.update(W_scu=np.ones((3, 2))),
            r"W_scu must have shape \(2,\) or \(2, 2\), got \(3, 2\)",
        ),
        (lambda p, a, w: p.update(b_cu=np.ones(3)), r"b_cu must have shape \(2,\), got \(3,\)"),
        (lambda p, a, w: p.pop("W_qdr"), "needs W_qdr of shape"),
        (
            lambda p, a, w: a.update(x=np.ones((4, 1, 7))),
            r"x must have shape \[steps >= 1, B, 3\], got \[4, 1, 7\]",
        ),
        (lambda p, a, w: a.update(x=np.ones((0, 1, 3))), "steps >= 1"),
        (lambda p, a, w: a.update(s_init=np.ones((5, 2))), r"s_init must have shape \(1, 2\), got \(5, 2\)"),
        (
            lambda p, a, w: w.update(halo=(2, 2)),
            r"halo must be \(before, after\), both >= 0, and leave one of 4 samples as a step, got \(2, 2\)",
        ),
        (lambda p, a, w: w.update(halo=(-1, 1)), r"both >= 0.*got \(-1, 1\)"),
        (lambda p, a, w: w.update(halo=(1, 1, 1)), r"halo must be \(before, after\)"),
        (lambda p, a, w: w.update(look_ahead=9), "look_ahead of cu must lie in"),
        (lambda p, a, w: w.update(look_ahead=len(p["W_xcu"])), "look_ahead of cu must lie in"),
        (lambda p, a, w: w.update(look_ahead=0.0), r"must lie in .*got 0\.0"),
        (
            lambda p, a, w: w.update(look_ahead={"cu": 0}),
            "look_ahead must name the nodes cu, cs, cr, du, cx, got cu",
        ),
        (lambda p, a, w: p.update(W_sdu=np.ones((2, 2))), "unknown symbols W_sdu"),
        (lambda p, a, w: p.update(W_qdr=np.ones((2, 2))), r"W_qdr must have shape \(1, 2\), got \(2, 2\)"),
        (
            lambda p, a, w: p.update(W_xcs=np.ones((1, 2, 5))),
            r"W_xcs must have shape \(1, 2, 3\), got \(1, 2, 5\)",
        ),
        (
            lambda p, a, w: p.update(W_xdu=np.float64(1)),
            r"W_xdu must have shape \[taps, d_s, d_x\] or \[d_s, d_x\], got \[\]",
        ),
        (lambda p, a, w: p.update(W_vcr=np.ones((2, 2))), r"W_vcr must have shape \(2, 1\), got \(2, 2\)"),
    ],
)
def test_bad_input_is_named(change, message):
    params, arrays, windows = random_case(
        3, d_s=2, d_x=3, K=4, B=1, peephole="full", input_gate=True, projection=True, bias=True, halo=(0, 0)
    )
    params["W_qdr"] = np.ones((1, 2))
    for node in ("cu", "cs", "cr", "cx", "du"):
        params[f"W_v{node}"] = np.ones((2, 1))
    arrays["v_init"] = np.ones((1, 1))
    change(params, arrays, windows)
    with pytest.raises(ValueError, match=message):
        augmented.forward(params, arrays["x"], arrays["s_init"], arrays["v_init"], **windows)


def test_upstream_of_another_shape_is_refused():
    params, arrays, windows = random_case(1, K=4, halo=(0, 0))
    signals = augmented.forward(params, arrays["x"], **windows)
    with pytest.raises(ValueError, match="dE_dv must have shape"):
        augmented.backward(params, signals, arrays["dE_dv"][:-1], **windows)


def test_backward_refuses_windows_that_were_not_forwards():
    params, arrays, windows = random_case(8, K=4, max_taps=4, halo=(1, 2))
    signals = augmented.forward(params, arrays["x"], **windows)
    for other in ({"halo": (2, 1)}, {"halo": (0, 0)}, {"look_ahead": 0}):
        assert other["look_ahead"] != windows["look_ahead"] if "look_ahead" in other else True
        with pytest.raises(ValueError, match="look_ahead and halo; give those that `forward` was given"):
            augmented.backward(params, signals, arrays["dE_dv"], **(windows | other))


def test_single_precision_input_is_computed_in_double():
    params, arrays, windows = random_case(2, K=4)
    single = {name: value.astype(np.float32) for name, value in params.items()}
    double = {name: value.astype(np.float64) for name, value in single.items()}
    x = arrays["x"].astype(np.float32)
    got = augmented.forward(single, x, **windows)
    assert_same(got, augmented.forward(double, x.astype(np.float64), **windows), 0.0)
    assert all(signal.dtype == np.float64 for signal in got.values())
