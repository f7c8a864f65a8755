"""Anchors: the boxes from which the region proposal network starts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tryon.models.mask_rcnn.conventions import STRIDES


def map_size(height: int, width: int, stride: int) -> tuple[int, int]:
    """Height and width in cells of the map of a stride, for a picture of this size in pixels."""
    return -(-height // stride), -(-width // stride)


def level_anchors(
    cells: tuple[int, int], stride: int, scale: float, ratios: Sequence[float], offset: float, every: int = 1
) -> NDArray[np.float64]:
    """Half-open pixel anchors (N, 4) of one map: row by row, cell by cell, ratio (width by height) by ratio.

    Args:
        cells: height and width of the map.
        stride: pixels for each cell.
        scale: side of a square anchor in pixels; the others have its area.
        offset: place of a centre within its cell.
        every: step from one cell with anchors to the next.
    """
    rows, columns = ((np.arange(0, extent, every) + offset) * stride for extent in cells)
    y, x, ratio = np.meshgrid(rows, columns, np.asarray(ratios, np.float64), indexing="ij")
    half_w, half_h = scale * np.sqrt(ratio) / 2, scale / np.sqrt(ratio) / 2
    return np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=-1).reshape(-1, 4)


def pyramid_anchors(
    side: int, levels: Sequence[int], scales: Sequence[float], ratios: Sequence[float], offset: float
) -> NDArray[np.float32]:
    """Anchors (A, 4) of all maps that the region proposal network reads, one scale for each, finest map first."""
    parts = []
    for level, scale in zip(levels, scales, strict=True):
        stride = STRIDES[level - 2]
        parts.append(level_anchors(map_size(side, side, stride), stride, scale, ratios, offset))
    return np.concatenate(parts).astype(np.float32)
