"""Boxes against slow loops anyone can check by eye, and the cases at the edge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tryon.geometry import boxes


def slow_iou(a: list[float], b: list[float]) -> float:
    """Intersection over union of two whole-number boxes by counting pixels."""
    canvas = np.zeros((2, 40, 40), bool)
    for layer, (x1, y1, x2, y2) in zip(canvas, (a, b), strict=True):
        layer[y1:y2, x1:x2] = True
    union = np.count_nonzero(canvas.any(axis=0))
    return np.count_nonzero(canvas.all(axis=0)) / union if union else 0.0


whole_boxes = st.lists(st.tuples(*[st.integers(0, 39)] * 4).map(list), min_size=1, max_size=5)


@given(whole_boxes, whole_boxes)
def test_iou_matrix_equals_counting_pixels(a: list[list[int]], b: list[list[int]]) -> None:
    matrix = boxes.iou_matrix(a, b)
    assert matrix.shape == (len(a), len(b)) and matrix.dtype == np.float32
    expected = [[slow_iou(one, other) for other in b] for one in a]
    np.testing.assert_allclose(matrix, expected, atol=1e-6)


def test_iou_matrix_of_nothing() -> None:
    assert boxes.iou_matrix(np.zeros((0, 4)), [[0, 0, 1, 1]]).shape == (0, 1)
    assert boxes.iou_matrix([[0, 0, 1, 1]], np.zeros((0, 4))).shape == (1, 0)


def test_area_of_swapped_corners_is_zero() -> None:
    np.testing.assert_array_equal(boxes.area([[1, 1, 4, 3], [4, 1, 1, 3], [2, 2, 2, 9]]), [6, 0, 0])


def test_clip_keeps_boxes_within_the_picture() -> None:
    clipped = boxes.clip([[-5, -5, 3, 30], [50, 50, 60, 60]], height=20, width=10)
    np.testing.assert_array_equal(clipped, [[0, 0, 3, 20], [10, 20, 10, 20]])
    assert boxes.area(clipped)[1] == 0


@given(whole_boxes)
def test_xywh_and_back(corners: list[list[int]]) -> None:
    np.testing.assert_array_equal(boxes.xywh_to_xyxy(boxes.xyxy_to_xywh(corners)), np.array(corners, np.float32))


def test_from_mask_is_half_open() -> None:
    mask = np.zeros((6, 8), bool)
    mask[2, 3] = True
    np.testing.assert_array_equal(boxes.from_mask(mask), [3, 2, 4, 3])
    mask[5, 7] = True
    np.testing.assert_array_equal(boxes.from_mask(mask), [3, 2, 8, 6])


@pytest.mark.parametrize("shape", [(6, 8), (0, 0), (0, 5)])
def test_from_mask_of_nothing_is_zeros(shape: tuple[int, int]) -> None:
    np.testing.assert_array_equal(boxes.from_mask(np.zeros(shape, bool)), [0, 0, 0, 0])


def test_expand_grows_each_side_by_its_own_length() -> None:
    np.testing.assert_allclose(boxes.expand([10, 20, 20, 40], 0.1), [9, 18, 21, 42])
    np.testing.assert_allclose(boxes.expand([10, 20, 20, 40], 0), [10, 20, 20, 40])
