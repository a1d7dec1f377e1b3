"""Each recipe on a small stand-in of its data, with the same columns: from its name to its scores and its report."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from carousel.experiments import resolve
from carousel.report.from_run import report_run
from carousel.training import evaluate, fit, override
from known_data import stand_in

CLASSIFY = {
    "basic_motions": ("BasicMotions", 6, ("Badminton", "Running", "Standing", "Walking")),
    "italy_power_demand": ("ItalyPowerDemand", 1, "12"),
    "gun_point": ("GunPoint", 1, "12"),
    "arrow_head": ("ArrowHead", 1, "012"),
    "osu_leaf": ("OSULeaf", 1, "123456"),
    "acsf1": ("ACSF1", 1, "0123456789"),
}
SMALL = ["hidden_size=4", "epochs=1"]


def wave(steps, random):
    return np.sin(np.arange(steps) * 2 * np.pi / 24) + 0.2 * random.normal(size=steps)


def ts(dimensions: int, classes, random) -> str:
    """Five sequences of each class, of a frequency of its own."""
    lines = [f"@classLabel true {' '.join(classes)}", "@data"]
    for _ in range(5):
        for index, name in enumerate(classes):
            values = np.sin(np.arange(12) * (index + 1) / 3) + 0.1 * random.normal(size=(dimensions, 12))
            lines.append(":".join([*(",".join(f"{x:.4f}" for x in row) for row in values), name]))
    return "\n".join(lines)


def hours(first: str, count: int, step: timedelta) -> list[datetime]:
    return [datetime.fromisoformat(first) + i * step for i in range(count)]


def electricity(random) -> str:
    times = hours("2013-09-20", 6300, timedelta(hours=1))
    rows = zip(times, 2500 + 400 * wave(6300, random), strict=True)
    return "ts,y\n" + "\n".join(f"{time},{y}" for time, y in rows)


def air(random) -> str:
    """Some weeks to learn from, some of the year of the validation part, and some of that of the test part."""
    times = [
        time
        for first in ("2012-12-11", "2013-01-01", "2013-12-20")
        for time in hours(first, 480, timedelta(hours=1))
    ]
    lines = ["No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir"]
    for i, (time, dust) in enumerate(zip(times, 90 + 40 * wave(len(times), random), strict=True)):
        told = "NA" if i % 50 == 7 else round(dust)
        lines.append(
            f"{i},{time.year},{time.month},{time.day},{time.hour},{told},-3,{i % 24},1016,NW,1.79,0,0"
        )
    return "\n".join(lines)


def glucose(random) -> str:
    """Three stretches, with a clock that is a minute late now and then; the sensor's current is no number at times."""
    lines = ["isig,datetime,glucose"]
    for first in ("2010-07-23T00:00", "2010-07-28T00:00", "2010-09-02T06:00"):
        for i, time in enumerate(hours(first, 300, timedelta(minutes=5))):
            late = time + timedelta(minutes=i // 40 % 2)
            lines.append(f"{'nil' if i % 90 == 5 else 22.5},{late},{150 + 40 * np.sin(i / 20):.0f}")
    return "\n".join(lines)


def oil(random) -> str:
    lines = ["date,log_return"]
    for first in ("2010-01-01", "2011-01-01", "2015-01-01"):
        days = [day for day in hours(first, 300, timedelta(days=1)) if day.weekday() < 5]
        deviation = np.exp(np.cumsum(0.1 * random.normal(size=len(days))))
        lines += [
            f"{day.date()},{2 * sd * random.normal():.6f}" for day, sd in zip(days, deviation, strict=True)
        ]
    return "\n".join(lines)


TABLES = {
    "load": ("hourly_electricity", "hourly_electricity.csv", electricity),
    "air": ("beijing_pm", "hourly_beijing_pm.csv", air),
    "health": ("glucose", "CGM.csv", glucose),
    "finance": ("wti", "wti.csv", oil),
}


def smoke(name, folder, *changes):
    """The test scores of the recipe."""
    run = fit(override(resolve(name), [*SMALL, *changes]), folder / "run", progress=False)
    scores = run.metrics()["test"]
    assert evaluate(run.folder) == scores
    if name in ("gun_point", "air", "finance"):
        assert report_run(run.folder).exists()
    return scores


@pytest.mark.parametrize("name", CLASSIFY)
def test_sequences_to_classify(name, tmp_path, monkeypatch):
    random = np.random.default_rng(0)
    file, dimensions, classes = CLASSIFY[name]
    files = {f"{file}_{part}.ts": ts(dimensions, classes, random) for part in ("TRAIN", "TEST")}
    stand_in(monkeypatch, tmp_path, name, files)
    scores = smoke(name, tmp_path)
    assert scores["classes"] == list(classes)
    assert np.sum(scores["confusion"], axis=1).tolist() == [5] * len(classes)


@pytest.mark.parametrize("name", TABLES)
def test_series_to_forecast(name, tmp_path, monkeypatch):
    dataset, file, made = TABLES[name]
    stand_in(monkeypatch, tmp_path, dataset, {file: made(np.random.default_rng(0))})
    scores = smoke(name, tmp_path, "history=24")
    (target,) = scores["targets"].values()
    horizon = len(target["forecast"]["by_lead"])
    assert horizon == {"load": 24, "air": 24, "health": 6, "finance": 1}[name]
    assert (target["nll"] is not None) == (name == "finance")


def test_a_text_to_code(tmp_path, monkeypatch):
    stand_in(monkeypatch, tmp_path, "alice29", {"alice29.txt": "Oh dear! Oh dear! I shall be late! " * 12})
    scores = smoke("text", tmp_path)
    assert scores["symbols"] == 420 and scores["loss"] < 8
