"""A recurrent layer that names the class of a whole sequence."""

from collections.abc import Callable, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torchmetrics import CatMetric
from torchmetrics.classification import MulticlassAccuracy

import carousel
from carousel.data import Batch
from carousel.training.config import Config, ModelConfig

LAYERS: dict[str, Callable[..., nn.LSTM | carousel.LSTM]] = {
    "lstm": carousel.LSTM,
    "vanilla": carousel.VanillaLSTM,
    "augmented": carousel.AugmentedLSTM,
    "torch": nn.LSTM,
}


def build_layer(model: ModelConfig, input_size: int) -> nn.LSTM | carousel.LSTM:
    """The recurrent layer that a configuration names; called like `torch.nn.LSTM`, time first."""
    options: dict[str, Any] = {
        "num_layers": model.num_layers,
        "bidirectional": model.bidirectional,
        "dropout": model.dropout if model.num_layers > 1 else 0.0,
    }
    if model.proj_size:
        options["proj_size"] = model.proj_size
    if model.layer == "augmented":
        options["context"] = model.context
    return LAYERS[model.layer](input_size, model.hidden_size, **options)


class SequenceClassifier(pl.LightningModule):
    """Standardisation, recurrent layer, mean over the real frames, dropout, linear head.

    Args:
        config: the run; its sections `model` and `training` are used.
        features: names of the F features.
        classes: names of the C classes.

    The mean and the standard deviation of each feature are buffers, so that a state dict is a complete model.
    They start at 0 and 1; `standardise_by` sets them.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: Config, features: Sequence[str], classes: Sequence[str]) -> None:
        super().__init__()
        self.config = config
        self.features = tuple(features)
        self.classes = tuple(classes)
        self.register_buffer("mean", torch.zeros(len(features)))
        self.register_buffer("std", torch.ones(len(features)))
        model = config.model
        self.layer = build_layer(model, len(features))
        self.dropout = nn.Dropout(model.dropout)
        width = (model.proj_size or model.hidden_size) * (2 if model.bidirectional else 1)
        self.head = nn.Linear(width, len(classes))
        self.train_accuracy = MulticlassAccuracy(len(classes), average="micro")
        self.validation_accuracy = MulticlassAccuracy(len(classes), average="micro")
        self.validation_losses = CatMetric(nan_strategy="disable")

    def standardise_by(self, mean: Tensor, std: Tensor) -> None:
        """Set the moments [F] that inputs are standardised by."""
        self.mean.copy_(mean)
        self.std.copy_(std)

    def standardised(self, x: Tensor) -> Tensor:
        """The input [..., F] as the layer sees it: zero mean and unit deviation on the training part."""
        return (x - self.mean) / self.std

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Logits [B, C] of zero-padded sequences x [T, B, F] with lengths [B] in frames."""
        x = self.standardised(x)
        if self.training:
            # One draw a sequence and feature: recordings differ by offsets more than frame by frame.
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
        """What the model says had the sequence [T, F] ended at frame n: probabilities [T, C].

        All prefixes run as one ragged batch, so this is exact for layers that read from both ends or look ahead.
        """
        T = len(sequence)
        prefixes = sequence.unsqueeze(1).expand(-1, T, -1)  # [T, T, F]: packing cuts prefix n after frame n
        return self.probabilities(prefixes, torch.arange(1, T + 1))

    def training_step(self, batch: Batch, index: int) -> Tensor:
        losses = self._losses(batch, self.train_accuracy)
        self.log("train_loss", losses.mean(), on_step=False, on_epoch=True, batch_size=len(losses))
        self.log("train_accuracy", self.train_accuracy, on_step=False, on_epoch=True)
        return losses.mean()

    def validation_step(self, batch: Batch, index: int) -> None:
        self.validation_losses.update(self._losses(batch, self.validation_accuracy))

    def on_validation_epoch_end(self) -> None:
        """Log the mean loss over the validation sequences, its standard error, and the accuracy."""
        losses = self.validation_losses.compute()
        error = losses.std() / len(losses) ** 0.5 if len(losses) > 1 else torch.zeros(())
        self.validation_losses.reset()
        self.log("validation_loss", losses.mean())
        self.log("validation_loss_error", error)
        self.log("validation_accuracy", self.validation_accuracy)

    def _losses(self, batch: Batch, accuracy: MulticlassAccuracy) -> Tensor:
        """The cross-entropy of each sequence, [B]."""
        assert batch.labels is not None
        logits = self(batch.x, batch.lengths)
        accuracy(logits, batch.labels)
        return cross_entropy(logits, batch.labels, reduction="none")

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradient's norm and log what it was before."""
        norm = nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val or float("inf"))
        self.log("gradient_norm", norm, on_step=False, on_epoch=True, batch_size=1)

    def configure_optimizers(self) -> Any:
        training = self.config.training
        optimizer = torch.optim.AdamW(
            self.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, training.learning_rate, total_steps=int(self.trainer.estimated_stepping_batches)
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]
