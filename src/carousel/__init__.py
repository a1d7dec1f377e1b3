"""The LSTM of Sherstinsky's tutorial, whole: equations, PyTorch layers, training."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from carousel import convert as convert
from carousel.kernels import use_kernel as use_kernel
from carousel.nn import LSTM as LSTM
from carousel.nn import RNN as RNN
from carousel.nn import AugmentedLSTM as AugmentedLSTM
from carousel.nn import LSTMCell as LSTMCell
from carousel.nn import VanillaLSTM as VanillaLSTM
from carousel.nn import explain as explain
from carousel.nn import swap_lstms as swap_lstms

if TYPE_CHECKING:
    from carousel.estimators import Classifier as Classifier
    from carousel.estimators import Forecaster as Forecaster
    from carousel.estimators import fit as fit

__version__ = "0.1.0"

_TRAINING = ("Classifier", "Forecaster", "fit")
"""What needs the extra `train`, and is imported when it is asked for."""


def __getattr__(name: str) -> Any:
    if name not in _TRAINING:
        raise AttributeError(f"module 'carousel' has no attribute '{name}'")
    try:
        return getattr(import_module("carousel.estimators"), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"carousel.{name} needs the package {error.name}; run pip install 'carousel-lstm[train]'"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *_TRAINING})
