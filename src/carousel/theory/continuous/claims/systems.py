"""The equations that the order of backward Euler is measured on: from one unit to eight, from one delay to seven."""

from dataclasses import dataclass

import numpy as np

from carousel.equations.arrays import Array
from carousel.theory.continuous.additive_model import AdditiveModel
from carousel.theory.continuous.discretize import discretize_delays
from carousel.theory.continuous.integrate import integrate
from carousel.theory.continuous.steps import Trajectory

FREQUENCY = np.array([1.0, 2.3])
PHASE = np.array([0.3, -1.0])


@dataclass(frozen=True)
class System:
    """An Additive Model whose delays are all multiples of tau_0, at rest until t = 0 and then driven by two sines."""

    name: str
    model: AdditiveModel
    tau_0: float

    @property
    def start(self) -> Array:
        """The state [d] up to t = 0."""
        return np.full(self.model.d, 0.5)

    @property
    def speed(self) -> float:
        """L: the fastest rate at which two solutions can part, per unit of time."""
        return float(sum(np.linalg.norm(matrix, 2) for matrix in [*self.model.A, *self.model.B]))

    def solution(self, periods: int) -> Trajectory:
        """The differential equation over so many tau_0."""
        return integrate(self.model, periods * self.tau_0, drive, self.start)

    def steps(self, dT: float, count: int) -> Array:
        """The RNN's states at dT, 2 dT, ..., [count, d]."""
        rnn = discretize_delays(self.model, dT)
        s_lag, x_lag = rnn.lags
        x = np.stack([drive(dT * n) for n in range(1 - x_lag, count + 1)])
        return rnn.run(x[x_lag:], np.tile(self.start, (s_lag, 1)), x[:x_lag] if x_lag else None)


def drive(t: float) -> Array:
    """The input [2]."""
    return np.asarray(np.sin(FREQUENCY * t + PHASE))


def drive_rate(t: float) -> Array:
    """Its derivative."""
    return np.asarray(FREQUENCY * np.cos(FREQUENCY * t + PHASE))


def _one_unit(tau_0: float) -> AdditiveModel:
    return AdditiveModel([[-1.0]], [[-2.0]], [[1.0, 0.5]], [0.3], tau_r=tau_0)


def _circling(tau_0: float) -> AdditiveModel:
    return AdditiveModel(-0.5 * np.eye(2), [[1, -3], [3, 1]], np.eye(2), [0.1, 0.0], tau_r=tau_0)


def _eight_units(tau_0: float) -> AdditiveModel:
    generator = np.random.default_rng(1)
    A = 0.1 * generator.normal(size=(8, 8)) - np.eye(8)
    B = 0.5 * generator.normal(size=(8, 8))
    return AdditiveModel(A, B, generator.normal(size=(8, 2)), 0.2 * generator.normal(size=8), tau_r=tau_0)


def _seven_delays(tau_0: float) -> AdditiveModel:
    around = np.roll(np.eye(3), 1, axis=1)
    A = np.stack([-np.eye(3), 0.3 * around])
    B = np.stack([np.diag([1.0, -1.0, 0.5]), around - around.T, np.full((3, 3), 0.4)])
    C = np.array([[[1, 1], [1, 1], [1, 1]], [[1, 0], [0, 1], [1, -1]]])
    s, r, x = tau_0 * np.array([0, 2]), tau_0 * np.array([1, 2, 3]), tau_0 * np.array([0, 1])
    return AdditiveModel(A, B, C, [0.1, 0.0, -0.1], tau_s=s, tau_r=r, tau_x=x)


SYSTEMS = (
    System("one unit", _one_unit(0.1), 0.1),
    System("two units in a circle", _circling(0.06), 0.06),
    System("eight units", _eight_units(0.02), 0.02),
    System("three units, seven delays", _seven_delays(0.04), 0.04),
    System("one unit, long delay", _one_unit(2.0), 2.0),
)
