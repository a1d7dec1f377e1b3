"""One figure for each claim: prediction as a line, measurement as points."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from carousel.style import INK, MUTED, ORANGE, heading, house_style
from carousel.theory.evolution.drawing import LABELS, LOOKS, curve, dress, legend, new_figure
from carousel.theory.evolution.success import success


def plot(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Figure]:
    """Claim name -> figure. Takes what `predict` and `measure` return."""
    return {name: PANELS[name](predicted[name], measured[name]) for name in predicted}


@house_style
def _proportions(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("S1, S2: with less of the update, unstable weights become stable", 7)
    axes = figure.subplots()
    curve(
        axes, predicted["g_cu"], predicted["growth"], measured["growth"], 0,
        r"S2: $g_{cs} = 1$, spectral radius of $W_s + g_{cu} W_r$",
    )  # fmt: skip
    axes.plot(
        1, measured["growth_split"], linestyle="none", color=ORANGE, marker="s", markersize=8,
        markerfacecolor="none", markeredgewidth=1.6, clip_on=False, label="S1: both parts in full", zorder=4,
    )  # fmt: skip
    axes.axhline(1, color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.text(0, 1.01, "unstable above", color=MUTED, fontsize=7.5, va="bottom")
    heading(
        axes, "growth of a disturbance at rest, factor a step", "12 units, random $W_r$, $W_s$ in 0.3 to 0.9"
    )
    dress(axes, r"share of the update, $g_{cu}$", "factor a step")
    legend(axes, "upper left")
    return figure


@house_style
def _absorbed(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("S3: without W_s the state's own path can carry an error for ever", 7)
    axes = figure.subplots()
    for look, (label, line) in enumerate(predicted["carried"].items()):
        curve(axes, predicted["lag"], line, measured["carried"][label], look, label, every=20)
    axes.set_yscale("log")
    axes.set_ylim(1e-12, 5)
    heading(
        axes,
        "share of an error that arrives",
        f"S2 and its twin in S3 differ by {measured['twins_differ']:.1g}",
    )
    dress(axes, "lag n (steps)", r"$|\psi[N-n]| \, / \, |\psi[N]|$")
    legend(axes, "lower left")
    return figure


@house_style
def _readout(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("S4: a gate on the readout keeps the error on the carousel")
    error, slope = figure.subplots(1, 2)
    for look, (gate, line) in enumerate(predicted["carried"].items()):
        label = rf"$g_{{cr}}$ = {gate:g}"
        curve(error, predicted["lag"], line, measured["carried"][gate], look, label, every=10)
        curve(slope, predicted["s"], predicted["slope"][gate], measured["slope"][gate], look, label, every=5)
    error.set_yscale("log")
    error.set_ylim(top=1e7)
    legend(error, "upper left")
    heading(error, "an error on the way back", "12 units, $g_{cs} = 1$")
    dress(error, "lag n (steps)", r"norm of $\psi[N-n]$")
    heading(slope, "gradient through the readout", r"$g_{cr} \, G_d'(s)$")
    dress(slope, "state s", r"$\partial v / \partial s$")
    return figure


@house_style
def _input_gate(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("S5: the input gate scales what is written and leaves stability alone")
    growth, written = figure.subplots(1, 2)
    curve(growth, predicted["g_cx"], predicted["growth"], measured["growth"], 0, "growth")
    growth.set_ylim(0.8, 1.05)
    growth.axhline(1, color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
    growth.text(0, 1.005, "unstable above", color=MUTED, fontsize=7.5, va="bottom")
    heading(growth, "growth of an error near rest", "12 units, constant gates")
    dress(growth, r"input gate, $g_{cx}$", "factor a step")
    legend(growth, "lower left")
    curve(written, predicted["g_cx"], predicted["written"], measured["written"], 0, "written")
    heading(written, "what one sample writes", "")
    dress(written, r"input gate, $g_{cx}$", r"norm of $\partial s[n] / \partial x[n]$")
    return figure


@house_style
def _bounded(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("S6: a bounded update bounds the state, whatever the input")
    reach, crowd = figure.subplots(1, 2)
    amplitude = predicted["amplitude"]
    curve(reach, amplitude, predicted["linear"], measured["linear"], 1, "S4: linear update")
    curve(reach, amplitude, predicted["bounded"], measured["bounded"], 0, "S6: bounded update")
    reach.set_xscale("log")
    reach.set_yscale("log")
    heading(reach, "largest state, constant input", "$g_{cs}$ = 0.9, $g_{cu}$ = 0.5")
    dress(reach, "amplitude of the input", "largest |s| in 50 steps")
    legend(reach, "upper left")
    n = predicted["n"]
    crowd.plot(n, predicted["bound"], color=INK, linewidth=1.3)
    crowd.text(
        0.98,
        0.05,
        "line: predicted bound of S6, $n\\, g_{cu}$",
        transform=crowd.transAxes,
        ha="right",
        fontsize=7.5,
    )
    for name, look in (("linear", 1), ("bounded", 0)):
        colour, marker = LOOKS[look]
        crowd.plot(
            n[::4], measured[f"{name}_crowd"][::4], linestyle="none", color=colour, marker=marker,
            markersize=4.5, markerfacecolor="white", markeredgewidth=1.1,
        )  # fmt: skip
    crowd.set_yscale("log")
    crowd.set_ylim(top=400)
    heading(crowd, "200 random cells, strong noise", "$g_{cs} = g_{cu} = 1$")
    dress(crowd, "step n", "largest |s[n]|")
    return figure


@house_style
def _functions(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("S7: only gates that see the data can keep one sample among many", 7.5, 3.8)
    axes = figure.subplots()
    for look, (label, line) in enumerate(predicted["share"].items()):
        curve(axes, predicted["lag"], line, measured["share"][label], look, label, every=10)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    axes.set_ylim(-0.02, 1.02)
    heading(
        axes, "share of the state's variance that comes from the first sample", "16,384 sequences of noise"
    )
    dress(axes, "samples since, n", "$R^2$")
    box = axes.legend(
        loc="center right", bbox_to_anchor=(1, 0.55), title="line: predicted, points: measured", fontsize=7.5,
        title_fontsize=7.5, framealpha=0.9, edgecolor="none", labelcolor=INK, alignment="left",
    )  # fmt: skip
    box.get_title().set_color(MUTED)
    return figure


@house_style
def _ends(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("The road's ends are the paper's equations (lines: equations, points: cells)", 8, 4.2)
    panels = figure.subplots(2, len(predicted), sharex=True)
    for column, (step, wanted) in enumerate(predicted.items()):
        n = np.arange(len(wanted["value"]))
        value, gradient = panels[:, column]
        for axes, name in ((value, "value"), (gradient, "dE_dx")):
            curve(axes, n, wanted[name][:, 0, 0], measured[step][name][:, 0, 0], 0, "", every=2)
            dress(axes, "", "")
        value.set_title(LABELS[step])
        gradient.set_xlabel("step n")
    panels[0, 0].set_ylabel("value v, first unit")
    panels[1, 0].set_ylabel(r"$\partial E / \partial x$, first feature")
    return figure


PANELS = {
    "evolution.proportions": _proportions,
    "evolution.absorbed": _absorbed,
    "evolution.readout": _readout,
    "evolution.input_gate": _input_gate,
    "evolution.bounded": _bounded,
    "evolution.functions": _functions,
    "evolution.ends": _ends,
    "evolution.training": success,
}
