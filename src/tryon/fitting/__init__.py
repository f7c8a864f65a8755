"""Photo + garment -> result: the same photo, wearing it."""

from tryon.fitting.fitter import Fitter, FittingResult
from tryon.fitting.segments import Segment, uncovered

__all__ = ["Fitter", "FittingResult", "Segment", "uncovered"]
