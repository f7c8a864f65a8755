"""Convolutions of 3 x 3 by Winograd's minimal filtering, with a quarter of the multiplications.

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

from tryon.models.layers.precision import exact_on_cpu

TILE = 4  # outputs along each side of a tile
MIN_CHANNELS, MIN_PIXELS = 128, 14 * 14  # below these, bringing a map to the points costs what the products save
MIN_PIXELS_IN_TRAINING = 16 * 16  # the points of many regions' small maps, kept for the gradients, take much memory
_SIDE = TILE + 2  # inputs that they need
_POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # and infinity


@keras.saving.register_keras_serializable("tryon")
class MirroredConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A 3 x 3 convolution behind a mirrored border of one pixel: maps (B, H, W, C) to (B, H, W, K).

    By tiles on a CPU, where that is two to three times as fast for many channels; plainly where a GPU is (its libraries
    choose such an algorithm themselves), in half precision (points of larger numbers cost digits), with few channels
    (as fast, and rounded less), or if the tiles do not fit.
    """

    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(filters, **{**options, "kernel_size": 3, "strides": 1, "padding": "valid"})

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        fits = all(side and side % TILE == 0 for side in input_shape[1:3])
        pays = min(input_shape[3], self.filters) >= MIN_CHANNELS
        self.by_tiles = fits and pays and exact_on_cpu(self.compute_dtype)

    def call(self, inputs: Any) -> Any:
        if self.by_tiles:
            return convolve_by_tiles(inputs, self.kernel, "reflect") + self.bias
        return super().call(ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape[:3], self.filters)


@keras.saving.register_keras_serializable("tryon")
class TiledConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A 3 x 3 convolution behind a border of zeros, one pixel wide: maps (B, H, W, C) to (B, H, W, K).

    By tiles on a CPU in full precision, where the map and its channels are large enough for it to pay.
    """

    def __init__(self, filters: int, **options: Any) -> None:
        super().__init__(filters, **{**options, "kernel_size": 3, "strides": 1, "padding": "same"})

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not self._pays(inputs.shape, MIN_PIXELS_IN_TRAINING if training else MIN_PIXELS):
            return super().call(inputs)
        outputs = convolve_by_tiles(inputs, self.kernel, "constant") + self.bias
        return self.activation(outputs)

    def _pays(self, shape: Any, min_pixels: int) -> bool:
        """Whether tiles are faster for maps of a shape (B, H, W, C)."""
        if None in shape[1:]:
            return False
        large = shape[1] * shape[2] >= min_pixels and min(shape[3], self.filters) >= MIN_CHANNELS
        return large and exact_on_cpu(self.compute_dtype)


def convolve_by_tiles(x: Any, kernel: Any, border: str) -> Any:
    """The convolution (B, H, W, K) of maps x (B, H, W, C) and a kernel (3, 3, C, K), of known H and W.

    Args:
        border: how the map goes on: `reflect` (mirrored, without the edge itself) or `constant` (zeros).
    """
    height, width, channels = x.shape[1:]
    around = ((1, 1 + -height % TILE), (1, 1 + -width % TILE))  # a pixel, and what is missing to whole tiles
    if border == "constant":
        x = ops.pad(x, ((0, 0), *around, (0, 0)))
        pixels = np.arange(x.shape[1] * x.shape[2]).reshape(x.shape[1:3])
    else:
        pixels = np.pad(np.arange(height * width).reshape(height, width), around, mode="reflect")
    whole = _convolve(x, ops.reshape(kernel, (9, channels, -1)), pixels)
    return whole if whole.shape[1:3] == (height, width) else whole[:, :height, :width]  # a slice's gradient is a copy


def _convolve(maps: Any, kernel: Any, pixels: NDArray[np.int_]) -> Any:
    """The convolution (B, H, W, K) of maps (B, h, w, C) and a kernel (9, C, K).

    Args:
        pixels: (H + 2, W + 2), the map's pixel that each place of the bordered map shows; H and W of whole tiles.
    """
    height, width = pixels.shape[0] - 2, pixels.shape[1] - 2
    own = np.arange(height * width).reshape(height, width)

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def run(x: Any, kernel: Any) -> Any:
        batch, count, (channels, filters) = ops.shape(x)[0], x.shape[1] * x.shape[2], kernel.shape[1:]
        sources = _per_picture(_tiles(pixels, _SIDE), batch, count)  # (36 B T,) of T tiles a picture
        weights = ops.reshape(_KERNEL @ ops.reshape(kernel, (9, -1)), (-1, channels, filters))  # (36, C, K)
        inputs = ops.reshape(_INPUT @ _pick(x, sources, _SIDE**2), (_SIDE**2, -1, channels))  # (36, B T, C)
        outputs = _OUTPUT @ ops.reshape(inputs @ weights, (_SIDE**2, -1))  # (16, B T K)
        whole = ops.take(ops.reshape(outputs, (-1, filters)), _places_in_tiles(own, batch), axis=0)

        def gradients(*arguments: Any, upstream: Any = None) -> tuple[Any, Any]:
            (slope,) = arguments if upstream is None else (upstream,)
            targets = _per_picture(_tiles(own, TILE), batch, own.size)  # (16 B T,)
            slopes = ops.reshape(_OUTPUT.T @ _pick(slope, targets, TILE**2), (_SIDE**2, -1, filters))
            to_kernel = ops.matmul(ops.transpose(inputs, (0, 2, 1)), slopes)  # (36, C, K)
            to_inputs = ops.matmul(slopes, ops.transpose(weights, (0, 2, 1)))  # (36, B T, C)
            to_tiles = ops.reshape(_INPUT.T @ ops.reshape(to_inputs, (_SIDE**2, -1)), (-1, channels))
            to_x = ops.segment_sum(to_tiles, sources, num_segments=batch * count)
            to_kernel = ops.reshape(_KERNEL.T @ ops.reshape(to_kernel, (_SIDE**2, -1)), kernel.shape)
            return ops.reshape(to_x, ops.shape(x)), to_kernel

        return ops.reshape(whole, (-1, height, width, filters)), gradients

    return run(maps, kernel)


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


def _tiles(pixels: NDArray[np.int_], side: int) -> NDArray[np.int32]:
    """The pixels (side^2, T) in tiles of `side` of a map (H, W) of pixels, one tile every `TILE`."""
    down, across = (np.arange(side)[:, None] + np.arange(0, axis - side + 1, TILE) for axis in pixels.shape)
    places = pixels[down[:, None, :, None], across[None, :, None, :]]
    return np.asarray(places.reshape(side * side, -1), np.int32)


def _per_picture(places: NDArray[np.int32], batch: Any, pixels: int) -> Any:
    """Places (P, T) in one map as places (P B T,) in a batch of maps, one after the other."""
    return ops.reshape(places[:, None] + pixels * ops.arange(batch, dtype="int32")[:, None], (-1,))


def _places_in_tiles(pixels: NDArray[np.int_], batch: Any) -> Any:
    """Where each pixel of a batch of maps lies in their tiles (16, B, T), (B H W,)."""
    tiles = _tiles(pixels, TILE)
    place, tile = np.divmod(np.argsort(tiles, axis=None).astype(np.int32), np.int32(tiles.shape[1]))
    picture = ops.arange(batch, dtype="int32")[:, None]
    return ops.reshape((place * batch + picture) * tiles.shape[1] + tile, (-1,))


def _pick(x: Any, places: Any, count: int) -> Any:
    """The pixels of maps (B, H, W, C) at `places`, (count, -1)."""
    return ops.reshape(ops.take(ops.reshape(x, (-1, x.shape[-1])), places, axis=0), (count, -1))
