"""Training that starts from the weights of another run."""

import json
import re
from pathlib import Path

from torch import Tensor, nn

from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.model import SequenceModel
from carousel.training.parts import MODEL
from carousel.training.run import open_run
from carousel.training.source import sha256


def start_from(run: str | Path) -> list[str]:
    """The settings, as for `override`, of a training that starts from a run: its model, and where its weights are.

    The same is to be trained from nothing, too, so that the report can tell what the start was worth.

    Raises:
        CarouselError: the run cannot be opened.
    """
    opened = open_run(run)
    settings = {
        **opened.config.model.model_dump(mode="json"),
        "start": str(opened.folder.absolute()),
        "start_sha256": sha256(opened.folder / MODEL),
        "also_from_nothing": True,
    }
    return [f"{name}={json.dumps(value)}" for name, value in settings.items()]


def take_over(model: SequenceModel, config: Config) -> None:
    """Start a new model from the weights of the run that its configuration names, if it names one.

    The recurrent layer must fit. Where inputs and answers have the same names, the rest is taken over, too; else it
    stays as it was drawn. What was learnt from the data before training, such as its scaling, stays that of the new
    data.

    Raises:
        CarouselError: the run cannot be opened, has changed since, or its layer does not fit.
    """
    start = config.training.start
    if start is None:
        return
    weights = Path(start) / MODEL
    other = open_run(start).load_model()
    if config.training.start_sha256 and sha256(weights) != config.training.start_sha256:
        raise CarouselError(
            f"'{weights}' has changed since this run was made: its SHA-256 is not the one in the configuration; "
            "bring it back, or start anew from what it is now"
        )
    given, mine = dict(other.named_parameters()), dict(model.named_parameters())
    _require_fit(start, _of_layer(given), _of_layer(mine))
    names = _of_layer(mine) if other.names != model.names else given.keys() & mine.keys()
    for name in names:
        if given[name].shape == mine[name].shape:
            mine[name].data.copy_(given[name])


def freeze(model: SequenceModel, layers: int) -> None:
    """Keep the first layers of the stack as they are: their weights are not trained.

    Raises:
        CarouselError: there are fewer layers.
    """
    if layers > model.config.model.num_layers:
        raise CarouselError(
            f"freeze is {layers}, but the model has {model.config.model.num_layers} layers; lower it"
        )
    for name, parameter in model.layer.named_parameters():
        found = re.search(r"_l(\d+)(_reverse)?$", name)
        if found and int(found[1]) < layers:
            parameter.requires_grad_(False)


def _of_layer(parameters: dict[str, nn.Parameter]) -> dict[str, Tensor]:
    return {name: weight for name, weight in parameters.items() if name.startswith("layer.")}


def _require_fit(start: str, given: dict[str, Tensor], mine: dict[str, Tensor]) -> None:
    for name in sorted(given.keys() | mine.keys()):
        wanted, got = (tuple(weights[name].shape) if name in weights else "none" for weights in (mine, given))
        if wanted != got:
            raise CarouselError(
                f"the layer of run '{start}' does not fit: its {name.removeprefix('layer.')} has shape {got}, wanted "
                f"{wanted}; give data with the same number of features, and the same settings of the model"
            )
