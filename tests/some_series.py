"""Series drawn at random, with several groups, short segments, stretches without a measured target; and forecasters of them."""

import numpy as np
import torch
from hypothesis import strategies as st

from carousel.data import Series
from carousel.training import Config
from carousel.training.forecasting import learning
from carousel.training.forecasting.batches import Reach, Reader, SeriesBatch
from carousel.training.forecasting.forecaster import SeriesForecaster
from carousel.training.forecasting.parts import Part, whole
from carousel.training.forecasting.pieces import Piece, Stretch


def series_from(
    lengths: list[int],
    groups: list[str] | None = None,
    *,
    targets: int = 1,
    season: int | None = None,
    measured: float = 1.0,
    seed: int = 0,
) -> Series:
    """Segments one behind the other, of targets y0, y1, ..., a covariate and one that is known ahead of time."""
    random = np.random.default_rng(seed)
    names = tuple(f"y{i}" for i in range(targets))
    values = tuple(random.normal(5, 2, (length, targets + 2)).astype(np.float32) for length in lengths)
    observed = tuple(random.random((length, targets)) < measured for length in lengths)
    starts = np.cumsum([0, *(length + 3 for length in lengths[:-1])])
    return Series(
        values,
        observed,
        (*names, "other", "plan"),
        names,
        ("plan",),
        tuple(groups or ["a"] * len(lengths)),
        starts,
        1,
        season,
    )


@st.composite
def some_series(draw: st.DrawFn) -> Series:
    lengths = draw(st.lists(st.integers(1, 25), min_size=1, max_size=4))
    return series_from(
        lengths,
        draw(st.lists(st.sampled_from("abc"), min_size=len(lengths), max_size=len(lengths))),
        targets=draw(st.integers(1, 2)),
        season=draw(st.none() | st.integers(2, 9)),
        measured=draw(st.sampled_from([0.0, 0.3, 0.9, 1.0])),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


def groups_of(series: Series) -> list[str]:
    return sorted(set(series.groups))


def whole_batch(series: Series, reach: Reach) -> SeriesBatch:
    """Every segment from its first to its last row side by side."""
    ends = series.lengths.tolist()
    pieces = [Stretch(Piece(i, 0, 0, end), 0, end, True) for i, end in enumerate(ends)]
    return Reader(series, ends, reach, groups_of(series)).batch(pieces)


def small_config(**sections: dict[str, object]) -> Config:
    """A forecaster of 3 cells without dropout."""
    return Config.model_validate(
        {
            "recipe": "small",
            "data": {"file": "none.csv"},
            "task": {"kind": "forecast", **sections.get("task", {})},
            "model": {"hidden_size": 3, "dropout": 0.0, **sections.get("model", {})},
            "training": {"history": 4, "batch_size": 4, "epochs": 2, **sections.get("training", {})},
        }
    )


def shaken(model: torch.nn.Module) -> torch.nn.Module:
    """The model with weights that make it say something: a new head answers the same to everything."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    return model


def forecaster(series: Series, horizon: int = 3, base: str = "last", **sections) -> SeriesForecaster:
    """A forecaster with random weights that has learnt its scales from all rows of the series."""
    model = SeriesForecaster(
        small_config(**sections),
        features=series.features,
        targets=series.targets,
        known=series.known,
        groups=groups_of(series),
        horizon=horizon,
        season=series.season,
        base=base,
    )
    for name, value in learning.learn(whole(series), horizon, base).buffers.items():
        model.get_buffer(name).copy_(torch.from_numpy(value))
    return shaken(model).eval()


def everywhere(series: Series) -> Part:
    """A part in which all steps are origins and all rows can be read."""
    lengths = tuple(series.lengths.tolist())
    return Part(series, (0,) * len(series), lengths, lengths)
