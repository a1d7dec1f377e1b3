"""Numbers, names and times in sentences."""

from collections.abc import Iterable

import numpy as np

from carousel.data.steps import Time
from carousel.data.tables.layout import Located

SHOWN = 6


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number and what it counts, such as "1,024 rows"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Iterable[str], quoted: bool = True) -> str:
    """Names behind one another, the first six of them; "nothing" if there are none."""
    names = list(names)
    shown = [f"'{name}'" if quoted else name for name in names[:SHOWN]]
    if len(names) > SHOWN:
        return f"{', '.join(shown)} and {len(names) - SHOWN} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]])) or "nothing"


def told_time(time: Time) -> str:
    """A time as short as it can be said.

    >>> told_time(np.datetime64("2020-01-01T00:00", "ns"))
    '2020-01-01'
    """
    if not isinstance(time, np.datetime64):
        return str(time)
    text = str(time.astype("M8[ns]")).replace("T", " ")
    for end in (".000000000", "000000", "000", ":00", " 00:00"):
        text = text.removesuffix(end)
    return text


def said_of_rows(located: Located) -> list[str]:
    """Whether rows had to be sorted, and which were one too many."""
    said = []
    if not located.was_sorted:
        said.append("The rows are not in order of time: they are sorted.")
    if located.duplicate is not None:
        code, time = located.duplicate
        name = list(located.keys.names)[code]
        of = f" of '{name}'" if name else ""
        at = told_time(np.datetime64(time, "ns") if located.keys.form is not None else time)
        said.append(
            f"{counted(located.n_duplicates, 'row')} {'has' if located.n_duplicates == 1 else 'have'} the time of "
            f"another, the first{of} at {at}: the last of them counts."
        )
    return said
