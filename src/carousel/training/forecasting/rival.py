"""What is asked of a simpler means that a forecaster is compared with."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Rival(Protocol):
    """A way to forecast one target, learnt from what lies before the test part."""

    def told(self, segment: int, first: int, stop: int) -> tuple[Array, Array]:
        """Means and deviations [K, H], in the unit of the target, told at the rows from `first` to before `stop`."""


class LeftOutError(Exception):
    """Why there is no such rival, as the end of a sentence."""
