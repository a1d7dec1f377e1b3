"""Sequences in: embedded sets, files, splits, scaling, batches. Knows nothing of models."""

from carousel.data.batches import Batch as Batch
from carousel.data.batches import batches as batches
from carousel.data.batches import collate as collate
from carousel.data.embedded import DATASETS as DATASETS
from carousel.data.embedded import load as load
from carousel.data.files import read as read
from carousel.data.npz import write_npz as write_npz
from carousel.data.scaling import moments as moments
from carousel.data.sequences import Sequences as Sequences
from carousel.data.splits import split as split
