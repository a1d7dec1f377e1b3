"""Comparisons that were made before, of the same variants on several data sets, brought together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from carousel.errors import CarouselError
from carousel.experiments.comparison.overview import Overview, overview_of
from carousel.experiments.comparison.overview_page import write_overview
from carousel.experiments.comparison.plan import FILES, RUNS
from carousel.experiments.comparison.result import Comparison

COMPARISON = FILES[0]


def compare_data_sets(folders: Sequence[str | Path], out: str | Path | None = None) -> Overview:
    """What the same variants gain on several data sets, told from comparisons that were made of them.

    The differences of all of them are corrected for together: of overviews in which nothing differs, one in twenty
    says that something does.

    Args:
        folders: of comparisons; their `comparison.json` is all that is read.
        out: a folder to write the result into; by default it is not written.

    Raises:
        CarouselError: a folder is no comparison or a damaged one, there is one alone, two are of the same data, their
            variants differ, one has a single seed, or `out` cannot be written.
    """
    comparisons = {str(folder): _read(Path(folder)) for folder in folders}
    _require_comparable(comparisons)
    overview = overview_of([*comparisons.values()])
    if out is not None:
        write_overview(Path(out), overview)
    return overview


def is_comparison(folder: str | Path) -> bool:
    """Whether a folder holds the result of one."""
    return (Path(folder) / COMPARISON).is_file()


def _read(folder: Path) -> Comparison:
    path = folder / COMPARISON
    try:
        return TypeAdapter(Comparison).validate_json(path.read_bytes())
    except OSError as error:
        raise CarouselError(
            f"cannot read '{path}': {error.strerror}; give folders that `carousel compare` has written"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise CarouselError(
            f"'{path}' is damaged or of another version: {f'{place}: ' if place else ''}{first['msg']}; the same "
            "`carousel compare` writes it anew"
        ) from error


def _require_comparable(comparisons: Mapping[str, Comparison]) -> None:
    (first, model), *others = comparisons.items()
    if not others:
        raise CarouselError(
            f"'{first}' is one comparison, and its page tells all of it; give those of more data sets, or the runs in "
            f"it, {Path(first) / RUNS}"
        )
    seen = {model.data: first}
    for folder, comparison in others:
        if _variants(comparison) != _variants(model):
            raise CarouselError(f"'{folder}' compares other variants than '{first}'; make them of the same")
        twin = seen.setdefault(comparison.data, folder)
        if twin != folder:
            raise CarouselError(
                f"'{twin}' and '{folder}' are both of '{comparison.data}'; leave one of them out"
            )
    for folder, comparison in comparisons.items():
        if any(row.p is None for row in comparison.rows if row.against):
            raise CarouselError(
                f"'{folder}' has a single seed, which tells no difference from chance; run more"
            )


def _variants(comparison: Comparison) -> list[tuple[str, str | None]]:
    return [(row.name, row.against) for row in comparison.rows]
