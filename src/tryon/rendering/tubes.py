"""Tubes along a bent centreline: arms, sleeves and legs.

Every pixel gets `t`, the distance along the centreline in cm, and `s` in [-1, 1] across it, which gives the round
shading and the garment coordinates of a sleeve that turn with the arm.
"""

from dataclasses import dataclass

import numpy as np

from tryon.rendering.drawing import Floats, Window
from tryon.rendering.figure import Frame

_SEARCH_STEP = 2  # every other point is enough: the rest is projection onto the direction there


@dataclass
class TubeMap:
    """Maps of a window (H, W): distance along, signed offset across in cm, radius, and the centreline's direction."""

    t: Floats
    offset: Floats
    radius: Floats
    direction_x: Floats
    direction_y: Floats

    @property
    def s(self) -> Floats:
        """Place across the tube, -1 at one edge and 1 at the other (positive to the right when looking along)."""
        return np.clip(self.offset / self.radius, -1, 1)

    def normals(self, roundness: float = 0.96) -> tuple[Floats, Floats]:
        """x and y of the surface normal of a round tube."""
        across = self.s * roundness
        return -self.direction_y * across, self.direction_x * across


def lengths_along(line: Floats) -> Floats:
    """Distance along a polyline at each of its points."""
    return np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))]).astype(np.float32)


def tangents(line: Floats) -> Floats:
    """Unit direction at each point of a polyline."""
    direction = np.gradient(line, axis=0)
    return np.asarray(direction / np.maximum(np.hypot(direction[:, :1], direction[:, 1:]), 1e-6), np.float32)


def outline(line: Floats, radii: Floats) -> Floats:
    """Closed outline of a tube, flat at both ends."""
    direction = tangents(line)
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1) * radii[:, None]
    return np.concatenate([line + normal, (line - normal)[::-1]]).astype(np.float32)


def map_tube(line: Floats, radii: Floats, frame: Frame, window: Window) -> TubeMap:
    """Coordinates of a window's pixels along and across a tube, by the nearest point of the centreline."""
    x, y = frame.to_cm(window)
    nearest = np.zeros(window.shape, np.int32)
    best = np.full(window.shape, np.inf, np.float32)
    for index in range(0, len(line), _SEARCH_STEP):
        dx, dy = x - line[index, 0], y - line[index, 1]
        squared = dx * dx + dy * dy
        np.copyto(nearest, index, where=squared < best)
        np.minimum(best, squared, out=best)
    direction, along = tangents(line), lengths_along(line)
    dx, dy = direction[nearest, 0], direction[nearest, 1]
    away_x, away_y = x - line[nearest, 0], y - line[nearest, 1]
    t = along[nearest] + away_x * dx + away_y * dy
    return TubeMap(
        t=t.astype(np.float32),
        offset=(away_y * dx - away_x * dy).astype(np.float32),
        radius=np.interp(t, along, radii).astype(np.float32),
        direction_x=dx,
        direction_y=dy,
    )
