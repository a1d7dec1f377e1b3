"""The paper's equations as code that reads like them: NumPy, float64, a loop over n.

Each module has `forward(params, x, ...)`, which returns every signal, and `backward(params, signals, ...)`, which
returns every error signal and every gradient. They are slow, and the truth for every test of the fast code.
"""

from carousel.equations import augmented as augmented
from carousel.equations import rnn as rnn
from carousel.equations import vanilla as vanilla
