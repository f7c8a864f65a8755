"""A person's build and pose, and the frame that puts them on the canvas.

Body coordinates are centimetres: the origin is the hollow of the neck, y runs down. "Left" is the picture's left.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from tryon.rendering.drawing import Floats, Window, pixel_centres, spline

ArmPose = Literal["hanging", "raised", "hip", "bent", "pocket", "crossed", "behind"]
HIP_Y, WAIST_Y, ARMPIT_Y = 54.0, 36.0, 14.0
UPPER_ARM, FOREARM = 28.0, 24.0
_ROWS = np.array([-12, 0, 6, 14, 24, 36, 46, 54, 66], np.float32)


@dataclass(frozen=True)
class Build:
    """Sizes of a body in cm (half widths seen from the front)."""

    female: bool
    shoulder: float
    chest: float
    waist: float
    hip: float
    neck: float
    arm: float
    head_width: float
    head_height: float
    bust: float


@dataclass(frozen=True)
class Arm:
    """One arm: side -1 (picture's left) or 1, pose, and the joints in body coordinates."""

    side: int
    pose: ArmPose
    shoulder: tuple[float, float]
    elbow: tuple[float, float]
    hand: tuple[float, float]

    @cached_property
    def centreline(self) -> Floats:
        """From shoulder to wrist, rounded at the elbow, evenly spaced within each bone."""
        points_per_bone = 12
        s, e, h = (np.array(joint, np.float32) for joint in (self.shoulder, self.elbow, self.hand))
        t = np.linspace(0, 1, points_per_bone, endpoint=False, dtype=np.float32)[:, None]
        line = np.concatenate([s + (e - s) * t, e + (h - e) * t, h[None]])
        middle = slice(points_per_bone - 2, points_per_bone + 3)
        u = np.linspace(0, 1, 5, dtype=np.float32)[:, None]
        a, b = line[points_per_bone - 2], line[points_per_bone + 2]
        line[middle] = (1 - u) ** 2 * a + 2 * u * (1 - u) * (0.85 * e + 0.15 * (a + b) / 2) + u**2 * b
        return line


@dataclass(frozen=True)
class Figure:
    """A posed person. Yaw is positive when the chest turns to the picture's right."""

    build: Build
    yaw: float
    lean_cm: float
    sway_cm: float
    tilt: float
    head_yaw: float
    head_roll: float
    arms: tuple[Arm, Arm]

    def half_width(self, rows_y: Floats) -> Floats:
        """Half width of the body as seen, by row (shoulders excluded)."""
        curve = self._half_width_curve
        return np.asarray(np.interp(rows_y, curve[:, 0], curve[:, 1]), np.float32)

    @cached_property
    def _half_width_curve(self) -> Floats:
        b = self.build
        front = np.array([b.neck, b.chest + 1.5, b.chest + 1.0, b.chest, 0.55 * b.chest + 0.45 * b.waist + 0.3, b.waist,
                          0.4 * b.waist + 0.6 * b.hip, b.hip, b.hip * 1.01], np.float32)  # fmt: skip
        depth = np.array([b.neck, 8, 9, 0.62 * b.chest + b.bust, 0.62 * b.chest + 0.6 * b.bust, 0.68 * b.waist,
                          0.62 * b.hip, 0.64 * b.hip, 0.62 * b.hip], np.float32)  # fmt: skip
        seen = np.sqrt((front * math.cos(self.yaw)) ** 2 + (depth * math.sin(self.yaw)) ** 2)
        return spline(np.stack([_ROWS, seen], axis=1), closed=False)

    @property
    def middle_x(self) -> float:
        """Where the front midline lies on the chest, in cm from the axis."""
        return float(0.62 * self.build.chest * math.sin(self.yaw))

    @property
    def shoulder_x(self) -> float:
        """Half the distance between the shoulder tips as seen."""
        return float(np.hypot(self.build.shoulder * math.cos(self.yaw), 7.5 * math.sin(self.yaw)))

    def bend(self, points: Floats) -> Floats:
        """Torso coordinates (upright) to body coordinates (leaning, swaying, shoulders tilted)."""
        x, y = points[:, 0], points[:, 1]
        tilted_y = y + self.tilt * x * np.clip(1 - y / HIP_Y, 0, 1)
        return np.stack([x + self._shift(y), tilted_y], axis=1).astype(np.float32)

    def unbend(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Body coordinates to torso coordinates (inverse of `bend` to within a millimetre or two)."""
        upright_x = x - self._shift(y)
        upright_y = y - self.tilt * upright_x * np.clip(1 - y / HIP_Y, 0, 1)
        return x - self._shift(upright_y), upright_y

    def _shift(self, y: Floats) -> Floats:
        part = np.clip(y / HIP_Y, -0.3, 1)
        return np.asarray(self.lean_cm * (1 - part) + self.sway_cm * part * (1 - part) * 4, np.float32)


@dataclass(frozen=True)
class Frame:
    """Centimetres to canvas pixels: scale, small roll of the camera, place of the neck."""

    side: int
    scale: float
    roll: float
    origin: tuple[float, float]

    def to_px(self, points: Floats) -> Floats:
        """Body coordinates (N, 2) to canvas pixels."""
        c, s = math.cos(self.roll) * self.scale, math.sin(self.roll) * self.scale
        return np.asarray(points @ np.array([[c, s], [-s, c]]) + np.array(self.origin), np.float32)

    @cached_property
    def coarse(self) -> "Frame":
        """The same frame on a canvas of half the size."""
        return Frame(self.side // 2, self.scale / 2, self.roll, (self.origin[0] / 2, self.origin[1] / 2))

    def to_cm(self, window: Window) -> tuple[Floats, Floats]:
        """Body coordinates x, y (H, W) of a window's pixels."""
        x, y = pixel_centres(window)
        x, y = x - np.float32(self.origin[0]), y - np.float32(self.origin[1])
        c, s = np.float32(math.cos(self.roll) / self.scale), np.float32(math.sin(self.roll) / self.scale)
        return x * c + y * s, y * c - x * s


def sample_build(rng: np.random.Generator) -> Build:
    """An adult: slim to heavy, narrow to broad."""
    female = bool(rng.random() < 0.55)
    heavy = float(np.clip(rng.normal(0, 1), -1.0, 2.2))
    return Build(
        female=female,
        shoulder=(16.6 if female else 19.3) + rng.normal(0, 0.6) + 0.35 * heavy,
        chest=(14.3 if female else 16.8) + rng.normal(0, 0.4) + 0.7 * heavy,
        waist=(12.9 if female else 14.4) + rng.normal(0, 0.5) + 1.3 * heavy,
        hip=(16.9 if female else 16.3) + rng.normal(0, 0.5) + 0.9 * heavy,
        neck=(4.9 if female else 6.0) + 0.25 * heavy,
        arm=(3.6 if female else 4.5) + rng.normal(0, 0.15) + 0.35 * heavy,
        head_width=(7.5 if female else 7.9) + rng.normal(0, 0.15) + 0.15 * heavy,
        head_height=(11.5 if female else 11.9) + rng.normal(0, 0.25),
        bust=rng.uniform(1.0, 3.2) if female else 0.0,
    )


def sample_figure(rng: np.random.Generator) -> Figure:
    """A person standing: frontal to three-quarter, seldom from the side."""
    build = sample_build(rng)
    turn = rng.random()
    yaw = (
        rng.normal(0, 0.1)
        if turn < 0.6
        else rng.choice([-1, 1]) * (rng.uniform(0.3, 0.7) if turn < 0.95 else rng.uniform(0.9, 1.1))
    )
    lean, sway, tilt = rng.normal(0, 1.6), rng.normal(0, 1.0), float(np.clip(rng.normal(0, 0.03), -0.07, 0.07))
    blank = Figure(build, float(yaw), float(lean), float(sway), tilt, 0.0, 0.0, arms=())  # type: ignore[arg-type]
    left_pose, right_pose = _sample_arm_poses(rng)
    arms = (_pose_arm(rng, blank, -1, left_pose), _pose_arm(rng, blank, 1, right_pose))
    head_yaw = float(np.clip(0.7 * yaw + rng.normal(0, 0.16), -0.75, 0.75))
    return Figure(build, float(yaw), float(lean), float(sway), tilt, head_yaw, float(rng.normal(0, 0.05)), arms)


def _sample_arm_poses(rng: np.random.Generator) -> tuple[ArmPose, ArmPose]:
    if rng.random() < 0.07:
        return "crossed", "crossed"
    poses: list[ArmPose] = ["hanging", "raised", "hip", "bent", "pocket", "behind"]
    left, right = rng.choice(6, size=2, p=[0.42, 0.12, 0.13, 0.10, 0.16, 0.07])
    if rng.random() < 0.4:
        right = left
    return poses[left], poses[right]


def _pose_arm(rng: np.random.Generator, figure: Figure, side: int, pose: ArmPose) -> Arm:
    """The arm's joints: a target for the hand, the elbow by the two bone lengths, pointing outwards."""
    b = figure.build
    joint = figure.bend(np.array([[side * (figure.shoulder_x - b.arm * 0.4), 4.6 + 0.35 * b.arm]], np.float32))[0]
    hip = float(figure.half_width(np.array([HIP_Y], np.float32))[0])
    size = b.shoulder / 19.0
    upper, fore = UPPER_ARM * (0.55 + 0.45 * size), FOREARM * (0.55 + 0.45 * size)
    if pose in ("hanging", "raised", "behind"):
        angle = rng.uniform(0.04, 0.16) if pose != "raised" else rng.uniform(0.35, 0.75)
        angle = max(angle, float(np.arctan2(hip + 2.2 + b.arm * 0.55 - abs(joint[0]), 50)))
        bend = rng.uniform(-0.02, 0.14) if pose != "behind" else rng.uniform(0.3, 0.5)
        elbow = joint + upper * np.array([side * np.sin(angle), np.cos(angle)])
        hand = elbow + fore * np.array([side * np.sin(angle - bend), np.cos(angle - bend)])
    else:
        near = figure.middle_x + rng.uniform(-4, 4)
        target = {
            "hip": np.array([side * (hip * 0.97), rng.uniform(41, 45)]),
            "pocket": np.array([side * (hip * 0.96), rng.uniform(55, 58)]),
            "bent": np.array([near + side * 3, rng.uniform(20, 34)]),
            "crossed": np.array([-side * (b.chest * 0.72) + figure.middle_x * 0.5, 22.5 + 2.2 * side]),
        }[pose]
        foreshortening = 0.86 if pose in ("bent", "crossed") else 1.0
        elbow, hand = _solve_elbow(joint, target, upper * foreshortening, fore, side)
    return Arm(side, pose, _pair(joint), _pair(elbow), _pair(hand))


def _solve_elbow(joint: Floats, target: Floats, upper: float, fore: float, side: int) -> tuple[Floats, Floats]:
    """Elbow of a two-bone arm on the outer side; the hand stops short where the target is out of reach."""
    reach = target - joint
    distance = float(np.hypot(*reach))
    usable = float(np.clip(distance, abs(upper - fore) + 2, upper + fore - 0.3))
    hand = joint + reach / distance * usable
    along = (upper**2 - fore**2 + usable**2) / (2 * usable)
    away = np.sqrt(max(upper**2 - along**2, 0.0))
    direction = reach / distance
    normal = np.array([direction[1], -direction[0]]) * side
    return np.asarray(joint + direction * along + normal * away, np.float32), np.asarray(hand, np.float32)


def _pair(point: Floats) -> tuple[float, float]:
    return float(point[0]), float(point[1])
