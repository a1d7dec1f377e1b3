"""What is compared: layers, or a plain layer with each extension on and off, and the settings swept over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, get_args

from carousel.errors import CarouselError, did_you_mean
from carousel.training.config import Config, override
from carousel.training.model_section import ModelConfig
from carousel.training.plain_yaml import UnreadableYamlError, read, shown
from carousel.training.sections import DataConfig
from carousel.training.task_section import TaskConfig

LAYERS: tuple[str, ...] = get_args(ModelConfig.model_fields["layer"].annotation)

ASKED = {*DataConfig.model_fields, *TaskConfig.model_fields}
"""The settings that say what is asked: scores under one value of them cannot be compared with those under another."""


@dataclass(frozen=True)
class Variant:
    """One thing that is compared, or with a sweep one candidate for it.

    Attributes:
        name: what it is called; candidates for one row of the result share it.
        config: its run, but for the seed.
        against: the name of the variant that it is compared with; None for the first.
        settings: what the sweep sets, such as "hidden_size=32".
    """

    name: str
    config: Config
    against: str | None = None
    settings: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.settings}" if self.settings else self.name


def of_layers(base: Config, layers: Sequence[str]) -> list[Variant]:
    """A variant for each layer, compared with the first.

    Raises:
        CarouselError: no layer, an unknown one, one twice, or one that cannot have the settings of the rest.
    """
    if not layers:
        raise CarouselError("there are no layers to compare; give some, such as torch,lstm")
    for index, layer in enumerate(layers):
        if layer not in LAYERS:
            raise CarouselError(f"there is no layer '{layer}'; {did_you_mean(layer, LAYERS)}")
        if layer in layers[:index]:
            raise CarouselError(f"layer '{layer}' is to be compared with itself; name it once")
    against = [None, *[layers[0]] * (len(layers) - 1)]
    return [
        Variant(layer, _changed(base, {"layer": layer}, layer), other)
        for layer, other in zip(layers, against, strict=True)
    ]


def able_layers(base: Config, layers: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Which of the layers can have the settings of the rest, and why the others cannot."""
    able, unable = [], {}
    for layer in layers:
        try:
            override(base, {"layer": layer})
        except CarouselError as error:
            unable[layer] = str(error).removeprefix("settings: ").partition(";")[0]
        else:
            able.append(layer)
    return able, unable


def of_extensions(base: Config) -> list[Variant]:
    """A plain LSTM, each of the paper's extensions alone, all of them, and all but each.

    One alone is compared with none, and all with all but one: what an extension brings may depend on the others. The
    window and the projection are those of the base where it has them, else the default window of the augmented LSTM
    for this task, and a projection to half the size.

    Raises:
        CarouselError: the base has a single cell, which no projection makes fewer.
    """
    model = base.model
    if model.hidden_size < 2:
        raise CarouselError(
            "an ablation wants two cells or more, of which a projection leaves half, "
            f"got hidden_size {model.hidden_size}"
        )
    off = {"layer": "lstm", "peephole": "none", "input_gate": False, "context": (0, 0), "proj_size": 0}
    on: dict[str, dict[str, Any]] = {
        "peepholes": {"peephole": "full"},
        "input gate": {"input_gate": True},
        "window": {"context": _window(base)},
        "projection": {"proj_size": model.proj_size or model.hidden_size // 2},
    }

    def variant(name: str, extensions: Iterable[str], against: str | None) -> Variant:
        changes = off | {key: value for extension in extensions for key, value in on[extension].items()}
        return Variant(name, _changed(base, changes, name), against)

    return [
        variant("plain", (), None),
        *[variant(f"only {extension}", [extension], "plain") for extension in on],
        variant("all", on, "plain"),
        *[variant(f"all but {extension}", on.keys() - {extension}, "all") for extension in on],
    ]


def _window(base: Config) -> tuple[int, int]:
    own = base.model.context
    if own != (0, 0):
        return own
    return override(override(base, {"layer": "lstm"}), {"layer": "augmented"}).model.context


def swept(variants: Iterable[Variant], grid: Mapping[str, Sequence[Any]]) -> list[Variant]:
    """Each variant at every point of a grid: the values of several settings multiply.

    Raises:
        CarouselError: an unknown setting, one that is not swept over, or twice, a value twice, out of range, or none.
    """
    _require_once([*grid])
    for key, values in grid.items():
        _require_sweepable(key, values)
    points = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
    return [
        replace(variant, config=_changed(variant.config, point, variant.name), settings=told(point))
        for variant in variants
        for point in points
    ]


def parse_sweeps(texts: Iterable[str]) -> dict[str, list[Any]]:
    """Settings and their values, each from `hidden_size=32,64,128`.

    Raises:
        CarouselError: one is not of that form, or a setting is there twice.
    """
    sweeps = [parse_sweep(text) for text in texts]
    _require_once([key for key, _ in sweeps])
    return dict(sweeps)


def parse_sweep(text: str) -> tuple[str, list[Any]]:
    """A setting and its values, from `hidden_size=32,64,128`.

    Raises:
        CarouselError: it is not of that form.
    """
    key, equals, values = text.partition("=")
    if not equals:
        raise CarouselError(f"a sweep is written key=value,value, got '{text}'")
    try:
        return key.strip(), read(f"[{values}]")
    except UnreadableYamlError as error:
        raise CarouselError(f"sweep '{key}' wants values between commas, got '{values}', {error}") from error


def _require_once(keys: Sequence[str]) -> None:
    leaves = [key.rpartition(".")[2] for key in keys]
    repeated = next((leaf for index, leaf in enumerate(leaves) if leaf in leaves[:index]), None)
    if repeated is not None:
        raise CarouselError(
            f"{repeated} is swept over twice; give all its values at once, such as {repeated}=1,2"
        )


def _require_sweepable(key: str, values: Sequence[Any]) -> None:
    leaf = key.rpartition(".")[2]
    if leaf in ("layer", "seed"):
        raise CarouselError(f"a sweep does not change the {leaf}; --{leaf}s does")
    if not values:
        raise CarouselError(f"the sweep over {key} has no values; give some, such as {key}=1,2")
    repeated = next((value for index, value in enumerate(values) if value in values[:index]), None)
    if repeated is not None:
        raise CarouselError(f"the sweep over {key} has {shown(repeated)} twice; name it once")
    if leaf in ASKED:
        raise CarouselError(
            f"a sweep over {key} would ask another question at each value, and the scores could not be compared; "
            "compare for each value apart"
        )


def _changed(config: Config, changes: Mapping[str, Any], variant: str) -> Config:
    try:
        return override(config, changes)
    except CarouselError as error:
        raise CarouselError(f"variant '{variant}': {error}") from error


def told(point: Mapping[str, Any]) -> str:
    """Settings in a few words, such as "hidden_size=32 peephole=full"."""
    words = {
        key.rpartition(".")[2]: value if isinstance(value, str) else shown(value).replace(" ", "")
        for key, value in point.items()
    }
    return " ".join(f"{key}={word}" for key, word in words.items())
