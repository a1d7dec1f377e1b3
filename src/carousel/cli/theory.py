"""theory: the tutorial's claims, predicted and measured."""

from pathlib import Path
from typing import Annotated

import typer

from carousel import texts
from carousel.cli._shared import Debug, Json, app, plain_errors, show
from carousel.errors import CarouselError


@app.command()
def theory(
    part: Annotated[
        str, typer.Argument(metavar="PART|all", help="continuous, unrolling, gradients, evolution or all.")
    ] = "all",
    quick: Annotated[bool, typer.Option("--quick", help="Measure coarser, in seconds.")] = False,
    run: Annotated[
        Path | None,
        typer.Option(help="Instead, with part gradients: how far back an error reaches in this run's layer."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("theory"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Predict and measure the tutorial's claims.

    Writes one HTML page that opens offline, and its figures as PNG and SVG. Exits with 1 if a claim does not hold.
    """
    with plain_errors(debug):
        if run:
            _show_run_flow(part, run, out, as_json)
            return
        from rich.console import Console
        from rich.progress import track

        from carousel.theory import PARTS, investigate, write_page
        from carousel.training.environment import cpu_threads

        console = Console(stderr=True)
        parts = track(
            list(PARTS) if part == "all" else [part],
            description="measuring",
            console=console,
            disable=not console.is_terminal,
        )
        with cpu_threads(1):
            found = {name: investigate(name, quick) for name in parts}
        page = write_page(out, found)
        results = [result for results in found.values() for result in results]
        claims = [
            {"name": result.claim.name, "status": result.claim.status, **result.verdict._asdict()}
            for result in results
        ]
        show(as_json, {"page": str(page), "claims": claims}, texts.verdicts(claims, page))
        raise typer.Exit(0 if all(claim["holds"] for claim in claims) else 1)


def _show_run_flow(part: str, run: Path, out: Path, as_json: bool) -> None:
    from carousel.report.gradient_flow import draw_run_flow

    if part != "gradients":
        raise CarouselError(
            f"--run goes with the part 'gradients', got '{part}'; run carousel theory gradients --run RUN"
        )
    flow = draw_run_flow(run, out)
    data = {"run": str(run), **flow._asdict(), "figure": str(flow.figure)}
    show(as_json, data, texts.reach(flow.reach, flow.longest, flow.figure))
