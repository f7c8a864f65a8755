"""Light on cloth, told from the cloth's own colour: in linear light a plain garment is one times the other."""

import numpy as np
from numpy.typing import NDArray

from tryon.images.colour import from_linear, luminance
from tryon.images.cutouts import NEUTRAL_GROUND

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Darker or lighter than this against the garment as a whole is a strap, a hand or noise of black cloth, not light.
SHADE_RANGE = (0.15, 3.0)
# Added to luminances before dividing: 8-bit noise of black cloth must not become folds of white cloth.
NOISE_FLOOR = 0.004
# Linear reflectance of the grey that garments are painted in: folds of up to 2.5 times the light are not white.
_GREY_REFLECTANCE = 0.4


def in_grey(picture: Floats, mask: Mask) -> Floats:
    """A garment as if it were of one mid grey: light and folds stay, the cloth's colour goes; neutral ground outside.

    Painting it a second time changes nothing but rounding, as long as no fold leaves `SHADE_RANGE`.

    Args:
        picture: (H, W, 3) in [0, 1].
        mask: (H, W), the garment.
    """
    grey = np.full(picture.shape, NEUTRAL_GROUND, np.float32)
    if not mask.any():
        return grey
    light = luminance(picture) + np.float32(NOISE_FLOOR)
    # The median, because a mask that is a little too large takes in a rim that can be much brighter than black cloth.
    shade = np.clip(light / np.median(light[mask]), *SHADE_RANGE)
    painted = from_linear(np.minimum(_GREY_REFLECTANCE * shade, 1.0))
    return np.where(mask[..., None], painted[..., None], grey).astype(np.float32)
