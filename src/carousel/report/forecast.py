"""What the report of a forecaster shows: how it learnt, its forecasts, and how far they can be trusted."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from carousel.errors import CarouselError, did_you_mean
from carousel.nn import LSTM
from carousel.report.chapter import Chapter, columns_of
from carousel.report.figures import Curve, learning_curves
from carousel.report.forecasts import Shot, Values, by_lead, calibration, stretch
from carousel.report.page import ReportFigure
from carousel.report.window import forecast_window
from carousel.training import Run, SeriesForecaster
from carousel.training.forecasting import Part, from_origins
from carousel.training.forecasting.batches import Reader
from carousel.training.forecasting.pieces import Piece, Stretch

SHOTS = 4
"""Forecasts in a picture."""
FEWEST_STEPS, MOST_STEPS = 48, 400
LOSSES = {
    "point": "error, standardised",
    "quantile": "pinball, standardised",
    "gaussian": "negative log-likelihood, standardised",
}
MASE = Curve("mase", "error in terms of the naive one (MASE)", "{:.3f}".format, is_share=False)


def chapter(run: Run, metrics: Mapping[str, Any], group: str | None) -> Chapter:
    """The chapter of a forecaster's run; `group` names the series of which a stretch is drawn."""
    test: Part = run.task.prepare(run.config).test
    model = run.load_model()
    assert isinstance(model, SeriesForecaster)
    loss = LOSSES[run.config.task.output]
    figures = [
        ReportFigure(
            "learning_curves",
            "Loss and error after each epoch. Training numbers are averages over the epoch, with dropout; validation "
            "numbers are taken at its end, without. The ring marks the epoch that was kept.",
            learning_curves(columns_of(run), metrics["best_epoch"], loss=loss, score=MASE),
        )
    ]
    figures += _forecasts(model, test, group)
    facts = {"validation": f"MASE {metrics['validation']['mase']:.3f}"}
    if scores := metrics["test"]:
        facts |= {"test": run.task.shown(scores), "beside others": run.task.verdict(scores)}
        figures += _scores(scores)
    error = metrics["validation"]["mase"]
    finding = f"its error in the validation part is {error:.3f} of the naive one's in training"
    return Chapter(finding, facts, tuple(figures))


def _scores(scores: Mapping[str, Any]) -> list[ReportFigure]:
    caption = (
        "Mean absolute error in the test part by lead, of the model and of simpler means on the same origins: the "
        "value one season before, the last value, and the autoregression, a linear function of the last values."
    )
    figures = [
        ReportFigure(
            f"error_by_lead{_suffix(index)}",
            caption + _untested(target["forecast"]["by_lead"]),
            by_lead({rival: target[rival]["by_lead"] for rival in scores["mase"]}, name),
            name,
        )
        for index, (name, target) in enumerate(scores["targets"].items())
    ]
    if scores["levels"]:
        caption = (
            "Left: the share of truths in the test part below each quantile, which should be its level. Right: how "
            "often truths fall between neighbouring quantiles, in terms of how often they should."
        )
        figures.append(ReportFigure("calibration", caption, calibration(scores["levels"], scores["below"])))
    return figures


def _untested(by_lead: Sequence[float | None]) -> str:
    """Which leads were never compared with a truth, though they are forecast."""
    leads = [lead for lead, error in enumerate(by_lead, 1) if error is None]
    if not leads:
        return ""
    which = f"lead {leads[0]}" if len(leads) == 1 else f"{len(leads)} leads, {leads[0]} to {leads[-1]}"
    return f" Of {which}, the test part has no truth: what is forecast there is untested."


def _suffix(index: int) -> str:
    return f"_{index + 1}" if index else ""


def _forecasts(model: SeriesForecaster, test: Part, group: str | None) -> list[ReportFigure]:
    """Each target's forecasts over the last steps of the test part, and the layer's signals below the first of them."""
    segment = _segment(test, group)
    first, stop, end = test.counted[segment], test.stops[segment], test.ends[segment]
    first = max(first, end - min(max(SHOTS * model.horizon, FEWEST_STEPS), MOST_STEPS))
    only = [first if i == segment else 0 for i in range(len(test.series))]
    stops = [stop if i == segment else 0 for i in range(len(test.series))]
    part = Part(test.series, tuple(only), tuple(stops), test.ends)
    points = torch.stack([ahead.points for ahead in from_origins(model, part)])
    y = test.series.values[segment][first:end][:, test.series.target_columns].astype(float)
    y[~np.asarray(test.series.observed[segment][first:end])] = np.nan
    times = test.series.times_of(segment, end, first)
    origins = range(0, len(points), max(model.horizon, len(points) // (2 * SHOTS), 1))
    name = test.series.groups[segment]
    title = f"The end of the test part{f', series {name}' if name else ''}"
    levels = model.output.levels
    nominal = levels[-1] - levels[0] if levels else None
    figures, shots = [], []
    for index, target in enumerate(model.targets):
        shots.append([_shot(model, origin, points[origin, :, index]) for origin in origins])
        caption = "What was said from some origins, each with all that was known then, beside what came."
        picture = stretch(y[:, index], shots[index], title, target, times, nominal)
        figures.append(ReportFigure(f"forecast{_suffix(index)}", caption, picture, target))
    if model.lstm is None:
        return figures
    caption = (
        "The layer's input, standardised, and what its first layer made of it. Below the features stands how far the "
        "naive forecasts for each step were off. At the bottom, forecasts from the marked steps"
        + (f"; for each the layer begins anew, {model.warm_up} steps before it." if model.warm_up else ".")
    )
    signals = _signals(model, model.lstm, part, segment)
    picture = forecast_window(
        signals, model.input_names, y[: len(signals["x"]), 0], shots[0], title, model.targets[0]
    )
    return [*figures, ReportFigure("gates_and_state", caption, picture)]


def _segment(test: Part, group: str | None) -> int:
    """The segment of a group, or of any, with most origins that count."""
    names = test.series.groups
    if group is not None and group not in names:
        raise CarouselError(f"the test part has no series '{group}'; {did_you_mean(group, names)}")
    fitting = [i for i in range(len(names)) if group in (None, names[i])]
    return max(fitting, key=lambda i: test.stops[i] - test.counted[i])


def _shot(model: SeriesForecaster, origin: int, points: Tensor) -> Shot:
    middle, quantiles = model.output.middle(points).numpy(), model.output.quantiles(points).numpy()
    if not model.output.levels:
        return Shot(origin, middle)
    return Shot(origin, middle, quantiles[:, 0], quantiles[:, -1])


@torch.no_grad()
def _signals(model: SeriesForecaster, layer: LSTM, part: Part, segment: int) -> dict[str, Values]:
    """The input x [T, F] and the first layer's signals [T, d] at the origins of a part, after its warm-up."""
    first, stop = part.counted[segment], part.stops[segment]
    start = 0 if model.warm_up is None else max(0, first - model.warm_up)
    reader = Reader(part.series, part.ends, model.reach, model.groups)
    batch = reader.batch([Stretch(Piece(segment, start, first, stop), start, stop, True)])
    x = model.inputs(batch, model.standardised_targets(batch))[-(stop - start) :]
    signals = {"x": x, **layer.trace(x)}
    return {name: signal[first - start :, 0].double().numpy() for name, signal in signals.items()}
