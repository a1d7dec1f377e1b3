"""The layers, as torch modules."""

from carousel.nn._explain import Explanation as Explanation
from carousel.nn._explain import explain as explain
from carousel.nn._stream import Stream as Stream
from carousel.nn._swap import swap_lstms as swap_lstms
from carousel.nn.cell import LSTMCell as LSTMCell
from carousel.nn.lstm import LSTM as LSTM
from carousel.nn.presets import AugmentedLSTM as AugmentedLSTM
from carousel.nn.presets import VanillaLSTM as VanillaLSTM
from carousel.nn.rnn import RNN as RNN
