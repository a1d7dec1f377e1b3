"""Training from Python: `fit` on a frame, a path or sequences, and estimators with scikit-learn's manners."""

from carousel.estimators._classifier import Classifier as Classifier
from carousel.estimators._fit import fit as fit
from carousel.estimators._forecaster import Forecaster as Forecaster
