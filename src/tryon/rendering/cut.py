"""The cut of a T-shirt on a figure: outlines, landmarks and half widths, in upright torso coordinates (cm)."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np

from tryon.rendering.drawing import Floats, smoothstep, spline
from tryon.rendering.figure import ARMPIT_Y, Arm, Figure
from tryon.rendering.tubes import lengths_along, outline, tangents

NECK_Y = -3.6


@dataclass(frozen=True)
class Cut:
    """Measures of a T-shirt in cm; looseness 0 is tight and 1 hangs from the chest."""

    neck: Literal["crew", "v"]
    neck_half_width: float
    neck_depth: float
    band: float
    looseness: float
    ease: float
    hem_y: float
    hem_bow: float
    sleeve: float
    sleeve_ease: float
    sleeve_flare: float


@dataclass(frozen=True)
class Shirt:
    """A cut worn by a figure; `relief` is 1 on a body and near 0 where the shirt lies flat."""

    cut: Cut
    figure: Figure
    relief: float = 1.0

    def half_width(self, rows_y: Floats) -> Floats:
        """Half width of the shirt as seen, by row."""
        cut, figure = self.cut, self.figure
        body = figure.half_width(rows_y)
        chest = float(figure.half_width(np.array([ARMPIT_Y], np.float32))[0])
        down = np.clip((rows_y - ARMPIT_Y) / (cut.hem_y - ARMPIT_Y), 0, 1)
        waisted = 1.6 * np.sin(np.pi * np.clip(down * 1.15, 0, 1)) * (1 - 0.6 * cut.looseness) * self.relief
        hanging = np.maximum(chest + cut.ease + 0.8 * cut.looseness * down - waisted, body + 1.0)
        fitted = body + 0.6 + 0.4 * cut.ease * down
        side = cut.looseness * hanging + (1 - cut.looseness) * fitted
        upper = figure.shoulder_x + 0.6
        return np.asarray(side + (upper - side) * smoothstep(ARMPIT_Y, 2.0, rows_y), np.float32)

    @cached_property
    def neck_points(self) -> tuple[Floats, Floats]:
        """Where the collar meets the shoulder line, left and right."""
        x = 0.3 * self.figure.middle_x
        reach = self.cut.neck_half_width * (0.4 + 0.6 * math.cos(self.figure.yaw))
        return np.array([x - reach, NECK_Y], np.float32), np.array([x + reach, NECK_Y], np.float32)

    @cached_property
    def front_collar(self) -> Floats:
        """The front neckline from left to right (odd number of points; the middle one is its lowest)."""
        left, right = self.neck_points
        middle = np.array([self.figure.middle_x * 0.85, self.cut.neck_depth], np.float32)
        t = np.linspace(-1, 1, 25, dtype=np.float32)
        if self.cut.neck == "crew":
            drop = (1 - np.abs(t) ** 2.3) ** 0.75
            across = np.sign(t) * np.abs(t) ** 0.8
        else:
            drop = 1 - np.abs(t) ** 1.12
            across = np.sign(t) * np.abs(t) ** 1.02
        ends = np.where(t[:, None] < 0, left, right)
        x = middle[0] + (ends[:, 0] - middle[0]) * np.abs(across)
        y = NECK_Y + (middle[1] - NECK_Y) * drop
        return np.stack([x, y], axis=1).astype(np.float32)

    @cached_property
    def back_collar(self) -> Floats:
        """The back neckline from left to right, a little above the shoulder line."""
        left, right = self.neck_points
        t = np.linspace(0, 1, 13, dtype=np.float32)[:, None]
        curve = left + (right - left) * t
        curve[:, 1] -= 1.1 * np.sin(np.pi * t[:, 0]) * (1 if self.relief > 0.5 else -1.6)
        return curve.astype(np.float32)

    def shoulder_tip(self, side: int) -> Floats:
        """The outer end of the shoulder line; it rises with the arm."""
        arm = self.figure.arms[(side + 1) // 2]
        rise = max(0.0, abs(arm.elbow[0]) - abs(arm.shoulder[0])) / 28.0
        return np.array([side * (self.figure.shoulder_x - 0.5), 2.9 - 3.3 * rise**1.5], np.float32)

    def armpit(self, side: int) -> Floats:
        y = ARMPIT_Y + 1.0 + 2.0 * self.cut.looseness
        return np.array([side * float(self.half_width(np.array([y], np.float32))[0]), y], np.float32)

    def side_seam(self, side: int) -> Floats:
        """From the armpit down to the hem."""
        y = np.linspace(self.armpit(side)[1], self.cut.hem_y, 8, dtype=np.float32)
        return np.stack([side * self.half_width(y), y], axis=1).astype(np.float32)

    @cached_property
    def hem(self) -> Floats:
        """The hem from left to right."""
        s = np.linspace(-1, 1, 15, dtype=np.float32)
        width = self.half_width(np.array([self.cut.hem_y], np.float32))
        return np.stack([s * width, self.cut.hem_y + self.cut.hem_bow * (1 - s**2)], axis=1).astype(np.float32)

    @cached_property
    def torso_outline(self) -> Floats:
        """Closed outline of the body of the shirt, without sleeves."""
        shoulders = {}
        for side in (-1, 1):
            tip, pit = self.shoulder_tip(side), self.armpit(side)
            neck = self.neck_points[(side + 1) // 2]
            rounding = (neck + tip) / 2 + np.array([0, -0.45 if self.relief > 0.5 else 0.0], np.float32)
            armhole = np.array([side * (self.figure.shoulder_x + 0.3), (tip[1] + pit[1]) / 2], np.float32)
            shoulders[side] = np.stack([rounding, tip, armhole])
        left = np.concatenate([shoulders[-1], self.side_seam(-1)])
        right = np.concatenate([shoulders[1], self.side_seam(1)])[::-1]
        return np.concatenate([self.front_collar[::-1], left, self.hem[1:-1], right]).astype(np.float32)

    def sleeve_line(self, side: int) -> tuple[Floats, Floats]:
        """Centreline of a sleeve in body coordinates and its half widths."""
        return self._sleeve_lines[(side + 1) // 2]

    @cached_property
    def _sleeve_lines(self) -> list[tuple[Floats, Floats]]:
        return [self._measure_sleeve(side) for side in (-1, 1)]

    def _measure_sleeve(self, side: int) -> tuple[Floats, Floats]:
        arm = self.figure.arms[(side + 1) // 2]
        line = arm.centreline
        along = lengths_along(line)
        t = np.linspace(0, min(self.cut.sleeve, float(along[-1]) * 0.62), 16, dtype=np.float32)
        line = np.stack([np.interp(t, along, line[:, 0]), np.interp(t, along, line[:, 1])], axis=1)
        flare = self.cut.sleeve_ease * smoothstep(0.0, 10.0, t) + self.cut.sleeve_flare * (t / t[-1])
        return line.astype(np.float32), np.asarray(arm_radii(self.figure, t) + flare, np.float32)

    def sleeve_edges(self, side: int) -> tuple[Floats, Floats]:
        """Outer and inner edge of a sleeve from shoulder to hem, in body coordinates."""
        line, radii = self.sleeve_line(side)
        closed = outline(line, radii)
        first, second = closed[: len(line)], closed[len(line) :][::-1]
        return (first, second) if side < 0 else (second, first)

    def sleeve_outlines(self, side: int) -> list[Floats]:
        """Closed outlines in body coordinates whose union is a sleeve: the cap over the shoulder and the tube."""
        return self._sleeve_outlines[(side + 1) // 2]

    @cached_property
    def _sleeve_outlines(self) -> list[list[Floats]]:
        return [self._outline_sleeve(side) for side in (-1, 1)]

    def _outline_sleeve(self, side: int) -> list[Floats]:
        outer, inner = self.sleeve_edges(side)
        tip, pit = self.shoulder_tip(side), self.armpit(side)
        neck = self.neck_points[(side + 1) // 2]
        hole = np.array([side * (self.figure.shoulder_x - 2.0), (tip[1] + pit[1]) / 2 + 1])
        seam = np.stack([tip * 0.86 + neck * 0.14 + np.array([0, 0.3]), tip * 0.99 + neck * 0.01, pit, hole])
        seam = self.figure.bend(seam.astype(np.float32))
        shoulder = spline(np.concatenate([seam[:2], outer[[3, 7]]]), closed=False, per_segment=5)
        cap = cv2.convexHull(np.concatenate([shoulder, inner[[7]], seam[2:]]).astype(np.float32))[:, 0]
        tube = np.concatenate([outer[3:], self._hem_bulge(side), inner[:2:-1]]).astype(np.float32)
        return [np.asarray(cap, np.float32), tube]

    def _hem_bulge(self, side: int) -> Floats:
        """The hem of a sleeve, bowed as the rim of a tube."""
        line, radii = self.sleeve_line(side)
        outer, inner = self.sleeve_edges(side)
        t = np.linspace(0, 1, 9, dtype=np.float32)[1:-1, None]
        direction = tangents(line)[-1]
        bow = 0.22 * radii[-1] * (1 if self.relief > 0.5 else 0.1)
        return np.asarray(outer[-1] + (inner[-1] - outer[-1]) * t + direction * bow * np.sin(np.pi * t), np.float32)

    def landmarks(self) -> Floats:
        """The 25 landmarks of a short sleeve top (DeepFashion2's order), in body coordinates."""
        bend = self.figure.bend
        collar = self.front_collar
        neck = bend(np.stack([self.back_collar[6], collar[0], collar[6], collar[12], collar[18], collar[24]]))
        sides = {side: self._side_landmarks(side) for side in (-1, 1)}
        hem_middle = bend(self.hem[7][None])
        return np.concatenate([neck, sides[-1], hem_middle, sides[1][::-1]]).astype(np.float32)

    def _side_landmarks(self, side: int) -> Floats:
        """Nine landmarks from shoulder round the sleeve and down the side to the hem's corner."""
        outer, inner = self.sleeve_edges(side)
        bend = self.figure.bend
        seam = self.side_seam(side)
        return np.concatenate(
            [bend(self.shoulder_tip(side)[None]), outer[8:9], outer[-1:], inner[-1:], inner[10:11],
             bend(self.armpit(side)[None]), bend(seam[[2, 5]]), bend(seam[-1:])]
        ).astype(np.float32)  # fmt: skip


def arm_radii(figure: Figure, t: Floats) -> Floats:
    """Half widths of a bare arm at distances from the shoulder."""
    arm = figure.build.arm
    wrist = 2.25 if figure.build.female else 2.8
    knots = np.array([0, 8, 20, 28, 33, 52], np.float32)
    widths = np.array([arm * 0.86, arm, arm * 0.88, arm * 0.78, arm * 0.80, wrist], np.float32)
    return np.asarray(np.interp(t, knots, widths), np.float32)


def sample_cut(rng: np.random.Generator) -> Cut:
    """A T-shirt: crew or V neck, short or half sleeves, tight to loose."""
    looseness = float(rng.beta(1.3, 1.3))
    v_neck = rng.random() < 0.3
    half_sleeve = rng.random() < 0.28
    return Cut(
        neck="v" if v_neck else "crew",
        neck_half_width=float(rng.uniform(7.2, 9.0)),
        neck_depth=float(rng.uniform(6.5, 11.0) if v_neck else rng.uniform(1.0, 4.5)),
        band=float(rng.uniform(1.3, 2.2)),
        looseness=looseness,
        ease=float(rng.uniform(0.8, 1.6) + 2.4 * looseness),
        hem_y=float(rng.uniform(51, 60)),
        hem_bow=float(rng.uniform(0.6, 2.2)),
        sleeve=float(rng.uniform(25, 30) if half_sleeve else rng.uniform(15, 21)),
        sleeve_ease=float(0.4 + 0.9 * looseness),
        sleeve_flare=float(rng.uniform(0.1, 0.5) + 1.3 * looseness),
    )


def arm_of(figure: Figure, side: int) -> Arm:
    """The arm on one side (-1 is the picture's left)."""
    return figure.arms[(side + 1) // 2]
