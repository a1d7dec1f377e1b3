"""A forecaster: from the rows of series to what comes after the last of each."""

from typing import Any

import numpy as np
import onnx
import torch

from carousel.nn import LSTM
from carousel.onnx._export import checked_dtype
from carousel.onnx._graph import INTEGER, Graph
from carousel.onnx._lead_head import middle, points, quantiles
from carousel.onnx._stack import stacked, windows
from carousel.training import SeriesForecaster
from carousel.training.forecasting.bases import naive_of


def graph_of(model: SeriesForecaster, layer: LSTM) -> onnx.GraphProto:
    """What the model does: `carousel.training.forecasting.beyond`, from the last row of each of B series."""
    graph = Graph(checked_dtype(layer))
    rows = _Rows(graph, model)
    v = _signal(graph, model, layer, rows)
    said = points(graph, model, v, "known" if model.known else None)
    spread = graph.weight("spread", model.spread[:, None, :, None])
    base = graph.add("Unsqueeze", rows.base(), graph.indices(3))
    told = graph.add("Add", base, graph.add("Mul", spread, said))  # [H, B, D, P]
    scale, level = (graph.add("Unsqueeze", part, graph.indices(2)) for part in (rows.scale, rows.level))
    in_units = graph.add("Add", graph.add("Mul", told, scale), level)
    graph.add("Transpose", middle(graph, model.output, in_units), name="forecast", perm=[1, 0, 2])
    H, D, Q = model.horizon, len(model.targets), len(model.output.levels)
    outputs = [graph.declare("forecast", graph.dtype, ["batch", H, D])]
    if Q:
        graph.add("Transpose", quantiles(graph, model.output, in_units), name="quantiles", perm=[1, 0, 2, 3])
        outputs.append(graph.declare("quantiles", graph.dtype, ["batch", H, D, Q]))
    inputs = [
        graph.declare("input", graph.dtype, ["time", "batch", len(model.features)]),
        graph.declare("observed", np.dtype(bool), ["time", "batch", D]),
        graph.declare("lengths", INTEGER, ["batch"]),
    ]
    if model.known:
        inputs.append(graph.declare("known", graph.dtype, [H, "batch", len(model.known)]))
    if len(model.groups) > 1:
        inputs.append(graph.declare("group", INTEGER, ["batch"]))
    return graph.finish("SeriesForecaster", inputs, outputs)


def told(model: SeriesForecaster) -> dict[str, Any]:
    """What the metadata say."""
    return model.names


class _Rows:
    """The targets of all rows, standardised, and the naive forecasts that are made of them; see `bases`."""

    def __init__(self, graph: Graph, model: SeriesForecaster) -> None:
        self.graph, self.model = graph, model
        group = "group" if len(model.groups) > 1 else graph.indices(0)
        self.level, self.scale = (
            graph.add("Gather", graph.weight(name, getattr(model, name)), group)
            for name in ("level", "scale")
        )  # [B, D] each
        self.columns = [model.features.index(name) for name in model.targets]
        y = graph.add("Gather", "input", graph.indices(*self.columns), axis=2)
        self.y = graph.add("Div", graph.add("Sub", y, self.level), self.scale)
        self.observed = graph.add("Cast", "observed", to=onnx.TensorProto.FLOAT)
        time = graph.add("Gather", graph.add("Shape", "input"), graph.index(0))
        self.time = time
        rows = graph.add("Range", graph.index(0), time, graph.index(1))
        self.places = graph.add("Unsqueeze", rows, graph.indices(1, 2))  # [T, 1, 1]
        self.last = graph.add("Sub", "lengths", graph.index(1))

    def at(self, x: str, rows: str, width: int) -> str:
        """Rows [S, B] of x [T, B, width]."""
        wide = self.graph.add("Unsqueeze", rows, self.graph.indices(2))
        index = self.graph.add("Expand", wide, self.graph.indices(1, 1, width))
        return self.graph.add("GatherElements", x, index, axis=0)

    def earlier(self, x: str, steps: int) -> str:
        """What x [T, B, d] was so many steps before, zero before the first row."""
        graph = self.graph
        padded = graph.add("Pad", x, graph.indices(steps, 0, 0, 0, 0, 0))
        return graph.add("Slice", padded, graph.indices(0), graph.indices(-steps), graph.indices(0))

    def persistence(self, reach: int) -> str:
        """In each row the last value measured in it or in the reach - 1 rows before, else 0; [T, B, D]."""
        graph = self.graph
        places = graph.add("Cast", self.places, to=onnx.TensorProto.FLOAT)  # exact below 2 ** 24
        measured = graph.add("Where", "observed", places, graph.number(-reach))
        along_time = graph.add("Transpose", measured, perm=[1, 2, 0])
        latest = graph.add("MaxPool", along_time, kernel_shape=[reach], pads=[reach - 1, 0])
        latest = graph.add("Transpose", latest, perm=[2, 0, 1])
        rows = graph.add("Cast", graph.add("Max", latest, graph.number(0)), to=onnx.TensorProto.INT64)
        found = graph.add("GatherElements", self.y, rows, axis=0)
        near = graph.add("Less", graph.add("Sub", places, latest), graph.number(reach))
        return graph.add("Where", near, found, graph.number(0))

    def surprises(self) -> list[str]:
        """How far each naive forecast for a row, made one step before, is off; [T, B, D] each."""
        graph, season = self.graph, self.model.season
        forecasts = {"last": self.earlier(self.persistence(season or 1), 1)}
        if season:
            there = graph.add("Cast", self.earlier(self.observed, season), to=onnx.TensorProto.BOOL)
            forecasts["season"] = graph.add("Where", there, self.earlier(self.y, season), forecasts["last"])
        return [graph.add("Sub", self.y, forecasts[kind]) for kind in naive_of(season)]

    def base(self) -> str:
        """What the forecasts of the last row are told relative to, [H, B, D]."""
        graph, model = self.graph, self.model
        D, H, season = len(model.targets), model.horizon, model.season
        if model.base == "none":
            return graph.weight("no_base", torch.zeros(H, 1, D))
        persistence = self.persistence(model.reach.past)
        newest = self.at(persistence, graph.add("Unsqueeze", self.last, graph.indices(0)), D)  # [1, B, D]
        if model.base == "last" or season is None:
            return graph.add("Expand", newest, graph.indices(H, 1, D))
        leads = torch.arange(1, H + 1)
        back = graph.weight("season_before", (leads - season * ((leads + season - 1) // season)).unsqueeze(1))
        rows = graph.add("Add", back, self.last)  # [H, B], below 0 before the first row
        inside = graph.add("Max", rows, graph.index(0))
        before = graph.add("Unsqueeze", graph.add("Less", rows, graph.index(0)), graph.indices(2))
        measured = graph.add("Cast", self.at(self.observed, inside, D), to=onnx.TensorProto.BOOL)
        found = graph.add("And", measured, graph.add("Not", before))
        return graph.add("Where", found, self.at(self.y, inside, D), newest)


def _signal(graph: Graph, model: SeriesForecaster, layer: LSTM, rows: _Rows) -> str:
    """The layer's v [B, d] of each last row, from as many rows before as the model reads from a zero state."""
    everything = graph.add("Concat", "input", rows.y, axis=2)
    standing = {column: len(model.features) + i for i, column in enumerate(rows.columns)}
    seen = [standing.get(column, column) for column in model.seen]
    x = graph.add("Gather", everything, graph.indices(*seen), axis=2) if seen else None
    x = graph.add("Concat", *filter(None, [x]), *rows.surprises(), axis=2)
    x = graph.add(
        "Div", graph.add("Sub", x, graph.weight("mean", model.mean)), graph.weight("std", model.std)
    )
    past = model.config.model.context[0]
    x = windows(graph, x, None, past, 0)
    steps = "lengths"
    if model.warm_up is not None:
        most = graph.index(model.warm_up + 1)
        steps = graph.add("Min", "lengths", most)
        first = graph.add("Sub", "lengths", steps)  # [B]
        after = graph.add("Range", graph.index(0), graph.add("Min", rows.time, most), graph.index(1))
        place = graph.add("Add", graph.add("Unsqueeze", after, graph.indices(1)), first)  # [S, B]
        place = graph.add("Min", place, graph.add("Sub", rows.time, graph.index(1)))
        x = rows.at(x, place, len(model.mean) * (past + 1))
    _, levels = stacked(graph, layer, x, None, steps, windowed=True)
    return graph.add("Squeeze", levels[-1][0], graph.indices(0))
