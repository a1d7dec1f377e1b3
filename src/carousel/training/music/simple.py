"""What needs no model: how often each key sounds, and the frame before with the rates at which keys come and go."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from torch import Tensor

from carousel.training.music.model import MusicModel, told

Rolls = Iterable[npt.NDArray[np.float32]]


def rates(rolls: Rolls) -> dict[str, npt.NDArray[np.float32]]:
    """`sounds`, `begins` and `stays` [88] of rolls [T_i, 88]; see `MusicModel`.

    Half a frame is added on either side (Krichevsky and Trofimov, 1981), so that nothing is impossible.
    """
    before = np.concatenate([roll[:-1] for roll in rolls])
    after = np.concatenate([roll[1:] for roll in rolls])
    shares = {
        "sounds": (after.sum(axis=0), np.full(after.shape[1], len(after))),
        "begins": ((after * (1 - before)).sum(axis=0), (1 - before).sum(axis=0)),
        "stays": ((after * before).sum(axis=0), before.sum(axis=0)),
    }
    return {name: ((sum_ + 0.5) / (count + 1)).astype(np.float32) for name, (sum_, count) in shares.items()}


def losses_of_rivals(model: MusicModel, before: Tensor, after: Tensor) -> dict[str, float]:
    """The mean negative log-likelihood in nats of frames `after` [n, 88] that follow frames `before`, by rival."""
    chances = {
        "last frame": model.stays * before + model.begins * (1 - before),
        "key frequencies": model.sounds.expand_as(after),
    }
    return {
        name: float(told(chance.logit(), after)["loss"].double().mean()) for name, chance in chances.items()
    }
