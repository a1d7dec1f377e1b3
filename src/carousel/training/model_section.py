"""The section of a configuration that says which recurrent layer a model has."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from carousel.training import plain_yaml
from carousel.training.sections import Strict

Samples = Annotated[int, Field(ge=0, le=64)]
Share = Annotated[float, Field(ge=0, lt=1)]

_PLAIN = {"peephole": "none", "input_gate": False, "context": (0, 0)}
_PRESETS: dict[str, dict[str, Any]] = {
    "vanilla": {"peephole": "full"},
    "augmented": {"peephole": "full", "input_gate": True, "context": (1, 1)},
}
_OPTIONS = ("init", "forget_bias", "chrono", "recurrent_dropout", "zoneout", "weight_dropout")
_FREE = {
    "lstm": (*_PLAIN, "proj_size", *_OPTIONS),
    "vanilla": _OPTIONS,
    "augmented": ("context", "proj_size", *_OPTIONS),
    "torch": ("proj_size",),
    "gru": (),
}
"""What may be set, of all that layer lstm has. The rest is what the layer's name says."""

BY_LAYER = tuple(_PLAIN)
"""The settings whose defaults depend on the layer."""


def _of_layer(layer: str, name: str) -> Any:
    return (_PLAIN | _PRESETS.get(layer, {}))[name]


def _own(name: str) -> Callable[[dict[str, Any]], Any]:
    """The default of a setting that depends on the layer."""
    return lambda fields: _of_layer(fields.get("layer", ""), name)


class ModelConfig(Strict):
    """The recurrent layer and the head that reads it."""

    layer: Literal["lstm", "vanilla", "augmented", "torch", "gru"] = Field(
        default="augmented",
        description="lstm: carousel.LSTM; vanilla: full peepholes; augmented: also input gate and input window; "
        "torch and gru: torch.nn.LSTM and torch.nn.GRU, for comparison",
    )
    hidden_size: int = Field(default=64, ge=1, le=65536, description="cells in each layer and direction")
    num_layers: int = Field(default=1, ge=1, le=64, description="layers stacked on each other")
    bidirectional: bool = Field(
        default=True,
        description="read each sequence from both ends; false where the task is to predict what comes next",
    )
    dropout: float = Field(
        default=0.2, ge=0, lt=1, description="share of signals dropped between layers and before the head"
    )
    proj_size: int = Field(
        default=0, ge=0, le=65535, description="size of the projected output; 0: no projection"
    )
    embedding_size: int = Field(
        default=64, ge=0, le=65536, description="features that stand for a symbol; 0: one for each symbol"
    )
    peephole: Literal["none", "diagonal", "full"] = Field(
        default_factory=_own("peephole"),
        description="how the gates see the state: not, each its own unit's, or all of it; lstm only",
    )
    input_gate: bool = Field(
        default_factory=_own("input_gate"), description="a gate for the external input; lstm only"
    )
    context: tuple[Samples, Samples] = Field(
        default_factory=_own("context"),
        strict=False,  # YAML has lists for tuples
        description="extra input samples each step sees, (past, future); lstm and augmented only",
    )
    init: Literal["uniform", "orthogonal"] = Field(
        default="uniform",
        description="how weights start: as torch draws them, or orthogonal where they come from v or s",
    )
    forget_bias: float | None = Field(
        default=None, ge=-100, le=100, description="where the bias of the forget gate g_cs starts"
    )
    chrono: int | None = Field(
        default=None,
        ge=3,
        le=1_000_000,
        description="longest dependency in steps, over which the biases of g_cs and g_cu spread the units' memories",
    )
    recurrent_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of v dropped on its way to the next step, the same at all steps of a sequence",
    )
    zoneout: tuple[Share, Share] = Field(
        default=(0.0, 0.0),
        strict=False,  # YAML has lists for tuples
        description="share of (v, s) that keeps its value of the step before; runs on PyTorch operations, slower",
    )
    weight_dropout: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="share of the weights from v to the nodes dropped in a training step",
    )

    @field_validator("zoneout", mode="before")
    @classmethod
    def _for_both(cls, zoneout: Any) -> Any:
        return (zoneout, zoneout) if isinstance(zoneout, (int, float)) else zoneout

    @model_validator(mode="after")
    def _check_layer_can(self) -> "ModelConfig":
        if self.forget_bias is not None and self.chrono is not None:
            raise ValueError(
                f"forget_bias and chrono both set the bias of g_cs, got {self.forget_bias} and {self.chrono}; "
                "remove one of them"
            )
        for name in _FREE["lstm"]:
            default = type(self).model_fields[name].default
            got, own = getattr(self, name), _of_layer(self.layer, name) if name in BY_LAYER else default
            if got != own and name not in _FREE[self.layer]:
                told, wanted = (
                    plain_yaml.shown(list(value) if isinstance(value, tuple) else value)
                    for value in (got, own)
                )
                raise ValueError(
                    f"layer '{self.layer}' has {name} {wanted}, got {told}; "
                    f"remove {name}, or choose layer 'lstm', where all can be set"
                )
        if self.proj_size >= self.hidden_size:
            raise ValueError(
                f"proj_size must be smaller than hidden_size {self.hidden_size}, got {self.proj_size}; "
                "0 means no projection"
            )
        return self
