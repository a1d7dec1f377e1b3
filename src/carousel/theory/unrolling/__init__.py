"""From the whole sequence to segments of it: what unrolling for K steps keeps and what it loses."""

from carousel.theory.part import Part
from carousel.theory.unrolling import adequacy, exactness, forgetting, truncation
from carousel.theory.unrolling.adequacy import predicted_losses as predicted_losses
from carousel.theory.unrolling.borders import segment as segment
from carousel.theory.unrolling.borders import window_reach as window_reach
from carousel.theory.unrolling.bounds import contraction as contraction
from carousel.theory.unrolling.bounds import disjoint_bound as disjoint_bound
from carousel.theory.unrolling.bounds import error_scale as error_scale
from carousel.theory.unrolling.bounds import forgetting_bound as forgetting_bound
from carousel.theory.unrolling.bounds import sliding_bound as sliding_bound
from carousel.theory.unrolling.forgetting import state_distance as state_distance
from carousel.theory.unrolling.segments import segmented_backward as segmented_backward
from carousel.theory.unrolling.segments import segmented_forward as segmented_forward
from carousel.theory.unrolling.segments import sliding_backward as sliding_backward
from carousel.theory.unrolling.training import echo as echo
from carousel.theory.unrolling.training import segment_losses as segment_losses
from carousel.theory.unrolling.training import train_unrolled as train_unrolled
from carousel.theory.unrolling.training import whole_loss as whole_loss
from carousel.theory.unrolling.truncation import truncation_errors as truncation_errors

_part = Part(exactness, truncation, forgetting, adequacy)
CLAIMS, predict, measure = _part.claims, _part.predict, _part.measure
compare, plot = _part.compare, _part.plot
