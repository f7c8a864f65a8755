"""The residual blocks' convolutions, by Winograd's minimal filtering, with a quarter of the multiplications.

A tile of 4 x 4 outputs needs 6 x 6 inputs. Seen as polynomials, inputs and kernel are multiplied by their values at six
points along each axis, so that the convolution becomes 36 matrix products over the channels. The gradients are the
transposes of the same steps, and cost as little.

Reference: Lavin and Gray 2015 (arXiv 1509.09308); choice of points: Barabasz et al. 2018 (arXiv 1803.10986).
"""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

TILE = 4  # outputs along each side of a tile
_SIDE = TILE + 2  # inputs that they need
_POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # and infinity


@keras.saving.register_keras_serializable("tryon")
class MirroredConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A 3 x 3 convolution behind a mirrored border of one pixel: maps (B, H, W, C) to (B, H, W, K).

    By tiles on a CPU, where that is two to three times as fast; plainly where a GPU is (its libraries choose such an
    algorithm themselves), in half precision (points of larger numbers cost digits), or if the tiles do not fit.
    """

    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(filters, **{**options, "kernel_size": 3, "strides": 1, "padding": "valid"})

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        fits = all(side and side % TILE == 0 for side in input_shape[1:3])
        on_cpu = all(device.startswith("cpu") for device in keras.distribution.list_devices())
        self.by_tiles = fits and on_cpu and self.compute_dtype == "float32"

    def call(self, inputs: Any) -> Any:
        if self.by_tiles:
            return convolve_mirrored(inputs, ops.reshape(self.kernel, (9, -1, self.filters))) + self.bias
        return super().call(ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape[:3], self.filters)


@ops.custom_gradient  # type: ignore[untyped-decorator]
def convolve_mirrored(x: Any, kernel: Any) -> Any:
    """The convolution (B, H, W, K) of maps x (B, H, W, C), continued by one mirrored pixel, and a kernel (9, C, K).

    H and W are multiples of `TILE`.
    """
    batch, (height, width, channels), filters = ops.shape(x)[0], x.shape[1:], kernel.shape[-1]
    sources = _per_picture(_mirrored_tiles(height, width), batch, height * width)  # (36 B T,) of T tiles a picture
    targets = _per_picture(_tiles(np.arange(height), np.arange(width), TILE), batch, height * width)  # (16 B T,)
    weights = ops.reshape(_KERNEL @ ops.reshape(kernel, (9, -1)), (-1, channels, filters))  # (36, C, K)
    inputs = _INPUT @ _pick(x, sources, _SIDE**2)
    inputs = ops.reshape(inputs, (_SIDE**2, -1, channels))  # (36, B T, C)
    outputs = _OUTPUT @ ops.reshape(inputs @ weights, (_SIDE**2, -1))  # (16, B T K)
    whole = ops.take(ops.reshape(outputs, (-1, filters)), ops.argsort(targets), axis=0)

    def gradients(*arguments: Any, upstream: Any = None) -> tuple[Any, Any]:
        (slope,) = arguments if upstream is None else (upstream,)
        slopes = ops.reshape(_OUTPUT.T @ _pick(slope, targets, TILE**2), (_SIDE**2, -1, filters))
        to_kernel = ops.matmul(ops.transpose(inputs, (0, 2, 1)), slopes)  # (36, C, K)
        to_inputs = ops.matmul(slopes, ops.transpose(weights, (0, 2, 1)))  # (36, B T, C)
        to_tiles = ops.reshape(_INPUT.T @ ops.reshape(to_inputs, (_SIDE**2, -1)), (-1, channels))
        to_x = ops.segment_sum(to_tiles, sources, num_segments=batch * height * width)
        to_kernel = ops.reshape(_KERNEL.T @ ops.reshape(to_kernel, (_SIDE**2, -1)), kernel.shape)
        return ops.reshape(to_x, ops.shape(x)), to_kernel

    return ops.reshape(whole, (-1, height, width, filters)), gradients


def _matrices() -> tuple[NDArray[np.float32], ...]:
    """What brings a kernel (9) and an input tile (36) to the points, and the products (36) to the outputs (16)."""
    points = np.array(_POINTS)
    powers = points[:, None] ** np.arange(_SIDE - 1)
    apart = (points[:, None] - points + np.eye(len(points))).prod(axis=1, keepdims=True)
    infinity = np.eye(_SIDE)[-1:]
    kernel = np.vstack([powers[:, :3] / apart, infinity[:, -3:]])
    output = np.vstack([powers[:, :TILE], infinity[:, -TILE:]]).T
    without_one = [np.append(np.poly(np.delete(points, index))[::-1], 0.0) for index in range(len(points))]
    inputs = np.vstack([*without_one, np.poly(points)[::-1]])
    return tuple(np.kron(matrix, matrix).astype(np.float32) for matrix in (kernel, inputs, output))


_KERNEL, _INPUT, _OUTPUT = _matrices()


def _mirrored_tiles(height: int, width: int) -> NDArray[np.int32]:
    """The pixel of a map that each place of each 6 x 6 tile shows, (36, T)."""
    rows, columns = (np.pad(np.arange(side), 1, mode="reflect") for side in (height, width))
    return _tiles(rows, columns, _SIDE)


def _tiles(rows: NDArray[np.int_], columns: NDArray[np.int_], side: int) -> NDArray[np.int32]:
    """Numbers of pixels (side^2, T) in tiles of `side`, one every `TILE` pixels; rows and columns are theirs."""
    width = columns.max() + 1
    down, across = (np.arange(side)[:, None] + np.arange(0, len(axis) - side + 1, TILE) for axis in (rows, columns))
    places = rows[down][:, None, :, None] * width + columns[across][None, :, None, :]
    return np.asarray(places.reshape(side * side, -1), np.int32)


def _per_picture(places: NDArray[np.int32], batch: Any, pixels: int) -> Any:
    """Places (P, T) in one map as places (P B T,) in a batch of maps, one after the other."""
    return ops.reshape(places[:, None] + pixels * ops.arange(batch, dtype="int32")[:, None], (-1,))


def _pick(x: Any, places: Any, count: int) -> Any:
    """The pixels of maps (B, H, W, C) at `places`, (count, -1)."""
    return ops.reshape(ops.take(ops.reshape(x, (-1, x.shape[-1])), places, axis=0), (count, -1))
