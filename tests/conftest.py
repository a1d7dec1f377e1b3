"""What holds for every test."""

import os
import signal

import torch
from hypothesis import settings

# A busy machine may take long over one example, which is no fault of the code; what must pass before a change lands
# draws the same examples every time, a developer's runs look for new ones.
settings.register_profile("carousel", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("carousel")

# A shell starts what runs in its background deaf to Ctrl-C, and the tests that press it would wait in vain.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Keras asks for TensorFlow unless told otherwise.
os.environ["KERAS_BACKEND"] = "torch"

# Trained with packages that only their own environment has: `make integration`.
collect_ignore = ["integration"]

# Tensors this small gain nothing from threads, and lose much where the machine is shared.
torch.set_num_threads(1)
