"""Outlines of few points: within the limit, simple, and as close to the mask as they say."""

import cv2
import numpy as np
import pytest

from tryon.geometry.masks import from_polygons, iou
from tryon.geometry.outlining import outline_mask
from tryon.geometry.polygons import is_valid


def blob(seed: int, side: int = 120) -> np.ndarray:
    """Discs and bars at random: parts, holes, notches."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((side, side), np.uint8)
    for _ in range(12):
        x, y, r = (int(value) for value in rng.integers(10, side - 10, 3))
        cv2.circle(canvas, (x, y), 4 + r // 6, int(rng.integers(0, 3) > 0), -1)
    return canvas.astype(bool)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("max_points", [8, 40])
def test_outlines_are_short_simple_and_measured(seed: int, max_points: int) -> None:
    mask = blob(seed)
    outlined = outline_mask(mask, max_points)
    assert all(3 <= len(polygon) <= max_points and is_valid(polygon) for polygon in outlined.polygons)
    assert outlined.iou == iou(from_polygons(outlined.polygons, *mask.shape), mask)
    assert outlined.iou > (0.9 if max_points == 40 else 0.5)
    assert all(polygon.dtype == np.int32 for polygon in outlined.polygons)


def test_a_square_keeps_its_four_corners() -> None:
    mask = np.zeros((20, 20), bool)
    mask[3:12, 5:17] = True
    (polygon,) = outline_mask(mask, 60).polygons
    assert sorted(polygon.tolist()) == [[5, 3], [5, 11], [16, 3], [16, 11]]
    assert outline_mask(mask, 60).iou == 1


def test_specks_and_nothing_give_no_outline() -> None:
    mask = np.zeros((50, 50), bool)
    assert outline_mask(mask, 60).polygons == () and outline_mask(mask, 60).iou == 1
    mask[10:40, 10:40] = True
    mask[0, 0] = mask[48:50, 48:50] = True
    assert len(outline_mask(mask, 60).polygons) == 1
