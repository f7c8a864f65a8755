"""Masks: union instead of even-odd, the pixel convention, the way to polygons and back, brute-force distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tryon.errors import DataError
from tryon.geometry import boxes, masks

any_mask = arrays(bool, st.tuples(st.integers(1, 24), st.integers(1, 24)))


def square(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], float)


def test_outline_belongs_to_the_mask() -> None:
    mask = masks.from_polygons([square(2, 2, 5, 5)], 10, 10)
    expected = np.zeros((10, 10), bool)
    expected[2:6, 2:6] = True
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_array_equal(boxes.from_mask(mask), [2, 2, 6, 6])


def test_overlapping_polygons_are_a_union() -> None:
    whole, sleeve = square(0, 0, 9, 9), square(2, 2, 4, 4)
    assert masks.from_polygons([whole, sleeve], 10, 10).all()
    assert masks.from_polygons([sleeve, whole, whole], 10, 10).all()


def test_closing_point_and_direction_make_no_difference() -> None:
    polygon = np.array([[1, 1], [8, 2], [5, 8]])
    mask = masks.from_polygons([polygon], 10, 10)
    np.testing.assert_array_equal(masks.from_polygons([np.vstack([polygon, polygon[:1]])], 10, 10), mask)
    np.testing.assert_array_equal(masks.from_polygons([polygon[::-1]], 10, 10), mask)


def test_parts_outside_are_cut_off() -> None:
    assert masks.from_polygons([square(-5, -5, 20, 20)], 4, 6).all()
    assert not masks.from_polygons([square(30, 30, 40, 40)], 4, 6).any()
    assert masks.from_polygons([square(-1e12, -1e12, 1e12, 1e12)], 4, 6).all()


def test_fractions_are_rounded() -> None:
    np.testing.assert_array_equal(
        masks.from_polygons([square(1.6, 1.4, 5.4, 4.6)], 8, 8), masks.from_polygons([square(2, 1, 5, 5)], 8, 8)
    )


def test_no_polygons_no_mask() -> None:
    assert masks.from_polygons([], 3, 4).shape == (3, 4)
    assert not masks.from_polygons([], 3, 4).any()


@pytest.mark.parametrize("polygon", [np.array([1.0, 2.0]), np.array([[1.0, np.nan], [2, 2], [3, 3]]), np.zeros((3, 3))])
def test_malformed_polygons_are_named(polygon: np.ndarray) -> None:
    with pytest.raises(DataError, match="polygon 1"):
        masks.from_polygons([square(0, 0, 1, 1), polygon], 5, 5)


@given(any_mask)
@settings(max_examples=200)
def test_polygons_give_the_mask_back_pixel_for_pixel(mask: np.ndarray) -> None:
    back = masks.from_polygons(masks.to_polygons(mask), *mask.shape)
    np.testing.assert_array_equal(back, mask)


def test_a_ring_keeps_its_hole() -> None:
    mask = np.ones((20, 30), bool)
    mask[5:15, 8:20] = False
    mask[8:11, 10:14] = True
    polygons = masks.to_polygons(mask)
    np.testing.assert_array_equal(masks.from_polygons(polygons, 20, 30), mask)
    assert len(polygons) < 8


def test_polygons_come_largest_first_and_always_alike() -> None:
    mask = np.zeros((20, 40), bool)
    mask[2:5, 2:5] = mask[1:18, 10:38] = True
    first, second = masks.to_polygons(mask)
    assert np.ptp(first[:, 0]) == 27 and np.ptp(second[:, 0]) == 2
    for one, other in zip(masks.to_polygons(mask), masks.to_polygons(mask.copy()), strict=True):
        np.testing.assert_array_equal(one, other)


def test_iou() -> None:
    a, b = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    assert masks.iou(a, b) == 1.0
    a[:2], b[1:3] = True, True
    assert masks.iou(a, b) == pytest.approx(4 / 12)
    assert masks.iou(a, np.zeros_like(a)) == 0.0


def slow_distance(mask: np.ndarray) -> np.ndarray:
    """Signed distance by looking at every pair of pixels."""
    rows, columns = np.indices(mask.shape).reshape(2, -1)
    inside = mask.reshape(-1)
    pairs = np.hypot(rows[:, None] - rows, columns[:, None] - columns)
    to_outside = np.where(inside[None, :], np.inf, pairs).min(axis=1)
    to_inside = np.where(inside[None, :], pairs, np.inf).min(axis=1)
    return np.where(inside, to_outside - 0.5, 0.5 - to_inside).reshape(mask.shape)


@given(arrays(bool, (9, 11)).filter(lambda mask: mask.any() and not mask.all()))
@settings(max_examples=50)
def test_signed_distance_equals_brute_force(mask: np.ndarray) -> None:
    np.testing.assert_allclose(masks.signed_distance(mask), slow_distance(mask), atol=1e-4)


def test_signed_distance_without_an_edge() -> None:
    assert (masks.signed_distance(np.ones((3, 4), bool)) == 7).all()
    assert (masks.signed_distance(np.zeros((3, 4), bool)) == -7).all()
    assert masks.signed_distance(np.zeros((0, 4), bool)).shape == (0, 4)


def test_boundary_band_counts_the_pictures_border() -> None:
    band = masks.boundary_band(np.ones((7, 9), bool), 1)
    assert band.sum() == 7 * 9 - 5 * 7 and not band[3, 4]
    mask = np.zeros((11, 11), bool)
    mask[2:9, 2:9] = True
    assert masks.boundary_band(mask, 2).sum() == 49 - 9
    assert not (masks.boundary_band(mask, 2) & ~mask).any()


def test_real_outlines_come_back(shared_data) -> None:  # type: ignore[no-untyped-def]
    from tryon.formats.deepfashion2 import read_annotation

    for path in sorted((shared_data / "garments" / "annos").iterdir())[:25]:
        mask = read_annotation(path).items["item1"].mask(700, 700)
        assert masks.iou(masks.from_polygons(masks.to_polygons(mask), 700, 700), mask) == 1.0
