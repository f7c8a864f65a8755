"""Frames: cloth laid into a picture, flat or round a body.

Coordinates of cloth (x, y) are in centimetres: y down from the hollow of the neck (on a sleeve, from the shoulder), x
to the picture's right. Points of pictures are pixel indices.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Points = NDArray[np.float64]

# Half of a body's depth as a part of half its width, for the length of the cloth round it: an ellipse of this depth has
# as much cloth from its axis to its side, 1.18 of half the width, as the renderer's shirts have.
_DEPTH = 0.45
_MIDDLE_CM, _SETTLING_CM = 25.0, 10.0  # of a shirt below its neck; what places count in where a cloth settles
_QUARTER = np.linspace(0, np.pi / 2, 91)
_STEPS = np.hypot(np.cos(_QUARTER), _DEPTH * np.sin(_QUARTER))
_QUARTER_LENGTHS = np.append(0, np.cumsum(_STEPS[1:] + _STEPS[:-1]) / 2 * _QUARTER[1])
# From side to side, equal on both.
_ARC_PLACES = np.sin(np.concatenate([-_QUARTER[:0:-1], _QUARTER]))
_ARC_LENGTHS = np.concatenate([-_QUARTER_LENGTHS[:0:-1], _QUARTER_LENGTHS])


@dataclass(frozen=True, eq=False)
class Frame:
    """Cloth laid into a picture: turned, scaled and moved.

    Args:
        origin: (2,), where the cloth's (0, 0) lies.
        across: (2,), pixels to the right and down for a centimetre along x; y runs at right angles to it.
    """

    origin: Points
    across: Points

    @property
    def scale(self) -> float:
        """Pixels of the picture for a centimetre of cloth."""
        return float(np.hypot(*self.across))

    @property
    def along(self) -> Points:
        """(2,), pixels for a centimetre along y."""
        return np.array([-self.across[1], self.across[0]])

    def at(self, x: float, y: float) -> Points:
        """(2,), the place in the picture of one place of the cloth."""
        return self.origin + x * self.across + y * self.along

    def to_cloth(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Places of the picture as places of the cloth; any shape."""
        dx, dy = x - self.origin[0], y - self.origin[1]
        (ax, ay), square = self.across, self.scale**2
        return np.asarray((dx * ax + dy * ay) / square, np.float32), np.asarray(
            (dy * ax - dx * ay) / square, np.float32
        )

    def to_picture(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Places of the cloth as places of the picture; any shape."""
        (ox, oy), (ax, ay) = self.origin, self.across
        return np.asarray(ox + x * ax - y * ay, np.float32), np.asarray(oy + x * ay + y * ax, np.float32)


@dataclass(frozen=True, eq=False)
class RoundFrame(Frame):
    """Cloth that goes round a body: x counts along the cloth, from its front's middle. `at` stays flat, as seams and
    joints are measured.

    Args:
        sides: (K, 3) of the body: y, and the flat places of its left and right side there; y rises.
        turn: how far the front's middle lies beside the body's axis, flat.
        settling: (2, 3), what is added to the places x and y of the round cloth, for each of `settling_terms`.
    """

    sides: Points
    turn: float
    settling: Points = field(default_factory=lambda: np.zeros((2, 3)))

    def settled(self, settling: Points) -> "RoundFrame":
        """The frame with another settling."""
        return replace(self, settling=settling)

    def to_cloth(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Places of the picture as places of the cloth; any shape."""
        flat, down = super().to_cloth(x, y)
        axis, half = self._body(down)
        along = (_unrolled((flat - axis) / half) - _unrolled(self.turn / half)) * half
        added = settling_at(self.settling, along, down)
        return np.asarray(along + added[0], np.float32), np.asarray(down + added[1], np.float32)

    def to_picture(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Places of the cloth as places of the picture; any shape."""
        # Settled places are M (x, y) + c of the others.
        matrix = np.eye(2) + self.settling[:, 1:] / _SETTLING_CM
        constant = settling_at(self.settling, 0.0, 0.0)
        along, down = np.tensordot(np.linalg.inv(matrix), np.stack([x - constant[0], y - constant[1]]), axes=1)
        axis, half = self._body(down)
        across = _rolled(along / half + _unrolled(self.turn / half))
        return super().to_picture(np.asarray(axis + across * half, np.float32), np.asarray(down, np.float32))

    def _body(self, y: Floats | Points) -> tuple[Points, Points]:
        """The body's axis and half width at places along the cloth, flat."""
        left, right = (np.interp(y, self.sides[:, 0], self.sides[:, side]) for side in (1, 2))
        return (left + right) / 2, (right - left) / 2


def settling_terms(x: Points | Floats | float, y: Points | Floats | float) -> Points:
    """(3, ...): one, and the places x and y of the cloth from a shirt's middle, in parts of its size."""
    return np.stack([np.ones_like(x, float), np.asarray(x) / _SETTLING_CM, (np.asarray(y) - _MIDDLE_CM) / _SETTLING_CM])


def settling_at(settling: Points, x: Points | Floats | float, y: Points | Floats | float) -> Points:
    """(2, ...): what a settling (2, 3) adds to the places x and y of the cloth."""
    return np.asarray(np.tensordot(settling, settling_terms(x, y), axes=1))


def _unrolled(across: Points) -> Points:
    """Length of cloth from the axis to a place across the body, both as parts of the half width: an ellipse's arc, and
    flat cloth beyond the body."""
    beyond = across - np.clip(across, -1, 1)
    return np.asarray(np.interp(across, _ARC_PLACES, _ARC_LENGTHS) + beyond)


def _rolled(along: Points) -> Points:
    """The inverse of `_unrolled`."""
    beyond = along - np.clip(along, _ARC_LENGTHS[0], _ARC_LENGTHS[-1])
    return np.asarray(np.interp(along, _ARC_LENGTHS, _ARC_PLACES) + beyond)
