"""The options that say what a file of one's own holds, which `fit` and `compare` share."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any

import typer

TaskKind = Annotated[
    str | None,
    typer.Option(help="classify, forecast, symbols, online, music or memory [default: what DATA suggests]"),
]
_TABLE = {
    "target": Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Number to forecast, or the label, of a table; repeatable."),
    ],
    "time": Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Time of each row; repeatable, as date and clock."),
    ],
    "group": Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="What tells the series of a table apart; repeatable."),
    ],
    "known": Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="What is known ahead of time, as a plan is; repeatable."),
    ],
    "date_format": Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT", help="How a table writes times, such as %d/%m/%Y [default: found out]"
        ),
    ],
    "time_zone": Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of times that name none, such as Europe/Berlin.")
    ],
    "encoding": Annotated[
        str | None, typer.Option(help="Of a .csv file that is not in Unicode, such as latin-1.")
    ],
}


def table_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of a table in the place of its argument `of_table`, the mapping of those given.

    Typer reads the options of a command off its signature, so it is the signature that is written anew.
    """

    @wraps(command)
    def with_options(**arguments: Any) -> None:
        of_table = given(**{name: arguments.pop(name) for name in _TABLE})
        command(**arguments, of_table=of_table)

    options = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _TABLE.items()
    ]
    own = signature(command)
    parameters = []
    for name, parameter in own.parameters.items():
        parameters += options if name == "of_table" else [parameter]
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value}
