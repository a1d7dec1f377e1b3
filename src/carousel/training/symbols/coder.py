"""A model of the next symbol that codes a text while it learns it."""

from typing import Any

import torch
from torch import Tensor

from carousel.training.config import Config
from carousel.training.symbols.model import BYTES, SymbolModel
from carousel.training.symbols.replay import OnlineBatch
from carousel.training.tally import count


class OnlineCoder(SymbolModel):
    """Tells each byte of a text before it learns from it; the bits that takes are the length of a code of the text.

    Args:
        config: the run; its sections `task`, `model` and `training` are used.
        length: T, of the text in bytes.

    The buffer `bits` [T] holds what each byte took, and NaN for those not told yet. The first is told by nothing and
    takes 8 bits.
    """

    bits: Tensor

    def __init__(self, config: Config, length: int) -> None:
        super().__init__(config, None)
        bits = torch.full((length,), torch.nan)
        bits[:1] = torch.tensor(float(BYTES)).log2()
        self.register_buffer("bits", bits)

    @property
    def names(self) -> dict[str, Any]:
        return {"length": len(self.bits)}

    def training_step(self, batch: OnlineBatch, index: int) -> Tensor:
        """Tell the new symbols with the weights as they are, then learn from what has been told."""
        self._tell(batch)
        return super().training_step(batch.again, index)

    @torch.no_grad()
    def _tell(self, batch: OnlineBatch) -> None:
        self.eval()
        scores = self.scores(batch.told)
        self.train()
        count(scores, self._validation_scores)
        self.bits[batch.first : batch.first + len(scores["loss"])] = scores["loss"]

    def configure_optimizers(self) -> Any:
        """The step size stays as it is: what is told last is as new to the model as what is told first."""
        return self.new_optimizer()

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self._validation_scores.clear()

    def on_train_batch_end(self, outputs: Any, batch: OnlineBatch, index: int) -> None:
        """Log also what was told in this epoch, in the place of a validation part."""
        super().on_train_batch_end(outputs, batch, index)
        if self.trainer.is_last_batch:
            self.log_dict(self.validation_means(), on_step=False, on_epoch=True, batch_size=1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The state after the last symbol told: the next epoch goes on from it."""
        checkpoint["carried"] = self._carried[False]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._carried[False] = checkpoint["carried"]
