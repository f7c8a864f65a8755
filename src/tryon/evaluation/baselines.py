"""The results that need no network, which every learned result is read beside: flat fill, recolouring by luminance.

Both take the same soft mask as the result they are compared with, and leave pixels of alpha 0 untouched.
"""

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.images.blending import composite
from tryon.images.colour import from_linear, lab_to_rgb, luminance, to_float, to_linear, to_u8


def flat_fill(
    photo: NDArray[np.uint8], alpha: NDArray[np.float32], target_lab: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """The photo with one flat Lab colour where alpha is above 0."""
    layer = np.broadcast_to(to_u8(_rgb(target_lab)), photo.shape)
    return composite(photo, np.ascontiguousarray(layer), alpha)


def recolour_by_luminance(
    photo: NDArray[np.uint8], alpha: NDArray[np.float32], target_lab: NDArray[np.floating]
) -> NDArray[np.uint8]:
    """The photo with the Lab colour times the photo's own light and shade: its luminance over the mean in the mask.

    Raises:
        DataError: alpha is 0 everywhere.
    """
    if not alpha.any():
        raise DataError("there is nothing to recolour: alpha is 0 everywhere", needed="a mask with a pixel inside")
    light = luminance(to_float(photo))
    mean = float((light * alpha).sum() / alpha.sum())
    shade = light / max(mean, 1 / 255)
    layer = to_u8(from_linear(to_linear(_rgb(target_lab)) * shade[..., None]))  # light multiplies in linear light
    return composite(photo, layer, alpha)


def _rgb(lab: NDArray[np.floating]) -> NDArray[np.float32]:
    return lab_to_rgb(np.asarray(lab, np.float32).reshape(1, 1, 3))
