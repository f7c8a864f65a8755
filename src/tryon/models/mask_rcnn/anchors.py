"""Anchors: the boxes from which the region proposal network starts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tryon.models.mask_rcnn.conventions import STRIDES


def level_anchors(cells: int, stride: int, scale: float, ratios: Sequence[float], offset: float) -> NDArray[np.float32]:
    """Anchors (cells * cells * ratios, 4) of one map: row by row, cell by cell, ratio (width by height) by ratio."""
    centres = (np.arange(cells, dtype=np.float64) + offset) * stride
    y, x, ratio = np.meshgrid(centres, centres, np.asarray(ratios, np.float64), indexing="ij")
    half_w, half_h = scale * np.sqrt(ratio) / 2, scale / np.sqrt(ratio) / 2
    boxes = np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=-1)
    return boxes.reshape(-1, 4).astype(np.float32)


def pyramid_anchors(
    side: int, levels: Sequence[int], scales: Sequence[float], ratios: Sequence[float], offset: float
) -> NDArray[np.float32]:
    """Anchors (A, 4) of all maps that the region proposal network reads, one scale for each, finest map first."""
    parts = []
    for level, scale in zip(levels, scales, strict=True):
        stride = STRIDES[level - 2]
        parts.append(level_anchors(-(-side // stride), stride, scale, ratios, offset))
    return np.concatenate(parts)
