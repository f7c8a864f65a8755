"""Photos with outlines drawn on them: green the annotated shirt, magenta the detected one."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.geometry import boxes
from tryon.images.resizing import resize_long_side

TRUE_COLOUR, FOUND_COLOUR = (40, 220, 60), (255, 40, 200)
LONG_SIDE_PX = 512
_ROOM = 0.15  # round a shirt that is looked at closely, as a part of its box


def draw_outlines(
    photo: NDArray[np.uint8], true_masks: Sequence[NDArray[np.bool_]], found_masks: Sequence[NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """The photo (H, W, 3), 512 px long, with outlines two pixels wide."""
    scale = math.ceil(LONG_SIDE_PX / max(photo.shape[:2]))
    size = (photo.shape[1] * scale, photo.shape[0] * scale)
    canvas = np.ascontiguousarray(cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC))
    for masks, colour in ((true_masks, TRUE_COLOUR), (found_masks, FOUND_COLOUR)):
        for mask in masks:
            smooth = cv2.resize(np.asarray(mask, np.uint8), size, interpolation=cv2.INTER_NEAREST)
            contours, _ = cv2.findContours(smooth, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
            cv2.drawContours(canvas, contours, -1, colour, 2, cv2.LINE_AA)
    return np.asarray(resize_long_side(canvas, LONG_SIDE_PX), np.uint8)


def draw_closely(
    photo: NDArray[np.uint8], shirt: NDArray[np.bool_], found_masks: Sequence[NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """The part of the photo (H, W, 3) round one shirt (H, W) and what was found on it, drawn as large as a photo."""
    touching = [mask for mask in found_masks if (mask & shirt).any()]
    box = boxes.expand(boxes.from_mask(np.any([shirt, *touching], axis=0)), _ROOM)
    left, top, right, bottom = (int(edge) for edge in boxes.clip(box, *photo.shape[:2])[0])
    window = (slice(top, bottom), slice(left, right))
    return draw_outlines(photo[window], [shirt[window]], [mask[window] for mask in found_masks])
