"""What is measured on pixels: each figure tells its fault from a good picture, and packs without a loss."""

import cv2
import numpy as np
import pytest

from tests.cleaning.collected import LIMITS, Picture, shirt
from tryon.cleaning.pixels import border, measure_pixels, overlay, unpack_colours, unpack_overlay
from tryon.images.files import decode_own, encode_jpeg


def textured(seed: int = 0, height: int = 200, width: int = 240) -> Picture:
    noise = np.random.default_rng(seed).uniform(0, 255, (height // 4, width // 4, 3)).astype(np.uint8)
    return cv2.resize(noise, (width, height), interpolation=cv2.INTER_NEAREST)


def test_the_more_a_picture_is_blurred_the_higher_its_figure() -> None:
    picture = textured()
    found = [measure_pixels(cv2.GaussianBlur(picture, (0, 0), sigma)).blur for sigma in (0.1, 1, 2, 4)]
    assert found == sorted(found) and found[-1] - found[0] > 0.3


def test_a_plain_shirt_on_a_plain_ground_is_not_blurred() -> None:
    plain = np.full((200, 200, 3), 230, np.uint8)
    plain[50:150, 60:140] = (40, 60, 120)
    assert measure_pixels(plain).blur < measure_pixels(cv2.GaussianBlur(textured(), (0, 0), 1.5)).blur


def test_one_colour_and_one_pixel_count_as_blurred() -> None:
    assert measure_pixels(np.full((50, 60, 3), 7, np.uint8)).blur == 1.0
    assert measure_pixels(np.full((1, 1, 3), 7, np.uint8)).blur == 1.0


def test_luminance_is_the_mean_of_the_grey_picture() -> None:
    assert measure_pixels(np.full((20, 20, 3), 51, np.uint8)).luminance == pytest.approx(0.2)


@pytest.mark.parametrize("sides", [(20, 20, 0, 0), (0, 0, 20, 20), (20, 20, 20, 20), (0, 30, 0, 0)])
@pytest.mark.parametrize("colour", [0, 255])
def test_bars_are_found_on_every_side_after_jpeg(sides: tuple[int, int, int, int], colour: int) -> None:
    barred = cv2.copyMakeBorder(textured(), *sides, cv2.BORDER_CONSTANT, value=(colour,) * 3)
    assert border(decode_own(encode_jpeg(barred, 75), "barred")) > 0.8
    assert border(textured()) == 0.0


def test_a_garment_on_a_plain_ground_has_no_border() -> None:
    plain = np.full((200, 200, 3), 255, np.uint8)
    cv2.ellipse(plain, (100, 100), (60, 80), 0, 0, 360, (30, 60, 90), cv2.FILLED)
    assert border(plain) < LIMITS.max_border
    assert border(np.full((50, 50, 3), 255, np.uint8)) == 0.0


def test_packed_arrays_come_back() -> None:
    picture = shirt(0)
    facts = measure_pixels(picture)
    found = unpack_overlay(facts.overlay)
    assert (found == overlay(picture)).all() and set(np.unique(found)) == {-1, 0, 1}
    small = cv2.resize(picture, (12, 12), interpolation=cv2.INTER_AREA)
    assert (unpack_colours(facts.colours) == small).all()


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (1, 1), (256, 3)])
def test_the_fine_structure_keeps_the_pictures_shape(size: tuple[int, int]) -> None:
    picture = textured(3, 400, 400)[: size[0], : size[1]]
    found = unpack_overlay(measure_pixels(np.ascontiguousarray(picture)).overlay)
    assert found.shape == tuple(round(side * min(1, 256 / max(size))) for side in size)


def test_a_mirrored_picture_exchanges_the_hashes() -> None:
    picture = shirt(1)
    facts, mirrored = measure_pixels(picture), measure_pixels(np.ascontiguousarray(picture[:, ::-1]))
    assert (facts.phash, facts.mirrored) == (mirrored.mirrored, mirrored.phash)
