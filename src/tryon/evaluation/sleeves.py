"""Has a redrawn shirt still the outline that was put in? By a detector (`sleeve_retention`), and without one.

Pictures are (S, S, 3) uint8 cut-outs on the neutral ground, masks (S, S). What shows the neutral ground where the mask
says shirt was not drawn: to the reader of such a cut-out that part of the shirt is gone. A detector that learnt from
photos does not know that ground, and striped cloth has its grey between two stripes. So the detector is shown what was
drawn before black or white instead, and the figures that it then reaches on real shirts are near 1
(`python benchmarks/sleeve_retention.py` prints them by ground).
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab

from tryon.evaluation.colour import lab_distances
from tryon.evaluation.masks import mask_iou
from tryon.images.cutouts import NEUTRAL_GROUND_U8
from tryon.images.patterns import Look
from tryon.images.resizing import resize

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
SegmentedPictures = Callable[[Sequence[U8]], Sequence[Sequence[Mask]]]

BLACK, WHITE = 0, 255
# Darker targets than this (navy, black) are shown before white. Any other shirt is found as well or better before
# black, `python benchmarks/sleeve_retention.py`.
_DARK_L = 30.0
# Colours nearer than this to the ground (CIEDE2000) are hardly told from it.
_LIKE_GROUND = 3.0
# Ground between two stripes is a line one pixel wide in a cut-out of 64; what is wider was not drawn.
_LINES_PER_SIDE = 64
_MARGIN = 0.15


def sleeve_retention(
    fakes: Sequence[U8],
    masks: Sequence[Mask],
    find_shirts: SegmentedPictures,
    size_px: int,
    ground: int = BLACK,
    margin: float = _MARGIN,
) -> float:
    """Mean IoU of the shirt that a detector finds in each fake with the mask that was put in; nothing found counts 0.

    Args:
        find_shirts: from pictures to the masks found in each, best first, at the picture's own size.
        size_px: side at which the detector sees the fake.
        ground: grey level round the shirt (`ground_for`).
        margin: ground added on each side, so that the garment does not fill the picture.
    """
    shown = [
        _placed(np.where(drawn_part(fake, mask)[..., None], fake, np.uint8(ground)), size_px, margin, ground)
        for fake, mask in zip(fakes, masks, strict=True)
    ]
    wanted = [_placed(mask.astype(np.uint8) * 255, size_px, margin, 0) > 127 for mask in masks]
    found = find_shirts(shown)
    overlaps = [mask_iou(each[0], want) if len(each) else 0.0 for each, want in zip(found, wanted, strict=True)]
    return float(np.mean(overlaps))


def silhouette_iou(fake: U8, mask: Mask) -> float:
    """IoU of what was drawn with the mask that was put in: sees parts that are missing or too many, without a network.

    A part of the shirt that was drawn as something else (skin, another cloth) counts as drawn.
    """
    return mask_iou(drawn_part(fake, mask), mask)


def ground_for(target: Look) -> int:
    """The grey level before which shirts of this look are shown to a detector: black, or white for dark ones."""
    return WHITE if target.lab[0] < _DARK_L else BLACK


def drawn_part(fake: U8, mask: Mask) -> Mask:
    """Where a fake shows anything but the neutral ground (S, S).

    Pixels outside of the mask beside the ground are mixed with it by the cut-out's soft border, and count as ground.
    """
    ground_lab = rgb2lab(np.full((1, 1, 3), NEUTRAL_GROUND_U8, np.uint8))
    like_ground = lab_distances(rgb2lab(fake), np.broadcast_to(ground_lab, fake.shape)) < _LIKE_GROUND
    reach = max(1, round(mask.shape[0] / _LINES_PER_SIDE))
    window = cv2.getStructuringElement(cv2.MORPH_CROSS, (2 * reach + 1, 2 * reach + 1))
    bare = cv2.morphologyEx(like_ground.astype(np.uint8), cv2.MORPH_OPEN, window)
    beside = cv2.dilate(bare, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    return np.asarray(~((bare > 0) | (beside & ~mask)))


def _placed(array: U8, size_px: int, margin: float, ground: int) -> U8:
    """The square in the middle of a larger one of `size_px`, filled with `ground`."""
    inner = round(size_px / (1 + 2 * margin))
    start = (size_px - inner) // 2
    square = np.full((size_px, size_px, *array.shape[2:]), ground, np.uint8)
    square[start : start + inner, start : start + inner] = resize(array, inner, inner)
    return square
