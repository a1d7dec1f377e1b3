"""What the columns of a table are: the record that makes new rows of it read like the old ones."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

Names = Annotated[tuple[str, ...], Field(strict=False)]
"""YAML has lists for tuples."""

CALENDAR = ("hour", "weekday", "day of year")


def is_zone(name: str) -> bool:
    """Whether a zone has this name, such as "Europe/Berlin"."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


class Schema(BaseModel):
    """Roles and kinds of columns, how the file is written, and what was fitted on the training part.

    `infer_schema` makes one. It goes whole into `config.yaml`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    task: Literal["forecast", "classify"] = Field(description="what the table is for")

    encoding: str = Field(default="utf-8", description="encoding of a .csv file")
    separator: str = Field(
        default=",", min_length=1, max_length=1, description="what stands between two cells"
    )
    decimal: Literal[".", ","] = Field(default=".", description="decimal mark of a .csv file")

    time: Names = Field(
        default=(), description="columns that together are the time; none: rows are in order, one step apart"
    )
    date_format: str | None = Field(
        default=None,
        description="how times are written: 'ISO 8601', a format of strptime, or 's', 'ms', 'us', 'ns' "
        "for a count since 1970; None where they are integers",
    )
    time_zone: str | None = Field(
        default=None, description="zone of times without one; inside all times are UTC then"
    )
    local_zone: str | None = Field(
        default=None,
        description="zone whose clock tells the times inside, where rows are whole days apart and a day may have 23 or "
        "25 hours; times without a zone are taken as they stand",
    )
    own_zone: str | None = Field(
        default=None, description="zone that times come with, by whose clock forecasts are told"
    )
    group: Names = Field(default=(), description="columns whose values together name a series")
    targets: Names = Field(default=(), description="number columns to forecast")
    label: str | None = Field(default=None, description="column with the class of each sequence")
    classes: Names = Field(default=(), description="the values of the label")
    known: Names = Field(default=(), description="columns known ahead of time")
    numbers: Names = Field(default=(), description="columns that are read as numbers, targets among them")
    categories: dict[str, Names] = Field(
        default={}, description="columns read as categories, and the values that the training part has"
    )
    ignored: dict[str, str] = Field(default={}, description="columns that are left out, and why")

    step: str | None = Field(default=None, description="sampling step, such as '15 minutes' or '1'")
    gap: str | None = Field(
        default=None,
        description="where rows are not evenly spaced, the longest time between two; none: they are",
    )
    season: int | None = Field(default=None, ge=2, description="steps of the strongest season")
    calendar: Names = Field(default=(), description="features made of the time, known ahead")

    fill: dict[str, float] = Field(
        default={}, description="for each number column the training part's mean, where nothing came before"
    )
    missing: Names = Field(
        default=(), description="columns with a channel that says where a number is missing"
    )
    validation_start: str | int | None = Field(
        default=None, description="time at which the validation part begins"
    )
    test_start: str | int | None = Field(default=None, description="time at which the test part begins")

    @model_validator(mode="after")
    def _check_roles(self) -> "Schema":
        for role in ("targets", "missing"):
            for name in getattr(self, role):
                if name not in self.numbers:
                    raise ValueError(f"{role} names '{name}', which is not among the numbers; add it to them")
        for name in self.known:
            if name not in self.numbers and name not in self.categories:
                raise ValueError(f"known names '{name}', which is no number and no category; add it to them")
        for zone in (self.time_zone, self.local_zone):
            if zone is not None and not is_zone(zone):
                raise ValueError(
                    f"the time zone is '{zone}', wanted one such as 'Europe/Berlin' or 'UTC'; correct it"
                )
        if self.time_zone is not None and self.local_zone is not None:
            raise ValueError(
                f"time_zone '{self.time_zone}' makes times UTC, local_zone '{self.local_zone}' local; keep one of them"
            )
        for name in self.calendar:
            if name not in CALENDAR:
                raise ValueError(f"calendar names '{name}', wanted {', '.join(CALENDAR)}")
        if self.task == "forecast" and not self.targets:
            raise ValueError("task 'forecast' needs at least one of the targets; name a number column")
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """What a step sees: numbers, one feature for each category, channels of missing numbers, calendar."""
        return tuple(name for names in self._features_by_column().values() for name in names)

    @property
    def known_features(self) -> tuple[str, ...]:
        """The features known ahead of time: those of known columns, and the calendar's."""
        return tuple(
            name
            for (kind, column), names in self._features_by_column().items()
            for name in names
            if kind == "calendar" or column in self.known
        )

    def _features_by_column(self) -> dict[tuple[str, str], tuple[str, ...]]:
        parts: dict[tuple[str, str], tuple[str, ...]] = {("number", name): (name,) for name in self.numbers}
        for column, values in self.categories.items():
            parts["category", column] = tuple(f"{column}={value}" for value in values)
        parts |= {("missing", name): (f"{name} missing",) for name in self.missing}
        parts |= {("calendar", name): (f"{name} sin", f"{name} cos") for name in self.calendar}
        if self.gap is not None:
            parts["elapsed", ""] = ("elapsed",)
        return parts
