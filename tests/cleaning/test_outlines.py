"""What lies along an outline, on pictures anyone can check."""

import numpy as np
import pytest

from tests.cleaning.collected import shirt_mask
from tryon.cleaning.outlines import bleached, outline_contrast

SIDE = 200
MASK = shirt_mask(SIDE, SIDE)


def drawn(ground: int, shirt: int) -> np.ndarray:
    return np.where(MASK[..., None], shirt, ground).astype(np.uint8).repeat(3, axis=2)


def test_a_shirt_that_stands_out_has_contrast_all_round() -> None:
    assert outline_contrast(drawn(200, 60), MASK) > 0.97
    assert outline_contrast(drawn(60, 200), MASK) > 0.97


def test_an_outline_without_a_change_of_colour_has_none() -> None:
    assert outline_contrast(drawn(120, 120), MASK) == 0.0
    assert outline_contrast(drawn(120, 126), MASK) == 0.0, "a shade is no change"


def test_half_an_outline() -> None:
    picture = drawn(200, 60)
    picture[:, SIDE // 2 :] = 60
    assert outline_contrast(picture, MASK) == pytest.approx(0.5, abs=0.05)


def test_texture_on_both_sides_is_no_outline() -> None:
    noise = np.random.default_rng(0).integers(100, 140, (SIDE, SIDE, 3)).astype(np.uint8)
    assert outline_contrast(noise, MASK) < 0.3


def test_the_measure_is_the_same_in_a_large_picture() -> None:
    picture = drawn(200, 60)
    picture[: SIDE // 2] = 60
    large, mask = picture.repeat(4, axis=0).repeat(4, axis=1), MASK.repeat(4, axis=0).repeat(4, axis=1)
    assert outline_contrast(large, mask) == pytest.approx(outline_contrast(picture, MASK), abs=0.05)


@pytest.mark.parametrize("mask", [np.ones((SIDE, SIDE), np.bool_), np.zeros((SIDE, SIDE), np.bool_)])
def test_a_mask_without_an_outline_in_the_picture(mask: np.ndarray) -> None:
    assert outline_contrast(drawn(200, 60), mask) == 0.0
    assert outline_contrast(np.zeros((3, 3, 3), np.uint8), mask[:3, :3]) == 0.0


def test_bleached_is_the_part_of_the_shirt_at_the_end_of_the_range() -> None:
    picture = drawn(255, 100)
    assert bleached(picture, MASK) == 0.0
    picture[: SIDE * 2 // 5, :, 1] = 255
    assert bleached(picture, MASK) == pytest.approx(MASK[: SIDE * 2 // 5].sum() / MASK.sum())
    assert bleached(picture, np.zeros_like(MASK)) == 0.0
