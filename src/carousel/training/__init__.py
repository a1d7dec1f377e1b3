"""Fit, evaluate, predict: a thin layer on PyTorch Lightning, and the run folder they share."""

from carousel.training.classifier import SequenceClassifier as SequenceClassifier
from carousel.training.config import Config as Config
from carousel.training.config import load_config as load_config
from carousel.training.config import override as override
from carousel.training.evaluation import compose as compose
from carousel.training.evaluation import csv_of as csv_of
from carousel.training.evaluation import evaluate as evaluate
from carousel.training.evaluation import generate as generate
from carousel.training.evaluation import predict as predict
from carousel.training.evaluation import prediction_table as prediction_table
from carousel.training.fitting import fit as fit
from carousel.training.fitting import resume as resume
from carousel.training.forecasting import SeriesForecaster as SeriesForecaster
from carousel.training.memory.model import MemoryModel as MemoryModel
from carousel.training.model import SequenceModel as SequenceModel
from carousel.training.model import build_layer as build_layer
from carousel.training.music.model import MusicModel as MusicModel
from carousel.training.own_data import configure as configure
from carousel.training.run import Run as Run
from carousel.training.run import open_run as open_run
from carousel.training.symbols.model import SymbolModel as SymbolModel
from carousel.training.tasks import TASKS as TASKS
from carousel.training.tasks import Material as Material
from carousel.training.tasks import Task as Task
from carousel.training.tasks import task_of as task_of
from carousel.training.transfer import start_from as start_from
