"""Light and shade of a worn shirt: read from the photo at full resolution, laid on the redrawn shirt.

All of it happens in linear light, where shading multiplies: what the camera saw is the cloth's own colour times the
light that fell on it. On a plain shirt the photo's luminance over its mean is therefore that light, folds and all; the
generated shirt, small and smooth, gives the cloth.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.images.colour import from_linear, lab_to_rgb, luminance, rgb_to_lab, to_linear
from tryon.images.patterns import STRIPED_FROM, Look
from tryon.images.shading import NOISE_FLOOR, SHADE_RANGE

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Standard deviation of the blur that separates light from striped cloth, in periods of the stripes.
_BLUR_PER_PERIOD = 0.6
# But at least this fraction of the shirt's height: about a generated pixel.
_LEAST_BLUR = 0.02
HIGHLIGHTS_FROM = 0.8  # sRGB
# What differs by less than so many deviations of the noise is smoothed over so many pixels.
_NOISE_RANGE, _NOISE_PX = 3.0, 1.0
_WIDE_PX = 4.0  # a blur of twice this and more is made of a smaller picture
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution


def eroded(mask: Mask) -> Mask:
    """The mask without its outermost pixels, whose colours are mixed with the ground's; as it is where it is thin."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.asarray(inner if inner.any() else mask, bool)


def pattern_blur_px(look: Look, height: float) -> float:
    """How far light on a shirt of this height must be blurred, so that the cloth's pattern is not taken for it; 0 for
    plain cloth."""
    return stripe_blur_px(look, height) if look.stripe_strength >= STRIPED_FROM else 0.0


def stripe_blur_px(look: Look, height: float) -> float:
    """As `pattern_blur_px`, of cloth that is striped, however faintly."""
    return max(_BLUR_PER_PERIOD * look.stripe_period, _LEAST_BLUR) * height


def extend_outwards(values: Floats, inside: Mask) -> Floats:
    """The values (H, W[, C]) with every pixel outside of the mask taken from the nearest one inside it."""
    if inside.all() or not inside.any():
        return values
    _, nearest = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(int(nearest.max()) + 1, np.int64)
    source[nearest[inside]] = np.flatnonzero(inside)
    flat = values.reshape(inside.size, *values.shape[2:])
    return np.asarray(flat[source[nearest]], np.float32)


def masked_blur(values: Floats, inside: Mask, sigma_px: float) -> Floats:
    """Gaussian mean of the values (H, W[, C]) over the pixels of the mask only; far from it the values stay."""
    weight = inside.astype(np.float32)[(..., *[None] * (values.ndim - 2))]
    total = _blurred(values * weight, sigma_px)
    share = _blurred(weight, sigma_px).reshape(weight.shape)
    return np.asarray(np.where(share > 1e-4, total / np.maximum(share, 1e-4), values), np.float32)


def _blurred(values: Floats, sigma_px: float) -> Floats:
    """A Gaussian blur; a wide one of a smaller picture, which is as good and takes a fraction of the time."""
    step = max(1, int(sigma_px / _WIDE_PX))
    height, width = values.shape[:2]
    size = (-(-width // step), -(-height // step))
    small = values if step == 1 else cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / step, borderType=cv2.BORDER_CONSTANT)
    whole = small if step == 1 else cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, np.float32)


def shade_of(image: Floats, inside: Mask, smooth_px: float = 0.0) -> Floats:
    """Light (H, W) on the masked cloth relative to its mean, 1 on average; outside continued from the nearest inside.

    Args:
        image: (H, W, 3) in [0, 1].
        inside: pixels that surely show the cloth.
        smooth_px: standard deviation of a blur that removes a pattern of the cloth; 0 keeps every fold, and smooths
            the camera's noise and the grain of the cloth between them.
    """
    light = luminance(image) + np.float32(NOISE_FLOOR)
    light = masked_blur(light, inside, smooth_px) if smooth_px > 0 else _without_noise(light, inside)
    shade = np.clip(light / light[inside].mean(), *SHADE_RANGE)
    return extend_outwards(np.asarray(shade, np.float32), inside)


def _without_noise(light: Floats, inside: Mask) -> Floats:
    """Light (H, W) whose differences are kept where they are larger than the noise between neighbouring pixels.

    Noise is a share of the light: that of black cloth would be spots on white. It is taken to be of single pixels; an
    enlarged photo's, of several pixels each, stays.
    """
    logarithm = np.log(extend_outwards(light, inside))
    # Of independent pixels the Laplacian has 4^2 + 4 times the variance; folds are smooth and hardly count.
    bends = cv2.Laplacian(logarithm, cv2.CV_32F)[inside]
    noise = _MAD_TO_DEVIATION * float(np.median(np.abs(bends - np.median(bends)))) / np.sqrt(20)
    if noise == 0:
        return light
    width = 4 * round(_NOISE_PX) + 1
    return np.asarray(np.exp(cv2.bilateralFilter(logarithm, width, _NOISE_RANGE * noise, _NOISE_PX)), np.float32)


def relight(layer: Floats, old_shade: Floats, new_shade: Floats, amount: float) -> Floats:
    """The layer (H, W, 3) with its own light exchanged for another, by `amount` from 0 (as it is) to 1 (wholly).

    What becomes brighter than `HIGHLIGHTS_FROM` comes nearer to white without reaching it, as in a camera's picture.
    """
    gain = (new_shade / old_shade) ** np.float32(amount)
    lit = from_linear(to_linear(layer) * gain[..., None])
    start = np.maximum(layer, np.float32(HIGHLIGHTS_FROM))
    over, room = np.maximum(lit - start, 0), 1 - start
    return np.asarray(np.minimum(lit, start) + over * room / np.maximum(over + room, 1e-6), np.float32)


def coloured_like(layer: Floats, inside: Mask, palette: Floats, amount: float) -> Floats:
    """The layer in the colours of a palette: its darkest pixels in the palette's darkest colour, and so on up.

    A small generator draws the right pattern in uncertain tones; the garment's own picture has the tones.

    Args:
        layer: (H, W, 3) in [0, 1].
        inside: pixels whose lightness is ranked.
        palette: (P, 3) Lab from dark to light, each of an equal share.
        amount: from 0 (the layer as it is) to 1 (the palette's colours alone).
    """
    if amount <= 0:
        return layer
    lab = rgb_to_lab(layer)
    ranks = (np.arange(len(palette)) + 0.5) / len(palette)
    rank = np.interp(lab[..., 0], np.quantile(lab[inside][:, 0], ranks), ranks)
    wanted = np.stack([np.interp(rank, ranks, palette[:, channel]) for channel in range(3)], axis=-1)
    return lab_to_rgb(lab + np.float32(amount) * (wanted.astype(np.float32) - lab))
