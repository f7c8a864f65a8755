"""Single polygons: area, validity and how far they leave the picture."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from shapely import LineString

from tryon.geometry import polygons

SQUARE = [[0, 0], [4, 0], [4, 3], [0, 3]]


def test_area_with_and_without_closing_point_in_both_directions() -> None:
    for outline in (SQUARE, [*SQUARE, SQUARE[0]], SQUARE[::-1]):
        assert polygons.area(outline) == 12
    assert polygons.area([[0, 0], [1, 1]]) == 0
    assert polygons.area(np.zeros((0, 2))) == 0


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(0.1, 10))
def test_area_scales_by_the_square_and_does_not_move(dx: float, dy: float, scale: float) -> None:
    moved = np.array(SQUARE) * scale + (dx, dy)
    assert polygons.area(moved) == pytest.approx(12 * scale**2, rel=1e-4)


@pytest.mark.parametrize(
    ("outline", "valid"),
    [
        (SQUARE, True),
        ([*SQUARE, SQUARE[0]], True),
        ([[0, 0], [4, 4], [4, 0], [0, 4]], False),  # bow tie
        ([[0, 0], [4, 0], [4, 4], [1, -2]], False),  # crosses its own bottom
        ([[0, 0], [4, 0]], False),
        ([[0, 0], [0, 0], [4, 0], [4, 0]], False),
        ([[0, 0], [1, 1], [2, 2]], False),  # no area
        ([[0, 0], [4, 0], [np.nan, 4]], False),
        ([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]], True),  # touches its bottom in one point
        ([[0, 0], [4, 0], [4, 4], [6, 4], [4, 4], [0, 4]], True),  # runs out along a line and back
        (np.zeros((0, 2)), False),
    ],
)
def test_is_valid(outline: list[list[float]], valid: bool) -> None:
    assert polygons.is_valid(outline) is valid


def slow_crossing(points: list[tuple[int, int]]) -> bool:
    """Two sides at a time, by shapely."""
    sides = [LineString([a, b]) for a, b in zip(points, points[1:] + points[:1], strict=True)]
    return any(a.crosses(b) and not b.touches(a) for a, b in itertools.combinations(sides, 2))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=9))
def test_crossings_are_those_of_two_sides_at_a_time(points: list[tuple[int, int]]) -> None:
    assume(all(a != b for a, b in zip(points, points[1:] + points[:1], strict=True)))
    assert polygons.crosses_itself(points) == slow_crossing(points)


def test_a_hostile_outline_takes_no_time() -> None:
    points = np.random.default_rng(0).integers(0, 2000, (600, 2))  # 60,000 crossings: minutes by way of their regions
    started = time.process_time()
    assert not polygons.is_valid(points)
    assert time.process_time() - started < 2


def test_inside_fraction() -> None:
    assert polygons.inside_fraction(SQUARE, height=10, width=10) == pytest.approx((4 * 3) / 12)
    assert polygons.inside_fraction([[-2.5, 0], [1.5, 0], [1.5, 2], [-2.5, 2]], 10, 10) == pytest.approx(0.5)
    assert polygons.inside_fraction([[20, 20], [24, 20], [24, 24]], 10, 10) == 0
    assert polygons.inside_fraction([[1, 1], [2, 2]], 10, 10) == 0


def test_overhang_is_the_farthest_point_beyond_the_outermost_pixels() -> None:
    assert polygons.overhang(SQUARE, height=4, width=5) == 0
    assert polygons.overhang(SQUARE, height=3, width=5) == 1
    assert polygons.overhang([[-3, 0], [1, 0], [1, 1]], 10, 10) == 3
    assert polygons.overhang([], 10, 10) == 0
