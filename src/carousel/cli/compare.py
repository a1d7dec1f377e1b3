"""compare: variants of a recipe over seeds, or finished runs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from carousel import texts
from carousel.cli._data import TaskKind, given, table_options
from carousel.cli._shared import Debug, Json, app, plain_errors, show
from carousel.errors import CarouselError
from carousel.files import as_options
from carousel.screen import waiting

if TYPE_CHECKING:
    from carousel.experiments import Comparison

SEEDS = 5
Result: TypeAlias = tuple[dict[str, Any], str]
"""What is shown, as data and as text."""


@app.command()
@table_options
def compare(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE|CONFIG.yaml|DATA|RUN…|COMPARISON…",
            help="A recipe's name, a configuration or a file (of music, a folder too) of your own, as for fit; or run "
            "folders, or folders of them; or comparisons of the same variants on several data sets.",
        ),
    ],
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="LAYER,…",
            help="What is compared, with the first of them [default: torch,lstm,vanilla,augmented]",
        ),
    ] = None,
    ablation: Annotated[
        bool,
        typer.Option(
            "--ablation",
            help="Instead of layers, a plain LSTM with each extension of the paper on and off, of equal parameters.",
        ),
    ] = False,
    seeds: Annotated[int | None, typer.Option(help=f"Runs of each [default: {SEEDS}]")] = None,
    match: Annotated[
        str | None, typer.Option(help="parameters: sizes are chosen so that all have those of the first.")
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,…", help="Settings to choose from by the validation part; repeatable."
        ),
    ] = None,
    task: TaskKind = None,
    *,
    of_table: dict[str, Any],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the configuration; repeatable."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Runs at a time [default: one a core]")] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Train on a Ray cluster: host:port, auto, or local, started here."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make or go on with [default: comparisons/RECIPE-N]")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin more than a hundred runs unasked.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train variants over seeds and say who is better.

    Variants are layers, settings or the paper's extensions, on a recipe or on data of your own. Or compare finished
    RUNs: those that differ in nothing but the seed are one variant. Or bring COMPARISONs of the same variants together
    in one table, a column for each data set. The same command goes on with what was interrupted. Writes a table, a
    figure and one HTML page that opens offline.
    """
    with plain_errors(debug):
        with waiting(f"reading {sources[0]}"):  # PyTorch and Lightning take their seconds to import
            from carousel.experiments.comparison import are_trained, parse_sweeps
        if are_trained(sources):
            named = given(
                layers=layers,
                ablation=ablation,
                seeds=seeds is not None,
                match=match,
                sweep=sweep,
                task=task,
                **of_table,
                set=settings,
                workers=workers is not None,
                ray=ray,
                yes=yes,
            )
            if named:
                raise CarouselError(
                    f"{as_options(named)}: finished runs are compared as they are; leave it out"
                )
            result = _of_trained(sources, out)
        else:
            result = _of_variants(
                sources[0],
                task,
                settings or [],
                of_table,
                layers=None if layers is None else [layer.strip() for layer in layers.split(",")],
                seeds=SEEDS if seeds is None else seeds,
                ablation=ablation,
                match=match,
                sweep=parse_sweeps(sweep or []),
                workers=workers,
                ray=ray,
                out=out,
                confirm=_confirm(yes),
            )
        show(as_json, *result)


def _of_trained(sources: list[str], out: Path | None) -> Result:
    """Runs beside each other, or comparisons of several data sets."""
    from carousel.experiments import compare_data_sets, compare_runs
    from carousel.experiments.comparison import is_comparison, overview_page

    if not all(is_comparison(source) for source in sources):
        return _told(compare_runs(sources, out))
    overview = compare_data_sets(sources, out)
    text = overview_page.markdown(overview)
    return overview_page.record(overview), texts.compared(text, out and out / "overview.html")


def _of_variants(
    source: str, task: str | None, settings: list[str], of_table: dict[str, Any], **plan: Any
) -> Result:
    """Variants that are trained; the plan is what `carousel.experiments.compare` takes beside a configuration."""
    with waiting(f"reading {source}"):
        from carousel.experiments import compare as compare_variants
        from carousel.experiments import configured

        changes = [*([f"kind={task}"] if task else []), *settings]
        config, found = configured(source, task, changes, of_table)
    for sentence in found:
        typer.echo(sentence, err=True)
    return _told(compare_variants(config, **plan))


def _told(comparison: "Comparison") -> Result:
    from carousel.experiments.comparison import markdown, record

    page = Path(comparison.folder) / "comparison.html" if comparison.folder else None
    return record(comparison), texts.compared(markdown(comparison), page)


def _confirm(yes: bool) -> Callable[[str], bool] | None:
    """How a long plan is agreed to: beforehand, or by whoever sits at the terminal."""
    if yes:
        return lambda plan: True
    if sys.stdin.isatty():
        return lambda plan: typer.confirm(f"{plan}. Begin?", err=True)
    return None
