"""Lightning's trainer, set up to do what a run needs, at little cost and without a word of its own."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar

import pytorch_lightning as pl
from pytorch_lightning.profilers import PassThroughProfiler

from carousel.training.checkpoint import WholeFiles
from carousel.training.recorder import Recorder
from carousel.training.sections import TrainingConfig


class _Unprofiled(PassThroughProfiler):
    """Lightning enters its profiler some thirty times a step; entering this one costs next to nothing."""

    nothing: ClassVar = nullcontext()

    def profile(self, action_name: str) -> Any:
        return self.nothing


def trainer_of(
    training: TrainingConfig, recorder: Recorder, *others: pl.Callback, **options: Any
) -> pl.Trainer:
    """A trainer for one run, whose recorder sees to the files; the options say by which processes."""
    return pl.Trainer(
        max_epochs=training.epochs,
        gradient_clip_val=training.gradient_clip or None,
        callbacks=[recorder, *others],
        plugins=[WholeFiles()],
        accelerator=training.device,
        **options,
        logger=False,
        profiler=_Unprofiled(),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=recorder.folder,
    )


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Silence what Lightning says about itself; the progress line says what matters here."""
    loggers = [logging.getLogger(name) for name in ("pytorch_lightning", "lightning_fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        # The sequences are in memory: worker processes would only cost time.
        warnings.filterwarnings("ignore", ".*does not have many workers")
        # A text that is told while it is learnt has no validation part.
        warnings.filterwarnings("ignore", ".*have no `val_dataloader`")
        # The means are over all processes already.
        warnings.filterwarnings("ignore", ".*sync_dist=True")
        # Lightning 2.6 uses a part of PyTorch that newer versions deprecate.
        warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec")
        try:
            for logger in loggers:
                logger.setLevel(logging.WARNING)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
