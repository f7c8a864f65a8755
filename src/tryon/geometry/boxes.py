"""Axis-parallel boxes: `xyxy`, absolute pixels, half-open, float32, shape (N, 4).

A box (x1, y1, x2, y2) covers the pixels x1 <= x < x2, y1 <= y < y2. Boxes of zero or negative extent have no area.
Forms other than `xyxy` carry it in their name.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float32]


def area(boxes: ArrayLike) -> FloatArray:
    """Areas (N,) in square pixels; 0 for boxes whose corners are swapped."""
    boxes = _as_boxes(boxes)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def clip(boxes: ArrayLike, height: float, width: float) -> FloatArray:
    """The boxes cut to a picture; one that lies outside becomes empty on the picture's border."""
    limit = np.array([width, height, width, height], np.float32)
    return np.asarray(np.clip(_as_boxes(boxes), 0, limit), np.float32)


def iou_matrix(a: ArrayLike, b: ArrayLike) -> FloatArray:
    """Intersection over union (N, M) of every box of `a` with every box of `b`; 0 where the union is empty."""
    a, b = _as_boxes(a), _as_boxes(b)
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(bottom_right - top_left, 0)
    shared = sides[..., 0] * sides[..., 1]
    # Where one box has swapped corners, `sides` may still be positive: its area of 0 says that it covers nothing.
    area_a, area_b = area(a), area(b)
    shared = np.where((area_a[:, None] > 0) & (area_b[None, :] > 0), shared, 0)
    union = area_a[:, None] + area_b[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(union), where=union > 0), np.float32)


def xyxy_to_xywh(boxes: ArrayLike) -> FloatArray:
    """Corners to corner and size: (x1, y1, x2, y2) to (x, y, width, height)."""
    boxes = _as_boxes(boxes)
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def xywh_to_xyxy(boxes_xywh: ArrayLike) -> FloatArray:
    """Corner and size to corners: (x, y, width, height) to (x1, y1, x2, y2)."""
    boxes_xywh = _as_boxes(boxes_xywh)
    return np.concatenate([boxes_xywh[:, :2], boxes_xywh[:, :2] + boxes_xywh[:, 2:]], axis=1)


def from_mask(mask: NDArray[np.bool_]) -> FloatArray:
    """The smallest box (4,) round the true pixels of a mask (H, W); zeros if there is none."""
    rows, columns = np.flatnonzero(np.any(mask, axis=1)), np.flatnonzero(np.any(mask, axis=0))
    if len(rows) == 0:
        return np.zeros(4, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def expand(box: ArrayLike, margin_fraction: float) -> FloatArray:
    """A box (4,) grown on each side by a fraction of its own width and height; its centre stays."""
    x1, y1, x2, y2 = np.asarray(box, np.float32).reshape(4)
    dx, dy = (x2 - x1) * margin_fraction, (y2 - y1) * margin_fraction
    return np.array([x1 - dx, y1 - dy, x2 + dx, y2 + dy], np.float32)


def _as_boxes(boxes: ArrayLike) -> FloatArray:
    return np.asarray(boxes, np.float32).reshape(-1, 4)
