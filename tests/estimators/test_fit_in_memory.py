"""`carousel.fit`: the command's training, for what is in memory."""

import numpy as np
import pandas as pd
import pytest

import carousel
from carousel.data import Sequences
from carousel.errors import CarouselError
from carousel.training import evaluate, fit, load_config, open_run, prediction_table

SMALL = {
    "layer": "torch",
    "hidden_size": np.int64(4),  # as a grid search has it
    "learning_rate": 0.1,
    "epochs": 1,
    "progress": False,
}


@pytest.fixture(scope="module")
def run(months, tmp_path_factory):
    return carousel.fit(months, horizon=3, out=tmp_path_factory.mktemp("frame"), **SMALL)


def weights(run) -> bytes:
    return (run.folder / "model.safetensors").read_bytes()


def without_file(config) -> dict:
    content = config.model_dump()
    return content | {"data": content["data"] | {"file": None, "sha256": None}, "recipe": ""}


def test_a_frame_becomes_a_run_that_holds_its_data(run, months):
    assert run.config.data.file == str(run.folder / "data.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(run.config.data.file), months)
    assert run.metrics()["status"] == "complete"
    assert run.config.data.table.season == 12
    assert run.config.task.horizon == 3


def test_the_run_replays_from_its_configuration(run, tmp_path):
    again = fit(load_config(run.folder / "config.yaml"), tmp_path / "again", progress=False)
    assert weights(again) == weights(run)
    assert evaluate(run.folder) == run.metrics()["test"]


def test_the_run_answers_frames_as_it_answers_files(run, months):
    forecasts = prediction_table(run.folder, months)
    pd.testing.assert_frame_equal(forecasts, prediction_table(run.folder, run.config.data.file))
    assert len(forecasts) == 3
    assert evaluate(run.folder, months) == evaluate(run.folder, run.config.data.file)
    with pytest.raises(CarouselError) as raised:
        prediction_table(run.folder, months[["rain"]])
    assert str(raised.value) == "the schema's column 'month' is not in the table; known: 'rain'"


def test_a_frame_and_its_file_make_the_same_run(run, months, tmp_path):
    months.to_csv(tmp_path / "rain.csv", index=False)
    other = carousel.fit(tmp_path / "rain.csv", horizon=3, out=tmp_path / "run", **SMALL)
    assert without_file(other.config) == without_file(run.config)
    assert other.history()[-1]["validation_loss"] == run.history()[-1]["validation_loss"]


def test_roles_may_be_one_name_or_several_and_the_index_is_a_column(months, tmp_path):
    frame = months.assign(plan=np.arange(144) % 5).set_index("month")
    run = carousel.fit(
        frame, target="rain", known=["plan"], time="month", horizon=2, out=tmp_path / "run", **SMALL
    )
    table = run.config.data.table
    assert (table.targets, table.known, table.time) == (("rain",), ("plan",), ("month",))


def test_a_frame_to_classify(waves, tmp_path):
    X, y = waves
    frame = pd.concat(pd.DataFrame(x, columns=["a", "b"]).assign(who=i, label=y[i]) for i, x in enumerate(X))
    run = carousel.fit(
        frame.reset_index(drop=True), target="label", group="who", out=tmp_path / "run", **SMALL
    )
    assert run.load_model().classes == ("high", "low")
    assert run.config.task.kind == "classify"


def test_sequences_become_a_run(waves, tmp_path, monkeypatch):
    X, y = waves
    monkeypatch.chdir(tmp_path)
    ids = tuple(map(str, range(len(X))))
    labels = (y == "low").astype(int)
    run = carousel.fit(Sequences(tuple(X), ("a", "b"), ids, labels, ("high", "low")), **SMALL)
    assert run.folder.as_posix() == "runs/data-torch-1"
    assert run.load_model().features == ("a", "b")
    assert run.config.data.file == str(tmp_path / "runs/data-torch-1/data.npz")


def test_what_was_inferred_is_said_on_standard_error(months, tmp_path, capsys):
    carousel.fit(months, horizon=1, out=tmp_path / "run", **SMALL | {"progress": True})
    said = capsys.readouterr()
    assert said.err.startswith(
        "The task is to forecast 'rain', the only number column.\nTime is column 'month'"
    )
    assert said.out == ""


BAD = [
    ({"hiden_size": 3}, "unknown setting 'hiden_size'; did you mean 'hidden_size'?"),
    ({"epochs": 0}, "settings: training.epochs should be greater than or equal to 1, got 0"),
    ({"task": "clasify"}, "there is no task 'clasify'; did you mean 'classify'?"),
    ({"target": "snow"}, "the target column 'snow' is not in the table; known: 'month', 'rain'"),
    (
        {"task": "symbols"},
        "a frame has no text to go on with; give task 'symbols' the path of a text file",
    ),
    (
        {"bidirectional": True},
        "settings: a layer that looks ahead would see what task 'forecast' has to predict: bidirectional is true; "
        "set bidirectional to false and the second number of context to 0",
    ),
]


@pytest.mark.parametrize(("given", "sentence"), BAD, ids=[next(iter(given)) for given, _ in BAD])
def test_bad_input_is_told_and_leaves_nothing(given, sentence, months, tmp_path):
    with pytest.raises(CarouselError) as raised:
        carousel.fit(months, out=tmp_path / "run", **SMALL | given)
    assert str(raised.value) == sentence
    assert list(tmp_path.iterdir()) == []


def test_data_of_another_type_is_refused():
    with pytest.raises(CarouselError) as raised:
        carousel.fit({"rain": [1, 2]})
    assert str(raised.value) == (
        "data is of type dict, wanted a pandas DataFrame, carousel.data.Sequences or a path; convert it"
    )


def test_what_fails_once_its_folder_is_made_leaves_nothing_and_names_no_file(months, tmp_path):
    frame = months.assign(rain=np.where(np.arange(144) < 114, months["rain"], np.nan))
    with pytest.raises(CarouselError) as raised:
        carousel.fit(frame, target="rain", out=tmp_path / "run", **SMALL)
    assert str(raised.value) == (
        "the test part has no measured target that could be forecast from a row before it; "
        "give more rows or another fraction"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_as_it_is(months, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CarouselError) as raised:
        carousel.fit(months, out=tmp_path, **SMALL)
    assert str(raised.value) == f"'{tmp_path}' is there already and not an empty folder; choose another"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_of_ones_own_in_the_folder_outlives_a_failure(months, tmp_path, monkeypatch):
    def broken(*arguments):
        raise CarouselError("no")

    monkeypatch.setattr("carousel.training.fitting._train", broken)
    file = tmp_path / "rain.csv"
    months.to_csv(file, index=False)
    with pytest.raises(CarouselError, match="no"):
        carousel.fit(file, out=tmp_path, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["rain.csv"]
    with pytest.raises(CarouselError, match="no"):
        carousel.fit(months, out=tmp_path / "run", **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["rain.csv"]


def test_a_run_from_memory_can_be_opened_and_has_its_hash(run):
    assert open_run(run.folder).config == run.config
    assert len(run.config.data.sha256) == 64


def test_how_a_frame_writes_times_can_be_said(tmp_path):
    frame = pd.DataFrame({"date": [f"{i:02}/{i:02}/2020" for i in range(1, 13)], "x": np.arange(12.0) % 4})
    with pytest.raises(CarouselError, match="in Python date_format=$"):
        carousel.fit(frame, out=tmp_path / "run")
    said = {"date_format": "%d/%m/%Y", "time_zone": "Europe/Berlin"}
    small = {"horizon": 1, "base": "last", "history": 2, "validation_fraction": 0.3, "test_fraction": 0.3}
    run = carousel.fit(frame, out=tmp_path / "run", **said, **(SMALL | small))
    schema = run.config.data.table
    assert (schema.date_format, schema.local_zone) == (said["date_format"], said["time_zone"])
    with pytest.raises(CarouselError, match="^--encoding: the data is no text file"):
        carousel.fit(frame, encoding="latin-1", out=tmp_path / "other")
