"""What a run is made of: one typed, complete description that replays it.

YAML in, YAML out. Every key has a range and a default; an unknown key or a value out of range is told in one
sentence. The leaf names are unique over all sections, so that `hidden_size` and `model.hidden_size` mean the same.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from carousel import __version__
from carousel.errors import CarouselError, did_you_mean
from carousel.training import plain_yaml

FORMAT = 1

Samples = Annotated[int, Field(ge=0, le=64)]


class Strict(BaseModel):
    """A record of a file: no key but the known ones, no value of another kind (true is no 1), no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class DataConfig(Strict):
    """Which sequences, and how many of them are held out for validation."""

    dataset: str = Field(default="japanese_vowels", description="name of an embedded data set")
    validation_fraction: float = Field(
        default=0.2, gt=0, lt=1, description="share of the training part held out to choose the best epoch"
    )


def _own_context(fields: dict[str, Any]) -> tuple[int, int]:
    return (1, 1) if fields.get("layer") == "augmented" else (0, 0)


class ModelConfig(Strict):
    """The recurrent layer and the head that reads it."""

    layer: Literal["lstm", "vanilla", "augmented", "torch"] = Field(
        default="augmented",
        description="lstm: carousel.LSTM; vanilla: full peepholes; augmented: also input gate and input window; "
        "torch: torch.nn.LSTM, for comparison",
    )
    hidden_size: int = Field(default=64, ge=1, le=65536, description="cells in each layer and direction")
    num_layers: int = Field(default=1, ge=1, le=64, description="layers stacked on each other")
    bidirectional: bool = Field(default=True, description="read each sequence from both ends")
    dropout: float = Field(
        default=0.2, ge=0, lt=1, description="share of signals dropped between layers and before the head"
    )
    proj_size: int = Field(
        default=0, ge=0, le=65535, description="size of the projected output; 0: no projection"
    )
    context: tuple[Samples, Samples] = Field(
        default_factory=_own_context,
        strict=False,  # YAML has lists for tuples
        description="extra input samples each step sees, (past, future); augmented only",
    )

    @model_validator(mode="after")
    def _check_layer_can(self) -> "ModelConfig":
        if self.context != (0, 0) and self.layer != "augmented":
            raise ValueError(
                f"context applies to layer 'augmented' only, got context {list(self.context)} "
                f"with layer '{self.layer}'; remove context or choose layer 'augmented'"
            )
        if self.proj_size and self.layer == "vanilla":
            raise ValueError(
                f"proj_size applies to layers 'lstm', 'augmented' and 'torch', got proj_size {self.proj_size} "
                "with layer 'vanilla'; remove proj_size or choose layer 'augmented'"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError(
                f"proj_size must be smaller than hidden_size {self.hidden_size}, got {self.proj_size}; "
                "0 means no projection"
            )
        return self


class TrainingConfig(Strict):
    """How the weights are found."""

    epochs: int = Field(default=80, ge=1, le=100_000, description="passes over the training part, at most")
    batch_size: int = Field(default=32, ge=1, le=1_000_000, description="sequences in one step")
    learning_rate: float = Field(default=3e-3, gt=0, le=10, description="highest step size of AdamW")
    weight_decay: float = Field(default=1e-2, ge=0, le=10, description="decoupled weight decay of AdamW")
    input_offset: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="deviation of a random offset on the standardised input while training, "
        "one draw a sequence and feature",
    )
    gradient_clip: float = Field(
        default=1.0, ge=0, le=1e6, description="largest gradient norm of a step; 0: no clipping"
    )
    patience: int = Field(
        default=30,
        ge=1,
        le=100_000,
        description="epochs without a better validation loss before training stops",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**32, description="seeds the split, the weights, the order and the dropout"
    )
    device: Literal["cpu", "cuda", "mps"] = Field(default="cpu", description="where the training runs")
    threads: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="CPU threads; small models gain nothing from more, and sums depend on it",
    )


class Config(Strict):
    """A complete run: `config.yaml` of a run folder, or a recipe."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT, description="version of this layout")
    recipe: str = Field(
        default="custom", pattern="^[A-Za-z0-9_-]+$", description="name that run folders begin with"
    )
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    training: TrainingConfig = TrainingConfig()


_SECTIONS: dict[str, type[BaseModel]] = {"data": DataConfig, "model": ModelConfig, "training": TrainingConfig}
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
    return _validated(content, source)


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


def override(config: Config, assignments: Iterable[str]) -> Config:
    """Change single fields.

    Args:
        config: where to start from.
        assignments: each `key=value`; the key bare (`hidden_size`) or with its section
            (`model.hidden_size`), the value as YAML. A new layer takes its own default context.

    Raises:
        CarouselError: an assignment without `=`, an unknown key, a value out of range.
    """
    content = config.model_dump()
    changes: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise CarouselError(f"a setting is written key=value, got '{assignment}'")
        changes[_leaf(key.strip())] = _parse_value(key, value)
    if changes.get("layer", config.model.layer) != config.model.layer:
        del content["model"]["context"]
    for leaf, value in changes.items():
        section = content[_SECTION_OF[leaf]] if leaf in _SECTION_OF else content
        section[leaf] = value
    return _validated(content, "settings")


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


def _parse_value(key: str, value: str) -> Any:
    try:
        return plain_yaml.read(value)
    except plain_yaml.UnreadableYamlError as error:
        raise CarouselError(f"setting '{key}' wants a YAML value, got '{value}', {error}") from error


def _validated(content: Mapping[str, Any], source: str) -> Config:
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
        case "model_type" | "model_attributes_type":
            return f"{field} must be a section of keys, got {got}"
    wanted = first["msg"].partition(" ")[2]  # the first word is Input, String, Tuple, ...
    return f"{field} {wanted}, got {got}"
