"""Music that a model writes, one frame after the other."""

import numpy as np
import numpy.typing as npt
import torch

from carousel.data.rolls import KEYS
from carousel.errors import CarouselError
from carousel.training.music.model import MusicModel
from carousel.training.stepwise import pushed


@torch.no_grad()
def composed(model: MusicModel, frames: int, temperature: float, seed: int) -> npt.NDArray[np.uint8]:
    """A roll [frames, 88] that begins after silence, each key drawn from what the model says of it.

    Args:
        model: in evaluation mode.
        frames: how many, at least 1.
        temperature: what logits are divided by: 1 draws as the model says, less draws what is likely more often, 0
            takes the keys that are likelier to sound than not.
        seed: of the draws.

    Raises:
        CarouselError: an argument is out of range.
    """
    if temperature < 0 or not np.isfinite(temperature):
        raise CarouselError(f"a piece wants a temperature of 0 or more, got {temperature}")
    push = pushed(model)
    generator = torch.Generator().manual_seed(seed)
    frame = torch.zeros(KEYS)
    roll = []
    for _ in range(frames):
        v = push(frame)
        assert v is not None
        logits = model.logits(v)
        if temperature:
            frame = torch.bernoulli((logits / temperature).sigmoid(), generator=generator)
        else:
            frame = (logits > 0).to(frame)
        roll.append(frame)
    return torch.stack(roll).to(torch.uint8).numpy()
