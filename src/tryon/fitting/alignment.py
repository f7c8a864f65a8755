"""Which place of the garment's picture each pixel of a worn shirt shows: the one of the same centimetre of cloth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tryon.fitting.frames import Floats, Frame, Points
from tryon.fitting.posing import COLLAR, TORSO, Mask, Method, Pose

# How far a pattern is continued, in repeats: a garment of ten stripes may miss half of them.
_MOST_REPEATS = 5


@dataclass(frozen=True, eq=False)
class Alignment:
    """The garment's picture seen at the worn shirt's place.

    Args:
        x, y: (H, W), the place of the garment's picture that each pixel of the photo shows.
        known: (H, W), pixels of the worn shirt for which that place shows the same piece of the garment.
        method: what it was read from; a `box` in either picture makes it `box`.
        scale: pixels of the garment's picture for one of the photo.
    """

    x: Floats
    y: Floats
    known: Mask
    method: Method
    scale: float


def align(worn: Pose, garment: Pose, repeats: Points | None = None) -> Alignment:
    """Where the garment's picture shows what each pixel of the worn shirt should.

    Args:
        worn: how the shirt lies in the photo.
        garment: how the garment lies in its picture.
        repeats: (1 or 2, 2), ways in pixels of the garment's picture after which its pattern repeats. What the garment
            does not show (a sleeve longer than its own, a deeper neck) is then taken from where the fewest of them
            lead.
    """
    height, width = worn.pieces.shape
    x, y = (np.zeros((height, width), np.float32) for _ in range(2))
    known = np.zeros((height, width), bool)
    for piece, frame in worn.frames.items():
        rows, columns = np.nonzero(worn.pieces == piece)
        to = piece if piece in garment.frames else TORSO
        own = worn.frames[TORSO] if piece == COLLAR and to == TORSO else frame
        cloth = own.to_cloth(columns.astype(np.float32), rows.astype(np.float32))
        x[rows, columns], y[rows, columns], known[rows, columns] = _find(cloth, garment, to, repeats)
    method: Method = "landmarks" if worn.method == garment.method == "landmarks" else "box"
    return Alignment(x, y, known, method, garment.frames[TORSO].scale / worn.frames[TORSO].scale)


def _find(
    cloth: tuple[Floats, Floats], garment: Pose, piece: int, repeats: Points | None
) -> tuple[Floats, Floats, Mask]:
    """Place in the garment's picture of places of its cloth (N,), and whether the piece is seen there."""
    frame = garment.frames[piece]
    x, y = frame.to_picture(*cloth)
    if piece == COLLAR:  # its middle is followed, whatever piece the pixel there counts to
        return x, y, np.ones(x.shape, bool)
    known = _shows(garment.pieces, piece, x, y)
    if repeats is None:
        return x, y, known
    missing = np.flatnonzero(~known)
    for step in _steps(repeats, frame, garment.frames[TORSO]):
        there = x[missing] + np.float32(step[0]), y[missing] + np.float32(step[1])
        found = _shows(garment.pieces, piece, *there)
        here = missing[found]
        x[here], y[here], known[here] = there[0][found], there[1][found], True
        missing = missing[~found]
    return x, y, known


def _steps(repeats: Points, frame: Frame, torso: Frame) -> Points:
    """(N, 2), pixels from a place of a piece to where its pattern is the same, the nearest first."""
    counts = np.arange(-_MOST_REPEATS, _MOST_REPEATS + 1)
    times = np.stack(np.meshgrid(*[counts] * len(repeats)), axis=-1).reshape(-1, len(repeats))
    on_torso = times[times.any(axis=1)] @ repeats
    on_torso = on_torso[np.argsort(np.hypot(*on_torso.T), kind="stable")]
    across, along = on_torso @ torso.across, on_torso @ torso.along
    # The pattern turns with the sleeve.
    return np.asarray((across[:, None] * frame.across + along[:, None] * frame.along) / torso.scale**2)


def _shows(pieces: NDArray[np.uint8], piece: int, x: Floats, y: Floats) -> Mask:
    height, width = pieces.shape
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    within = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    return np.asarray(within & (pieces[row.clip(0, height - 1), column.clip(0, width - 1)] == piece))
