"""RoIAlign: features under a box, resampled to a fixed square by exact bilinear interpolation.

Reference: He et al., Mask R-CNN (2017), section 3; levels after Lin et al., Feature Pyramid Networks (2017),
equation 1.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from tryon.models.layers.fusing import fused

CANONICAL_SIDE_PX = 224.0  # a box of this side is read from P4 (equation 1)
_COVERAGE = np.arange(256, dtype=np.float32) / np.float32(255)  # of uint8


@keras.saving.register_keras_serializable("tryon")
class RoIAlign(keras.layers.Layer):  # type: ignore[misc]
    """Pools RoIs (B, R, 4) from feature maps (B, H, W, C) into (B, R, size, size, C).

    Each cell is the mean of `samples` x `samples` bilinear samples at regular places in it; places outside the map read
    its border. With several maps, a RoI is read from the map that suits its side.

    Args:
        size: side of the result in cells.
        strides: pixels of the picture for each cell of each map, finest first, each twice the one before.
        samples: samples for each cell along each axis.
    """

    def __init__(self, size: int, strides: tuple[int, ...], samples: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.strides, self.samples = size, tuple(strides), samples

    def call(self, rois: Any, levels: list[Any]) -> Any:
        rois = ops.stop_gradient(rois)
        heights = [level.shape[1] for level in levels]
        widths = [level.shape[2] for level in levels]
        B, R, C = ops.shape(rois)[0], rois.shape[1], levels[0].shape[-1]
        cells = [ops.reshape(level, (-1, h * w, C)) for level, h, w in zip(levels, heights, widths, strict=True)]
        flat = ops.reshape(cells[0] if len(cells) == 1 else ops.concatenate(cells, axis=1), (-1, C))
        total = sum(h * w for h, w in zip(heights, widths, strict=True))

        index = self._level(rois)  # (B, R)
        offsets = [sum(h * w for h, w in zip(heights[:i], widths[:i], strict=True)) for i in range(len(levels))]
        start = ops.take(ops.convert_to_tensor(offsets, "int32"), index) + ops.arange(B, dtype="int32")[:, None] * total
        height, width = (ops.take(ops.convert_to_tensor(sides, "int32"), index) for sides in (heights, widths))
        stride = ops.take(ops.convert_to_tensor(self.strides, "float32"), index)

        rows = self._places(rois[..., 1], rois[..., 3], stride, height)
        columns = self._places(rois[..., 0], rois[..., 2], stride, width)
        pooled = _interpolate(flat, start, width, rows, columns)
        if self.samples > 1:
            pooled = ops.mean(ops.reshape(pooled, (-1, R, self.size, self.samples, self.size, self.samples, C)), (3, 5))
        return pooled

    def crop(self, rois: Any, masks: Any, owners: Any) -> Any:
        """Each RoI (B, R, 4) of the mask of its own object as coverage (B, R, size, size) in [0, 1].

        Only what the cells need is read, so that whole masks cost hardly more than small ones.

        Args:
            masks: (B, G, H, W) uint8, those of a picture's objects.
            owners: (B, R), the object of each RoI.
        """
        assert self.samples == 1, "masks are read at the cells' centres"
        rois = ops.stop_gradient(rois)
        G, height, width = masks.shape[1:]
        first = ops.arange(ops.shape(masks)[0], dtype="int32")[:, None] * G
        start = (first + ops.cast(owners, "int32")) * (height * width)
        stride = ops.ones_like(rois[..., 0])
        rows = self._places(rois[..., 1], rois[..., 3], stride, ops.full_like(start, height))
        columns = self._places(rois[..., 0], rois[..., 2], stride, ops.full_like(start, width))
        return _interpolate(ops.reshape(masks, (-1, 1)), start, ops.full_like(start, width), rows, columns)[..., 0]

    def _level(self, rois: Any) -> Any:
        """Index (B, R) of the map for each RoI."""
        sides = ops.sqrt(ops.maximum((rois[..., 2] - rois[..., 0]) * (rois[..., 3] - rois[..., 1]), 1e-6))
        first = round(math.log2(self.strides[0]))
        level = ops.round(4.0 + ops.log(sides / CANONICAL_SIDE_PX) / math.log(2.0)) - first
        return ops.cast(ops.clip(level, 0, len(self.strides) - 1), "int32")

    def _places(self, low: Any, high: Any, stride: Any, extent: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """The cells before and after each sample (B, R, S) along one axis, each with its weight."""
        S = self.size * self.samples
        fractions = (ops.arange(S, dtype="float32") + 0.5) / S
        places = (low[..., None] + (high - low)[..., None] * fractions) / stride[..., None] - 0.5
        last = ops.cast(extent, "float32")[..., None] - 1.0
        places = ops.clip(places, 0.0, last)
        before = ops.minimum(ops.floor(places), ops.maximum(last - 1.0, 0.0))
        after = ops.minimum(before + 1.0, last)
        weight = places - before
        return (ops.cast(before, "int32"), 1 - weight), (ops.cast(after, "int32"), weight)

    def compute_output_shape(self, rois_shape: Any, levels_shape: Any) -> tuple[Any, ...]:
        return (rois_shape[0], rois_shape[1], self.size, self.size, levels_shape[0][-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "strides": list(self.strides), "samples": self.samples}


@fused
def _interpolate(flat: Any, start: Any, width: Any, rows: Any, columns: Any) -> Any:
    """Samples (B, R, S, S, C) of maps whose cells lie one below the other, (cells, C).

    Args:
        flat: numbers, or uint8 as parts of 255.
        start: (B, R), the first cell of the map of each RoI; `width` (B, R): cells in a row of it.
        rows: the two rows beside each sample, each (B, R, S) with its weight; `columns` likewise.
    """
    pooled = 0.0
    for y, weight_y in rows:
        for x, weight_x in columns:
            place = start[..., None, None] + y[..., :, None] * width[..., None, None] + x[..., None, :]
            corner = _numbers(ops.take(flat, place, axis=0))
            weight = weight_y[..., :, None] * weight_x[..., None, :]
            pooled = pooled + corner * ops.cast(weight[..., None], corner.dtype)
    return pooled


def _numbers(cells: Any) -> Any:
    # Looked up: a compiled division by a constant becomes a product, which rounds otherwise.
    is_coverage = keras.backend.standardize_dtype(cells.dtype) == "uint8"
    return ops.take(ops.convert_to_tensor(_COVERAGE), ops.cast(cells, "int32"), axis=0) if is_coverage else cells


@keras.saving.register_keras_serializable("tryon")
class CornerRoIAlign(RoIAlign):
    """Pools RoIs as the 2017 implementation does: one sample a cell, on a grid from border to border of the RoI.

    RoIs (B, R, 4) are fractions of the picture between the centres of its first and last pixel, and likewise of every
    map between the centres of its first and last cell. What lies beyond a map is 0, by rounding errors too.

    Args:
        size: side of the result in cells, 2 or more.
        strides: as for `RoIAlign`; only the first counts, as the finest level's.
        picture_px: side of the picture, for a RoI's level.
    """

    def __init__(self, size: int, strides: tuple[int, ...], picture_px: int, **kwargs: Any) -> None:
        super().__init__(size, strides, **kwargs)
        self.picture_px = picture_px

    def _level(self, rois: Any) -> Any:
        area = ops.maximum((rois[..., 3] - rois[..., 1]) * (rois[..., 2] - rois[..., 0]), 1e-30)
        relative = ops.sqrt(area) / (CANONICAL_SIDE_PX / self.picture_px)
        first = round(math.log2(self.strides[0]))
        level = 4.0 + ops.round(ops.log(relative) / math.log(2.0)) - first
        return ops.cast(ops.clip(level, 0, len(self.strides) - 1), "int32")

    def _places(self, low: Any, high: Any, stride: Any, extent: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        last = ops.cast(extent, "float32")[..., None] - 1.0
        # In the order of the original's arithmetic: rounding decides what lies beyond the last cell.
        step = (high - low)[..., None] * last / (self.size - 1)
        places = low[..., None] * last + ops.arange(self.size, dtype="float32") * step
        inside = ops.cast(ops.logical_and(places >= 0, places <= last), "float32")
        places = ops.clip(places, 0.0, last)
        before = ops.floor(places)
        weight = places - before
        after = ops.minimum(before + 1.0, last)
        return (ops.cast(before, "int32"), (1 - weight) * inside), (ops.cast(after, "int32"), weight * inside)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["samples"]
        return {**config, "picture_px": self.picture_px}
