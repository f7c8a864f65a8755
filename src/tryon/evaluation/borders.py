"""The border of the shirt as a score of its own: halos and missed edges hide in a mean over the whole mask."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.colour import ciede2000
from tryon.evaluation.pictures import Mask, Picture, checked_mask
from tryon.geometry.masks import signed_distance


def border_ciede2000(a: Picture, b: Picture, mask: NDArray[Any], width_px: int = 3) -> float:
    """Mean colour distance within `width_px` of the mask's edge, on both of its sides.

    Raises:
        DataError: sizes differ, or the mask is empty or fills the picture, so that it has no edge.
    """
    return ciede2000(a, b, border(checked_mask(mask, np.shape(a)), width_px))


def border(mask: NDArray[Any], width_px: int = 3) -> Mask:
    """The pixels within `width_px` (Euclidean) of the mask's edge, on both sides; the picture's own rim is no edge.

    Raises:
        DataError: the mask has no edge.
    """
    inside = np.asarray(mask).astype(bool)
    if inside.all() or not inside.any():
        raise DataError("the mask has no edge", needed="pixels inside and outside")
    return np.asarray(np.abs(signed_distance(inside)) <= width_px - 0.5, dtype=bool)
