"""`carousel.Classifier` among scikit-learn's tools."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from carousel import Classifier
from carousel.data import read
from carousel.training import Config, open_run, predict
from estimators.unpickled import imports_of

SMALL = {"layer": "torch", "hidden_size": 4, "learning_rate": 0.1, "batch_size": 4, "epochs": 2}


@pytest.fixture(scope="module")
def fitted(waves, tmp_path_factory):
    return Classifier(**SMALL, out=tmp_path_factory.mktemp("classifier")).fit(*waves)


def test_it_learns_and_answers_in_the_labels_it_was_given(fitted, waves):
    X, y = waves
    answers = fitted.predict(X)
    assert answers.dtype == y.dtype
    assert accuracy_score(y, answers) == fitted.score(X, y) > 0.9
    assert list(fitted.classes_) == ["high", "low"]
    assert fitted.n_features_in_ == 2
    assert is_classifier(fitted)


def test_what_is_known_of_the_training(fitted):
    assert fitted.n_iter_ == len(fitted.history_) == 2
    assert fitted.metrics_["validation"]["loss"] == pytest.approx(fitted.history_[-1]["validation_loss"])
    assert sum(map(sum, fitted.metrics_["test"]["confusion"])) == 2, "one sequence of each class"


def test_it_says_what_its_run_says(fitted, waves):
    X, _ = waves
    folder = open_run(fitted.out).folder
    np.testing.assert_array_equal(fitted.predict_proba(X), predict(folder, read(folder / "data.npz")))


def test_without_out_it_leaves_nothing_behind(waves, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Classifier(**SMALL | {"epochs": 1}).fit(*waves).predict(waves[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names",
    [[9, 10], ["10", "9"], [False, True], [-1.0, 1.0]],
    ids=["int", "numbers as text", "bool", "float"],
)
def test_probabilities_stand_in_the_order_of_classes(names, waves):
    X, y = waves
    labels = np.array(names)[(y == "high").astype(int)]
    model = Classifier(**SMALL).fit(X, labels)
    assert model.classes_.tolist() == names
    probabilities = model.predict_proba(X)
    assert probabilities.shape == (len(X), 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert (probabilities[y == "high", 1] > 0.5).mean() > 0.8
    assert model.predict(X).dtype == labels.dtype


def test_sequences_come_as_lists_arrays_frames_and_tensors(fitted, waves):
    X = [sequence[:3] for sequence in waves[0]]
    wanted = fitted.predict_proba(X)
    given = {
        "array": np.stack(X),
        "tensor": torch.from_numpy(np.stack(X)),
        "float64": [sequence.astype(np.float64) for sequence in X],
        "tuples": tuple(sequence.tolist() for sequence in X),
        "frames": [pd.DataFrame(sequence) for sequence in X],
        "objects": _objects(X),
    }
    for name, sequences in given.items():
        np.testing.assert_array_equal(fitted.predict_proba(sequences), wanted, err_msg=name)


def _objects(X):
    array = np.empty(len(X), object)
    array[:] = X
    return array


def test_rows_are_sequences_of_one_number_a_step(waves):
    X, y = waves
    rows = np.stack([sequence[:3, 0] for sequence in X])
    model = Classifier(**SMALL).fit(rows, y)
    assert model.n_features_in_ == 1
    np.testing.assert_array_equal(model.predict_proba(rows), model.predict_proba(list(rows[..., np.newaxis])))


def test_the_same_seed_gives_the_same_numbers_and_leaves_those_of_the_caller(waves):
    X, y = waves
    state = torch.get_rng_state()
    one, two = (Classifier(**SMALL | {"epochs": 1}).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert torch.equal(torch.get_rng_state(), state)
    other = Classifier(**SMALL | {"epochs": 1}, seed=1).fit(X, y).predict_proba(X)
    assert not np.array_equal(one, other)


def test_a_clone_has_the_parameters_and_not_the_weights(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.predict([[1.0]])


def test_a_pickle_answers_the_same_and_holds_no_module(fitted, waves):
    fitted.predict(waves[0])  # the model is in memory now
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(waves[0]), fitted.predict_proba(waves[0]))
    own = {"carousel.estimators._classifier.Classifier", "carousel.estimators._estimator.Fitted"}
    assert imports_of(fitted) <= own | {"numpy", "builtins", "pathlib", "_codecs"}


def test_in_a_pipeline_and_a_grid_search(waves):
    X, y = waves
    halved = FunctionTransformer(lambda sequences: [sequence / 2 for sequence in sequences])
    pipeline = make_pipeline(halved, Classifier(**SMALL | {"epochs": 1}))
    search = GridSearchCV(pipeline, {"classifier__hidden_size": [2, 4]}, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_["classifier__hidden_size"] in (2, 4)
    assert search.predict(X).shape == y.shape


def test_numbers_of_a_grid_may_be_numpy_s(waves):
    model = Classifier(
        **SMALL | {"epochs": np.int64(1), "learning_rate": np.float32(0.1), "dropout": np.float64(0)}
    )
    assert cross_val_score(model, *waves, cv=2, error_score="raise").shape == (2,)


def test_defaults_are_those_of_a_configuration():
    config = Config()
    known = {**config.model.model_dump(), **config.training.model_dump(), **config.data.model_dump()}
    parameters = Classifier().get_params()
    assert {name: value for name, value in parameters.items() if name in known} == {
        name: known[name] for name in parameters if name in known
    }
    assert set(parameters) - set(known) == {"settings", "out", "progress"}


def test_settings_reach_the_configuration(waves, tmp_path):
    model = Classifier(
        hidden_size=2,
        epochs=1,
        layer="augmented",
        settings={"context": (2, 0), "test_fraction": 0.3},
        out=tmp_path / "run",
    )
    model.fit(*waves)
    config = open_run(tmp_path / "run").config
    assert config.model.context == (2, 0)
    assert config.data.test_fraction == 0.3


X2 = [np.zeros((3, 2))] * 6
Y2 = ["a", "b"] * 3
BAD = {
    "y of another length": (X2, Y2[:-1], {}, "y has 5 labels for 6 sequences, wanted one for each; correct it"),
    "one class": (X2, ["a"] * 6, {}, "y has one class, 'a', wanted at least two to tell apart; add sequences of another"),
    "no y": (X2, None, {}, "fit requires y to be passed, but the target y is None; give a label for each sequence"),
    "two names alike": (X2, np.array([1, "1"] * 3, object), {}, None),
    "a class without a name": (X2, ["", "b"] * 3, {}, "y has a class without a name, or two of one name; rename it"),
    "too few of a class": (
        X2[:4],
        ["a", "a", "b", "b"],
        {},
        "class 'a' has a single sequence, wanted at least 2 to split; add more or drop it",
    ),
    "NaN": (
        [*X2[:5], np.array([[0, np.nan]])],
        Y2,
        {},
        "sequence '5' holds nan at step 0 (the first is step 0), feature 'x1', wanted a finite float32 number; "
        "fill the gap or leave the sequence out",
    ),
    "widths": (
        [*X2[:5], np.zeros((3, 1))],
        Y2,
        {},
        "sequence 5 has shape (3, 1), the first has (3, 2), wanted [steps, features] with the same features for all; "
        "correct it or leave it out",
    ),
    "numbers": (
        np.zeros(6),
        Y2,
        {},
        "X is an array of shape (6,), wanted a list of sequences, arrays [steps, features]; put a single one into a list",
    ),
    "text": ("abcdef", Y2, {}, "X is of type str, wanted a list of sequences, arrays [steps, features]; put a single one into a list"),
    "no sequences": ([], [], {}, "there are no sequences; give at least one"),
    "a value out of range": (X2, Y2, {"epochs": 0}, "settings: training.epochs should be greater than or equal to 1, got 0"),
    "an unknown setting": (X2, Y2, {"settings": {"contxt": (1, 1)}}, "unknown setting 'contxt'; did you mean 'context'?"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_value_error_in_one_sentence(name):
    X, y, parameters, sentence = BAD[name]
    with pytest.raises(ValueError) as raised:
        Classifier(**{**SMALL, **parameters}).fit(X, y)
    assert sentence is None or str(raised.value) == sentence


def test_other_features_than_those_it_was_trained_on(fitted):
    with pytest.raises(ValueError) as raised:
        fitted.predict([np.zeros((2, 3))])
    assert str(raised.value) == (
        "the sequences have 3 features (x0, x1, x2), the run was trained on 2 features (x0, x1); "
        "give the same features in the same order"
    )


def test_before_fit():
    with pytest.raises(NotFittedError) as raised:
        Classifier().predict(X2)
    assert str(raised.value) == "this Classifier is not fitted yet; call fit first"


def test_a_fit_that_fails_leaves_no_older_model(waves):
    model = Classifier(**SMALL | {"epochs": 1}).fit(*waves)
    with pytest.raises(ValueError):
        model.set_params(epochs=0).fit(*waves)
    with pytest.raises(NotFittedError):
        model.predict(waves[0])


def test_an_unknown_parameter():
    with pytest.raises(ValueError) as raised:
        Classifier().set_params(hiden_size=3)
    assert str(raised.value) == "Classifier has no parameter 'hiden_size'; did you mean 'hidden_size'?"


def test_ctrl_c_keeps_the_best_epoch_and_is_passed_on(waves, monkeypatch):
    from carousel.training.recorder import Recorder

    end = Recorder.on_train_epoch_end

    def pressed(self, trainer, model):
        end(self, trainer, model)
        raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "on_train_epoch_end", pressed)
    model = Classifier(**SMALL)
    with pytest.raises(KeyboardInterrupt, match="the estimator keeps the best epoch so far"):
        model.fit(*waves)
    assert model.predict(waves[0]).shape == (24,)


OTHERWISE = {
    "check_n_features_in": "a row is a sequence: its numbers are steps, not features",
    "check_n_features_in_after_fitting": "the same",
    "check_classifiers_train": "the same: a row of another length is another sequence",
    "check_fit2d_predict1d": "our sentence for it",
    "check_complex_data": "our sentence for it",
    "check_dtype_object": "numbers are not taken from objects",
    "check_estimators_empty_data_messages": "our sentence for it",
    "check_estimators_nan_inf": "our sentence for it",
}
"""What scikit-learn checks and sequences cannot do, or do in other words."""


def test_scikit_learns_own_checks():
    model = Classifier(layer="torch", hidden_size=2, epochs=1)
    results = check_estimator(model, expected_failed_checks=OTHERWISE, on_skip=None)
    assert {result["status"] for result in results} <= {"passed", "xfail", "skipped"}
    assert {result["check_name"] for result in results if result["status"] == "xfail"} == set(OTHERWISE)
