"""What the models of all tasks share: standardisation, a recurrent layer, and how the weights are found."""

from abc import ABC, abstractmethod
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

import carousel
from carousel.training.config import Config
from carousel.training.model_section import ModelConfig
from carousel.training.processes import Alone
from carousel.training.tally import Tally, count

Layer = carousel.LSTM | nn.LSTM | nn.GRU


def build_layer(model: ModelConfig, input_size: int) -> Layer:
    """The recurrent layer that a configuration names; called like `torch.nn.LSTM`, time first.

    The state of a GRU is one tensor, that of the others a pair.
    """
    options: dict[str, Any] = {
        "num_layers": model.num_layers,
        "bidirectional": model.bidirectional,
        "dropout": model.dropout if model.num_layers > 1 else 0.0,
    }
    if model.layer == "gru":
        return nn.GRU(input_size, model.hidden_size, **options)
    options["proj_size"] = model.proj_size
    if model.layer == "torch":
        return nn.LSTM(input_size, model.hidden_size, **options)
    return carousel.LSTM(
        input_size,
        model.hidden_size,
        **options,
        peephole=model.peephole,
        input_gate=model.input_gate,
        context=model.context,
        init=model.init,
        forget_bias=model.forget_bias,
        chrono=model.chrono,
        recurrent_dropout=model.recurrent_dropout,
        zoneout=model.zoneout,
        weight_dropout=model.weight_dropout,
    )


class SequenceModel(pl.LightningModule, ABC):
    """A recurrent layer over standardised inputs, trained by AdamW under a one-cycle schedule.

    A concrete model adds a head and says by `scores` how well it answers a batch; the rest is here: the means of the
    scores over an epoch, `train_<score>` and `validation_<score>`, the standard error of the mean validation loss,
    `validation_loss_error`, and the mean norm of the gradient before it was clipped, `gradient_norm`, are logged.
    It can be trained by any `pytorch_lightning.Trainer`, with any loggers and callbacks.

    Args:
        config: the run; its sections `model` and `training` are used.
        input_size: F, the features of a step.

    The mean and the standard deviation of each feature are buffers, so that a state dict is a complete model.
    They start at 0 and 1; `standardise_by` sets them.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: Config, input_size: int) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(input_size))
        self.register_buffer("std", torch.ones(input_size))
        model = config.model
        self.layer = build_layer(model, input_size)
        self.width = (model.proj_size or model.hidden_size) * (2 if model.bidirectional else 1)
        """D, the features of the layer's output."""
        self.processes = Alone()
        """Those that train it together; `carousel.training.fit` sets them."""
        self._train_scores: dict[str, Tally] = {}
        self._validation_scores: dict[str, Tally] = {}
        self._gradient_norms = Tally()

    @property
    def lstm(self) -> carousel.LSTM | None:
        """The layer as one of this library, which shows its signals and runs as a stream; None if it is a GRU."""
        if isinstance(self.layer, nn.GRU):
            return None
        return carousel.LSTM.from_torch(self.layer) if isinstance(self.layer, nn.LSTM) else self.layer

    @property
    @abstractmethod
    def names(self) -> dict[str, Any]:
        """The arguments of the constructor beside `config`: names of inputs and answers, which JSON can hold."""

    @property
    def has_finished(self) -> bool:
        """Whether there is nothing left to learn, so that training stops after the epoch."""
        return False

    @abstractmethod
    def scores(self, batch: Any) -> dict[str, Tensor]:
        """How well the model answers a batch: `loss`, and what else is told, [n] each.

        One number for each of n items that count alike, such as sequences. The mean loss is what training lowers.
        """

    def standardise_by(self, mean: Tensor, std: Tensor) -> None:
        """Set the moments [F] that inputs are standardised by."""
        self.mean.copy_(mean)
        self.std.copy_(std)

    def standardised(self, x: Tensor) -> Tensor:
        """The input [..., F] as the layer sees it: zero mean and unit deviation on the training part."""
        return (x - self.mean) / self.std

    def __setattr__(self, name: str, value: Any) -> None:
        """PyTorch's way, but for the name of the hook at work, which Lightning notes some fifty times a step."""
        if name == "_current_fx_name":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Lightning's way, but that a batch which may stay on the CPU is not searched for tensors."""
        return (
            batch if device.type == "cpu" else super().transfer_batch_to_device(batch, device, dataloader_idx)
        )

    def on_train_epoch_start(self) -> None:
        self._train_scores.clear()
        self._gradient_norms = Tally()

    def training_step(self, batch: Any, index: int) -> Tensor:
        scores = self.processes.scores(self.scores, batch)
        count(scores, self._train_scores)
        return self.processes.mean(scores["loss"])

    def on_train_batch_end(self, outputs: Any, batch: Any, index: int) -> None:
        """Log what was counted, once an epoch: a log a step would cost more than a small step itself."""
        if self.trainer.is_last_batch:
            tallies = self.processes.tallied(self._train_scores)
            means = {f"train_{name}": tally.mean for name, tally in tallies.items()}
            means["gradient_norm"] = self._gradient_norms.mean
            self.log_dict(means, on_step=False, on_epoch=True, batch_size=1)

    def on_validation_epoch_start(self) -> None:
        self._validation_scores.clear()

    def validation_step(self, batch: Any, index: int) -> None:
        count(self.processes.scores(self.scores, batch), self._validation_scores)

    def on_validation_epoch_end(self) -> None:
        """Log the means over the validation part, and the standard error of the mean loss."""
        self.log_dict(self.validation_means())

    def validation_means(self) -> dict[str, Tensor]:
        """The mean of each score that was counted in validation, and the standard error of the mean loss."""
        tallies = self.processes.tallied(self._validation_scores)
        means = {f"validation_{name}": tally.mean for name, tally in tallies.items()}
        means["validation_loss_error"] = tallies["loss"].standard_error
        return means

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradient's norm, and count what it was before."""
        norm = nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val or float("inf"))
        self._gradient_norms.add(norm.detach().reshape(1))

    def configure_optimizers(self) -> Any:
        optimizer = self.new_optimizer()
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            self.config.training.learning_rate,
            total_steps=int(self.trainer.estimated_stepping_batches),
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]

    def new_optimizer(self) -> torch.optim.Optimizer:
        """AdamW with the step size and the weight decay of the configuration."""
        training = self.config.training
        return torch.optim.AdamW(
            self.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )
