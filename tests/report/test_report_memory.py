"""The report of a run on a problem: solved or not, the loss beside the trivial level, and one sequence."""

import shutil

import numpy as np
import pytest

from carousel.data.problems import PROBLEMS, problem_of
from carousel.errors import CarouselError
from carousel.report.from_run import report_run
from carousel.report.memory import LONGEST, STRETCH, loss_curve, one_sequence, unlike
from carousel.training import Config, fit, override


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    settings = [
        "kind=memory",
        "problem=copy",
        "length=4",
        "hidden_size=4",
        "epochs=2",
        "sequences=8",
        "held_out=4",
    ]
    return fit(override(Config(), settings), tmp_path_factory.mktemp("run"), progress=False)


def test_the_page_says_what_was_reached_and_what_others_did(run):
    text = " ".join(report_run(run.folder).read_text().split())
    test = run.metrics()["test"]
    for told in (
        "Trained on &#39;copy&#39;;",
        "The copy problem (length 4) is not solved",
        "a loss below 0.00866 on the validation part",
        "loss 0.8664",
        run.task.shown(test),
        "LSTM 0.0204, the trivial level",
        "networks of other sizes",
    ):
        assert told in text, told
    assert sorted(path.name for path in (run.folder / "figures").iterdir()) == ["loss.png", "sequence.png"]


def test_each_problem_differs_from_its_own_paper():
    of_1997 = "a forget gate, which the cell of 1997 lacks"
    modern, of_2002 = {"adding", "copy"}, {"spike_delays", "timed_spikes", "cosine", "triangle", "rectangle"}
    for name in PROBLEMS:
        told = unlike(problem_of(name), 16)
        assert (of_1997 in told) == (name not in modern | of_2002), name
        assert ("momentum" in told) == (name in of_2002), name
        assert told.endswith("; batches of 16") == (name not in modern), name
    assert "batch" not in unlike(problem_of("reber"), 1)
    assert "outputs that are a softmax" in unlike(problem_of("reber"), 1)
    assert "outputs that are linear" in unlike(problem_of("multiplication"), 1)


def test_an_interrupted_run_has_a_report_without_verdict(run, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "run")
    text = (folder / "metrics.json").read_text().replace('"complete"', '"interrupted"')
    before, _, rest = text.partition('"test": {')
    (folder / "metrics.json").write_text(before + '"test": null' + rest[rest.index("}") + 1 :])
    text = report_run(folder).read_text()
    assert "was interrupted" in text and "solved with" in text and "is not solved" not in text


def test_a_sequence_is_chosen_by_its_number(run, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "carousel.report.memory.one_sequence", lambda *told: drawn.append(told) or one_sequence(*told)
    )
    report_run(run.folder, sequence="2")
    _, sequence, answers = drawn[0]
    test = run.task.prepare(run.config).test
    np.testing.assert_array_equal(sequence.x, test.x[:, 2:3])
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(CarouselError, match="^the test part has no sequence '4'; they are numbered 0 to 3$"):
        report_run(run.folder, sequence="4")


def test_the_curve_counts_sequences():
    rows = [{"epoch": n, "train_loss": 1 / n, "validation_loss": 2 / n} for n in (1, 2, 3)]
    figure = loss_curve(rows, 500, 0.3, 1500)
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.lines}
    assert list(lines["validation"].get_xdata()) == [500, 1000, 1500]
    np.testing.assert_allclose(lines["training"].get_ydata(), [1, 1 / 2, 1 / 3])
    assert set(lines["trivial level"].get_ydata()) == {0.3}
    assert figure.get_label() == (
        "Loss over 1,500 training sequences, solved after 1,500 sequences: validation loss from 2 to 0.667, trivial "
        "level 0.3."
    )
    assert "not solved" in loss_curve(rows, 500, 0.3, 0).get_label()


@pytest.mark.parametrize("name", ["adding", "copy", "reber", "timed_spikes", "cosine"])
def test_targets_are_drawn_where_they_are(name):
    problem = problem_of(name)
    sequence = problem.held_out(1, 1)
    T = len(sequence.told)
    figure = one_sequence(problem, sequence, np.full((T, problem.outputs), 0.5, np.float32))
    upper, lower = figure.axes
    steps, rings = lower.lines[-1].get_data()
    first = 0 if T <= LONGEST else T - STRETCH
    assert set(steps) == {n for n in np.flatnonzero(sequence.told[:, 0]) if n >= first}
    targets = sequence.targets.reshape(T)[steps]
    np.testing.assert_allclose(rings, targets)
    assert len(upper.lines) == (2 if name == "adding" else 1)
    for axes in (upper, lower):
        named = [label.get_text() for label in axes.get_yticklabels()]
        assert (named == ["B", "T", "P", "S", "X", "V", "E"]) == (name == "reber")
