"""Are stripes still stripes: how many, which way they run and where, against those of the answer or the target."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.images.colour import rgb_to_lab, to_float
from tryon.images.patterns import measure_look


def stripe_frequency_and_angle(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Stripes over the garment's height, their angle in degrees (0: horizontal) and their strength (0 none, 1 pure).

    The frequency is 0 where there are no stripes.
    """
    look = measure_look(image, mask)
    frequency = 1.0 / look.stripe_period if look.stripe_period > 0 else 0.0
    return frequency, look.stripe_angle_deg, look.stripe_strength


def frequency_error(measured: float, target: float) -> float:
    """Difference of two stripe frequencies as a fraction of the target's.

    Raises:
        DataError: the target has no stripes.
    """
    if target <= 0:
        raise DataError("the target has no stripes to compare with", received=target, needed="a frequency above 0")
    return abs(measured - target) / target


def angle_error_deg(measured_deg: float, target_deg: float) -> float:
    """Smallest turn between two stripe directions, 0 to 90 degrees; stripes at 0 and 180 are the same."""
    turn = abs(measured_deg - target_deg) % 180.0
    return min(turn, 180.0 - turn)


def stripe_phase_error(image: NDArray[np.uint8], answer: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """How far stripes lie from those of the answer, in periods: 0 in place, 0.5 as wrong as can be, 0.25 by chance.

    The mean over the mask of the local difference in phase at the answer's frequency, each place counted by how
    clearly the answer is striped there.

    Raises:
        DataError: the answer has no stripes.
    """
    frequency, angle_deg, strength = stripe_frequency_and_angle(answer, mask)
    if frequency <= 0 or strength <= 0:
        raise DataError("the answer has no stripes to compare with", received=strength, needed="a strength above 0")
    period_px = float(np.flatnonzero(mask.any(axis=1)).size) / frequency
    wanted, got = (_phasors(picture, mask, period_px, angle_deg) for picture in (answer, image))
    apart = np.abs(np.angle(got * wanted.conj())) / (2 * np.pi)
    weight = np.abs(wanted)[mask]
    return float((apart[mask] * weight).sum() / weight.sum())


def _phasors(
    image: NDArray[np.uint8], mask: NDArray[np.bool_], period_px: float, angle_deg: float
) -> NDArray[np.complex128]:
    """Strength and phase of stripes of one period and direction near each pixel (H, W), read from lightness."""
    lightness = rgb_to_lab(to_float(image))[..., 0].astype(np.float64)
    changes = np.where(mask, lightness - lightness[mask].mean(), 0)
    angle = np.deg2rad(angle_deg)
    rows, columns = np.indices(mask.shape)
    turns = (columns * np.sin(angle) + rows * np.cos(angle)) / period_px
    shifted = changes * np.exp(-2j * np.pi * turns)
    real, imaginary = (
        cv2.GaussianBlur(np.ascontiguousarray(part), (0, 0), period_px) for part in (shifted.real, shifted.imag)
    )
    return np.asarray(real + 1j * imaginary)
