"""Pictures as the 2017 implementation resizes, pads and normalises them.

Its bilinear interpolation reads single pixels, also where a picture shrinks, and takes what lies beyond the picture
as black, so that enlarged pictures darken within half a pixel of their border. Ours (`tryon.images.resizing`) does
neither; use that one unless weights from there must see what they saw.
"""

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tryon.errors import DataError

MEAN_PIXEL = np.array([123.7, 116.8, 103.9])
PAD64_STEP = 64  # so that a picture can be halved six times, down to P6

Mode = Literal["square", "pad64", "crop", "none"]


@dataclass(frozen=True)
class Resized:
    """A resized picture and how it came to be.

    Args:
        image: (H, W, 3), of the type that the picture had.
        window: y1, x1, y2, x2 of the picture within it.
        scale: by which the picture was resized.
        padding: pixels before and after, for rows, columns and channels.
        crop: y, x, height, width of the part that was cut out; None: nothing was.
    """

    image: NDArray[Any]
    window: tuple[int, int, int, int]
    scale: float
    padding: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    crop: tuple[int, int, int, int] | None = None


def resize_picture(
    image: NDArray[Any],
    mode: Mode,
    *,
    min_dim: int = 0,
    max_dim: int = 0,
    min_scale: float = 0.0,
    random: Random | None = None,
) -> Resized:
    """A picture (H, W, 3) in one of the four modes.

    Args:
        mode: `square` pads to `max_dim` on each side; `pad64` to multiples of 64; `crop` cuts out a random square of
            `min_dim`; `none` changes nothing.
        min_dim: the shorter side is enlarged to it; 0: not.
        max_dim: for `square`, the longer side is at most this.
        min_scale: the picture is enlarged at least by this; 0: not.
        random: draws the place of the crop; Python's own, as there.

    Raises:
        DataError: `max_dim`, `min_dim` or `random` do not suit the mode or the picture.
    """
    height, width = image.shape[:2]
    if mode == "none":
        return Resized(image, (0, 0, height, width), 1.0, ((0, 0), (0, 0), (0, 0)))
    scale = _scale(height, width, mode, min_dim, max_dim, min_scale)
    whole: NDArray[Any] = image
    if scale != 1:
        whole = interpolate(image.astype(np.float64), round(height * scale), round(width * scale))
    if mode == "crop":
        return _crop(whole.astype(image.dtype), min_dim, scale, random)
    rows, columns = _sides(whole, mode, min_dim, max_dim)
    top, left = (rows - whole.shape[0]) // 2, (columns - whole.shape[1]) // 2
    padding = (
        (top, rows - whole.shape[0] - top),
        (left, columns - whole.shape[1] - left),
        (0, 0),
    )
    window = (top, left, top + whole.shape[0], left + whole.shape[1])
    return Resized(np.pad(whole, padding).astype(image.dtype), window, scale, padding)


def resize_masks(masks: NDArray[np.bool_], how: Resized) -> NDArray[np.bool_]:
    """Masks (H, W, N) resized, padded and cut as their picture was, each pixel from the nearest one."""
    if how.scale != 1:
        masks = ndimage.zoom(masks, zoom=[how.scale, how.scale, 1], order=0)
    if how.crop is not None:
        y, x, height, width = how.crop
        return masks[y : y + height, x : x + width]
    return np.pad(masks, how.padding)


def mold_picture(image: NDArray[Any]) -> NDArray[np.float64]:
    """RGB (H, W, 3) less the mean pixel: what the ResNets read. Our networks do it themselves."""
    return np.asarray(image.astype(np.float64) - MEAN_PIXEL)


def unmold_picture(molded: NDArray[Any]) -> NDArray[np.uint8]:
    """The inverse of `mold_picture`, as uint8."""
    return np.asarray((molded + MEAN_PIXEL).astype(np.uint8))


def interpolate(image: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """An array (H, W[, C]) at another size, bilinear between single pixels, with 0 beyond them; never beyond the values
    that it had."""
    rows, columns = _weights(image.shape[0], height), _weights(image.shape[1], width)
    resized = np.tensordot(rows, np.tensordot(columns, image, axes=(1, 1)), axes=(1, 1))
    # Without the last digits, so that a half is a half before masks are rounded or cut there.
    return np.asarray(np.clip(np.round(resized, 10), image.min(), image.max()))


def _weights(before: int, after: int) -> NDArray[np.float64]:
    """The weight (after, before) of each old place in each new one along an axis."""
    places = (np.arange(after) + 0.5) * (before / after) - 0.5
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(before)[None, :])))


def _scale(height: int, width: int, mode: Mode, min_dim: int, max_dim: int, min_scale: float) -> float:
    scale = max(1.0, min_dim / min(height, width)) if min_dim else 1.0
    if min_scale and scale < min_scale:
        scale = min_scale
    if mode == "square" and max_dim and round(max(height, width) * scale) > max_dim:
        scale = max_dim / max(height, width)
    return scale


def _sides(image: NDArray[Any], mode: Mode, min_dim: int, max_dim: int) -> tuple[int, int]:
    """Height and width of the padded picture."""
    if mode == "square":
        if max_dim <= 0:
            raise DataError("a picture cannot be made square", received=f"max_dim {max_dim}", needed="1 or more")
        return max_dim, max_dim
    if min_dim % PAD64_STEP:
        raise DataError("a picture cannot be padded", received=f"min_dim {min_dim}", needed="a multiple of 64")
    rows, columns = (-(-side // PAD64_STEP) * PAD64_STEP for side in image.shape[:2])
    return rows, columns


def _crop(image: NDArray[Any], side: int, scale: float, random: Random | None) -> Resized:
    height, width = image.shape[:2]
    if random is None or min(height, width) < side:
        received = f"{height} x {width} pixels, {'no random numbers' if random is None else f'a crop of {side}'}"
        raise DataError(
            "no part can be cut out of a picture", received=received, needed="a larger picture and `random`"
        )
    y, x = random.randint(0, height - side), random.randint(0, width - side)
    part = image[y : y + side, x : x + side]
    return Resized(part, (0, 0, side, side), scale, ((0, 0), (0, 0), (0, 0)), (y, x, side, side))
