"""Masks (H, W) of bool and the polygons that describe them.

Convention: a polygon's coordinates are pixel indices, so (x, y) is the centre of the pixel in column x, row y. The
pixels inside the outline **and those on it** belong to the mask: a square from (2, 2) to (5, 5) covers 4 x 4 pixels,
and its half-open box is (2, 2, 6, 6). So outlines traced along border pixels, as in DeepFashion2, give the mask back.
Fractions are rounded to the nearest pixel (a half goes up): scaling an outline moves its edge by up to half a pixel, so
where that matters fill it at its own size and resize the mask (`tryon.images.resizing.resize` takes bool).

The mask of several polygons is their UNION. Even-odd filling would punch holes where the polygons of one item overlap.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError

Mask = NDArray[np.bool_]
# Coordinates are cut to this range before they reach OpenCV, which draws in 16.16 fixed point.
_FARTHEST_PX = 1_000_000


def from_polygons(polygons: Sequence[NDArray[np.number]], height: int, width: int) -> Mask:
    """The union of polygons (P, 2), each filled with its outline; parts outside of the picture are cut off.

    Raises:
        DataError: a polygon is not of shape (P, 2) or holds a number that is not finite.
    """
    canvas = np.zeros((height, width), np.uint8)
    for number, polygon in enumerate(polygons):
        cv2.fillPoly(canvas, [_to_pixels(polygon, number)], 1)
    return canvas.astype(bool)


def to_polygons(mask: Mask) -> list[NDArray[np.int32]]:
    """Outlines (P, 2) whose union is the mask again, pixel for pixel, largest first.

    A part with a hole is cut through the hole into parts without one, since a union of outlines cannot say `not here`.
    """
    polygons: list[NDArray[np.int32]] = []
    waiting = [(np.ascontiguousarray(mask, np.uint8), 0)]
    while waiting:
        part, left = waiting.pop()
        contours, hierarchy = cv2.findContours(part, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(left, 0))
        for index, contour in enumerate(contours):
            _, _, first_hole, parent = hierarchy[0][index]
            if parent != -1:
                continue
            if first_hole == -1:
                polygons.append(contour.reshape(-1, 2))
            else:
                waiting += _cut_through(part, left, contour, contours[first_hole])
    return sorted(polygons, key=lambda polygon: (-_extent(polygon), *polygon[0].tolist()))


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two masks; 1 if both are empty."""
    union = np.count_nonzero(a | b)
    return float(np.count_nonzero(a & b) / union) if union else 1.0


def boundary_band(mask: Mask, width_px: float) -> Mask:
    """The pixels of the mask that lie within `width_px` of its edge; the picture's border counts as edge."""
    padded = np.pad(np.asarray(mask, np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return np.asarray(np.asarray(mask, bool) & (distance <= width_px))


def signed_distance(mask: Mask) -> NDArray[np.float32]:
    """Distance in pixels to the mask's edge, positive inside, negative outside; the picture's border is no edge.

    The edge runs between pixels: the outermost pixels of the mask have +0.5, their outer neighbours -0.5. Where there
    is no edge at all, the distance is farther than any place of the picture: height + width.
    """
    inside = np.asarray(mask, bool)
    far = float(sum(inside.shape))
    if inside.all() or not inside.any():
        return np.full(inside.shape, far if inside.all() and inside.size else -far, np.float32)
    within = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    beyond = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.where(inside, within - 0.5, 0.5 - beyond), np.float32)


def _to_pixels(polygon: NDArray[np.number], number: int) -> NDArray[np.int32]:
    points = np.asarray(polygon, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise DataError(
            f"polygon {number} cannot be filled",
            received=f"an array of shape {points.shape}",
            needed="finite numbers of shape (P, 2)",
            remedy="check the annotation that it comes from",
        )
    return np.floor(np.clip(points, -_FARTHEST_PX, _FARTHEST_PX) + 0.5).astype(np.int32)


def _cut_through(
    part: NDArray[np.uint8], left: int, contour: NDArray[np.int32], hole: NDArray[np.int32]
) -> list[tuple[NDArray[np.uint8], int]]:
    """The component inside `contour`, cut at the middle column of its hole: two pictures with their left columns."""
    component = np.zeros_like(part)
    cv2.drawContours(component, [contour], -1, 1, cv2.FILLED, offset=(-left, 0))
    component &= part
    x = int(hole[:, 0, 0].min() + hole[:, 0, 0].max()) // 2 - left
    return [(component[:, :x].copy(), left), (component[:, x:].copy(), left + x)]


def _extent(polygon: NDArray[np.int32]) -> float:
    return float(cv2.contourArea(polygon))
