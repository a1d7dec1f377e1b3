"""Missing numbers: the last one measured before in the same segment, else the mean of the training part."""

import numpy as np
import numpy.typing as npt


def carry_forward(
    rows: npt.NDArray[np.float32], before: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Replace each NaN by the last number above it, in the first rows by `before`.

    Args:
        rows: float32 [T, F], one behind the other.
        before: float32 [F], what stands above the first row; NaN stays NaN.

    Returns:
        The filled rows, and the last of them, which stands above the next.
    """
    if len(rows) == 0 or not np.isnan(rows).any():
        return rows, rows[-1] if len(rows) else before
    stacked = np.concatenate([before[None], rows])
    last = np.where(np.isnan(stacked), 0, np.arange(len(stacked))[:, None])
    np.maximum.accumulate(last, axis=0, out=last)
    filled = np.take_along_axis(stacked, last, axis=0)[1:]
    return filled, filled[-1]


def fill_sequence(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """One whole sequence: each NaN becomes the last number before it, else the first after it, else 0.

    No other sequence is looked at, so that whatever part this one is in, nothing leaks.
    """
    nothing = np.full(rows.shape[1], np.nan, np.float32)
    filled, _ = carry_forward(rows, nothing)
    backward, _ = carry_forward(filled[::-1], nothing)
    return np.nan_to_num(backward[::-1], nan=0.0)
