"""From the layer's signal at the last row to what is said about each lead, as `LeadHead` and `Output` do."""

import torch

from carousel.onnx._graph import Graph
from carousel.training import SeriesForecaster
from carousel.training.forecasting.outputs import LEAST_STEP, NORMAL, Gaussian, Output


def points(graph: Graph, model: SeriesForecaster, v: str, known: str | None) -> str:
    """Points [H, B, D, P] in terms of the base's error, from v [B, d] and what is known ahead, [H, B, c]."""
    head = model.head
    signal = head.from_signal
    units = graph.add(
        "Gemm",
        v,
        graph.weight("from_signal", signal.weight),
        graph.weight("signal_bias", signal.bias),
        transB=1,
    )
    units = graph.add("Add", units, graph.weight("from_lead", head.from_lead.unsqueeze(1)))  # [H, B, hidden]
    if known is not None:
        assert head.from_known is not None
        places = [model.seen.index(model.features.index(name)) for name in model.known]
        mean, std = (
            graph.weight("known_mean", model.mean[places]),
            graph.weight("known_std", model.std[places]),
        )
        told = graph.add("Div", graph.add("Sub", known, mean), std)
        told = graph.add("MatMul", told, graph.weight("from_known", head.from_known.weight.T))
        units = graph.add("Add", units, told)
    raw = graph.add("MatMul", graph.add("Relu", units), graph.weight("to_raw", head.to_raw.weight.T))
    raw = graph.add("Add", raw, graph.weight("raw_bias", head.to_raw.bias))
    P = len(model.output.anchors)
    return _increasing(graph, graph.add("Reshape", raw, graph.indices(0, 0, -1, P)), model.output.centre, P)


def _increasing(graph: Graph, raw: str, centre: int, P: int) -> str:
    """`Output.points`: the middle one, and steps up and down from it."""
    middle = _some(graph, raw, centre, centre + 1)
    parts = [middle]
    if centre:
        down = graph.add("CumSum", _steps(graph, raw, 0, centre), graph.index(3), reverse=1)
        parts.insert(0, graph.add("Sub", middle, down))
    if centre + 1 < P:
        up = graph.add("CumSum", _steps(graph, raw, centre + 1, P), graph.index(3))
        parts.append(graph.add("Add", middle, up))
    return graph.add("Concat", *parts, axis=3)


def _steps(graph: Graph, raw: str, first: int, end: int) -> str:
    return graph.add("Add", graph.add("Softplus", _some(graph, raw, first, end)), graph.number(LEAST_STEP))


def _some(graph: Graph, x: str, first: int, end: int) -> str:
    return graph.add("Slice", x, graph.indices(first), graph.indices(end), graph.indices(3))


def middle(graph: Graph, output: Output, points: str) -> str:
    """The forecast as one number, [H, B, D]."""
    return graph.add("Gather", points, graph.index(output.centre), axis=3)


def quantiles(graph: Graph, output: Output, points: str) -> str:
    """The quantiles at the output's levels, [H, B, D, Q]."""
    if not isinstance(output, Gaussian):
        return points
    mean, above = (_some(graph, points, i, i + 1) for i in (0, 1))
    normal = graph.weight("normal", torch.tensor([NORMAL.inv_cdf(level) for level in output.levels]))
    return graph.add("Add", mean, graph.add("Mul", graph.add("Sub", above, mean), normal))
