"""Are stripes still stripes: how many, and which way they run, against those of the answer or the target."""

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
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
