"""The kinds of tasks, each described once for all that trains, reads back, scores and tells."""

from typing import Any

from carousel.training.config import Config
from carousel.training.tasks.classify import Classify
from carousel.training.tasks.forecast import Forecast
from carousel.training.tasks.memory import Memory
from carousel.training.tasks.music import Music
from carousel.training.tasks.online import Online
from carousel.training.tasks.symbols import Symbols
from carousel.training.tasks.task import Material as Material
from carousel.training.tasks.task import Task as Task

TASKS: dict[str, Task[Any, Any]] = {
    "classify": Classify(),
    "forecast": Forecast(),
    "symbols": Symbols(),
    "online": Online(),
    "music": Music(),
    "memory": Memory(),
}


def task_of(config: Config) -> Task[Any, Any]:
    """The task that a configuration names."""
    return TASKS[config.task.kind]
