"""What a file of weights says about itself."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, Json

from carousel.training.metrics import Positive, Scores
from carousel.training.sections import Strict


def different(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse names of which one stands twice."""
    if len(set(names)) < len(names):
        raise ValueError("a name stands twice")
    return names


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], AfterValidator(different)]


class Label(Strict):
    """Names of inputs and answers, the epoch and its validation scores, each a text in JSON.

    A task adds its names. One file has one replacement, so the weights and these scores agree whenever a training is
    killed.
    """

    epoch: Json[Positive]
    validation: Json[Scores]

    @property
    def names(self) -> dict[str, Any]:
        """The arguments of the model's constructor beside the configuration."""
        return {
            name: getattr(self, name) for name in type(self).model_fields if name not in Label.model_fields
        }
