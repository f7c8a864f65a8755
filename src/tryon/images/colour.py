"""Colour spaces of pictures (..., 3): sRGB as uint8 [0, 255] or float32 [0, 1], CIE Lab (D65), linear light."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.color import lab2rgb, rgb2lab

FloatArray = NDArray[np.float32]

# Rec. 709 primaries, which sRGB shares.
_LUMINANCE_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)


def to_float(image: NDArray[np.uint8]) -> FloatArray:
    """uint8 [0, 255] as float32 [0, 1]."""
    return np.asarray(image, np.float32) / np.float32(255)


def to_u8(image: ArrayLike) -> NDArray[np.uint8]:
    """Float [0, 1] as uint8 [0, 255], rounded; values outside are cut off. `to_u8(to_float(x))` is `x`."""
    return np.asarray(np.clip(np.rint(np.asarray(image, np.float32) * 255), 0, 255), np.uint8)


def rgb_to_lab(rgb: ArrayLike) -> FloatArray:
    """sRGB [0, 1] (..., 3) as CIE Lab: L 0..100, a and b about -128..127."""
    return np.asarray(rgb2lab(np.asarray(rgb, np.float32)), np.float32)


def lab_to_rgb(lab: ArrayLike) -> FloatArray:
    """CIE Lab (..., 3) as sRGB, cut to [0, 1] where the screen has no such colour."""
    linear = lab2rgb(np.asarray(lab, np.float32))
    return np.asarray(np.clip(linear, 0, 1), np.float32)


def to_linear(rgb: ArrayLike) -> FloatArray:
    """sRGB [0, 1] as linear light [0, 1], where shading multiplies. Reference: IEC 61966-2-1."""
    rgb = np.asarray(rgb, np.float32)
    return np.asarray(np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4), np.float32)


def from_linear(linear: ArrayLike) -> FloatArray:
    """Linear light [0, 1] as sRGB [0, 1]; the inverse of `to_linear`."""
    linear = np.asarray(linear, np.float32)
    return np.asarray(
        np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055), np.float32
    )


def luminance(rgb: ArrayLike) -> FloatArray:
    """Relative luminance Y [0, 1] (...) of sRGB [0, 1] (..., 3), in linear light."""
    return np.asarray(to_linear(rgb) @ _LUMINANCE_WEIGHTS, np.float32)
