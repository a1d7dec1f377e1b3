"""From a delay differential equation to the RNN: the paper's first derivation, predicted and measured."""

from carousel.theory.continuous.additive_model import AdditiveModel
from carousel.theory.continuous.circulant import circulant
from carousel.theory.continuous.claims import CLAIMS, compare, measure, plot, predict
from carousel.theory.continuous.discretize import discretize, discretize_delays, to_continuous
from carousel.theory.continuous.integrate import integrate
from carousel.theory.continuous.lagged import CanonicalRNN, LaggedRNN
from carousel.theory.continuous.leading_error import leading_error
from carousel.theory.continuous.stability import eigenvalues, perturb
from carousel.theory.continuous.steps import Trajectory

__all__ = [
    "CLAIMS",
    "AdditiveModel",
    "CanonicalRNN",
    "LaggedRNN",
    "Trajectory",
    "circulant",
    "compare",
    "discretize",
    "discretize_delays",
    "eigenvalues",
    "integrate",
    "leading_error",
    "measure",
    "perturb",
    "plot",
    "predict",
    "to_continuous",
]
