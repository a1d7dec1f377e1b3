"""recipes, doctor: what is at hand, and whether it is well."""

from pathlib import Path

import typer

from carousel import texts
from carousel.cli._shared import Debug, Json, app, plain_errors, show


@app.command()
def recipes(as_json: Json = False, debug: Debug = False) -> None:
    """List the recipes.

    Each with what it does, and where its data comes from if it is not here yet.
    """
    with plain_errors(debug):
        from carousel.data.datasets import is_here, known
        from carousel.experiments import available, datasets

        found, lines = {}, []
        for name, about in available().items():
            dataset = datasets()[name]
            here = dataset is None or is_here(dataset)
            found[name] = {"about": about, "dataset": dataset, "here": here}
            missing = "" if dataset is None or here else f" [{known(dataset).way}]"
            lines.append(f"{name}: {about}{missing}")
        show(as_json, {"recipes": found}, "\n".join(lines))


@app.command()
def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Check this machine.

    Versions, extras, the kernel, agreement with torch.nn.LSTM, and whether the current folder can be written.
    """
    with plain_errors(debug):
        from carousel.training.environment import check_up

        health = check_up(Path.cwd())
        show(as_json, health, texts.health(health))
        raise typer.Exit(0 if health["healthy"] else 1)
