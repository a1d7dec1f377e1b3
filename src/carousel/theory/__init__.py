"""What the equations imply: the tutorial's claims, each predicted and measured."""

from carousel.theory.claim import Claim as Claim
from carousel.theory.claim import Result as Result
from carousel.theory.claim import Verdict as Verdict
from carousel.theory.lab import PARTS as PARTS
from carousel.theory.lab import investigate as investigate
from carousel.theory.page import write_page as write_page
