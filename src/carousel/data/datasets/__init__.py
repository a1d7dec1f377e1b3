"""Known data sets: fetched once, whole or not at all, verified, and read like files of one's own."""

from carousel.data.datasets.fetching import fetch as fetch
from carousel.data.datasets.fetching import is_here as is_here
from carousel.data.datasets.known import DATASETS as DATASETS
from carousel.data.datasets.known import Dataset as Dataset
from carousel.data.datasets.known import known as known
from carousel.data.datasets.labelled import load as load
