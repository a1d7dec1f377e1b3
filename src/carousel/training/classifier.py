"""A recurrent layer that names the class of a whole sequence."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from carousel.data import Batch
from carousel.training.config import Config
from carousel.training.model import SequenceModel


class SequenceClassifier(SequenceModel):
    """Standardisation, recurrent layer, mean over the real steps, dropout, linear head.

    Args:
        config: the run; its sections `model` and `training` are used.
        features: names of the F features.
        classes: names of the C classes.
    """

    def __init__(self, config: Config, features: Sequence[str], classes: Sequence[str]) -> None:
        super().__init__(config, len(features))
        self.features = tuple(features)
        self.classes = tuple(classes)
        self.dropout = nn.Dropout(config.model.dropout)
        self.head = nn.Linear(self.width, len(classes))

    @property
    def names(self) -> dict[str, Any]:
        return {"features": self.features, "classes": self.classes}

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Logits [B, C] of zero-padded sequences x [T, B, F] with lengths [B] in steps."""
        x = self.standardised(x)
        if self.training:
            # One draw a sequence and feature: recordings differ by offsets more than step by step.
            x = x + self.config.training.input_offset * torch.randn_like(x[:1])
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        v, _ = pad_packed_sequence(self.layer(packed)[0])  # [T, B, D], zero after the end of each sequence
        pooled = v.sum(dim=0) / lengths.to(v).unsqueeze(1)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits

    @torch.no_grad()
    def probabilities(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Class probabilities [B, C] of zero-padded sequences x [T, B, F] with lengths [B]."""
        logits: Tensor = self(x, lengths)
        return logits.softmax(dim=1)

    def prefix_probabilities(self, sequence: Tensor) -> Tensor:
        """What the model says had the sequence [T, F] ended at step n: probabilities [T, C].

        All prefixes run as one ragged batch, so this is exact for layers that read from both ends or look ahead.
        """
        T = len(sequence)
        prefixes = sequence.unsqueeze(1).expand(-1, T, -1)  # [T, T, F]: packing cuts prefix n after step n
        return self.probabilities(prefixes, torch.arange(1, T + 1))

    def scores(self, batch: Batch) -> dict[str, Tensor]:
        """The cross-entropy in nats of each sequence, and whether its class was named right (1 or 0), [B]."""
        assert batch.labels is not None
        logits = self(batch.x, batch.lengths)
        right = (logits.detach().argmax(dim=1) == batch.labels).to(logits)
        return {"loss": cross_entropy(logits, batch.labels, reduction="none"), "accuracy": right}
