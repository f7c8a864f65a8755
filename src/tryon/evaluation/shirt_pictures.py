"""Photos with outlines and landmarks drawn on them: green the annotated shirt, magenta the detected one."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.geometry import boxes
from tryon.geometry.landmarks import ABSENT, VISIBLE
from tryon.images.resizing import resize_long_side

TRUE_COLOUR, FOUND_COLOUR = (40, 220, 60), (255, 40, 200)
LONG_SIDE_PX = 512
LEAST_CONFIDENCE = 0.5
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


def draw_landmarks(
    drawn: NDArray[np.uint8], width: int, true_landmarks: NDArray[np.floating], found_landmarks: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """What `draw_outlines` made of a photo of this width, with landmarks (N, 25, 3) on it.

    Annotated ones are dots, or rings where they are hidden; detected ones are crosses, drawn where they are more
    probably within the picture than not.
    """
    canvas, scale = drawn.copy(), drawn.shape[1] / width
    for x, y, visibility in true_landmarks.reshape(-1, 3):
        if visibility != ABSENT:
            thickness = cv2.FILLED if visibility == VISIBLE else 1
            cv2.circle(canvas, _pixel(x, y, scale), 4, TRUE_COLOUR, thickness, cv2.LINE_AA)
    for x, y, confidence in found_landmarks.reshape(-1, 3):
        if confidence > LEAST_CONFIDENCE:
            cv2.drawMarker(canvas, _pixel(x, y, scale), FOUND_COLOUR, cv2.MARKER_CROSS, 9, 2)
    return canvas


def draw_closely(
    photo: NDArray[np.uint8], shirt: NDArray[np.bool_], found_masks: Sequence[NDArray[np.bool_]]
) -> NDArray[np.uint8]:
    """The part of the photo (H, W, 3) round one shirt (H, W) and what was found on it, drawn as large as a photo."""
    touching = [mask for mask in found_masks if (mask & shirt).any()]
    if not shirt.any():  # outlines that cover no pixel exist: the whole photo is shown
        return draw_outlines(photo, [shirt], found_masks)
    box = boxes.expand(boxes.from_mask(np.any([shirt, *touching], axis=0)), _ROOM)
    left, top, right, bottom = (int(edge) for edge in boxes.clip(box, *photo.shape[:2])[0])
    window = (slice(top, bottom), slice(left, right))
    return draw_outlines(photo[window], [shirt[window]], [mask[window] for mask in found_masks])


def _pixel(x: float, y: float, scale: float) -> tuple[int, int]:
    """The pixel of an enlarged picture that shows a point of the picture."""
    return round((x + 0.5) * scale - 0.5), round((y + 0.5) * scale - 0.5)
