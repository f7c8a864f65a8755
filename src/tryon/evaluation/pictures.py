"""What all picture scores share: two pictures of one size, uint8 or float in [0, 1], and a mask that is not empty."""

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError

Picture = NDArray[np.uint8] | NDArray[np.float32]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def as_float(picture: Picture) -> Floats:
    """The picture as float32 in [0, 1]; uint8 is divided by 255, floats are taken as they are."""
    values = np.asarray(picture)
    return values.astype(np.float32) / np.float32(255) if values.dtype == np.uint8 else values.astype(np.float32)


def checked_mask(mask: NDArray[np.generic] | None, shape: tuple[int, ...]) -> Mask:
    """The mask as bool of the given height and width; no mask means all pixels.

    Raises:
        DataError: the mask has another size, or holds no pixel, so that a mean inside it is not defined.
    """
    if mask is None:
        return np.ones(shape[:2], dtype=bool)
    inside = np.asarray(mask).astype(bool)
    if inside.shape != tuple(shape[:2]):
        raise DataError("mask and picture differ in size", received=inside.shape, needed=str(tuple(shape[:2])))
    if not inside.any():
        raise DataError("the mask is empty, so that there is no score inside it", needed="at least one pixel")
    return inside


def checked_pair(a: Picture, b: Picture) -> tuple[Floats, Floats]:
    """Both pictures as float32 in [0, 1].

    Raises:
        DataError: they differ in size.
    """
    if np.shape(a) != np.shape(b):
        raise DataError(
            "the two pictures differ in size", received=f"{np.shape(a)} and {np.shape(b)}", needed="one size"
        )
    return as_float(a), as_float(b)
