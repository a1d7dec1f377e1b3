"""How tests call the commands in their own process."""

import json
import re

from typer.testing import CliRunner

from carousel.cli import app

TINY = ("--layer", "torch", "--set", "hidden_size=4", "--set", "batch_size=64", "--set", "learning_rate=0.03")


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def one_object(result) -> dict:
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def sentence(result) -> str:
    """The one sentence on standard error of a call that was refused."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert re.fullmatch(r"Error: [^\n]+\n", result.stderr), result.stderr
    return result.stderr.removeprefix("Error: ").rstrip("\n")
