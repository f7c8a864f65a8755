"""Colour distance CIEDE2000 (Sharma, Wu and Dalal 2005): 1 is just noticeable, 10 another shade, 40 another colour."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from tryon.evaluation.pictures import Floats, Picture, as_float, checked_mask, checked_pair


def ciede2000(a: Picture, b: Picture, mask: NDArray[Any] | None = None) -> float:
    """Mean colour distance of two RGB pictures over the pixels of the mask (no mask: all).

    Raises:
        DataError: sizes differ or the mask is empty.
    """
    inside = checked_mask(mask, np.shape(a))
    first, second = checked_pair(a, b)
    return float(_distance(first[inside], second[inside]).mean())


def ciede2000_map(a: Picture, b: Picture) -> Floats:
    """Colour distance of each pixel (H, W) of two RGB pictures."""
    return _distance(*checked_pair(a, b))


def ciede2000_to_lab(picture: Picture, lab: NDArray[Any], mask: NDArray[Any] | None = None) -> float:
    """Colour distance of the mean Lab colour inside the mask to one Lab colour: is the shirt as a whole of that colour?

    Raises:
        DataError: the mask is empty.
    """
    inside = checked_mask(mask, np.shape(picture))
    mean = rgb2lab(as_float(picture)[inside]).mean(axis=0)
    return lab_distance(mean, lab)


def lab_distance(lab_a: NDArray[Any], lab_b: NDArray[Any]) -> float:
    """Colour distance of two Lab colours (3,)."""
    return float(lab_distances(lab_a, lab_b))


def lab_distances(lab_a: NDArray[Any], lab_b: NDArray[Any]) -> NDArray[np.float64]:
    """Colour distances (...) of Lab colours (..., 3), one to one."""
    return np.asarray(deltaE_ciede2000(np.asarray(lab_a, np.float64), np.asarray(lab_b, np.float64)), np.float64)


def _distance(a: Floats, b: Floats) -> Floats:
    return lab_distances(rgb2lab(a), rgb2lab(b)).astype(np.float32)
