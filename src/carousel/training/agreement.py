"""What the sections of a configuration must agree on: a setting that another one makes pointless is refused."""

from carousel.training.model_section import ModelConfig
from carousel.training.plain_yaml import shown
from carousel.training.sections import DataConfig, Strict, TrainingConfig
from carousel.training.task_section import TaskConfig

NEXT = ("forecast", "symbols", "online", "music", "memory")
"""The tasks that predict what comes next, where a layer must not look ahead."""

UNROLL = 128
"""Steps of a segment of text."""

_TEXT = ("symbols", "online")
_DIVIDED = ("classify", "forecast", "symbols", "music")

_TASKS_OF = {
    **dict.fromkeys(("validation_fraction", "test_fraction"), _DIVIDED),
    **dict.fromkeys(("horizon", "output", "levels", "point_loss", "base", "history"), ("forecast",)),
    **dict.fromkeys(("alphabet", "embedding_size"), _TEXT),
    **dict.fromkeys(("sequences", "held_out"), ("memory",)),
    "frame": ("music",),
    "advance": ("online",),
    "input_offset": ("classify",),
    "patience": (*_DIVIDED, "memory"),
}
"""The settings that do something in some tasks alone, and those tasks."""

_BEYOND_ONE_CELL = (
    *("num_layers", "proj_size", "input_gate", "context"),
    *("recurrent_dropout", "zoneout", "weight_dropout"),
)
"""What there is no truncated gradient of."""


def require_agreement(
    data: DataConfig, task: TaskConfig, model: ModelConfig, training: TrainingConfig
) -> None:
    """Raise ValueError, whose sentence names the first two settings that do not go together."""
    _require_source(data, task)
    _require_use(task.kind, data, task, model, training)
    _require_gradient(task, model, training)
    _require_segments(task, training)
    _require_task(task, training)
    _require_drops(task, model)
    _require_back(task, model)


def _require_source(data: DataConfig, task: TaskConfig) -> None:
    sources = [name for name in (data.file, data.dataset) if name is not None]
    if task.kind != "memory" and len(sources) != 1:
        raise ValueError("data wants either a file or the name of a known dataset; give one of them")
    if task.kind == "memory" and sources:
        raise ValueError(f"task 'memory' draws its own sequences, got '{sources[0]}'; leave that out")


def _require_use(kind: str, *sections: Strict) -> None:
    for section in sections:
        for name, field in type(section).model_fields.items():
            got, tasks = getattr(section, name), _TASKS_OF.get(name, (kind,))
            if kind not in tasks and got != field.default:
                told = shown(list(got) if isinstance(got, tuple) else got)
                raise ValueError(
                    f"{name} is for task {_either(tasks)}, got {told} for task '{kind}'; leave it out"
                )


def _either(tasks: tuple[str, ...]) -> str:
    *first, last = (f"'{task}'" for task in tasks)
    return " or ".join([", ".join(first), last] if first else [last])


def _require_gradient(task: TaskConfig, model: ModelConfig, training: TrainingConfig) -> None:
    plain = ModelConfig(layer="lstm")
    unfit = [f"layer '{model.layer}'"] * (model.layer not in ("lstm", "vanilla"))
    unfit += [
        f"{name} {shown(getattr(model, name))}"
        for name in _BEYOND_ONE_CELL
        if getattr(model, name) != getattr(plain, name)
    ]
    unfit += [f"task '{task.kind}'"] * (task.kind != "memory")
    if training.gradient == "truncated" and unfit:
        raise ValueError(
            "a truncated gradient is for task 'memory' and one plain layer 'lstm' or 'vanilla', any peepholes, "
            f"got {unfit[0]}; set gradient to full"
        )


def _require_segments(task: TaskConfig, training: TrainingConfig) -> None:
    if task.kind in ("symbols", "online") and not training.unroll:
        raise ValueError(
            f"task '{task.kind}' reads its text in segments, got unroll 0; set unroll to their steps, "
            f"such as {UNROLL}"
        )
    if task.kind in ("classify", "music", "memory") and training.unroll:
        raise ValueError(
            f"task '{task.kind}' reads sequences whole, got unroll {training.unroll}; set unroll to 0"
        )


def _require_task(task: TaskConfig, training: TrainingConfig) -> None:
    if task.kind in ("online", "memory") and training.devices > 1:
        raise ValueError(
            f"task '{task.kind}' learns in one process, got devices {training.devices}; set devices to 1"
        )
    if task.kind == "online" and task.alphabet != "bytes":
        raise ValueError(
            f"task 'online' tells bytes, got alphabet '{task.alphabet}': which characters occur would have to "
            "be known beforehand; set alphabet to bytes"
        )


def _require_drops(task: TaskConfig, model: ModelConfig) -> None:
    if task.kind == "memory" and model.num_layers == 1 and model.dropout:
        raise ValueError(
            f"task 'memory' has dropout between layers alone, got dropout {model.dropout} and one layer; set dropout "
            "to 0, or num_layers to 2"
        )


def _require_back(task: TaskConfig, model: ModelConfig) -> None:
    future = model.context[1]
    if task.kind in NEXT and (model.bidirectional or future):
        ahead = "bidirectional is true" if model.bidirectional else f"context looks {future} ahead"
        raise ValueError(
            f"a layer that looks ahead would see what task '{task.kind}' has to predict: {ahead}; "
            "set bidirectional to false and the second number of context to 0"
        )
