"""Boxes `y1, x1, y2, x2`: to and from ours, normalised, and round masks."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tryon.geometry.boxes import from_mask

_LAST_PIXEL = np.array([0, 0, 1, 1])


def swap_axes(boxes: NDArray[Any]) -> NDArray[Any]:
    """Boxes (..., 4) `y1, x1, y2, x2` as `x1, y1, x2, y2`, and back."""
    return boxes[..., [1, 0, 3, 2]]


def normalise(boxes: ArrayLike, height: int, width: int) -> NDArray[np.float32]:
    """Pixel boxes (..., 4), half-open, as fractions of the picture between the centres of its border pixels."""
    return np.asarray((np.asarray(boxes) - _LAST_PIXEL) / _extents(height, width), np.float32)


def denormalise(boxes: ArrayLike, height: int, width: int) -> NDArray[np.int32]:
    """Normalised boxes (..., 4) as half-open boxes of whole pixels."""
    return np.asarray(np.around(np.asarray(boxes) * _extents(height, width) + _LAST_PIXEL), np.int32)


def boxes_of_masks(masks: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Boxes (N, 4) round masks (H, W, N); zeros round an empty one."""
    boxes = [from_mask(masks[..., index]) for index in range(masks.shape[-1])]
    return swap_axes(np.reshape(boxes, (-1, 4))).astype(np.int32)


def without_padding(rows: NDArray[Any]) -> NDArray[Any]:
    """The rows (N, ...) that are not all zero."""
    return rows[np.any(rows.reshape(len(rows), -1) != 0, axis=1)]


def _extents(height: int, width: int) -> NDArray[np.float64]:
    return np.array([height - 1, width - 1, height - 1, width - 1], np.float64)
