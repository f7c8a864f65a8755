"""Changes of a training picture that move its pixels, masks and landmarks together.

A change is drawn once, as a value, and then applied to each of them; the same generator state gives the same change.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tryon.geometry.landmarks import ABSENT, FLIP_ORDER_WITH_FACE

# Round the default margin of a second look, as far as a first box is wrong; the least of them cut something off.
CLOSE_UP_MARGINS = (0.05, 0.4)
CLOSE_UP_SHIFT = 0.06
# Of the side: a narrower strip beside the objects shows nothing that could be told apart when it is enlarged.
NARROWEST_STRIP = 0.12


@dataclass(frozen=True)
class Augmentation:
    """How far pictures may be changed; the default changes nothing.

    Args:
        flip: mirror half of the pictures.
        max_shift: largest shift along each axis, as a fraction of the side.
        max_scale: largest growth, 0.25 for 1.25 times; shrinking goes as far the other way.
        colour_jitter: largest change of contrast, of brightness and of each channel, as a fraction.
        close_ups: part of the pictures that are shown with one object large, as a second look shows it.
        surroundings: part of the pictures that are shown without their objects, as a window beside them; a network
            that has never seen a picture without a shirt finds one everywhere.
        blanks: part of the pictures that are replaced by spots of random colours and sizes, down to noise of single
            pixels: what is neither a shirt nor anything else that photos show.
        max_rotation_degrees: largest turn about the middle, either way.
        recolour: part of the garments that get another mean colour, each by itself.
        close_up_rise: how far above its object a close-up lies in the mean, as a fraction of its side, as a second look
            that takes in the wearer's face.
    """

    flip: bool = False
    max_shift: float = 0.0
    max_scale: float = 0.0
    colour_jitter: float = 0.0
    close_ups: float = 0.0
    surroundings: float = 0.0
    blanks: float = 0.0
    max_rotation_degrees: float = 0.0
    recolour: float = 0.0
    close_up_rise: float = 0.0

    def draw_blank(self, random: np.random.Generator, side: int) -> NDArray[np.uint8] | None:
        """A picture (side, side, 3) of coloured spots in place of a photo, in a part `blanks` of the cases."""
        if random.random() >= self.blanks:
            return None
        spots = int(np.exp(random.uniform(np.log(2), np.log(side))))
        small = random.uniform(0, 1, 3) + random.uniform(0.1, 1.0) * (random.random((spots, spots, 3)) - 0.5)
        drawn = cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(drawn, 0, 1) * 255 + 0.5, np.uint8)

    def draw(self, random: np.random.Generator, side: int, boxes: Sequence[ArrayLike] = ()) -> "Change":
        """A change for a square picture of `side` pixels; `boxes` (4,) are those of the objects in it."""
        mirrored = bool(random.random() < 0.5) and self.flip
        scale = float(np.exp(random.uniform(-1, 1) * np.log1p(self.max_scale)))
        shift = random.uniform(-1, 1, 2) * self.max_shift * side
        if random.random() < self.close_ups and len(boxes):
            scale, shift = _close_up(random, side, boxes, mirrored)
            shift = shift + np.array([0.0, self.close_up_rise * side])
        elif random.random() < self.surroundings and len(boxes):
            scale, shift = _beside(random, side, boxes, mirrored) or (scale, shift)
        contrast, brightness = (
            1 + random.uniform(-1, 1) * self.colour_jitter,
            random.uniform(-1, 1) * self.colour_jitter / 2,
        )
        channels = 1 + random.uniform(-1, 1, 3) * self.colour_jitter / 2
        turn = random.uniform(-1, 1) * self.max_rotation_degrees
        moved = (float(shift[0]), float(shift[1]))
        return Change(side, mirrored, scale, moved, contrast, brightness, channels, turn)


def _close_up(
    random: np.random.Generator, side: int, boxes: Sequence[ArrayLike], mirrored: bool
) -> tuple[float, NDArray[np.float64]]:
    """Scale and shift that bring one of the boxes to the middle, with a margin as of a second look."""
    x1, y1, x2, y2 = np.asarray(boxes[int(random.integers(len(boxes)))], np.float64)
    margin, off = random.uniform(*CLOSE_UP_MARGINS), random.uniform(-1, 1, 2) * CLOSE_UP_SHIFT * side
    window = max(x2 - x1, y2 - y1, 1.0) * (1 + 2 * margin)
    scale, shift = _bring_to_middle((x1 + x2) / 2, (y1 + y2) / 2, window, side, mirrored)
    return scale, shift + off


def _beside(
    random: np.random.Generator, side: int, boxes: Sequence[ArrayLike], mirrored: bool
) -> tuple[float, NDArray[np.float64]] | None:
    """Scale and shift that show a square window to the left, right, above or below all boxes; None without room."""
    x1, y1 = np.min([np.asarray(box, np.float64)[:2] for box in boxes], axis=0)
    x2, y2 = np.max([np.asarray(box, np.float64)[2:] for box in boxes], axis=0)
    strips = [(0.0, 0.0, x1, side), (x2, 0.0, side, side), (0.0, 0.0, side, y1), (0.0, y2, side, side)]
    wide = [strip for strip in strips if min(strip[2] - strip[0], strip[3] - strip[1]) >= NARROWEST_STRIP * side]
    if not wide:
        return None
    left, top, right, bottom = wide[int(random.integers(len(wide)))]
    window = random.uniform(NARROWEST_STRIP * side, min(right - left, bottom - top))
    centre_x = random.uniform(left + window / 2, right - window / 2)
    centre_y = random.uniform(top + window / 2, bottom - window / 2)
    return _bring_to_middle(centre_x, centre_y, window, side, mirrored)


def _bring_to_middle(x: float, y: float, window: float, side: int, mirrored: bool) -> tuple[float, NDArray[np.float64]]:
    """Scale and shift that make a square window round a point fill the picture."""
    scale = side / window
    away = np.array([x, y]) - side / 2
    return float(scale), -away * scale * np.array([-1.0 if mirrored else 1.0, 1.0])


@dataclass(frozen=True)
class Change:
    """One change of a square picture: mirror, scale and turn about the middle, shift; contrast, brightness, gains by
    channel."""

    side: int
    mirrored: bool
    scale: float
    shift: tuple[float, float]
    contrast: float
    brightness: float
    channels: NDArray[np.float64]
    turn_degrees: float = 0.0

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): old pixel indices x, y, 1 to new ones."""
        middle = (self.side - 1) / 2
        turn = math.radians(self.turn_degrees)
        axes = self.scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        axes[:, 0] *= -1.0 if self.mirrored else 1.0
        return np.column_stack([axes, middle - axes @ (middle, middle) + self.shift])

    def picture(self, square: NDArray[np.uint8], ground: int) -> NDArray[np.uint8]:
        """The picture (side, side, 3), moved and recoloured; `ground` where nothing was."""
        moved = self._warp(square, (ground, ground, ground))
        levels = np.arange(256, dtype=np.float64)[:, None] / 255.0
        table = ((levels - 0.5) * self.contrast + 0.5 + self.brightness) * self.channels
        coloured = cv2.LUT(moved, (np.clip(table, 0, 1) * 255 + 0.5).astype(np.uint8)[None])
        return np.asarray(coloured, np.uint8)

    def mask(self, coverage: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The coverage (side, side) 0..255 of a mask, moved."""
        return self._warp(coverage, (0,))

    def labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A map of labels (side, side), moved; 0 where nothing was."""
        size = (self.side, self.side)
        return np.asarray(cv2.warpAffine(labels, self.matrix, size, flags=cv2.INTER_NEAREST), np.uint8)

    def points(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (..., 2), moved."""
        return np.asarray(points, np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def landmarks(self, landmarks: ArrayLike) -> NDArray[np.float64]:
        """Landmarks (25, 3) of a short sleeve top, or with its wearer's face (30, 3), moved, left and right exchanged
        when mirrored; absent and unknown ones stay 0."""
        moved = np.array(landmarks, np.float64)
        if self.mirrored:
            moved = moved[FLIP_ORDER_WITH_FACE[: len(moved)]]
        present = moved[:, 2] > ABSENT
        moved[present, :2] = self.points(moved[present, :2])
        return moved

    def _warp(self, square: NDArray[np.uint8], ground: tuple[int, ...]) -> NDArray[np.uint8]:
        size = (self.side, self.side)
        return np.asarray(
            cv2.warpAffine(square, self.matrix, size, flags=cv2.INTER_LINEAR, borderValue=ground), np.uint8
        )
