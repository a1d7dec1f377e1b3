"""Speed and memory of the layers beside those of others: what is compared, how it is measured, what was found.

Nothing is timed that does not compute the same. Who is compared runs in turn, in one process; what counts is the ratio.
"""

from carousel.benchmarks.plan import Plan as Plan
from carousel.benchmarks.plan import Setting as Setting
from carousel.benchmarks.record import Record as Record
from carousel.benchmarks.record import run as run
