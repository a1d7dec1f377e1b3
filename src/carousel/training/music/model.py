"""A recurrent layer that says at every frame how likely each key is to sound in the next one."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, pad

from carousel.data import Batch
from carousel.data.rolls import KEYS
from carousel.training.config import Config
from carousel.training.model import SequenceModel


class MusicModel(SequenceModel):
    """Recurrent layer over piano rolls, dropout, linear head: 88 keys, each on or off independently of the others.

    A piece follows a frame of silence. Its first frame is learnt, so that the model can begin one, and not scored:
    there was nothing to tell it from.

    Args:
        config: the run; its sections `model` and `training` are used.

    The buffers `sounds`, `begins` and `stays` [88] are what simple means know of the training part: the share of frames
    in which a key sounds, and the shares in which it does where it did not, and where it did, the frame before.
    """

    sounds: Tensor
    begins: Tensor
    stays: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config, KEYS)
        self.dropout = nn.Dropout(config.model.dropout)
        self.head = nn.Linear(self.width, KEYS)
        for name in ("sounds", "begins", "stays"):
            self.register_buffer(name, torch.full((KEYS,), 0.5))

    @property
    def names(self) -> dict[str, Any]:
        return {}

    def forward(self, x: Tensor) -> Tensor:
        """Logits [T, B, 88] of frames x [T, B, 88], each from those before it; what is behind the end is no matter."""
        seen = pad(x[:-1], (0, 0, 0, 0, 1, 0))  # silence first
        return self.logits(self.layer(seen)[0])

    def logits(self, v: Tensor) -> Tensor:
        """Logits [..., 88] from the layer's output: told relative to how often each key sounds."""
        logits: Tensor = self.head(self.dropout(v)) + self.sounds.logit()
        return logits

    def scores(self, batch: Batch) -> dict[str, Tensor]:
        """Of each frame that counts: its negative log-likelihood in nats, summed over keys, and how right it is, [n].

        Right is the number of keys that sound and were told (with a chance above one half) over the number that do
        either; 1 where none does.
        """
        logits = self(batch.x)
        counted = torch.arange(len(batch.x)).unsqueeze(1) < batch.lengths
        counted[0] &= self.training
        if batch.labels is not None:  # of `stretches`: 1 where it goes on from its first frame
            counted[0] &= batch.labels.cpu() == 0
        counted = counted.to(logits.device)
        return told(logits[counted], batch.x[counted])


def told(logits: Tensor, frames: Tensor) -> dict[str, Tensor]:
    """The scores [n] of frames [n, 88] by their logits."""
    losses = binary_cross_entropy_with_logits(logits, frames, reduction="none").sum(dim=1)
    said, sounding = logits.detach() > 0, frames > 0
    both, either = (said & sounding).sum(dim=1), (said | sounding).sum(dim=1)
    return {"loss": losses, "accuracy": torch.where(either > 0, both / either.clamp(min=1), 1.0)}
