"""Colour spaces there and back, soft masks, and composites that leave everything else byte for byte."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tryon.errors import DataError
from tryon.images import colour
from tryon.images.blending import composite, edge_alpha
from tryon.images.hashing import hamming, perceptual_hash
from tryon.images.resizing import resize
from tryon.images.sheets import grid

pictures = arrays(np.uint8, (6, 7, 3))


@given(pictures)
@settings(max_examples=30, deadline=None)
def test_colours_there_and_back(image: np.ndarray) -> None:
    rgb = colour.to_float(image)
    assert rgb.dtype == np.float32
    np.testing.assert_array_equal(colour.to_u8(rgb), image)
    np.testing.assert_array_equal(colour.to_u8(colour.lab_to_rgb(colour.rgb_to_lab(rgb))), image)
    np.testing.assert_array_equal(colour.to_u8(colour.from_linear(colour.to_linear(rgb))), image)


def test_known_colours() -> None:
    lab = colour.rgb_to_lab([[1, 1, 1], [0, 0, 0], [1, 0, 0]])
    np.testing.assert_allclose(lab, [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.2]], atol=0.1)
    assert lab.dtype == np.float32
    np.testing.assert_allclose(
        colour.luminance([[1, 1, 1], [0, 1, 0], [0.5, 0.5, 0.5]]), [1, 0.7152, 0.2140], atol=1e-3
    )
    np.testing.assert_array_equal(colour.to_u8([-1, 0.5, 2]), [0, 128, 255])
    assert (colour.lab_to_rgb([[50, 120, -120]]) <= 1).all()  # a colour no screen has


def square_mask() -> np.ndarray:
    mask = np.zeros((30, 40), bool)
    mask[10:20, 12:30] = True
    return mask


def test_alpha_at_the_pictures_border_stays_opaque() -> None:
    mask = np.zeros((6, 6), bool)
    mask[3:] = True
    assert (edge_alpha(mask, 1)[-1] == 1).all()
    assert (edge_alpha(np.ones((4, 4), bool), 2) == 1).all()


def test_alpha_is_a_smooth_band_about_the_edge_and_none_at_the_rim_of_the_picture() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:, 20:] = True
    alpha = edge_alpha(mask, 2.0)
    assert (alpha[:, :17] == 0).all() and (alpha[:, 23:] == 1).all()
    assert (np.diff(alpha[10]) >= 0).all()
    assert np.allclose(alpha[:, ::-1] + alpha, 1, atol=1.01 / 255)
    assert np.array_equal(alpha * 255, np.rint(alpha * 255))
    assert not edge_alpha(np.zeros((9, 9), bool), 1.0).any()


def test_alpha_of_a_slanted_edge_has_no_stairs() -> None:
    rows, columns = np.mgrid[:60, :60]
    alpha = edge_alpha(rows < 30 + 0.2 * columns, 1.0)
    # Rows at which the edge lies, by the sum of each column: a line, with less than a fifth of a pixel of stairs.
    edge = alpha.sum(axis=0)[5:55]
    assert np.abs(edge - np.polyval(np.polyfit(np.arange(50), edge, 1), np.arange(50))).max() < 0.25


@given(pictures, pictures, arrays(np.float32, (6, 7), elements=st.sampled_from([0, 0, 0.25, 0.5, 1, 1])))
@settings(max_examples=60, deadline=None)
def test_composite_keeps_every_byte_where_alpha_is_zero(
    photo: np.ndarray, layer: np.ndarray, alpha: np.ndarray
) -> None:
    result = composite(photo, layer, alpha)
    np.testing.assert_array_equal(result[alpha == 0], photo[alpha == 0])
    np.testing.assert_array_equal(result[alpha == 1], layer[alpha == 1])
    assert (result >= np.minimum(photo, layer)).all() and (result <= np.maximum(photo, layer)).all()


def test_composite_of_different_sizes_is_refused() -> None:
    photo = np.zeros((4, 5, 3), np.uint8)
    for layer, alpha in ((np.zeros((5, 4, 3), np.uint8), np.zeros((4, 5))), (photo, np.zeros((5, 4)))):
        with pytest.raises(DataError, match="different sizes"):
            composite(photo, layer, alpha.astype(np.float32))


def blots(seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return resize(coarse, 128, 128)


def test_hashes_of_the_same_scene_are_near_and_of_others_far() -> None:
    original = perceptual_hash(blots(1))
    assert 0 <= original < 2**64
    brighter = np.clip(blots(1).astype(int) + 15, 0, 255).astype(np.uint8)
    for alike in (resize(blots(1), 90, 90), brighter):
        assert hamming(original, perceptual_hash(alike)) <= 6
    assert hamming(original, perceptual_hash(blots(2))) > 12
    assert hamming(0, 2**64 - 1) == 64 and hamming(5, 5) == 0


def test_sheet_shows_every_picture_in_its_cell() -> None:
    red, blue = np.full((20, 20, 3), (255, 0, 0), np.uint8), np.full((40, 10, 3), (0, 0, 255), np.uint8)
    page = grid([[red, blue], [np.zeros((9, 9), np.uint8)]], 30, gap_px=4)
    assert page.shape == (4 + 2 * 34, 4 + 2 * 34, 3)
    assert (page[4:34, 4:34] == (255, 0, 0)).all() and (page[10, 53] == (0, 0, 255)).all()
    assert (page[38:68, 4:34] == 0).all() and (page[50, 50] == 255).all()
    np.testing.assert_array_equal(page, grid([[red, blue], [np.zeros((9, 9), np.uint8)]], 30, gap_px=4))


def test_labels_stay_above_their_column() -> None:
    red = np.full((20, 20, 3), (255, 0, 0), np.uint8)
    plain, labelled = (
        grid([[red, red]], 60),
        grid([[red, red]], 60, labels=["photo", "a label that is far too long for it"]),
    )
    extra = labelled.shape[0] - plain.shape[0]
    assert extra > 8
    np.testing.assert_array_equal(labelled[extra + 4 :], plain[4:])
    assert (labelled[:extra, :64] < 128).any() and (labelled[:extra, 68:] < 128).any()
    assert grid([], 30).shape[2] == 3
