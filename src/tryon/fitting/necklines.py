"""The collar of a shirt: the band along its neckline, whatever shape that has.

A round collar laid on a shirt with a V neck as it lies would be a second neckline on its chest. So the band is a piece
of its own, whose cloth is told by how far along the neckline a place is, and how far below it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from tryon.fitting.frames import Floats, Frame, Points
from tryon.fitting.posing import COLLAR, TORSO, Pose, Source, trusted_points
from tryon.fitting.segments import Segment
from tryon.images.colour import rgb_to_lab, to_float

Mask = NDArray[np.bool_]

# Ribbed bands are 1.3 to 2.2: a worn one is as wide as most, a lying one so wide that none is taken for the pattern.
_WIDTHS_CM: Mapping[Source, float] = {"worn": 1.8, "lying": 3.8}
# The collar's cloth is taken from its middle, so that neither the inside of the back nor the pattern is taken for it.
_MIDDLE_CM, _HALF_CM = 0.85, 0.4
_NAMES = ("neck_left", "neck_front_left", "neck_front_middle", "neck_front_right", "neck_right")
_STEPS = 16  # points of the line between two landmarks
_SMOOTH = 4  # points to each side that its direction is read from
# How far a line by landmarks may lie beside a worn shirt's edge, and beside a lying garment's band.
_EDGES_CM, _BANDS_CM = np.arange(-2.5, 2.5, 0.1), np.arange(-2.4, 2.4, 0.15)
_LEAST_SEEN = 0.25  # of a worn neckline
_OTHER_COLOUR, _PULL = 20.0, 3.0  # Lab distance beyond which colours are merely others; Lab a square centimetre
_NEIGHBOURS = np.where(np.abs(np.subtract.outer(range(len(_BANDS_CM)), range(len(_BANDS_CM)))) <= 2, 0.0, np.inf)


@dataclass(frozen=True, eq=False)
class NecklineFrame(Frame):
    """A collar's cloth: x runs along the neckline from -1 (left) to 1 (right); y is that of its middle everywhere.

    Args:
        line: (N, 2), the neckline in the picture, from left to right.
    """

    line: Points

    @property
    def downwards(self) -> Points:
        """(N, 2), unit vectors at right angles to the line, away from the neck."""
        index = np.arange(len(self.line))
        ahead, behind = (self.line[(index + step).clip(0, index[-1])] for step in (_SMOOTH, -_SMOOTH))
        steps = ahead - behind
        across = np.stack([-steps[:, 1], steps[:, 0]], axis=1)
        return np.asarray(across / np.maximum(np.hypot(*steps.T), 1e-6)[:, None])

    def to_cloth(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Places of the picture (n,) as places of the collar."""
        along = 2 * self.nearest(x, y)[0] / (len(self.line) - 1) - 1
        return np.asarray(along, np.float32), np.full(len(along), _MIDDLE_CM, np.float32)

    def to_picture(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Places of the collar (n,) as places of the picture."""
        index = np.rint((x + 1) / 2 * (len(self.line) - 1)).astype(int)
        places = self.line[index] + y[:, None] * self.scale * self.downwards[index]
        return np.asarray(places[:, 0], np.float32), np.asarray(places[:, 1], np.float32)

    def nearest(self, x: Floats, y: Floats) -> tuple[NDArray[np.intp], Points]:
        """(n,) each: the point of the line that a place of the picture is nearest to, and how far below it, in cm."""
        places = np.stack([x, y], axis=-1)
        distance_px, nearest = KDTree(self.line).query(places)
        below = ((places - self.line[nearest]) * self.downwards[nearest]).sum(axis=-1)
        return nearest, np.copysign(distance_px, below) / self.scale


def with_collar(pose: Pose, shirt: Segment, source: Source) -> Pose:
    """The pose with the collar as a piece of its own; as it is where the landmarks do not tell the neckline."""
    line = _through_landmarks(trusted_points(shirt.landmarks, None, shirt.mask.shape), pose.frames[TORSO])
    if line is None:
        return pose
    collar = _at_edge(line, shirt.mask) if source == "worn" else _along_band(line, rgb_to_lab(to_float(shirt.picture)))
    return replace(pose, frames={**pose.frames, COLLAR: collar}, pieces=_marked(pose.pieces, collar, source))


def _through_landmarks(points: Mapping[str, Points], torso: Frame) -> NecklineFrame | None:
    """The neckline through its landmarks; None unless all are trusted and in their order."""
    if any(name not in points for name in _NAMES):
        return None
    corners = np.stack([points[name] for name in _NAMES])
    if (np.diff(corners @ torso.across) <= 0).any():
        return None
    at = np.linspace(0, len(corners) - 1, (len(corners) - 1) * _STEPS + 1)
    line = np.stack([np.interp(at, range(len(corners)), corners[:, axis]) for axis in (0, 1)], axis=1)
    return NecklineFrame(torso.origin, torso.across, line)


def _at_edge(frame: NecklineFrame, mask: Mask) -> NecklineFrame:
    """A worn collar's frame, each point of its line moved up or down to where the mask begins.

    Where hair hides that, as the points beside; unmoved if little of it is seen.
    """
    shown = np.asarray(_beside(frame, mask.astype(np.float32), _EDGES_CM) > 0.5)  # (N, T), from above to below
    begins = ~shown[:, :-1] & shown[:, 1:]
    seen = np.asarray(begins.any(axis=1))
    if seen.mean() < _LEAST_SEEN:
        return frame
    edges = _EDGES_CM[1:]
    nearest = edges[np.where(begins, np.abs(edges), np.inf).argmin(axis=1)]
    index = np.arange(len(seen))
    return _moved(frame, np.interp(index, index[seen], nearest[seen]))


def _along_band(frame: NecklineFrame, lab: Floats) -> NecklineFrame:
    """A lying collar's frame, its line moved so that the band's middle is the way along it whose colour changes least.

    Below the band the pattern changes it, above the inside of the back does.

    Args:
        frame: by landmarks.
        lab: (H, W, 3), the garment's picture.
    """
    middle, above, below = (
        _beside(frame, lab, _BANDS_CM + _MIDDLE_CM + beside) for beside in (0.0, -_HALF_CM, _HALF_CM)
    )
    alone = _unlike(middle, above) + _unlike(middle, below) + _PULL * _BANDS_CM**2  # (N, T)
    costs, ways = alone[0], []
    for here, there, own in zip(middle, middle[1:], alone[1:], strict=False):
        steps = costs[:, None] + _unlike(here[:, None], there) + _NEIGHBOURS  # (T, T), from and to
        ways.append(steps.argmin(axis=0))
        costs = steps.min(axis=0) + own
    path = [int(costs.argmin())]
    for way in reversed(ways):
        path.append(int(way[path[-1]]))
    moved = _moved(frame, _BANDS_CM[path[::-1]])
    return replace(moved, line=cv2.blur(moved.line, (1, 2 * _SMOOTH + 1), borderType=cv2.BORDER_REPLICATE))


def _marked(pieces: NDArray[np.uint8], frame: NecklineFrame, source: Source) -> NDArray[np.uint8]:
    """Pieces (H, W) with the band below the neckline marked.

    What a lying garment shows above its neckline, the inside of the back, is no piece; what a worn shirt shows there is
    the band, whose edge was taken to be a little lower than it is.
    """
    marked = pieces.copy()
    rows, columns = np.nonzero(pieces)
    width_cm = _WIDTHS_CM[source]
    reach = width_cm * frame.scale
    (left, top), (right, bottom) = frame.line.min(axis=0) - reach, frame.line.max(axis=0) + reach
    near = (columns > left) & (columns < right) & (rows > top) & (rows < bottom)
    rows, columns = rows[near], columns[near]
    nearest, below = frame.nearest(columns.astype(np.float32), rows.astype(np.float32))
    band = (nearest > 0) & (nearest < len(frame.line) - 1) & (below < width_cm)
    label = np.where((below < 0) & (source == "lying"), 0, COLLAR)
    marked[rows[band], columns[band]] = label[band]
    return marked


def _beside(frame: NecklineFrame, values: Floats, offsets_cm: Points) -> Floats:
    """A picture's values (N, T[, C]) at offsets below each point of the line."""
    places = frame.line[:, None] + (offsets_cm * frame.scale)[:, None] * frame.downwards[:, None]
    x, y = (places[..., axis].astype(np.float32) for axis in (0, 1))
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _unlike(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.minimum(np.linalg.norm(one - other, axis=-1), _OTHER_COLOUR), np.float32)


def _moved(frame: NecklineFrame, cm: Points) -> NecklineFrame:
    return replace(frame, line=frame.line + (cm * frame.scale)[:, None] * frame.downwards)
