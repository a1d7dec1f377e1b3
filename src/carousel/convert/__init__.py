"""LSTMs of other libraries as layers of this one, and back.

A function imports the library it speaks of when it is called. `torch.nn.LSTM` and `torch.nn.RNN` come and go by
`from_torch` and `to_torch` of the layers; the way out to ONNX is `carousel.onnx.export`.
"""

from carousel.convert._haste import from_haste as from_haste
from carousel.convert._haste import to_haste as to_haste
from carousel.convert._keras import from_keras as from_keras
from carousel.convert._keras import to_keras as to_keras
from carousel.convert._lstm_cell import from_lstm_cell as from_lstm_cell
from carousel.convert._lstm_cell import to_lstm_cell as to_lstm_cell
from carousel.convert._onnx import from_onnx as from_onnx
from carousel.convert._torchrecurrent import from_torchrecurrent as from_torchrecurrent
from carousel.convert._torchrecurrent import to_torchrecurrent as to_torchrecurrent
