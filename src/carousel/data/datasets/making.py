"""Files that are not in an archive as they are used."""

import csv
import gzip
import math
from datetime import datetime
from itertools import pairwise


def gunzip(content: bytes) -> bytes:
    """What was compressed."""
    return gzip.decompress(content)


def log_returns(content: bytes) -> bytes:
    """Daily log returns in percent, 100 ln(p[n] / p[n-1]), as `date,log_return`.

    `content` is a compressed table of a date (month/day/year) and a price p; a day without trade has none, and the next
    day with one is told relative to the last. The first price has no return.
    """
    _, *rows = csv.reader(gunzip(content).decode().splitlines())
    days = [(datetime.strptime(day, "%m/%d/%Y").date(), float(price)) for day, price in rows if price != "."]
    lines = [
        f"{day.isoformat()},{100 * math.log(price / before):.6f}"
        for (_, before), (day, price) in pairwise(days)
    ]
    return "\n".join(["date,log_return", *lines, ""]).encode()
