"""Variants of a recipe, trained over seeds and compared."""

from carousel.experiments.comparison.comparing import LAYERS as LAYERS
from carousel.experiments.comparison.comparing import compare as compare
from carousel.experiments.comparison.data_sets import compare_data_sets as compare_data_sets
from carousel.experiments.comparison.data_sets import is_comparison as is_comparison
from carousel.experiments.comparison.finished import compare_runs as compare_runs
from carousel.experiments.comparison.overview import Gain as Gain
from carousel.experiments.comparison.overview import Line as Line
from carousel.experiments.comparison.overview import Overview as Overview
from carousel.experiments.comparison.page import record as record
from carousel.experiments.comparison.result import Candidate as Candidate
from carousel.experiments.comparison.result import Comparison as Comparison
from carousel.experiments.comparison.result import Row as Row
from carousel.experiments.comparison.sentences import verdict as verdict
from carousel.experiments.comparison.sources import are_trained as are_trained
from carousel.experiments.comparison.tables import markdown as markdown
from carousel.experiments.comparison.variants import parse_sweeps as parse_sweeps
