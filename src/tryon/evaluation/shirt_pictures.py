"""Photos with outlines drawn on them: green the annotated shirt, magenta the detected one."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.images.resizing import resize_long_side

TRUE_COLOUR, FOUND_COLOUR = (40, 220, 60), (255, 40, 200)
LONG_SIDE_PX = 512


def draw_outlines(
    photo: NDArray[np.uint8], true_masks: Sequence[NDArray[np.bool_]], found_masks: Sequence[NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """The photo (H, W, 3), at most 512 px long, with smooth outlines two pixels wide."""
    scale = max(1, round(LONG_SIDE_PX / max(photo.shape[:2])))
    size = (photo.shape[1] * scale, photo.shape[0] * scale)
    canvas = np.ascontiguousarray(cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC))
    for masks, colour in ((true_masks, TRUE_COLOUR), (found_masks, FOUND_COLOUR)):
        for mask in masks:
            smooth = cv2.resize(np.asarray(mask, np.uint8), size, interpolation=cv2.INTER_NEAREST)
            contours, _ = cv2.findContours(smooth, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(canvas, contours, -1, colour, 2, cv2.LINE_AA)
    return np.asarray(resize_long_side(canvas, LONG_SIDE_PX), np.uint8)
