"""Garments of a training picture in other colours, each of them by itself; folds, light and prints stay."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_SOFT_PX = 1  # an outline is a pixel or two off: a hard edge would show where
_LEVELS = (0.05, 0.95)  # of a mean colour: no shading is left beyond
_MAX_TINT = 0.5  # how far a channel may be from the grey level


def recoloured(
    picture: NDArray[np.uint8], regions: Sequence[NDArray[np.bool_]], part: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    """The picture (H, W, 3) with other mean colours in a random `part` of its regions (H, W)."""
    changed = picture.copy()
    for region in regions:
        tint = random.uniform(0, _MAX_TINT) * random.uniform(-1, 1, 3)
        wanted = np.clip(random.uniform(*_LEVELS) + tint, *_LEVELS).astype(np.float32)
        if random.random() < part and region.any():
            _shift_mean(changed, region, wanted)
    return changed


def _shift_mean(picture: NDArray[np.uint8], region: NDArray[np.bool_], wanted: NDArray[np.float32]) -> None:
    """Give a region of a picture another mean colour (3,) in [0, 1], in place."""
    left, top, width, height = cv2.boundingRect(region.astype(np.uint8))
    near = np.s_[max(0, top - _SOFT_PX) : top + height + _SOFT_PX, max(0, left - _SOFT_PX) : left + width + _SOFT_PX]
    colours = picture[near].astype(np.float32)
    soft = cv2.blur(region[near].astype(np.float32), (2 * _SOFT_PX + 1, 2 * _SOFT_PX + 1))
    moved = colours + soft[..., None] * (wanted * 255 - colours[region[near]].mean(axis=0))
    picture[near] = np.clip(moved, 0, 255).astype(np.uint8)
