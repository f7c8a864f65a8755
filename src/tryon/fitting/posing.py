"""How a shirt lies in its picture: the frame of each of its pieces, and the piece of each of its pixels.

Cloth does not stretch to a body's outline: it has a scale, and hangs from the neck. So a shirt is laid into a picture
as a whole, turned, scaled and moved but not bent. Where it lies is told by the landmarks, weighed by how much each can
be trusted: the neck has the same place on all shirts, the hem has not. How large it is the wearer's face tells best,
for heads differ least. Each sleeve is a piece of its own that turns with the arm. A worn shirt goes round the body:
towards its sides a pixel shows more cloth, and its front's middle lies where the wearer turns it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.fitting.frames import Floats, Frame, Points, RoundFrame
from tryon.fitting.settling import FACE_NAMES, settler
from tryon.fitting.shading import extend_outwards
from tryon.geometry import boxes
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP

Mask = NDArray[np.bool_]
Method = Literal["landmarks", "box"]
Source = Literal["worn", "lying"]

TORSO, LEFT_SLEEVE, RIGHT_SLEEVE, COLLAR = 1, 2, 3, 4
_SLEEVES = {LEFT_SLEEVE: "left", RIGHT_SLEEVE: "right"}

# Where landmarks lie on a right half of the cloth, and how far from there trained networks place them (deviations by
# the median, the spread of cuts and bodies included): `python benchmarks/cloth_frames.py`.
_PLACES: Mapping[Source, Mapping[str, tuple[float, float, float, float]]] = {
    "worn": {
        "neck_back_middle": (0.0, -4.6, 0.4, 0.4),
        "neck": (7.7, -3.4, 0.6, 0.5),
        "shoulder": (16.1, 2.7, 1.8, 0.9),
        "armpit": (16.0, 16.1, 1.5, 1.2),
        "side_upper": (15.7, 27.0, 1.5, 1.5),
        "side_lower": (16.3, 43.4, 1.3, 2.5),
        "hem": (17.5, 54.2, 1.4, 3.1),
        "nose": (0.0, -13.7, 2.1, 0.5),
        "eye": (2.7, -17.3, 2.0, 0.6),
        "ear": (7.3, -16.5, 1.0, 0.7),
    },
    "lying": {
        "neck_back_middle": (0.0, -1.7, 0.3, 0.4),
        "neck": (8.1, -3.2, 0.6, 0.6),
        "shoulder": (20.7, 1.2, 1.1, 1.1),
        "armpit": (22.8, 17.2, 1.1, 1.3),
        "side_upper": (23.4, 29.2, 0.5, 1.6),
        "side_lower": (23.7, 46.7, 0.5, 2.7),
        "hem": (24.2, 59.0, 0.6, 3.4),
    },
}
# The same of a mask: its upper end, its lower end, half its width at `LEVELS` (the worn shirt's deviation 2.6 times, or
# nearly the root of their number on both sides, as one shirt is wide everywhere).
_OUTLINES: Mapping[Source, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "worn": ((-3.5, 0.3), (55.3, 3.3), (15.6, 5.0)),
    "lying": ((-3.5, 0.1), (60.4, 3.7), (23.8, 0.6)),
}
LEVELS = (32.0, 38.0, 44.0, 50.0)
_UNKNOWN = 1e4
# The joint that a right sleeve turns about: x and y on the torso's cloth, y on the sleeve's; from the same program, as
# the next.
_JOINTS: Mapping[Source, tuple[float, float, float]] = {"worn": (16.0, 5.0, 1.9), "lying": (18.0, 9.0, 4.9)}
# Where a right sleeve is sewn to the torso, from below to above on the torso's cloth, and y where it begins below the
# arm on its own (that of lying garments: worn sleeves hide it).
_SEAMS: Mapping[Source, tuple[tuple[float, float], ...]] = {
    "worn": ((12.6, 11.0), (14.3, 5.0), (14.9, 2.0)),
    "lying": ((17.9, 11.0), (18.6, 5.0), (19.0, 2.0)),
}
_SLEEVE_BEGINS = 7.0
_NARROWEST_CM = 5.0  # a body; less is a wrong landmark
# How far the front's middle lies beside the axis for each of the `turn_signs`, from the same program.
_TURNS = (0.84, 0.94)
# Of half the body's width: as far as a turn of 0.9 radians brings the drawn bodies' middle (0.62 of the chest by its
# sine); a wrong landmark would carry the pattern beyond the body.
_MOST_TURN = 0.6
_MIDDLES = ("neck_back_middle", "nose")
# A landmark below this probability of being within the picture is not trusted.
_TRUSTED = 0.5
_RIM = 0.03  # of the picture's longer side, near which faces were found that lay beyond it
_LEAST_POINTS = 4


@dataclass(frozen=True, eq=False)
class Pose:
    """How a shirt lies in its picture.

    Args:
        frames: of each piece that was found, the torso among them.
        pieces: (H, W) uint8, the piece that each pixel of the shirt shows; 0 where there is no shirt.
        method: what it was read from.
    """

    frames: Mapping[int, Frame]
    pieces: NDArray[np.uint8]
    method: Method


def find_pose(mask: Mask, landmarks: Floats | None, source: Source, face: Floats | None = None) -> Pose:
    """How a shirt lies in its picture: by its landmarks and its outline, or where too few are trusted by that alone.

    Args:
        mask: (H, W), not empty.
        landmarks: (25, 3): x, y and the probability that the point is within the picture; None where no network
            predicts them.
        source: what the picture shows.
        face: (5, 3) of the wearer, in the order of `FACE`, as the landmarks; None where nothing is known of it.
    """
    points = trusted_points(landmarks, face, mask.shape)
    of_shirt = {name: point for name, point in points.items() if name not in FACE_NAMES}
    if len(_torso_landmarks(of_shirt, source)) < _LEAST_POINTS:
        torso = _fit(_outline(mask, _torso_in_box(mask, source), source), upright=True)
        return Pose({TORSO: torso}, np.where(mask, TORSO, 0).astype(np.uint8), "box")
    seen = _torso_landmarks(points, source)
    torso = _fit([*seen, *_outline(mask, _fit(seen), source)])
    frames = {TORSO: torso}
    for piece, side in _SLEEVES.items():
        sleeve = _fit_sleeve(points, side, torso, source)
        if sleeve is not None:
            frames[piece] = sleeve
    pieces = _pieces(mask, points, frames, source)
    body = round_body(torso, points) if source == "worn" else None
    if body is not None:
        frames[TORSO] = settler().settle(body, points, mask)
    return Pose(frames, pieces, "landmarks")


def trusted_points(landmarks: Floats | None, face: Floats | None, shape: tuple[int, ...]) -> dict[str, Points]:
    """Places (2,) of the landmarks (25, 3) and of the face's points (5, 3) that are probably there, by name.

    A face at the picture's rim may as well be cut off by it, which networks do not tell: it is not trusted.
    """
    named = {} if landmarks is None else dict(zip(SHORT_SLEEVE_TOP, landmarks, strict=True))
    if face is not None:
        height, width = shape
        rim = _RIM * max(height, width)
        away = np.minimum(face[:, :2], (width - 1, height - 1) - face[:, :2]).min(axis=1)
        named |= {name: point for name, point, px in zip(FACE_NAMES, face, away, strict=True) if px >= rim}
    return {name: point[:2].astype(np.float64) for name, point in named.items() if point[2] > _TRUSTED}


def round_body(torso: Frame, points: Mapping[str, Points]) -> RoundFrame | None:
    """The torso's frame bent round the body that the landmarks of its sides tell; None where none are trusted."""
    sides: list[tuple[float, float, float]] = []
    for name in ("armpit", "side_upper", "side_lower", "hem"):
        pair = [points.get(f"{name}_{side}") for side in ("left", "right")]
        if pair[0] is not None and pair[1] is not None:
            (left, left_y), (right, right_y) = (_flat(torso, point) for point in pair if point is not None)
            if right - left > _NARROWEST_CM:
                sides.append((max((left_y + right_y) / 2, sides[-1][0] + 1e-3 if sides else -np.inf), left, right))
    if not sides:
        return None
    body = np.array(sides)
    axis, half = float(body[0, 1:].mean()), float(body[0, 2] - body[0, 1]) / 2
    turn = float(np.dot(_TURNS, turn_signs(torso, points, axis)))
    return RoundFrame(torso.origin, torso.across, body, float(np.clip(turn, -_MOST_TURN * half, _MOST_TURN * half)))


def turn_signs(torso: Frame, points: Mapping[str, Points], axis: float) -> tuple[float, float]:
    """How far (cm) the collar's middle lies beside the body's axis, and the nose beside the middle of the ears; 0 where
    that is not known."""
    collar = _flat(torso, points["neck_front_middle"])[0] - axis if "neck_front_middle" in points else 0.0
    if any(name not in points for name in ("nose", "ear_left", "ear_right")):
        return collar, 0.0
    nose, *ears = (_flat(torso, points[name])[0] for name in ("nose", "ear_left", "ear_right"))
    return collar, nose - sum(ears) / 2


def _flat(torso: Frame, point: Points) -> tuple[float, float]:
    x, y = torso.to_cloth(np.float32(point[0]), np.float32(point[1]))  # type: ignore[arg-type]
    return float(x), float(y)


class _Sight(NamedTuple):
    """A place of the cloth, its standard deviation along x and y, and where the picture shows it."""

    place: tuple[float, float]
    deviation: tuple[float, float]
    point: tuple[float, float]


def _fit(sights: Sequence[_Sight], upright: bool = False) -> Frame:
    """The frame that brings the sights nearest to their places, in standard deviations of each.

    Args:
        sights: what is seen of the cloth.
        upright: not turned. An outline alone shows no turn: an arm at one side of the body would be one.
    """
    rows, values = [], []
    for (x, y), (dx, dy), (px, py) in sights:
        rows += [np.array([x, -y, 1, 0]) / dx, np.array([y, x, 0, 1]) / dy]
        values += [px / dx, py / dy]
    free = [0, 2, 3] if upright else [0, 1, 2, 3]
    found = np.zeros(4)
    found[free] = np.linalg.lstsq(np.stack(rows)[:, free], np.array(values), rcond=None)[0]
    return Frame(origin=found[2:], across=found[:2])


def _torso_landmarks(points: Mapping[str, Points], source: Source) -> list[_Sight]:
    seen = []
    for name, (x, y, dx, dy) in _PLACES[source].items():
        sides = {name: 1} if name in _MIDDLES else {f"{name}_left": -1, f"{name}_right": 1}
        seen += [_Sight((sign * x, y), (dx, dy), _pair(points[each])) for each, sign in sides.items() if each in points]
    return seen


def _outline(mask: Mask, rough: Frame, source: Source) -> list[_Sight]:
    """The mask's upper and lower end, and the sides of the body; a side of the picture is no side of the shirt."""
    rows, columns = np.nonzero(mask)
    points = np.stack([columns, rows], axis=1).astype(np.float64)
    x, y = rough.to_cloth(columns.astype(np.float32), rows.astype(np.float32))
    top, bottom, (half, half_deviation) = _OUTLINES[source]
    sights = []
    for (level, deviation), end, rim in ((top, y.min(), 0), (bottom, y.max(), mask.shape[0] - 1)):
        near = np.abs(y - end) < 0.5 / rough.scale  # all of a level end: one of its pixels would be an accident
        if not (rows[near] == rim).any():
            sights.append(
                _Sight((float(x[near].mean()), level), (_UNKNOWN, deviation), _pair(points[near].mean(axis=0)))
            )
    for level in LEVELS:
        near = np.flatnonzero(np.abs(y - level) < 0.5)
        if near.size:
            for sign, index in ((-1, near[x[near].argmin()]), (1, near[x[near].argmax()])):
                if 0 < columns[index] < mask.shape[1] - 1:
                    place = (sign * half, float(y[index]))
                    sights.append(_Sight(place, (half_deviation, _UNKNOWN), _pair(points[index])))
    return sights


def _pair(point: Points) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _fit_sleeve(points: Mapping[str, Points], side: str, torso: Frame, source: Source) -> Frame | None:
    """From the joint that the sleeve turns about, where the torso has it, to the middle of the cuff, at its scale."""
    names = [f"{name}_{side}" for name in ("cuff_outer", "cuff_inner")]
    if any(name not in points for name in names):
        return None
    x, y, from_top = _JOINTS[source]
    joint = torso.at(-x if side == "left" else x, y)
    cuff = (points[names[0]] + points[names[1]]) / 2
    length = float(np.hypot(*(cuff - joint)))
    if length < torso.scale:  # a sleeve of less than a centimetre points nowhere
        return None
    along = (cuff - joint) / length * torso.scale
    return Frame(joint - along * from_top, np.array([along[1], -along[0]]))


def _torso_in_box(mask: Mask, source: Source) -> Frame:
    """The frame whose neck and hem lie on the upper and lower side of the mask's box."""
    x1, y1, x2, y2 = (float(value) for value in boxes.from_mask(mask))
    places = _PLACES[source]
    top, bottom = places["neck"][1], places["hem"][1]
    scale = (y2 - y1) / (bottom - top)
    return Frame(np.array([(x1 + x2 - 1) / 2, y1 - top * scale]), np.array([scale, 0.0]))


def _pieces(mask: Mask, points: Mapping[str, Points], frames: Mapping[int, Frame], source: Source) -> NDArray[np.uint8]:
    """The piece of each pixel: that whose outline surrounds it, a sleeve before the torso, else the nearest one."""
    labels = np.zeros(mask.shape, np.uint8)
    torso = ("neck", "shoulder", "armpit", "side_upper", "side_lower", "hem")
    outline = [f"{name}_left" for name in torso] + [f"{name}_right" for name in reversed(torso)]
    _fill(labels, [points[name] for name in outline if name in points], TORSO)
    for piece, side in _SLEEVES.items():
        if piece in frames:
            _fill(labels, _around_sleeve(points, side, frames[TORSO], frames[piece], source), piece)
    if not labels.any():
        return np.where(mask, TORSO, 0).astype(np.uint8)
    return np.where(mask, extend_outwards(labels.astype(np.float32), labels > 0), 0).astype(np.uint8)


def _around_sleeve(
    points: Mapping[str, Points], side: str, torso: Frame, sleeve: Frame, source: Source
) -> list[Points]:
    """A sleeve's outline: its landmarks, then along the seam, which bows to the neck, from below up to the shoulder."""
    sign = -1 if side == "left" else 1
    names = ("shoulder", "sleeve_outer", "cuff_outer", "cuff_inner", "sleeve_inner")
    half = np.hypot(*(points[f"cuff_outer_{side}"] - points[f"cuff_inner_{side}"])) / sleeve.scale / 2
    seam = [sleeve.at(-sign * half, _SLEEVE_BEGINS), *(torso.at(sign * x, y) for x, y in _SEAMS[source])]
    return [points[f"{name}_{side}"] for name in names if f"{name}_{side}" in points] + seam


def _fill(labels: NDArray[np.uint8], polygon: Sequence[Points], label: int) -> None:
    if len(polygon) >= 3:
        cv2.fillPoly(labels, [np.rint(polygon).astype(np.int32)], label)
