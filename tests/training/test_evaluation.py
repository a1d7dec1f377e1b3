"""Scores and probabilities of a finished run."""

import dataclasses

import numpy as np
import pytest

from carousel.data import Sequences, load
from carousel.training import evaluate, predict, prediction_table
from refusals import refusal

TEST = load("japanese_vowels")[1]


def test_the_test_part_is_the_default(finished):
    scores = evaluate(finished.folder)
    assert scores | {"rivals": {}} == evaluate(finished.folder, TEST)
    assert scores["rivals"].keys() == {"majority class", "1-NN DTW"}


def test_accuracy_loss_and_confusion_follow_from_the_probabilities(finished):
    probabilities = predict(finished.folder, TEST)
    assert probabilities.shape == (370, 9) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    metrics = evaluate(finished.folder, TEST)
    predicted = probabilities.argmax(axis=1)
    assert metrics["accuracy"] == pytest.approx((predicted == TEST.labels).mean())
    assert metrics["loss"] == pytest.approx(
        -np.log(probabilities[np.arange(370), TEST.labels]).mean(), rel=1e-4
    )
    confusion = np.zeros((9, 9), int)
    np.add.at(confusion, (TEST.labels, predicted), 1)
    assert metrics["confusion"] == confusion.tolist()
    assert metrics["classes"] == list(TEST.classes)


def test_each_sequence_has_its_own_row_whatever_the_batch(finished):
    whole = predict(finished.folder, TEST)
    for position in (0, 100, 369):
        alone = predict(finished.folder, TEST.select([position]))
        np.testing.assert_allclose(alone[0], whole[position], rtol=1e-4, atol=1e-6)


def test_the_table_names_sequences_and_classes(finished):
    some = TEST.select([5, 250])
    table = prediction_table(finished.folder, some)
    assert list(table.columns) == ["sequence", "predicted", *(f"probability_{name}" for name in TEST.classes)]
    assert list(table["sequence"]) == ["5", "250"]
    probabilities = predict(finished.folder, some)
    assert list(table["predicted"]) == [TEST.classes[best] for best in probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(table.iloc[:, 2:].to_numpy(), probabilities)


def test_a_file_may_number_its_classes_in_its_own_way(finished):
    some = TEST.select(TEST.labels >= 6)
    other = dataclasses.replace(some, classes=("9", "7", "8"), labels=np.array([1, 2, 0])[some.labels - 6])
    assert evaluate(finished.folder, other) == evaluate(finished.folder, some)


def test_an_unknown_class(finished):
    renamed = dataclasses.replace(TEST, classes=(*TEST.classes[:8], "10"))
    assert refusal(evaluate, finished.folder, renamed).startswith("the run does not know class '10'; ")


def test_no_labels(finished):
    unlabelled = dataclasses.replace(TEST, labels=None)
    assert refusal(evaluate, finished.folder, unlabelled) == (
        "the sequences have no labels to score against; `carousel predict` needs none"
    )
    assert len(predict(finished.folder, unlabelled)) == 370


@pytest.mark.parametrize("value", [3e38, -3e38])
def test_a_sequence_that_drives_the_model_out_of_the_numbers_is_named(finished, value):
    values = list(TEST.values)
    values[40] = np.full_like(values[40], value)
    huge = dataclasses.replace(TEST, values=tuple(values))
    for answer in (evaluate, predict, prediction_table):
        assert refusal(answer, finished.folder, huge) == (
            "the model's answer to sequence '40' is not a finite number; "
            "its values may be too large, or the weights of the run damaged"
        )


def with_features(names: tuple[str, ...]) -> Sequences:
    return Sequences((np.zeros((3, len(names))),), names, ("0",))


@pytest.mark.parametrize(
    "names, got",
    [
        (("a", "b"), "2 features (a, b)"),
        (("a",), "1 feature (a)"),
        (tuple(f"c{i}" for i in range(12)), "12 features (c0, c1, c2, ...)"),
        (tuple(f"x{i}" for i in range(11)), "11 features (x0, x1, x2, ...)"),
    ],
)
def test_other_features_are_refused(finished, names, got):
    wanted = "12 features (cepstrum_1, cepstrum_2, cepstrum_3, ...)"
    assert refusal(predict, finished.folder, with_features(names)) == (
        f"the sequences have {got}, the run was trained on {wanted}; give the same features in the same order"
    )


def test_the_order_of_features_matters(finished):
    swapped = dataclasses.replace(TEST, features=(TEST.features[1], TEST.features[0], *TEST.features[2:]))
    assert "give the same features in the same order" in refusal(predict, finished.folder, swapped)


def test_features_without_names_count_by_their_place(finished):
    unnamed = dataclasses.replace(TEST, features=tuple(f"x{i}" for i in range(12)))
    np.testing.assert_array_equal(predict(finished.folder, unnamed), predict(finished.folder, TEST))
