"""Traits of pictures and items whose distributions are compared between two versions of the data."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.curating.measuring import Measurement
from tryon.formats.deepfashion2 import Item
from tryon.geometry.masks import Mask

# Numbers: long side in pixels, width over height, variance of the Laplacian, mean grey in [0, 1], spread of it, mean
# chroma (CIELAB, 8 bits) and its two directions, green to red and blue to yellow.
APPEARANCE = ("long_side_px", "aspect", "sharpness", "luminance", "contrast", "chroma", "green_red", "blue_yellow")
# Words, and the share of the picture that the item covers.
ITEM_TRAITS = ("category", "viewpoint", "scale", "occlusion", "zoom_in", "area")
_SAMPLE_PX = 32  # means of colour need no more
_NEUTRAL = 128.0  # of a and b in OpenCV's 8-bit CIELAB


def appearance(measured: Measurement, image: NDArray[np.uint8] | None) -> dict[str, float | None]:
    """The traits of a picture by name; None for one that could not be decoded."""
    if image is None:
        return dict.fromkeys(APPEARANCE)
    small = cv2.resize(image, (_SAMPLE_PX, _SAMPLE_PX), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float64)
    lightness, a, b = np.moveaxis(lab, -1, 0)
    values = (
        max(measured.width, measured.height),
        measured.width / measured.height,
        measured.sharpness,
        measured.luminance,
        lightness.std() / 255.0,
        np.hypot(a - _NEUTRAL, b - _NEUTRAL).mean(),
        a.mean() - _NEUTRAL,
        b.mean() - _NEUTRAL,
    )
    return {name: float(value) for name, value in zip(APPEARANCE, values, strict=True)}


def item_traits(item: Item, mask: Mask) -> dict[str, Any]:
    """The traits of an item by name."""
    words = (item.category_id, item.viewpoint, item.scale, item.occlusion, item.zoom_in)
    return {**dict(zip(ITEM_TRAITS, map(str, words), strict=False)), "area": float(mask.mean())}
