"""The next frame of music."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pydantic import Field, Json
from torch import Tensor

from carousel.data import Sequences, batches
from carousel.data.music import read_chorales, read_music
from carousel.data.opening import naming
from carousel.data.rolls import KEYS, NAMES
from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.environment import cpu_threads
from carousel.training.label import Label
from carousel.training.metrics import Positive, Scores
from carousel.training.music.model import MusicModel, told
from carousel.training.music.parts import parts, stretches
from carousel.training.music.simple import losses_of_rivals, rates
from carousel.training.source import file_of
from carousel.training.tasks.task import Material, Task


class MusicScores(Scores):
    """The mean negative log-likelihood of a frame in nats, and how right frames are on average."""

    loss: float = Field(ge=0)
    accuracy: float = Field(ge=0, le=1)


class MusicTestScores(MusicScores):
    """Also how many frames there are, and the likelihood that simple means reach on the same frames."""

    frames: Positive
    rivals: dict[str, float]


class MusicLabel(Label):
    """What the weights of a model of music are for."""

    validation: Json[MusicScores]


class Music(Task[MusicModel, Sequences]):
    """Piano rolls: pieces to learn from, others to choose the epoch by, and others to be tested on.

    Scores are those of Boulanger-Lewandowski et al. 2012 and Bai et al. 2018: the negative log-likelihood of a frame in
    nats, 88 keys that are on or off independently of each other, over frames 2 to T of every piece, the sum over all
    divided by the number of frames.
    """

    noun = "cost"
    writes = "music"
    label = MusicLabel
    scores = MusicScores
    test_scores = MusicTestScores
    primary = "loss"
    higher_is_better = False

    def model(self, config: Config, **names: Any) -> MusicModel:
        return MusicModel(config, **names)

    def prepare(self, config: Config) -> Material[Sequences]:
        data, training = config.data, config.training
        train, validation, test = self._parts(config)
        return Material(
            names={},
            buffers=rates(train.values),
            train=batches(stretches(train), training.batch_size, shuffle=True, seed=training.seed),
            validation=batches(_told(validation, data.name), training.batch_size),
            test=_told(test, data.name),
            headline=f"{len(train):,} pieces to learn from, {len(validation):,} to choose the best epoch",
        )

    def read(self, config: Config, path: Path) -> Sequences:
        return read_music(path, config.task.frame)

    @torch.no_grad()
    def score(self, model: MusicModel, data: Sequences) -> dict[str, Any]:
        """`loss` in nats a frame, `accuracy`, `frames`, and `rivals`: the loss of simple means on the same frames."""
        rolls = [torch.from_numpy(roll) for roll in _told(data, "the data").values]
        logits = torch.cat([logits[1:] for logits in answers(model, data)])
        before, after = torch.cat([roll[:-1] for roll in rolls]), torch.cat([roll[1:] for roll in rolls])
        means = {name: float(score.double().mean()) for name, score in told(logits, after).items()}
        return {**means, "frames": len(after), "rivals": losses_of_rivals(model, before, after)}

    @torch.no_grad()
    def table(self, model: MusicModel, data: Sequences) -> pd.DataFrame:
        """A row for each frame but the first of a piece.

        Columns `piece`, `frame` (counted from 1), `nll` in nats, `sounding` and `told`: the keys that sound and those
        that were told to, by name.
        """
        rows = []
        for name, roll, logits in zip(data.ids, data.values, answers(model, data), strict=True):
            losses = told(logits, torch.from_numpy(roll))["loss"]
            for frame in range(1, len(roll)):
                sounding, said = (_keys(keys) for keys in (roll[frame] > 0, logits[frame].numpy() > 0))
                rows.append((name, frame + 1, float(losses[frame]), sounding, said))
        return pd.DataFrame(rows, columns=["piece", "frame", "nll", "sounding", "told"])

    def shown(self, scores: Mapping[str, float]) -> str:
        return f"{scores['loss']:.3f} nats a frame"

    def told(self, scores: Mapping[str, Any]) -> str:
        return (
            f"{self.shown(scores)} over {scores['frames']:,} frames, {100 * scores['accuracy']:.1f} % right"
        )

    def verdict(self, scores: Mapping[str, Any]) -> str:
        ours, rivals = scores["loss"], scores["rivals"]
        best = min(rivals, key=lambda name: rivals[name])
        listed = ", ".join(f"{name} {loss:.2f}" for name, loss in rivals.items())
        share = 100 * abs(ours / rivals[best] - 1)
        if f"{ours:.2f}" == f"{rivals[best]:.2f}":
            beside = "as many as"
        else:
            change = "less" if ours < rivals[best] else "more"
            beside = f"{share:{'.0f' if share >= 1 else '.1g'}} % {change} than"
        return (
            f"The model's negative log-likelihood is {ours:.2f} nats a frame of the test part, "
            f"{beside} that of the best simple means ({listed})."
        )

    def baselines(self, scores: Mapping[str, Any]) -> dict[str, float]:
        return dict(scores["rivals"])

    def _parts(self, config: Config) -> tuple[Sequences, Sequences, Sequences]:
        data = config.data
        path = file_of(data, "music")
        if data.dataset:
            known = read_chorales(path)
            return known["train"], known["valid"], known["test"]
        with naming(path):
            return parts(
                self.read(config, path), data.validation_fraction, data.test_fraction, config.training.seed
            )


def answers(model: MusicModel, pieces: Sequences) -> list[Tensor]:
    """Logits [T_i, 88] of every frame of each piece, each from the frames before it.

    Raises:
        CarouselError: the sequences are no piano rolls.
    """
    if pieces.features != NAMES:
        raise CarouselError(
            f"the sequences have {len(pieces.features)} features, wanted the {KEYS} keys of a piano; give MIDI files"
        )
    training = model.config.training
    with cpu_threads(training.threads):
        found = [(model(batch.x), batch.lengths) for batch in batches(pieces, training.batch_size)]
    return [logits[:length, row] for logits, lengths in found for row, length in enumerate(lengths.tolist())]


def _told(pieces: Sequences, name: str) -> Sequences:
    """The pieces with a frame that another stands before."""
    long = pieces.lengths > 1
    if not long.any():
        with naming(name):
            raise CarouselError("no piece has a frame with another before it; give longer ones")
    return pieces if long.all() else pieces.select(long)


def _keys(sounding: "np.typing.NDArray[np.bool_]") -> str:
    return " ".join(NAMES[key] for key in np.flatnonzero(sounding))
