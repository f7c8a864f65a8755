"""Outlines for people: few enough points to drag by hand, simple, and close to the mask that they came from."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.geometry.masks import Mask, from_polygons, iou, to_polygons
from tryon.geometry.polygons import area, is_valid

# Distances in pixels by which a simplified outline may leave the exact one, tried in turn.
_DISTANCES_PX = (0.0, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0)
# Parts below this share of the mask are specks that nobody would outline.
_MIN_PART = 0.01


@dataclass(frozen=True)
class Outlined:
    """Polygons (P, 2) of whole pixels, largest first, and the IoU of their union with the mask."""

    polygons: tuple[NDArray[np.int32], ...]
    iou: float


def outline_mask(mask: Mask, max_points: int) -> Outlined:
    """The mask's larger parts as polygons of at most `max_points` points, none of which crosses itself.

    Each part keeps as many points as allowed. An empty mask gives no polygon and an IoU of 1.
    """
    parts = [part for part in to_polygons(mask) if area(part) >= _MIN_PART * np.count_nonzero(mask)]
    polygons = tuple(_simplified(part, max_points) for part in parts)
    return Outlined(polygons, iou(from_polygons(polygons, *mask.shape), mask))


def _simplified(polygon: NDArray[np.int32], max_points: int) -> NDArray[np.int32]:
    exact = polygon.reshape(-1, 1, 2)
    # The hull is for outlines that only cross themselves when they are coarse: it never does.
    for outline in (exact, cv2.convexHull(exact)):
        for distance in _DISTANCES_PX:
            fewer = np.asarray(cv2.approxPolyDP(outline, distance, closed=True).reshape(-1, 2), np.int32)
            if len(fewer) <= max_points and is_valid(fewer):
                return fewer
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(exact)).round(), np.int32)
