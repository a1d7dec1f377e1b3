"""The layers, as torch modules."""

from carousel.nn.lstm import LSTM as LSTM
from carousel.nn.lstm import AugmentedLSTM as AugmentedLSTM
from carousel.nn.lstm import VanillaLSTM as VanillaLSTM
from carousel.nn.rnn import RNN as RNN
