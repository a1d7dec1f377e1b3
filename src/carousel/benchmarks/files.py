"""Where records are kept: a JSON file and a picture for each day."""

import json
from pathlib import Path

from carousel.benchmarks.picture import as_png, draw
from carousel.benchmarks.record import Record
from carousel.files import write_together


def write(folder: Path, record: Record) -> list[Path]:
    """Write the record and, if there is something to draw, its picture; an earlier one of that day is replaced.

    Raises:
        CarouselError: they cannot be written.
    """
    contents: dict[Path, str | bytes] = {
        folder / f"{record.name}.json": json.dumps(record.as_json(), indent=1, allow_nan=False) + "\n"
    }
    if figure := draw(record):
        contents[folder / f"{record.name}.png"] = as_png(figure)
    write_together(contents)
    return list(contents)
