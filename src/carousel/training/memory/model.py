"""A recurrent layer that answers a problem of memory."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

import carousel
from carousel.data.problems import NOTHING, problem_of
from carousel.training.config import Config
from carousel.training.memory.batches import MemoryBatch
from carousel.training.memory.truncated import truncated
from carousel.training.model import SequenceModel


class MemoryModel(SequenceModel):
    """Recurrent layer and linear head, trained by AdamW at a constant rate until its problem is solved.

    It counts the sequences that it has learnt from, as the papers do: each one each time.

    Args:
        config: the run; its sections `task`, `model` and `training` are used.
    """

    seen: Tensor
    solved_after: Tensor

    def __init__(self, config: Config) -> None:
        assert config.task.problem is not None
        self.problem = problem_of(config.task.problem, **config.task.sizes)
        super().__init__(config, self.problem.inputs)
        self.head = nn.Linear(self.width, self.problem.outputs)
        self.register_buffer("seen", torch.tensor(0))
        self.register_buffer("solved_after", torch.tensor(0))

    @property
    def names(self) -> dict[str, Any]:
        return {}

    @property
    def has_finished(self) -> bool:
        return bool(self.solved_after)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs [T, B, K], logits where they are of classes, for x as in `carousel.data.problems.Examples`."""
        if not x.is_floating_point():
            x = one_hot(x.clamp(min=0), self.problem.inputs).to(self.mean) * (x != NOTHING).unsqueeze(-1)
        # What stands after the end of a sequence reaches no answer: no layer looks ahead.
        if self.config.training.gradient == "truncated" and torch.is_grad_enabled():
            assert isinstance(self.layer, carousel.LSTM)
            v = truncated(self.layer, x)
        else:
            v, _ = self.layer(x)
        outputs: Tensor = self.head(v)
        return outputs

    @torch.no_grad()
    def answers(self, x: Tensor) -> Tensor:
        """What is compared with the targets, [T, B, K]: the outputs, or the probability of each class."""
        return self._answers(self(x))

    def _answers(self, outputs: Tensor) -> Tensor:
        return outputs.softmax(dim=-1) if self.problem.classes else outputs

    def scores(self, batch: MemoryBatch) -> dict[str, Tensor]:
        """Of each sequence, [B]: the mean loss and absolute error over the steps told, and whether it is right."""
        outputs = self(batch.x)
        answers = self._answers(outputs.detach())
        if self.problem.classes:
            losses = cross_entropy(outputs.flatten(0, 1), batch.targets.flatten(), reduction="none")
            losses, wanted = losses.view_as(batch.told), one_hot(batch.targets, self.problem.outputs)
        else:
            losses, wanted = (outputs - batch.targets).square().mean(dim=-1), batch.targets
        errors = (answers - wanted).abs()
        if batch.possible is None:
            right = errors.amax(dim=-1) < self.problem.tolerance
        else:
            least = answers.masked_fill(~batch.possible, torch.inf).amin(dim=-1)
            right = least > answers.masked_fill(batch.possible, -torch.inf).amax(dim=-1)
        return {
            "loss": _mean(losses, batch.told),
            "error": _mean(errors.mean(dim=-1), batch.told),
            "right": (right | ~batch.judged).all(dim=0).to(answers),
        }

    def training_step(self, batch: MemoryBatch, index: int) -> Tensor:
        self.seen += batch.told.shape[1]
        return super().training_step(batch, index)

    def on_validation_epoch_end(self) -> None:
        """Log the means, and note when they first meet the problem's criterion."""
        means = self.validation_means()
        self.log_dict(means)
        scores = {name: float(means[f"validation_{name}"]) for name in ("right", "error", "loss")}
        if not self.solved_after and self.problem.criterion.is_met(**scores):
            self.solved_after.copy_(self.seen)

    def configure_optimizers(self) -> Any:
        """No schedule: how long it takes is what is to be found out."""
        training = self.config.training
        return torch.optim.AdamW(
            self.parameters(), lr=training.learning_rate, weight_decay=training.weight_decay
        )


def _mean(values: Tensor, told: Tensor) -> Tensor:
    """The mean of values [T, B] over the steps told, [B]."""
    return (values * told).sum(dim=0) / told.sum(dim=0)
