import pytest
import yaml
from pydantic import ValidationError

from carousel.data.schema import Schema

FULL = Schema(
    task="forecast",
    separator=";",
    decimal=",",
    time=("when",),
    date_format="%d.%m.%Y",
    group=("shop",),
    targets=("sales",),
    known=("price", "weather"),
    numbers=("sales", "price"),
    categories={"weather": ("rain", "sun")},
    ignored={"id": "a different text in every row"},
    step="1 day",
    gap="10 days",
    season=7,
    calendar=("weekday",),
    fill={"sales": 1.5, "price": 0.1},
    missing=("sales",),
    validation_start="2020-01-01T00:00:00",
)


def test_features_in_order():
    assert FULL.features == (
        "sales",
        "price",
        "weather=rain",
        "weather=sun",
        "sales missing",
        "weekday sin",
        "weekday cos",
        "elapsed",
    )
    assert FULL.known_features == ("price", "weather=rain", "weather=sun", "weekday sin", "weekday cos")


def test_through_yaml_and_back():
    text = yaml.safe_dump(FULL.model_dump(mode="json"), sort_keys=False)
    assert Schema.model_validate(yaml.safe_load(text)) == FULL


BAD = {
    "a target that is no number": (
        dict(task="forecast", targets=("a",)),
        "targets names 'a', which is not among the numbers; add it to them",
    ),
    "a plan that is no feature": (
        dict(task="classify", known=("a",)),
        "known names 'a', which is no number and no category; add it to them",
    ),
    "a zone that is none": (
        dict(task="classify", time_zone="Mars/Base"),
        "the time zone is 'Mars/Base', wanted one such as 'Europe/Berlin' or 'UTC'; correct it",
    ),
    "a local zone that is none": (
        dict(task="classify", local_zone="Mars/Base"),
        "the time zone is 'Mars/Base', wanted one such as 'Europe/Berlin' or 'UTC'; correct it",
    ),
    "UTC and local": (
        dict(task="classify", time_zone="Europe/Berlin", local_zone="Europe/Paris"),
        "time_zone 'Europe/Berlin' makes times UTC, local_zone 'Europe/Paris' local; keep one of them",
    ),
    "an unknown calendar": (
        dict(task="classify", calendar=("moon",)),
        "calendar names 'moon', wanted hour, weekday, day of year",
    ),
    "a forecast of nothing": (
        dict(task="forecast"),
        "task 'forecast' needs at least one of the targets; name a number column",
    ),
}


@pytest.mark.parametrize("fields, sentence", BAD.values(), ids=BAD.keys())
def test_roles_that_do_not_fit(fields, sentence):
    with pytest.raises(ValidationError) as raised:
        Schema(**fields)
    assert str(raised.value.errors()[0]["ctx"]["error"]) == sentence
