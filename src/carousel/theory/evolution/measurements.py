"""What the cells of the road do: run, differentiated and trained; no formula of `predictions` is used."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from carousel.theory.evolution.probes import carried_error, growth_rate
from carousel.theory.evolution.scan import Cell
from carousel.theory.evolution.steps import STEPS, cell
from carousel.theory.evolution.systems import (
    ABSORBED,
    BOUNDED,
    FUNCTIONS,
    INPUT_GATE,
    PROPORTIONS,
    READOUT,
    ends,
    plan,
)
from carousel.theory.evolution.trials import train


def measure(quick: bool = False) -> dict[str, Any]:
    """Claim name -> what was measured, under the names of `predict`. Seeded.

    Args:
        quick: train fewer seeds of fewer steps on shorter sequences, some 6 s; else some 75 s, on one thread.
    """
    return {
        "evolution.proportions": _proportions(),
        "evolution.absorbed": _absorbed(),
        "evolution.readout": _readout(),
        "evolution.input_gate": _input_gate(),
        "evolution.bounded": _bounded(),
        "evolution.functions": _functions(),
        "evolution.ends": _ends(),
        "evolution.training": _training(quick),
    }


def _cell(step: str, d_x: int, d_s: int, weights: Mapping[str, ArrayLike], copies: int | None = None) -> Cell:
    """A float64 cell with the given weights, all others zero; gates and fractions W_s are given by their values."""
    made = cell(step, d_x, d_s, copies, dtype=torch.float64)
    symbols: dict[str, ArrayLike] = {}
    for name in made.weights:
        if name[0] == "b":
            symbols[name] = np.zeros(d_s)
        else:
            symbols[name] = np.zeros((d_s, d_x) if name[2] == "x" else (d_s, d_s))
    for name, value in weights.items():
        if name.startswith("g_") or name == "w_s":
            bias = "b_s" if name == "w_s" else f"b_{name[2:]}"
            logit = torch.as_tensor(value, dtype=torch.float64).logit()
            symbols[bias] = logit if logit.dim() > 1 else logit.expand(d_s)
        else:
            symbols[name] = value
    made.load(symbols)
    return made


def _zeros(*shape: int) -> Tensor:
    return torch.zeros(*shape, dtype=torch.float64)


def _proportions() -> dict[str, Any]:
    system = PROPORTIONS
    size, copies = len(system.w_s), len(system.g_cu)
    gates = np.repeat(system.g_cu[:, None, None], size, axis=2)
    shared = {"w_s": system.w_s, "W_vdu": system.W_r}
    gated = _cell("proportions", 1, size, shared | {"g_cs": 1.0, "g_cu": gates}, copies)
    split = _cell("split", 1, size, shared)
    return {
        "g_cu": system.g_cu,
        "growth": growth_rate(carried_error(gated, _zeros(system.steps, copies, 1, 1)))[:, 0],
        "growth_split": growth_rate(carried_error(split, _zeros(system.steps, 1, 1)))[0],
    }


def _absorbed() -> dict[str, Any]:
    carried = {}
    for label, (step, w_s, g_cs) in ABSORBED.paths.items():
        settings = {"b_s": ("w_s", w_s), "b_cs": ("g_cs", g_cs)}
        unit = _cell(
            step, 1, 1, dict(setting for name, setting in settings.items() if name in STEPS[step].weights)
        )
        carried[label] = carried_error(unit, _zeros(ABSORBED.steps, 1, 1))[:, 0, 0].numpy()
    return {"lag": np.arange(ABSORBED.steps), "carried": carried, "twins_differ": _twins()}


def _twins() -> float:
    """How far the states of a random cell of S2 and of its twin in S3 are apart, relative to the largest."""
    x = torch.randn(100, 8, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first = cell("proportions", 2, 6, memory=50, seed=1, dtype=torch.float64)
    weights = {name: weight.detach() for name, weight in first.named_parameters()}
    product = weights.pop("b_s").sigmoid() * weights["b_cs"].sigmoid()
    second = cell("absorbed", 2, 6, dtype=torch.float64)
    second.load(weights | {"b_cs": product.logit()})
    with torch.no_grad():
        s, _ = first(x)
        s_twin, _ = second(x)
    return float((s - s_twin).abs().max() / s.abs().max())


def _readout() -> dict[str, Any]:
    system = READOUT
    size = len(system.W_r)
    error = torch.arange(1, size + 1, dtype=torch.float64)
    carried, slopes = {}, {}
    for g_cr in system.g_cr:
        gates: dict[str, ArrayLike] = {"g_cs": 1.0, "g_cu": system.g_cu, "g_cr": g_cr}
        fed_back = _cell("readout", 1, size, gates | {"W_vdu": system.W_r})
        psi = carried_error(fed_back, _zeros(system.steps, 1, 1), error=error / error.norm())
        carried[g_cr] = psi[:, 0].norm(dim=-1).numpy()
        alone = _cell("readout", 1, 1, gates)
        s = torch.tensor(system.s).unsqueeze(-1).requires_grad_()
        _, v = alone(_zeros(1, len(s), 1), (s, torch.zeros_like(s)))
        slopes[g_cr] = torch.autograd.grad(v.sum(), s)[0][:, 0].numpy()
    return {"lag": np.arange(system.steps), "carried": carried, "s": system.s, "slope": slopes}


def _input_gate() -> dict[str, Any]:
    system = INPUT_GATE
    size, copies = len(system.W_r), len(system.g_cx)
    gates = np.repeat(system.g_cx[:, None, None], size, axis=2)
    gated = _cell(
        "input_gate",
        1,
        size,
        {
            "W_vdu": system.W_r,
            "W_xdu": system.W_x,
            "g_cs": system.g_cs,
            "g_cu": system.g_cu,
            "g_cr": system.g_cr,
            "g_cx": gates,
        },
        copies,
    )
    noise = torch.randn(
        system.steps, 1, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    growth = growth_rate(carried_error(gated, (1e-3 * noise).expand(-1, copies, 1, 1)))[:, 0]
    x = _zeros(1, copies, 1, 1).requires_grad_()
    s, _ = gated(x)
    written = [torch.autograd.grad(s[..., i].sum(), x, retain_graph=True)[0] for i in range(size)]
    return {
        "g_cx": system.g_cx,
        "growth": growth,
        "written": torch.stack(written).norm(dim=0)[0, :, 0, 0].numpy(),
    }


def _bounded() -> dict[str, Any]:
    system = BOUNDED
    x = torch.tensor(system.amplitude).view(1, -1, 1).expand(system.steps, -1, 1)
    noise = torch.randn(
        system.steps, system.cells, 1, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    found: dict[str, Any] = {"amplitude": system.amplitude, "n": np.arange(1, system.steps + 1)}
    for name, step in (("linear", "readout"), ("bounded", "bounded")):
        unit = _cell(step, 1, 1, {"W_xdu": np.ones((1, 1)), "g_cs": system.g_cs, "g_cu": system.g_cu})
        crowd = cell(step, 3, 4, system.cells, dtype=torch.float64)
        for gate in ("b_cs", "b_cu"):
            crowd.get_parameter(gate).data.fill_(torch.inf)
        with torch.no_grad():
            found[name] = unit(x)[0].abs().amax(0)[:, 0].numpy()
            found[f"{name}_crowd"] = crowd(system.noise * noise)[0].abs().amax((1, 2, 3)).numpy()
    return found


def _functions() -> dict[str, Any]:
    """The squared correlation of the state with the first value, over many sequences of noise."""
    system = FUNCTIONS
    generator = torch.Generator().manual_seed(0)
    value = 1e-3 * torch.randn(system.steps, system.sequences, generator=generator, dtype=torch.float64)
    marker = torch.zeros_like(value)
    marker[0] = 1
    x = torch.stack([value, marker], dim=-1)
    d, kappa = len(system.g_cs), np.array(system.kappa)
    value_only = np.array([[1.0, 0.0]])
    constant = _cell(
        "bounded", 2, d, {"W_xdu": value_only.repeat(d, 0), "g_cs": np.array(system.g_cs), "g_cu": 1.0}
    )
    marked = _cell(
        "vanilla",
        2,
        len(kappa),
        {
            "W_xdu": value_only.repeat(len(kappa), 0),
            "W_xcu": np.stack([np.zeros_like(kappa), kappa], axis=1),
            "b_cu": -kappa / 2,
            "g_cs": 1.0,
        },
    )
    labels = [f"constant, $g_{{cs}}$ = {g:g}" for g in system.g_cs]
    labels += [rf"sees the marker, $\kappa$ = {k:g}" for k in system.kappa]
    with torch.no_grad():
        s = torch.cat([constant(x)[0], marked(x)[0]], dim=-1)
    shares = _correlation(s, value[0].view(1, -1, 1)).square().numpy()
    return {"lag": np.arange(system.steps), "share": dict(zip(labels, shares.T, strict=True))}


def _correlation(one: Tensor, other: Tensor) -> Tensor:
    """Over the axis of sequences, [T, B, d] to [T, d]."""
    one, other = one - one.mean(1, keepdim=True), other - other.mean(1, keepdim=True)
    return (one * other).mean(1) / (one.square().mean(1) * other.square().mean(1)).sqrt()


def _ends() -> dict[str, Any]:
    found = {}
    for step, end in ends().items():
        made = cell(step, end.x.shape[-1], end.error.shape[-1], dtype=torch.float64)
        names = {"W_r": "W_vdu", "W_x": "W_xdu", "theta_s": "b_du"}
        symbols: dict[str, ArrayLike] = {names.get(name, name): value for name, value in end.params.items()}
        if "W_s" in symbols:
            symbols["b_s"] = torch.as_tensor(symbols.pop("W_s")).diag().logit()
        made.load(symbols)
        x = torch.tensor(end.x, requires_grad=True)
        _, v = made(x)
        by_input, by_feedback = torch.autograd.grad(
            (v * torch.as_tensor(end.error)).sum(), [x, made.get_parameter("W_vdu")]
        )
        found[step] = {
            "value": v.detach().numpy(),
            "dE_dx": by_input.numpy(),
            "dE_dW_vdu": by_feedback.numpy(),
        }
    return found


def _training(quick: bool) -> dict[str, Any]:
    found = {}
    for task, (steps, settings) in plan(quick).items():
        trials = {step: train(step, task, **settings) for step in steps}
        found[task] = {
            "rate": {step: trial.rate for step, trial in trials.items()},
            "errors": {step: trial.errors for step, trial in trials.items()},
        }
    return found
