"""Small pieces of music that tests make up."""

import numpy as np

from carousel.data.rolls import KEYS, LOWEST


def tune(seed: int, frames: int = 24) -> np.ndarray:
    """A scale that goes up and down, or down and up, above a bass that is held for four frames: float32 [frames, 88]."""
    random = np.random.default_rng(seed)
    steps = np.array([60, 62, 64, 65, 67, 69, 71, 72])
    start = 7 * int(random.integers(0, 2))
    roll = np.zeros((frames, KEYS), np.float32)
    for n in range(frames):
        place = (start + n) % 14
        roll[n, steps[min(place, 14 - place)] - LOWEST] = 1
        roll[n, 48 + 5 * (n // 4 % 2) - LOWEST] = 1
    return roll
