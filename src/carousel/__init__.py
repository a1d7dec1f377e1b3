"""The LSTM of Sherstinsky's tutorial, whole: equations, PyTorch layers, training."""

__version__ = "0.1.0"
