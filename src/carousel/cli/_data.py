"""The options that say what a file of one's own holds, which `fit` and `compare` share."""

from typing import Annotated, Any

import typer

TaskKind = Annotated[
    str | None,
    typer.Option(help="classify, forecast, symbols, online, music or memory [default: what DATA suggests]"),
]
Target = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Number to forecast, or the label, of a table; repeatable."),
]
Time = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Time of each row; repeatable, as date and clock."),
]
Group = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="What tells the series of a table apart; repeatable."),
]
Known = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="What is known ahead of time, as a plan is; repeatable."),
]
DateFormat = Annotated[
    str | None,
    typer.Option(metavar="FORMAT", help="How a table writes times, such as %d/%m/%Y [default: found out]"),
]
TimeZone = Annotated[
    str | None, typer.Option(metavar="ZONE", help="Of times that name none, such as Europe/Berlin.")
]
Encoding = Annotated[str | None, typer.Option(help="Of a .csv file that is not in Unicode, such as latin-1.")]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in options.items() if value}
