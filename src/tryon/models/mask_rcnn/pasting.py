"""Masks of a box's own resolution put into the picture, by exact bilinear interpolation of the probabilities."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


def paste(mask_probs: FloatArray, box: FloatArray, height: int, width: int) -> FloatArray:
    """Probabilities (height, width) of the picture's pixels, from those (M, M) of the cells of a box; 0 away from it.

    Values lie at the centres of cells and pixels. Beyond the outermost cells the probability falls to 0 within
    one cell, so that a mask that fills its box ends on the box's border.
    """
    whole = np.zeros((height, width), np.float32)
    x1, y1, x2, y2 = (float(value) for value in box)
    if x2 <= x1 or y2 <= y1:
        return whole
    rows, by_row = _weights(y1, y2, len(mask_probs), height)
    columns, by_column = _weights(x1, x2, len(mask_probs), width)
    whole[rows, columns] = by_row @ mask_probs.astype(np.float32) @ by_column.T
    return whole


def _weights(low: float, high: float, cells: int, extent: int) -> tuple[slice, FloatArray]:
    """The pixels that a box reaches along one axis, and the weight (pixels, cells) of each cell in each of them."""
    cell_px = (high - low) / cells
    first = int(np.clip(np.floor(low - cell_px), 0, extent))
    last = int(np.clip(np.ceil(high + cell_px), first, extent))
    places = (np.arange(first, last) + 0.5 - low) / cell_px - 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(cells)[None, :]))
    return slice(first, last), weights.astype(np.float32)
