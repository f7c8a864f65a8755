"""Where stripes lie, on stripes moved by a known part of their period."""

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation.stripes import stripe_phase_error

SIDE, PERIOD = 120, 12


def striped(moved_px: float = 0.0, contrast: float = 80.0, angle_deg: float = 0.0) -> np.ndarray:
    rows, columns = np.indices((SIDE, SIDE))
    angle = np.deg2rad(angle_deg)
    turns = (rows * np.cos(angle) + columns * np.sin(angle) - moved_px) / PERIOD
    grey = 128 + contrast * np.sign(np.sin(2 * np.pi * turns))
    return np.repeat(grey[..., None], 3, axis=-1).astype(np.uint8)


def shirt() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10:110, 20:100] = True
    return mask


@pytest.mark.parametrize("angle_deg", [0.0, 10.0, 90.0])
@pytest.mark.parametrize(("moved_px", "periods"), [(0, 0.0), (3, 0.25), (-3, 0.25), (6, 0.5), (12, 0.0)])
def test_the_error_is_the_shift_in_periods(angle_deg: float, moved_px: float, periods: float) -> None:
    error = stripe_phase_error(striped(moved_px, angle_deg=angle_deg), striped(angle_deg=angle_deg), shirt())
    assert error == pytest.approx(periods, abs=0.03)


def test_contrast_and_light_do_not_matter_and_what_lies_outside_neither() -> None:
    other = (striped(3, contrast=30) * np.linspace(0.7, 1, SIDE)[None, :, None]).astype(np.uint8)
    other[~shirt()] = 7
    assert stripe_phase_error(other, striped(), shirt()) == pytest.approx(0.25, abs=0.03)


def test_half_of_the_shirt_moved_is_half_of_the_error() -> None:
    half = striped()
    half[:, 60:] = striped(6)[:, 60:]
    assert stripe_phase_error(half, striped(), shirt()) == pytest.approx(0.25, abs=0.04)


def test_an_answer_without_stripes_is_refused() -> None:
    with pytest.raises(DataError, match="no stripes"):
        stripe_phase_error(striped(), np.full((SIDE, SIDE, 3), 99, np.uint8), shirt())
