"""Single polygons (P, 2) in pixel coordinates; the first point may be repeated at the end."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from shapely import Polygon, make_valid
from shapely.geometry import box

FloatArray = NDArray[np.float64]


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
    # A crossing turns part of the signed area round, so that the region covered is larger than the area by signs.
    return bool(outline.is_valid or np.isclose(make_valid(outline).area, area(points), rtol=1e-6))


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
