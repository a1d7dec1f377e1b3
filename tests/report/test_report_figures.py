"""Learning curves and confusion matrix show the numbers that they were given."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from carousel.errors import CarouselError
from carousel.report import confusion, learning_curves

HISTORY = {
    "epoch": [1, 2, 3, 4],
    "train_loss": [2.0, 1.0, 0.5, 0.2],
    "train_accuracy": [0.3, 0.7, 0.9, 1.0],
    "validation_loss": [2.1, 1.2, 0.7, 0.9],
    "validation_accuracy": [0.25, 0.6, 0.88, 0.85],
    "gradient_norm": [1.0, 1.0, 1.0, 1.0],
    "seconds": [1.0, 2.0, 3.0, 4.0],
}
MATRIX = np.array([[9, 0, 1], [0, 7, 0], [2, 0, 0]])
CLASSES = ["ann", "bob", "cat"]


def lines(axes):
    return {line.get_label(): line for line in axes.get_lines()}


@pytest.mark.parametrize(("panel", "quantity"), [(0, "loss"), (1, "accuracy")])
def test_learning_curves_hold_the_columns_and_mark_the_best_epoch(panel, quantity):
    axes = learning_curves(HISTORY, best_epoch=3).axes[panel]
    assert axes.get_title(loc="left").startswith(quantity)
    assert axes.get_xlabel() == "epoch"
    drawn = lines(axes)
    for name in ("training", "validation"):
        column = HISTORY[f"{name.replace('training', 'train')}_{quantity}"]
        np.testing.assert_array_equal(drawn[name].get_xydata(), np.column_stack([HISTORY["epoch"], column]))
    np.testing.assert_array_equal(
        drawn["best epoch"].get_xydata(), [[3, HISTORY[f"validation_{quantity}"][2]]]
    )


def test_the_legend_leaves_a_loss_that_rises_free():
    history = HISTORY | {"train_loss": [0.2, 0.5, 1.0, 2.0], "validation_loss": [0.3, 0.7, 1.2, 2.1]}
    figure = learning_curves(history, best_epoch=1)
    figure.draw_without_rendering()
    left = figure.axes[0]
    box = left.get_legend().get_window_extent()
    points = left.transData.transform([(4, 2.0), (4, 2.1)])
    assert not any(box.contains(*point) for point in points)


def test_the_curves_differ_without_colour():
    drawn = lines(learning_curves(HISTORY, best_epoch=3).axes[0])
    assert drawn["training"].get_linestyle() != drawn["validation"].get_linestyle()


def test_learning_curves_say_the_best_values():
    figure = learning_curves(HISTORY, best_epoch=3)
    assert [axes.get_title(loc="right") for axes in figure.axes] == ["0.700 at epoch 3", "88.0 % at epoch 3"]
    assert "4 epochs" in figure.get_label()
    assert "88.0 %" in figure.get_label()


def test_one_epoch_is_visible():
    figure = learning_curves({name: column[:1] for name, column in HISTORY.items()}, best_epoch=1)
    assert lines(figure.axes[0])["training"].get_marker() == "o"
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("change", "best", "words"),
    [
        ({"train_loss": None}, 3, "lacks the column 'train_loss'"),
        ({"train_loss": [1.0]}, 3, r"train_loss \(1,\)"),
        ({name: [] for name in HISTORY}, 3, "for at least one, but"),
        ({}, 9, "best epoch 9 is not in the history, which has the epochs 1 to 4"),
    ],
)
def test_a_broken_history_is_refused(change, best, words):
    history = {name: column for name, column in (HISTORY | change).items() if column is not None}
    with pytest.raises(CarouselError, match=words):
        learning_curves(history, best)


def test_confusion_writes_the_counts_in_their_cells():
    cells = confusion(MATRIX, CLASSES, "test set").axes[0]
    written = {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in cells.texts
    }
    assert written == {(0, 0): "9", (0, 2): "1", (1, 1): "7", (2, 0): "2"}
    assert [label.get_text() for label in cells.get_yticklabels()] == CLASSES
    assert [label.get_text() for label in cells.get_xticklabels()] == CLASSES
    assert (cells.get_ylabel(), cells.get_xlabel()) == ("true class", "predicted class")
    low, high = cells.get_ylim()
    assert low > high, "the first class is at the top"


def test_confusion_shades_by_the_share_of_the_row():
    mesh = confusion(MATRIX, CLASSES, "test set").axes[0].collections[0]
    np.testing.assert_allclose(mesh.get_array(), [[0.9, 0, 0.1], [0, 1, 0], [1, 0, 0]])
    assert mesh.get_clim() == (0, 1)


def test_counts_stand_out_from_their_cells():
    cells = confusion(MATRIX, CLASSES, "test set").axes[0]
    mesh = cells.collections[0]
    for text in cells.texts:
        column, row = (int(position) for position in text.get_position())
        ground = mesh.to_rgba(mesh.get_array())[row, column, :3].mean()
        assert abs(ground - np.mean(to_rgba(text.get_color())[:3])) > 0.4


def test_recall_stands_beside_its_row():
    cells, bars = confusion(MATRIX, CLASSES, "test set").axes
    assert [text.get_text() for text in bars.texts] == ["90.0 %", "100.0 %", "0.0 %"]
    assert [bar.get_width() for bar in bars.patches[3:]] == [0.9, 1.0, 0.0]
    assert bars.get_ylim() == cells.get_ylim()


def test_a_class_without_sequences_says_so():
    _, bars = confusion([[0, 0], [1, 1]], ["a", "b"], "t").axes
    assert [text.get_text() for text in bars.texts] == ["no sequence", "50.0 %"]


def test_confusion_says_what_went_wrong():
    label = confusion(MATRIX, CLASSES, "test set").get_label()
    assert "16 of 19 sequences right" in label
    assert "cat taken for ann, 2 of 2" in label
    assert "No sequence is taken" in confusion(np.diag([1, 2]), ["a", "b"], "t").get_label()


@pytest.mark.parametrize("size", [1, 2, 30])
def test_any_number_of_classes_draws_without_a_warning(size):
    figure = confusion(np.eye(size, dtype=int), [f"a class $named$ {index}" for index in range(size)], "$t$")
    figure.draw_without_rendering()
