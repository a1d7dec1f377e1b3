"""From the RNN to the LSTM, one logical step at a time: a trainable cell for each, and what each step buys."""

from carousel.theory.evolution.claims import CLAIMS as CLAIMS
from carousel.theory.evolution.figures import plot as plot
from carousel.theory.evolution.measurements import measure as measure
from carousel.theory.evolution.predictions import predict as predict
from carousel.theory.evolution.probes import carried_error as carried_error
from carousel.theory.evolution.probes import growth_rate as growth_rate
from carousel.theory.evolution.scan import Cell as Cell
from carousel.theory.evolution.steps import STEPS as STEPS
from carousel.theory.evolution.steps import cell as cell
from carousel.theory.evolution.tasks import TASKS as TASKS
from carousel.theory.evolution.trials import Trial as Trial
from carousel.theory.evolution.trials import train as train
from carousel.theory.evolution.verdicts import compare as compare
