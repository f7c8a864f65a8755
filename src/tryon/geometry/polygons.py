"""Single polygons (P, 2) in pixel coordinates; the first point may be repeated at the end."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon, make_valid
from shapely.geometry import box

FloatArray = NDArray[np.float64]
_ROWS = 64  # sides that are compared with all others at once: bounds the memory


def area(polygon: ArrayLike) -> float:
    """The area that the outline encloses in square pixels, by the shoelace formula, without sign."""
    points = _as_points(polygon)
    if len(points) < 3:
        return 0.0
    x, y = (points - points[0]).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def is_valid(polygon: ArrayLike) -> bool:
    """Whether the outline has at least three distinct points, encloses an area and does not cross itself.

    Touching itself is allowed: outlines traced along pixels run back over one-pixel lines and meet in corners.
    """
    points = _as_points(polygon)
    if not np.isfinite(points).all() or len(np.unique(points, axis=0)) < 3 or area(points) <= 0:
        return False
    outline = Polygon(points)
    if outline.is_valid or crosses_itself(points):
        return bool(outline.is_valid)
    # One through a point of the outline turns part of the signed area round: the region is larger than it by signs.
    return bool(np.isclose(make_valid(outline).area, area(points), rtol=1e-6))


def crosses_itself(polygon: ArrayLike) -> bool:
    """Whether two sides of the outline cross between their ends; touching, and running back along a side, is none.

    Seconds for 10,000 points, however often they cross.
    """
    start = _as_points(polygon)
    end = np.roll(start, -1, axis=0)
    return any(
        bool(((_apart(a, b, start, end) < 0) & (_apart(start, end, a, b) < 0)).any())
        for a, b in zip(_in_rows(start), _in_rows(end), strict=True)
    )


def _in_rows(points: FloatArray) -> list[FloatArray]:
    return [points[first : first + _ROWS, None] for first in range(0, len(points), _ROWS)]


def _apart(a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> FloatArray:
    """Negative where `c` and `d` lie on two sides of the line through `a` and `b`, 0 where one of them lies on it."""
    along = b - a
    sides = [along[..., 0] * (end - a)[..., 1] - along[..., 1] * (end - a)[..., 0] for end in (c, d)]
    return np.asarray(np.sign(sides[0]) * np.sign(sides[1]))


def inside_fraction(polygon: ArrayLike, height: int, width: int) -> float:
    """The share of the polygon's area that lies within the picture (pixel centres 0..width - 1, 0..height - 1)."""
    points = _as_points(polygon)
    if len(points) < 3:
        return 0.0
    region = make_valid(Polygon(points))
    return (
        float(region.intersection(box(-0.5, -0.5, width - 0.5, height - 0.5)).area / region.area)
        if region.area
        else 0.0
    )


def overhang(polygon: ArrayLike, height: int, width: int) -> float:
    """How many pixels the outline's farthest point lies beyond the picture's outermost pixel centres; 0 if inside."""
    points = _as_points(polygon)
    if len(points) == 0:
        return 0.0
    last = np.array([width - 1, height - 1])
    return float(max(0.0, (-points).max(), (points - last).max()))


def _as_points(polygon: ArrayLike) -> FloatArray:
    points = np.asarray(polygon, np.float64).reshape(-1, 2)
    return points[:-1] if len(points) > 1 and np.array_equal(points[0], points[-1]) else points
