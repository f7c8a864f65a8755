"""How the cloth of a worn shirt lies beside where its frame has it, told by all of its landmarks together.

A frame weighs each landmark for itself. What is wrong with one is often wrong with many: of a wide wearer all sides lie
further out, of one who leans all of them beside the neck, and a turn moves the whole collar. So places that landmarks
and outline are seen at on the framed cloth tell, as parts of one normal distribution, how to move, stretch and shear
it. The table beside this file holds the distribution: `python benchmarks/cloth_settling.py` fits it to drawn photos.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tryon.fitting.frames import Frame, Points, RoundFrame
from tryon.formats.tables import read_table
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP

# COCO's left is the wearer's, ours the picture's.
FACE_NAMES = ("nose", "eye_right", "eye_left", "ear_right", "ear_left")
_POINTS = (*SHORT_SLEEVE_TOP, *FACE_NAMES)
_LEVELS = (20.0, 26.0, 32.0, 38.0, 44.0, 50.0)  # cm, at which the outline is looked at
SIGHTS = (
    *(f"{name} {axis}" for name in _POINTS for axis in "xy"),
    "upper end", "lower end",
    *(f"{side} at {level:.0f} cm" for level in _LEVELS for side in ("left", "right")),
)  # fmt: skip
SETTLING = ("move x", "stretch x", "shear x", "move y", "shear y", "stretch y")
COLUMNS = ("sight", "mean", "deviation", *SETTLING, *SIGHTS)  # of the table; its first row holds the terms' means
_TABLE = Path(__file__).with_suffix(".csv")
# Deviations beyond which a sight counts no more: it is more likely to be wrong than so far out.
_FARTHEST = 4.0
_MOST = (6.0, 2.0, 2.0)  # cm that cloth moves, stretches and shears: about three deviations, beyond is a wrong landmark


class Settler(NamedTuple):
    """A normal distribution of sights, in deviations from their means, together with the terms of a settling.

    Args:
        means: (N,) of `SIGHTS` in cm, and their deviations.
        covariance: (N, N) of the sights.
        shared: (N, 6), covariance of sights and terms.
        constants: (6,), means of the terms.
    """

    means: Points
    deviations: Points
    covariance: Points
    shared: Points
    constants: Points

    def standardised(self, seen: Points) -> Points:
        """Sights (..., N) in deviations from their means; NaN stays."""
        return np.asarray(np.clip((seen - self.means) / self.deviations, -_FARTHEST, _FARTHEST))

    def terms(self, seen: Points) -> Points:
        """(2, 3), the terms that are to be expected of sights (N,), by those that are known."""
        known = np.isfinite(seen)
        weights = np.linalg.solve(self.covariance[np.ix_(known, known)], self.shared[known])
        expected = (self.standardised(seen)[known] @ weights + self.constants).reshape(2, 3)
        return np.asarray(np.clip(expected, -np.array(_MOST), _MOST))

    def settle(self, frame: RoundFrame, points: Mapping[str, Points], mask: NDArray[np.bool_]) -> RoundFrame:
        """The frame with its cloth moved, stretched and sheared to where points and outline tell that it lies."""
        return frame.settled(self.terms(sights(frame, points, mask)))


@cache
def settler() -> Settler:
    """The distribution of the table beside this file."""
    constants, *rows = read_table(_TABLE, COLUMNS)
    if tuple(row["sight"] for row in rows) != SIGHTS:
        raise ValueError(f"{_TABLE.name} is of other sights: fit it again")
    means, deviations, *others = np.array([[float(row[column]) for column in COLUMNS[1:]] for row in rows]).T
    shared, covariance = np.split(np.stack(others, axis=1), [len(SETTLING)], axis=1)
    return Settler(means, deviations, covariance, shared, np.array([float(constants[name]) for name in SETTLING]))


def sights(frame: Frame, points: Mapping[str, Points], mask: NDArray[np.bool_]) -> Points:
    """Where the flat frame's cloth (cm) has the points and the mask's outline, in the order of `SIGHTS`; NaN where that
    is not seen or cut off by the picture."""
    flat = Frame(frame.origin, frame.across)
    unknown = np.array([np.nan, np.nan])
    px = np.array([points.get(name, unknown) for name in _POINTS], np.float32)
    seen = np.stack(flat.to_cloth(px[:, 0], px[:, 1]), axis=1).ravel()
    rows, columns = np.nonzero(mask)
    x, y = flat.to_cloth(columns.astype(np.float32), rows.astype(np.float32))
    ends = [
        float(y[end]) if 0 < rows[end] < mask.shape[0] - 1 else np.nan for end in (int(y.argmin()), int(y.argmax()))
    ]
    sides = [_sides(x[np.abs(y - level) < 0.5]) for level in _LEVELS]
    return np.concatenate([seen, ends, *sides]).astype(np.float64)


def _sides(x: NDArray[np.float32]) -> tuple[float, float]:
    return (float(x.min()), float(x.max())) if x.size else (np.nan, np.nan)
