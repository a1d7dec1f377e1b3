"""Why the standard RNN is hard to train, what the carousel carries, and how far back an error reaches in any layer."""

from carousel.theory.gradients import clipping, constant_error, product, reach, regimes, saturation
from carousel.theory.gradients.constant_error import carousel_cell as carousel_cell
from carousel.theory.gradients.flow import GradientFlow as GradientFlow
from carousel.theory.gradients.flow import gradient_flow as gradient_flow
from carousel.theory.gradients.flow_figure import plot_flow as plot_flow
from carousel.theory.gradients.product import jacobian_bounds as jacobian_bounds
from carousel.theory.gradients.product import jacobian_product as jacobian_product
from carousel.theory.gradients.saturation import error_growth as error_growth
from carousel.theory.part import Part

_part = Part(product, regimes, saturation, constant_error, reach, clipping)
CLAIMS, predict, measure = _part.claims, _part.predict, _part.measure
compare, plot = _part.compare, _part.plot
