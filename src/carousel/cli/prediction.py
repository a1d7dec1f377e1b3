"""predict: from a model to predictions, text and music."""

from pathlib import Path
from typing import Annotated, Any

import typer

from carousel.cli._shared import Debug, Json, RunFolder, app, plain_errors, require_file, show
from carousel.errors import CarouselError
from carousel.files import as_options


@app.command()
def predict(
    run: RunFolder,
    data: Annotated[
        Path | None,
        typer.Option(help="File of data to answer. A run on text or music writes some without it."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write, of music a .mid [default: standard output]")
    ] = None,
    length: Annotated[
        float | None, typer.Option(help="Symbols or beats to write. [default: 500 symbols, 64 beats]")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            help="How bold the writing is: 0 takes the likeliest, 1 draws as the model says. [default: 1]"
        ),
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="Text that is read before the writing begins.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the writing. [default: 0]")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Answer new data, or write text or music.

    Writes a CSV table: of a classifier sequence, predicted class, and a probability for each class; of a forecaster
    group, target, time, lead, forecast and the ends of its band; of a run on text the bits a symbol of each document;
    of a run on music the likelihood of each frame, what sounds in it and what was told to.
    """
    with plain_errors(debug):
        from carousel.files import write_atomically
        from carousel.training import csv_of, open_run, prediction_table

        require_file(data)
        options = {"length": length, "temperature": temperature, "prompt": prompt, "seed": seed}
        writing: dict[str, Any] = {name: given for name, given in options.items() if given is not None}
        if data and writing:
            raise CarouselError(
                f"{as_options(writing)}: with --data nothing is written, '{data}' is answered; leave out one of the two"
            )
        if data:
            table = prediction_table(run, data)
            predictions: Any = {"predictions": table.to_dict(orient="records")}
            text, written = csv_of(table).rstrip("\n"), f"{len(table)} predictions"
        elif open_run(run).task.writes == "music":
            show(as_json, *_compose(run, writing, out))
            return
        else:
            text = _write(run, writing)
            predictions, written = {"text": text}, f"{len(text):,} characters"
        if out:
            write_atomically(out, text + "\n")
            text = f"{written} written to {out}"
        show(as_json, {"run": str(run), **predictions}, text)


def _write(run: Path, writing: dict[str, Any]) -> str:
    from carousel.training import generate

    length = writing.get("length")
    if length is not None:
        if length % 1:
            raise CarouselError(f"--length: a text has whole symbols, got {length}; give a whole number")
        writing["length"] = int(length)
    return generate(run, **writing)


def _compose(run: Path, writing: dict[str, Any], out: Path | None) -> tuple[dict[str, Any], str]:
    """Write a piece into a file; what is to be shown of it, as data and as text."""
    from carousel.data.midi import SUFFIXES, midi_file
    from carousel.files import write_atomically
    from carousel.training import compose, open_run

    if "prompt" in writing:
        raise CarouselError("--prompt: music begins after silence, only a text has a prompt; leave it out")
    if out is None or out.suffix.lower() not in SUFFIXES:
        raise CarouselError(f"a run on music writes a MIDI file, got {out or 'none'}; give --out piece.mid")
    roll = compose(run, **writing)
    frame = open_run(run).config.task.frame
    write_atomically(out, midi_file(roll, frame))
    beats = len(roll) * frame
    return {"run": str(run), "out": str(out), "beats": beats}, f"{beats:g} beats written to {out}"
