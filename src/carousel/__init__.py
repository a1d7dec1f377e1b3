"""The LSTM of Sherstinsky's tutorial, whole: equations, PyTorch layers, training."""

from carousel import convert as convert
from carousel.kernels import use_kernel as use_kernel
from carousel.nn import LSTM as LSTM
from carousel.nn import RNN as RNN
from carousel.nn import AugmentedLSTM as AugmentedLSTM
from carousel.nn import LSTMCell as LSTMCell
from carousel.nn import VanillaLSTM as VanillaLSTM
from carousel.nn import explain as explain
from carousel.nn import swap_lstms as swap_lstms

__version__ = "0.1.0"
