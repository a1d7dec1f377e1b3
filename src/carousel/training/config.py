"""What a run is made of: one typed, complete description that replays it.

YAML in, YAML out. Every key has a range and a default; an unknown key or a value out of range is told in one
sentence. The leaf names are unique over all sections, so that `hidden_size` and `model.hidden_size` mean the same.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from carousel import __version__
from carousel.errors import CarouselError, did_you_mean
from carousel.training import plain_yaml
from carousel.training.agreement import NEXT, UNROLL, require_agreement
from carousel.training.model_section import BY_LAYER, ModelConfig
from carousel.training.sections import DataConfig, Strict, TrainingConfig
from carousel.training.task_section import TaskConfig

FORMAT = 1

ONLINE = {"epochs": 20, "batch_size": 8, "unroll": 32}
"""How a text is learnt while it is told, by a layer that needs few symbols to begin with."""

FORECASTING = {"epochs": 12, "batch_size": 16, "learning_rate": 1e-2}
"""How a forecaster is trained: full peepholes run away in long series, and few long windows make a step."""

_BY_TASK = {
    "task": ("alphabet",),
    "model": ("layer", "bidirectional", "dropout", *BY_LAYER),
    "training": ("input_offset", *(FORECASTING | ONLINE)),
}
"""The settings whose defaults depend on the kind of task."""


class Config(Strict):
    """A complete run: `config.yaml` of a run folder, or a recipe."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT, description="version of this layout")
    recipe: str = Field(
        default="custom", pattern="^[A-Za-z0-9_-]+$", description="name that run folders begin with"
    )
    data: DataConfig = DataConfig()
    task: TaskConfig = TaskConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="before")
    @classmethod
    def _fill_in_by_task(cls, content: Any) -> Any:
        """What is left out takes the default of the kind of task, where that has one of its own."""
        if not isinstance(content, dict):
            return content
        sections = {name: content.get(name, {}) for name in ("task", "data", "model", "training")}
        if not all(isinstance(section, dict) for section in sections.values()):
            return content
        task, data, model, training = sections.values()
        if task.get("kind") == "memory":
            data, model = {"dataset": None, **data}, {"layer": "lstm", "dropout": 0.0, **model}
        if task.get("kind") == "forecast":
            model, training = {"layer": "lstm", **model}, FORECASTING | training
        if task.get("kind") == "online":
            task, training = {"alphabet": "bytes", **task}, ONLINE | training
        if task.get("kind") in ("online", "music"):
            model = {"layer": "lstm", **model}
        if task.get("kind") in NEXT:
            back = {"context": (1, 0)} if model.get("layer", "augmented") == "augmented" else {}
            model = {"bidirectional": False, **back, **model}
        if task.get("kind") == "symbols":
            training = {"unroll": UNROLL, **training}
        return content | {"task": task, "data": data, "model": model, "training": training}

    @property
    def about(self) -> str:
        """What the data is called in sentences."""
        return self.task.problem or self.data.name

    @model_validator(mode="after")
    def _check_agreement(self) -> "Config":
        require_agreement(self.data, self.task, self.model, self.training)
        return self


_SECTIONS: dict[str, type[BaseModel]] = {
    "data": DataConfig,
    "task": TaskConfig,
    "model": ModelConfig,
    "training": TrainingConfig,
}
_SECTION_OF = {leaf: section for section, kind in _SECTIONS.items() for leaf in kind.model_fields}
_TOP = tuple(name for name in Config.model_fields if name not in _SECTIONS)


def parse_config(text: str, source: str) -> Config:
    """Read a configuration from YAML text.

    Args:
        text: YAML; keys that are left out take their defaults.
        source: name of the text for error sentences, such as the path of the file.

    Raises:
        CarouselError: the text is not YAML, has an unknown key, a value out of range or a newer format.
    """
    try:
        content = plain_yaml.read(text)
    except plain_yaml.UnreadableYamlError as error:
        raise CarouselError(f"{source} is {error}; correct it or start from a recipe") from error
    if not isinstance(content, dict):
        raise CarouselError(
            f"{source} must hold the sections data, model and training, got {plain_yaml.shown(content)}"
        )
    version = content.get("format", FORMAT)
    if isinstance(version, int) and version > FORMAT:
        raise CarouselError(
            f"{source} has format {plain_yaml.shown(version)}, carousel {__version__} reads up to format {FORMAT}; "
            "upgrade with `pip install -U carousel-lstm`"
        )
    return validated(content, source)


def load_config(path: str | Path) -> Config:
    """Read a configuration from a YAML file.

    Raises:
        CarouselError: the file is missing or unreadable, or `parse_config` refuses its content.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CarouselError(f"there is no configuration file '{path}'; check the path") from error
    except UnicodeDecodeError as error:
        raise CarouselError(f"cannot read '{path}' as a configuration: it is not text in UTF-8") from error
    except OSError as error:
        raise CarouselError(
            f"cannot read '{path}' as a configuration: {error.strerror}; check the path and its permissions"
        ) from error
    return parse_config(text, str(path))


def to_yaml(config: Config) -> str:
    """The complete configuration as YAML; `parse_config` gives the same configuration back."""
    return plain_yaml.write(config.model_dump(mode="json"))


def override(config: Config, assignments: Iterable[str] | Mapping[str, Any]) -> Config:
    """Change single fields.

    Args:
        config: where to start from.
        assignments: each `key=value`; the key bare (`hidden_size`) or with its section
            (`model.hidden_size`), the value as YAML. Or a mapping from such keys to values. A new layer
            takes its own peepholes, input gate and context, a new kind of task its own direction and context.

    Raises:
        CarouselError: an assignment without `=`, an unknown key, a value out of range.
    """
    content = config.model_dump()
    changes = _by_leaf(assignments)
    if changes.get("layer", config.model.layer) != config.model.layer:
        content["model"] = {name: value for name, value in content["model"].items() if name not in BY_LAYER}
    if changes.get("kind", config.task.kind) != config.task.kind:
        for own, leaves in _BY_TASK.items():
            content[own] = {name: value for name, value in content[own].items() if name not in leaves}
        if changes["kind"] == "memory":
            del content["data"]["dataset"]
    for leaf, value in changes.items():
        section = content[_SECTION_OF[leaf]] if leaf in _SECTION_OF else content
        section[leaf] = value
    return validated(content, "settings")


def only(section: str, assignments: Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Those of the changes that `override` takes which are of one section, by field.

    Raises:
        CarouselError: an assignment without `=`, or an unknown key, whatever its section.
    """
    return {leaf: value for leaf, value in _by_leaf(assignments).items() if _SECTION_OF.get(leaf) == section}


def _by_leaf(assignments: Iterable[str] | Mapping[str, Any]) -> dict[str, Any]:
    given = assignments.items() if isinstance(assignments, Mapping) else map(_parse, assignments)
    return {_leaf(key): value for key, value in given}


def _leaf(key: str) -> str:
    """The field that a key names, bare or with its section."""
    section, _, leaf = key.rpartition(".")
    if leaf in _SECTION_OF and section in ("", _SECTION_OF[leaf]) or key in _TOP:
        return leaf
    known = [*_TOP, *(f"{place}.{name}" for name, place in _SECTION_OF.items())]
    hint = section and _elsewhere(leaf) or did_you_mean(key, known if section else [*_TOP, *_SECTION_OF])
    raise CarouselError(f"unknown setting '{key}'; {hint}")


def _elsewhere(leaf: str) -> str:
    """The hint for a field that stands in the wrong section."""
    return f"did you mean '{_SECTION_OF[leaf]}.{leaf}'?" if leaf in _SECTION_OF else ""


def _parse(assignment: str) -> tuple[str, Any]:
    key, equals, value = assignment.partition("=")
    if not equals:
        raise CarouselError(f"a setting is written key=value, got '{assignment}'")
    try:
        return key.strip(), plain_yaml.read(value)
    except plain_yaml.UnreadableYamlError as error:
        raise CarouselError(f"setting '{key}' wants a YAML value, got '{value}', {error}") from error


def validated(content: Mapping[str, Any], source: str) -> Config:
    """A configuration from plain values; keys that are left out take their defaults.

    Raises:
        CarouselError: an unknown key, or a value out of range.
    """
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise CarouselError(f"{source}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    """The first complaint of pydantic in one sentence: field, wanted, got."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"]]
    field = ".".join(path)
    got = plain_yaml.shown(first["input"])
    match first["type"]:
        case "extra_forbidden":
            owner = _SECTIONS[path[0]] if len(path) > 1 else Config
            hint = _elsewhere(path[-1]) or did_you_mean(path[-1], owner.model_fields)
            return f"unknown key '{field}'; {hint}"
        case "invalid_key":
            return f"a key must be a name, got {got}"
        case "value_error":
            return str(first["ctx"]["error"])
        case "tuple_type":
            return f"{field} must be a list in brackets, such as [0, 1], got {got}"
        case "model_type" | "model_attributes_type":
            return f"{field} must be a section of keys, got {got}"
    wanted = first["msg"].partition(" ")[2]  # the first word is Input, String, Tuple, ...
    return f"{field} {wanted}, got {got}"
