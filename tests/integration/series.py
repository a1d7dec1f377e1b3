"""The data of all clients: waves with a season of 12 steps and noise, drawn anew and always the same."""

import numpy as np

STEPS = 240


def seasonal(count: int) -> np.ndarray:
    """That many series of 240 steps, [count, 240] in float32, all positive."""
    random, n = np.random.default_rng(0), np.arange(STEPS)
    level = random.uniform(3, 6, (count, 1))
    swing = random.uniform(0.5, 1.5, (count, 1)) * np.sin(
        2 * np.pi * n / 12 + random.uniform(0, 6, (count, 1))
    )
    return (level + swing + 0.1 * random.standard_normal((count, STEPS))).astype(np.float32)
