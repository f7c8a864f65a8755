"""Mini-masks, and masks of a box put back into the picture, as the 2017 implementation does.

A mini-mask keeps a mask within its box at a small size. It saves memory and loses border detail; ours stay whole.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.models.mask_rcnn.reference.pictures import interpolate

MINI_SHAPE = (56, 56)
MASK_THRESHOLD = 0.5


def minimise_masks(
    boxes: NDArray[Any], masks: NDArray[np.bool_], shape: tuple[int, int] = MINI_SHAPE
) -> NDArray[np.bool_]:
    """Masks (H, W, N) cut to their boxes (N, 4) `y1, x1, y2, x2` of whole pixels, at a small shape (h, w, N).

    Raises:
        DataError: a box has no area.
    """
    mini = np.zeros((*shape, masks.shape[-1]), bool)
    for index, (y1, x1, y2, x2) in enumerate(np.asarray(boxes)[:, :4]):
        part = masks[y1:y2, x1:x2, index]
        if part.size == 0:
            raise DataError(f"box {index} of a mini-mask has no area", received=(y1, x1, y2, x2))
        mini[:, :, index] = np.around(interpolate(part.astype(np.float64), *shape))
    return mini


def expand_masks(boxes: NDArray[Any], mini_masks: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """Masks (H, W, N) of a picture from mini-masks (h, w, N) and their boxes (N, 4)."""
    masks = np.zeros((height, width, mini_masks.shape[-1]), bool)
    for index, (y1, x1, y2, x2) in enumerate(np.asarray(boxes)[:, :4]):
        part = interpolate(mini_masks[:, :, index].astype(np.float64), y2 - y1, x2 - x1)
        masks[y1:y2, x1:x2, index] = np.around(part)
    return masks


def paste_probs(
    mask_probs: NDArray[np.floating[Any]], box: NDArray[Any], height: int, width: int
) -> NDArray[np.float32]:
    """Probabilities (height, width) of a picture's pixels from those (M, M) of a box `y1, x1, y2, x2` of whole pixels
    within it."""
    whole = np.zeros((height, width), np.float32)
    y1, x1, y2, x2 = (int(value) for value in box)
    whole[y1:y2, x1:x2] = interpolate(mask_probs.astype(np.float64), y2 - y1, x2 - x1)
    return whole


def unmold_mask(mask_probs: NDArray[np.floating[Any]], box: NDArray[Any], height: int, width: int) -> NDArray[np.bool_]:
    """The mask (height, width) of a picture from the probabilities (M, M) within a box, from a half on."""
    return np.asarray(paste_probs(mask_probs, box, height, width) >= MASK_THRESHOLD)
