"""Days by the clock of a zone: where it is changed, they have 23 or 25 hours."""

from carousel.data.schema import is_zone
from carousel.data.tables.calendar import DAY
from carousel.data.tables.dates import zone_of
from carousel.data.tables.layout import Keys, Located, locate
from carousel.data.tables.table import Table

LARGEST_CHANGE = 3 * 3_600 * 10**9
"""Rows further apart keep their order when a clock is set back."""


def locate_by_clock(table: Table, keys: Keys) -> Located:
    """As `locate`, but by the clock of their zone where rows are whole days apart, unless only in UTC they are.

    The zone is the one that keys name, else that of the column.

    Raises:
        CarouselError: as `locate` does.
    """
    located = locate(table, keys)
    zone, spans = keys.zone or _own_zone(table, keys), located.spans
    if keys.form is None or zone is None or zone == "UTC" or not is_zone(zone) or not spans:
        return located
    commonest = max(spans, key=lambda length: (spans[length], -length))
    if commonest % DAY or min(spans) <= LARGEST_CHANGE:
        return located
    local = locate(table, Keys(keys.time, keys.group, keys.form, None, zone))
    return local if max(local.spans.values()) >= spans[commonest] else located


def _own_zone(table: Table, keys: Keys) -> str | None:
    return zone_of(table.columns[keys.time[0]]) if len(keys.time) == 1 else None
