"""Masks as transparent pictures to be laid over a preview."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.images.files import encode_png
from tryon.images.resizing import resize_long_side

OVERLAY_PX = 640  # long side; the page stretches it over the preview
_MAIN, _OTHER = (225, 0, 120), (255, 170, 0)
_FILL_ALPHA, _HALO_ALPHA = 45, 150
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def shrink(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask (H, W) at the size in which it is drawn."""
    return resize_long_side(mask, OVERLAY_PX)


def draw_overlay(masks: Sequence[NDArray[np.bool_]]) -> bytes:
    """A PNG of masks (H, W) of one size: tinted, with an outline that shows on light cloth and on dark; the first one
    is the picture's main shirt."""
    height, width = masks[0].shape
    canvas = np.zeros((height, width, 4), np.uint8)
    for number, mask in reversed(list(enumerate(masks))):
        colour = _OTHER if number else _MAIN
        solid = mask.astype(np.uint8)
        inner = cv2.erode(solid, _CROSS, iterations=2, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        halo = cv2.dilate(solid, _CROSS, iterations=2) > solid
        canvas[halo] = (255, 255, 255, _HALO_ALPHA)
        canvas[mask] = (*colour, _FILL_ALPHA)
        canvas[mask & (inner == 0)] = (*colour, 255)
    return encode_png(canvas)
