"""What a picture shows along the outline of what was taken for a shirt, and whether the light has bleached it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.images.resizing import resize_long_side

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_MEASURED_PX = 256  # long side
_APART_PX = 5  # from the outline to both sides: masks are off by one or two, and shadows are as wide
_FRAME_PX = 7  # what is closer to the picture's border is cut off there, not an outline
_MIN_OUTLINE_PX = 50
_STEP = 8.0  # CIE76: two neighbouring pieces of one cloth differ by less, a white shirt on a white sheet by about it
_BLEACHED = 252  # of 255 levels, in one channel at least


def outline_contrast(image: Picture, mask: Mask) -> float:
    """The part of a mask's outline across which the colour changes; 0 if hardly any of it lies within the picture.

    Args:
        image: (H, W, 3).
        mask: (H, W).
    """
    small, shirt = resize_long_side(image, _MEASURED_PX), resize_long_side(mask, _MEASURED_PX)
    if min(shirt.shape) <= 2 * _FRAME_PX:
        return 0.0
    colours = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    colours = cv2.GaussianBlur(colours, (0, 0), 1.5)  # the print and the weave aside
    depth = _depth(shirt)
    slope = np.stack([np.gradient(depth, axis=axis) for axis in (0, 1)])  # (2, H, W): down, right
    height, width = shirt.shape
    rows, columns = np.nonzero(np.abs(depth) < 1)
    whole = (np.minimum(rows, height - 1 - rows) >= _FRAME_PX) & (np.minimum(columns, width - 1 - columns) >= _FRAME_PX)
    rows, columns = rows[whole], columns[whole]
    if len(rows) < _MIN_OUTLINE_PX:
        return 0.0
    step = slope[:, rows, columns]
    step *= _APART_PX / (np.hypot(*step) + 1e-6)
    inside, outside = (
        colours[
            np.clip(np.rint(rows + side * step[0]).astype(int), 0, height - 1),
            np.clip(np.rint(columns + side * step[1]).astype(int), 0, width - 1),
        ]
        for side in (1, -1)
    )
    return float((np.linalg.norm(inside - outside, axis=1) > _STEP).mean())


def bleached(image: Picture, mask: Mask) -> float:
    """The part of a mask (H, W) that is at the end of the range in at least one channel of the picture (H, W, 3)."""
    return float((image[mask].max(axis=1) >= _BLEACHED).mean()) if mask.any() else 0.0


def _depth(mask: Mask) -> NDArray[np.float32]:
    """Pixels (H, W) to the outline, negative outside, smoothed so that its slope has a direction everywhere."""
    inside = mask.astype(np.uint8)
    within, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 3) for part in (inside, 1 - inside))
    depth = np.minimum(within, _MEASURED_PX) - np.minimum(outside, _MEASURED_PX)  # without an outline they are infinite
    return np.asarray(cv2.GaussianBlur(depth, (0, 0), 2), np.float32)
