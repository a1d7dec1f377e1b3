"""Mean and standard deviation of each feature, to bring inputs to one scale."""

import numpy as np
import numpy.typing as npt

from carousel.data.sequences import Sequences


def moments(sequences: Sequences) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean [F] and standard deviation [F] over all steps of all sequences, float32, in the units of the features.

    The deviation divides by the number of steps. It is 1 for a constant feature, so that dividing by it is safe.
    """
    steps = np.concatenate(sequences.values).astype(np.float64)  # [sum T_i, F]
    mean = steps.mean(axis=0).astype(np.float32)
    std = steps.std(axis=0).astype(np.float32)
    # Equal float32 numbers sum exactly in float64 (up to 2**29 of them), so a constant feature has exactly 0 here.
    std[std == 0] = 1
    return mean, std
