"""The claims of this part, each in its own module."""

from carousel.theory.continuous.claims import convolution, limit, order, stability
from carousel.theory.part import Part

_part = Part(order, stability, limit, convolution)
CLAIMS, predict, measure = _part.claims, _part.predict, _part.measure
compare, plot = _part.compare, _part.plot
