"""Garments painted grey: the colour goes, the light stays."""

import numpy as np
import pytest

from tryon.images.colour import from_linear, to_linear
from tryon.images.cutouts import NEUTRAL_GROUND
from tryon.images.shading import in_grey

SIDE = 48
MASK = np.zeros((SIDE, SIDE), bool)
MASK[6:42, 10:38] = True
LIGHT = (1 + 0.3 * np.sin(np.arange(SIDE) / 3)).astype(np.float32)[None, :, None] * np.ones((SIDE, 1, 1), np.float32)


def shirt(colour: tuple[float, float, float]) -> np.ndarray:
    """A garment of one colour under the light, on a white ground."""
    lit = from_linear(np.clip(to_linear(np.array(colour, np.float32)) * LIGHT, 0, 1))
    return np.where(MASK[..., None], lit, 1.0).astype(np.float32)


@pytest.mark.parametrize("colour", [(0.7, 0.1, 0.1), (0.2, 0.3, 0.7), (0.85, 0.85, 0.6)])
def test_garments_of_all_colours_become_the_same_grey(colour: tuple[float, float, float]) -> None:
    painted, other = in_grey(shirt(colour), MASK), in_grey(shirt((0.5, 0.5, 0.5)), MASK)
    assert np.abs(painted - other).max() < 0.02
    assert np.ptp(painted, axis=-1).max() == 0.0


def test_folds_stay_as_strong_as_they_are() -> None:
    light = to_linear(in_grey(shirt((0.6, 0.4, 0.2)), MASK))[24, :, 0]
    expected = LIGHT[24, :, 0] / np.median(LIGHT[MASK])
    assert light[MASK[24]] == pytest.approx(0.4 * expected[MASK[24]], rel=0.03)


def test_the_ground_is_neutral_and_painting_again_changes_nothing() -> None:
    once = in_grey(shirt((0.3, 0.6, 0.3)), MASK)
    assert np.all(once[~MASK] == NEUTRAL_GROUND)
    assert np.abs(in_grey(once, MASK) - once).max() < 0.01


def test_noise_of_black_cloth_does_not_become_folds() -> None:
    noise = np.random.default_rng(0).integers(0, 3, (SIDE, SIDE, 1)) / 255.0
    painted = in_grey(np.repeat(noise, 3, axis=-1).astype(np.float32), MASK)
    assert painted[MASK].std() < 0.05


def test_a_rim_of_the_ground_does_not_darken_the_garment() -> None:
    wide = np.zeros_like(MASK)
    wide[4:44, 8:40] = True
    inside = MASK
    assert (
        np.abs(in_grey(shirt((0.1, 0.1, 0.1)), wide)[inside] - in_grey(shirt((0.1, 0.1, 0.1)), MASK)[inside]).max()
        < 0.1
    )


def test_an_empty_mask_gives_neutral_ground() -> None:
    assert np.all(in_grey(shirt((0.5, 0.2, 0.2)), np.zeros_like(MASK)) == NEUTRAL_GROUND)
