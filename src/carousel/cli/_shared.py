"""What every command has: the options they share, output as text or JSON, and one sentence for an error."""

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from carousel import __version__
from carousel.errors import CarouselError

app = typer.Typer(
    help="The LSTM of Sherstinsky's tutorial: train it on sequences, score it, look inside.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that `carousel fit` made.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"carousel {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    # Where HOME cannot be written, matplotlib keeps its fonts elsewhere and warns, which nobody asked about.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


@contextmanager
def plain_errors(debug: bool) -> Iterator[None]:
    """Bad input ends in one sentence and exit code 2, Ctrl-C in 130."""
    try:
        yield
    except (CarouselError, OSError) as error:
        _stop(f"Error: {error}", 2, debug)
    except KeyboardInterrupt as interrupt:
        _stop(f"Interrupted {interrupt}".rstrip(), 130, debug)


def _stop(sentence: str, code: int, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def require_file(path: Path | None) -> None:
    """Say that a file cannot be read before anything else is looked at."""
    from carousel.data.opening import reading

    if path and not os.path.isdir(path):  # a name too long for `Path.is_dir` is told by `reading`
        with reading(path):
            pass


def show(as_json: bool, data: dict[str, Any], text: str) -> None:
    try:
        typer.echo(json.dumps(data, allow_nan=False, default=str) if as_json else text)
    except BrokenPipeError as error:  # whoever reads has read enough, there is nobody to tell
        discard_output()
        raise typer.Exit(2) from error
    except OSError as error:
        discard_output()
        raise CarouselError(f"cannot write to standard output: {error.strerror}") from error


def discard_output() -> None:
    """Forget what standard output did not take; Python would try again as it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
