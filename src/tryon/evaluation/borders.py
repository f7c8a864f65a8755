"""The border of the shirt as a score of its own: halos and missed edges hide in a mean over the whole mask."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.colour import ciede2000
from tryon.evaluation.pictures import Mask, Picture, checked_mask
from tryon.geometry.masks import signed_distance
from tryon.images.cutouts import NEUTRAL_GROUND_U8


def border_ciede2000(a: Picture, b: Picture, mask: NDArray[Any], width_px: int = 3) -> float:
    """Mean colour distance within `width_px` of the mask's edge, on both of its sides.

    Raises:
        DataError: sizes differ, or the mask is empty or fills the picture, so that it has no edge.
    """
    return ciede2000(a, b, border(checked_mask(mask, np.shape(a)), width_px))


def cutout_border_ciede2000(photo: Picture, found: NDArray[Any], mask: NDArray[Any], width_px: int = 3) -> float:
    """How wrong the colours of a cut-out are at its border: what it took in beside the shirt, and what it lost of it.

    `border_ciede2000` of the photo cut out with the found mask and with the true one, both on the neutral ground that
    all cut-outs lie on. A pixel on the right side of the outline counts 0, another one as much as its colour differs
    from the ground's; so a strip of mid grey costs little, which `boundary_iou` sees.

    Args:
        photo: (H, W, 3) uint8.
        found: (H, W), may be empty.
        mask: (H, W), the true one, whose edge it is.

    Raises:
        DataError: sizes differ, or the true mask is empty or fills the picture.
    """
    if np.shape(found) != np.shape(mask):
        raise DataError(
            "found and true mask differ in size", received=f"{np.shape(found)} and {np.shape(mask)}", needed="one size"
        )
    inside = checked_mask(mask, np.shape(photo))
    cut, true_cut = (np.where(np.asarray(shape, bool)[..., None], photo, NEUTRAL_GROUND_U8) for shape in (found, mask))
    return border_ciede2000(cut, true_cut, inside, width_px)


def border(mask: NDArray[Any], width_px: int = 3) -> Mask:
    """The pixels within `width_px` (Euclidean) of the mask's edge, on both sides; the picture's own rim is no edge.

    Raises:
        DataError: the mask has no edge.
    """
    inside = np.asarray(mask).astype(bool)
    if inside.all() or not inside.any():
        raise DataError("the mask has no edge", needed="pixels inside and outside")
    return np.asarray(np.abs(signed_distance(inside)) <= width_px - 0.5, dtype=bool)
