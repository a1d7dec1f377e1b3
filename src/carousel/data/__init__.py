"""Sequences, series and texts in: files, known data sets, splits, scaling, batches. Knows nothing of models.

What tables need beyond NumPy lies in modules of its own, such as `carousel.data.schema`, so that this import needs no
extra.
"""

from carousel.data.batches import Batch as Batch
from carousel.data.batches import batches as batches
from carousel.data.batches import collate as collate
from carousel.data.cuts import time_cuts as time_cuts
from carousel.data.datasets import DATASETS as DATASETS
from carousel.data.datasets import load as load
from carousel.data.files import read as read
from carousel.data.npz import write_npz as write_npz
from carousel.data.scaling import moments as moments
from carousel.data.sequences import Sequences as Sequences
from carousel.data.series import Series as Series
from carousel.data.splits import split as split
from carousel.data.text import Text as Text
from carousel.data.text import read_text as read_text
from carousel.data.text import text_parts as text_parts
