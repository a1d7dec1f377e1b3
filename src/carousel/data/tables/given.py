"""What a user says of a table."""

from dataclasses import dataclass
from typing import Any

from carousel.data.tables.table import Table


@dataclass(frozen=True)
class Given:
    """Names of columns by role, () where nothing is said; the arguments of `infer_schema`."""

    target: tuple[str, ...]
    time: tuple[str, ...]
    group: tuple[str, ...]
    known: tuple[str, ...]
    date_format: str | None
    time_zone: str | None


def dialect_of(table: Table) -> dict[str, Any]:
    """How a table is written, as fields of a schema."""
    own = table.dialect
    return {"encoding": own.encoding, "separator": own.separator, "decimal": own.decimal}
