"""What both estimators share: parameters, training in a run folder, and what is kept of it."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, ParamSpec, TypeVar

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from carousel.data import Sequences
from carousel.errors import CarouselError, did_you_mean
from carousel.estimators._fit import TABLE_OPTIONS, Names, trained
from carousel.training import Run, SequenceModel
from carousel.training.config import parse_config, to_yaml
from carousel.training.parts import MODEL
from carousel.training.weights import load_model

P = ParamSpec("P")
T = TypeVar("T")


class InputError(CarouselError, ValueError):
    """Bad input to an estimator; a ValueError too, as scikit-learn's tools expect."""


def value_errors(method: Callable[P, T]) -> Callable[P, T]:
    """The method, of which every `CarouselError` is an `InputError`."""

    @wraps(method)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(*args, **kwargs)
        except CarouselError as error:
            raise InputError(str(error)) from error

    return told


class Fitted:
    """What a training leaves in memory: the configuration as text and the weights as a safetensors file.

    Both are plain data. So a pickle of it holds no module, and its model is read as that of a run folder is.
    """

    def __init__(self, run: Run) -> None:
        self._config = to_yaml(run.config)
        self._weights = (run.folder / MODEL).read_bytes()
        self._model: SequenceModel | None = None

    @property
    def model(self) -> SequenceModel:
        """The model of the best epoch, in evaluation mode."""
        if self._model is None:
            with TemporaryDirectory() as folder:
                path = Path(folder) / MODEL
                path.write_bytes(self._weights)
                self._model = load_model(path, parse_config(self._config, "the configuration"))
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_model": None}


class Estimator(BaseEstimator):  # type: ignore[misc]
    """Parameters are fields of the configuration, which checks them when the training begins."""

    _kind: ClassVar[str]
    _fitted: Fitted

    def set_params(self, **params: Any) -> "Estimator":
        """Change parameters, and give back the estimator.

        Raises:
            ValueError: there is no such parameter.
        """
        known = self.get_params(deep=False)
        unknown = next((name for name in params if name not in known), None)
        if unknown is not None:
            raise InputError(
                f"{type(self).__name__} has no parameter '{unknown}'; {did_you_mean(unknown, known)}"
            )
        super().set_params(**params)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_fitted")

    def _train(self, data: pd.DataFrame | Sequences, roles: Mapping[str, Names]) -> None:
        """Train, and keep the model and what is known about it; what was kept before is forgotten, also on failure."""
        self.__dict__.pop("_fitted", None)
        with TemporaryDirectory() as place:
            out = self.out if self.out is not None else Path(place) / "run"
            run = trained(data, self._kind, self._changes(), roles, out, self.progress)
            self._fitted = Fitted(run)
            self.metrics_ = run.metrics()
            self.history_ = run.history()
        self.n_iter_ = len(self.history_)
        if self.metrics_["status"] == "interrupted":
            raise KeyboardInterrupt("the estimator keeps the best epoch so far")

    def _changes(self) -> dict[str, Any]:
        """The parameters that are fields of the configuration, those left to it aside."""
        own = (*TABLE_OPTIONS, "settings", "out", "progress")
        parameters = self.get_params(deep=False)
        fields = {name: value for name, value in parameters.items() if name not in own and value is not None}
        return fields | dict(self.settings or {})

    def _require_fitted(self) -> Fitted:
        if not hasattr(self, "_fitted"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet; call fit first")
        return self._fitted
