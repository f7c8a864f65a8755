"""Heads: skull, ears, neck and a quiet face, shaded as a relief of soft bells.

Head coordinates: x and y in half widths and half heights of the head, 0 at its middle, y down; the chin is at y = 1.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from tryon.rendering.canvas import Canvas
from tryon.rendering.drawing import Floats, Window, blur, bump, enlarge, fill, smoothstep, spline, window_round
from tryon.rendering.figure import Figure, Frame
from tryon.rendering.light import SKIN_FALLOFF, Light

Rgb = tuple[float, float, float]

_EYE_X, _EYE_Y, _NOSE_Y = 0.37, 0.05, 0.37

_SKINS: tuple[Rgb, ...] = (
    (0.97, 0.84, 0.76),
    (0.95, 0.80, 0.70),
    (0.91, 0.74, 0.62),
    (0.87, 0.69, 0.55),
    (0.80, 0.61, 0.47),
    (0.71, 0.52, 0.39),
    (0.60, 0.42, 0.31),
    (0.48, 0.33, 0.25),
    (0.38, 0.26, 0.20),
)
_IRISES: tuple[Rgb, ...] = (
    (0.26, 0.16, 0.10),
    (0.20, 0.12, 0.08),
    (0.35, 0.42, 0.45),
    (0.33, 0.38, 0.25),
    (0.38, 0.25, 0.13),
)


@dataclass(frozen=True)
class Face:
    """Colours and small differences of a face."""

    skin: Rgb
    iris: Rgb
    brow: Rgb
    lips: float
    smile: float
    beard: float
    glasses: str
    jaw: float


@dataclass(frozen=True)
class HeadFrame:
    """Where the head sits: centre in body coordinates, half sizes in cm, roll and yaw in radians."""

    centre: tuple[float, float]
    half_width: float
    half_height: float
    roll: float
    yaw: float

    def to_body(self, points: Floats) -> Floats:
        """Head coordinates (N, 2) to body coordinates."""
        scaled = np.asarray(points, np.float32) * np.array([self.half_width, self.half_height], np.float32)
        c, s = math.cos(self.roll), math.sin(self.roll)
        return np.asarray(scaled @ np.array([[c, s], [-s, c]]) + np.array(self.centre), np.float32)

    def to_head(self, frame: Frame, window: Window) -> tuple[Floats, Floats]:
        """Head coordinates of a window's pixels."""
        x, y = frame.to_cm(window)
        x, y = x - np.float32(self.centre[0]), y - np.float32(self.centre[1])
        c, s = np.float32(math.cos(self.roll)), np.float32(math.sin(self.roll))
        return (x * c + y * s) / np.float32(self.half_width), (y * c - x * s) / np.float32(self.half_height)


def sample_face(rng: np.random.Generator, female: bool, hair: Rgb) -> Face:
    """A face with varied skin, eyes, mouth, beard and glasses."""
    skin = np.array(_SKINS[rng.integers(len(_SKINS))]) * rng.uniform(0.97, 1.03, 3)
    return Face(
        skin=_rgb(np.clip(skin, 0, 1)),
        iris=_IRISES[rng.integers(len(_IRISES))],
        brow=_rgb(np.array(hair) * 0.7),
        lips=float(rng.uniform(0.3, 0.75) if female else rng.uniform(0.1, 0.3)),
        smile=float(rng.uniform(0.1, 1.2)),
        beard=0.0 if female else float(rng.choice([0.0, 0.0, 0.15, 0.35, 0.75])),
        glasses=str(rng.choice(["none", "clear", "dark"], p=[0.8, 0.1, 0.1])),
        jaw=float(rng.normal(-0.04 if female else 0.04, 0.03)),
    )


def head_frame(figure: Figure) -> HeadFrame:
    """The head of a figure: above the neck, a little towards where the face looks."""
    build = figure.build
    base = figure.bend(np.array([[0.25 * figure.middle_x, 0.0]], np.float32))[0]
    chin_y = -6.9 if build.female else -6.4
    lean = 14 * figure.head_roll
    centre = (float(base[0] + 1.3 * math.sin(figure.head_yaw) + lean), float(base[1] + chin_y - build.head_height))
    return HeadFrame(centre, build.head_width, build.head_height, figure.head_roll, figure.head_yaw)


def skull_outline(head: HeadFrame, jaw: float) -> Floats:
    """Closed outline of skull and jaw in head coordinates; both shift with the yaw."""
    turn = math.sin(head.yaw)
    half = [
        (0.0, -1.0),
        (0.52, -0.9),
        (0.86, -0.58),
        (0.96, -0.12),
        (0.92, 0.26),
        (0.79 + jaw, 0.58),
        (0.52 + jaw, 0.85),
        (0.24, 0.985),
    ]
    right = np.array([*half, (0.0, 1.0)], np.float32)
    left = (right * np.array([-1, 1], np.float32))[1:-1][::-1]
    points = np.concatenate([right, left])
    points[:, 0] += turn * (0.20 * np.clip(points[:, 1], -0.2, 1) - 0.10 * np.clip(-points[:, 1], 0, 1))
    return spline(points)


def face_points(head: HeadFrame) -> Floats:
    """Nose, eyes and ears (5, 2) in body coordinates, the person's left ones before the right ones."""
    turned = [[math.sin(math.asin(x) + head.yaw), y] for x, y in ((0.0, _NOSE_Y), (_EYE_X, _EYE_Y), (-_EYE_X, _EYE_Y))]
    return head.to_body(np.array([*turned, _ear(head, 1), _ear(head, -1)], np.float32))


def ear_is_drawn(head: HeadFrame, side: int) -> bool:
    """Whether the ear on that side of the picture (-1 or 1) is not turned away."""
    return side * math.sin(head.yaw) <= 0.25


def _ear(head: HeadFrame, side: int) -> Floats:
    turn = math.sin(head.yaw)
    return np.array([side * 0.97 - 0.35 * turn * abs(turn), 0.14], np.float32)


def paint_neck(canvas: Canvas, frame: Frame, light: Light, figure: Figure, head: HeadFrame, skin: Rgb) -> None:
    """Neck, the slope to the shoulders and the upper chest, with the chin's shadow."""
    n, shoulder = figure.build.neck, figure.shoulder_x
    x0 = 0.3 * figure.middle_x
    base = figure.bend(
        np.array(
            [
                [x0 + n * 1.05, -6.5],
                [x0 + n * 1.35, -4.0],
                [x0 + shoulder * 0.62, -0.6],
                [shoulder * 0.8, 4],
                [shoulder * 0.6, 16],
                [-shoulder * 0.6, 16],
                [-shoulder * 0.8, 4],
                [x0 - shoulder * 0.62, -0.6],
                [x0 - n * 1.35, -4.0],
                [x0 - n * 1.05, -6.5],
            ],
            np.float32,
        )
    )
    jaw = head.to_body(np.array([[-0.72 * n / 6, 0.45], [0.72 * n / 6, 0.45]], np.float32))
    jaw[:, 0] = head.centre[0] * 0.75 + base[[-1, 0], 0].mean() * 0.25 + np.array([-n, n])
    outline = frame.to_px(np.concatenate([spline(base, closed=False, per_segment=4), jaw]))
    window = window_round(outline, canvas.side)
    if window.is_empty:
        return
    x, y = frame.coarse.to_cm(window.coarse)
    ux, uy = figure.unbend(x, y)
    across = np.clip((ux - x0 * 0.5) / np.where(uy < -3, n * 1.08, shoulder), -1, 1)
    nx = np.sign(across) * np.abs(across) ** 1.5 * smoothstep(6.0, -8.0, uy) * 0.95 + across * 0.3
    ny = np.where(uy > -4, -0.3, 0.1)
    collarbone = bump(np.abs(ux - figure.middle_x) - 7.0, uy - 1.2 - 0.14 * np.abs(ux), 5.0, 0.7)
    notch = bump(ux - figure.middle_x * 0.8, uy - 0.8, 1.1, 1.3)
    tendon = bump(np.abs(ux - figure.middle_x * 0.7) - 1.2 - 0.28 * np.clip(-uy, 0, 9), uy + 3, 0.6, 3.5)
    shade = light.shade(nx.astype(np.float32), blur(ny.astype(np.float32), frame.scale / 2))
    under = bump(
        ux - head.centre[0] * 0.8 + 2.5 * light.direction[0],
        np.minimum(uy + 8.5, 0) + np.maximum(uy + 8.5, 0) * 1.0,
        n * 1.5,
        3.6,
    )
    shade *= (1 + 0.07 * collarbone - 0.10 * notch + 0.05 * tendon) * (1 - 0.42 * under)
    rgb = enlarge(light.colour(skin, shade.astype(np.float32), SKIN_FALLOFF))
    canvas.paint(window, rgb, fill([outline], window))


def paint_head(canvas: Canvas, frame: Frame, light: Light, head: HeadFrame, face: Face) -> None:
    """Ears, skull and face."""
    _paint_ears(canvas, frame, light, head, face)
    outline = frame.to_px(head.to_body(skull_outline(head, face.jaw)))
    window = window_round(outline, canvas.side)
    if window.is_empty:
        return
    x, y = head.to_head(frame, window)
    fx = np.sin(np.clip(np.arcsin(np.clip(x * 0.97, -0.97, 0.97)) - head.yaw, -1.5, 1.5)).astype(np.float32)
    shade = _face_shade(frame, light, head, x, y, fx)
    rgb = light.colour(face.skin, shade, SKIN_FALLOFF)
    rgb = _face_colours(rgb, fx, y, shade, face)
    canvas.paint(window, rgb, fill([outline], window))


def _face_shade(frame: Frame, light: Light, head: HeadFrame, x: Floats, y: Floats, fx: Floats) -> Floats:
    """Shade of skull and face: an egg with a relief of bells."""
    eye = np.abs(fx) - _EYE_X
    relief = (
        1.15 * bump(fx, y - 0.20, 0.085, 0.17)
        + 1.05 * bump(fx, y - _NOSE_Y, 0.12, 0.065)
        - 0.75 * bump(eye, y - _EYE_Y, 0.17, 0.085)
        + 0.28 * bump(eye, y + 0.13, 0.22, 0.05)
        + 0.75 * bump(np.abs(fx) - 0.52, y - 0.32, 0.2, 0.15)
        + 0.42 * bump(fx, y - 0.665, 0.2, 0.04)
        - 0.25 * bump(fx, y - 0.77, 0.2, 0.035)
        + 0.55 * bump(fx, y - 0.9, 0.2, 0.08)
    )
    relief = relief.astype(np.float32) * np.float32(head.half_width / 7.5)
    gx = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=frame.scale / 8, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=frame.scale / 8, borderType=cv2.BORDER_REPLICATE)
    across = np.clip(x - 0.1 * math.sin(head.yaw), -1, 1)
    nx = np.sign(across) * np.abs(across) ** 1.6 * 0.82
    ny = np.sign(y) * np.abs(y) ** 1.8 * 0.55
    shade = light.shade((nx - 0.7 * gx).astype(np.float32), (ny - 0.7 * gy).astype(np.float32))
    return np.asarray(shade * (1 - 0.10 * bump(eye, y - 0.02, 0.16, 0.07)), np.float32)


def _face_colours(rgb: Floats, fx: Floats, y: Floats, shade: Floats, face: Face) -> Floats:
    """Blush, lips, brows, eyes, beard and glasses over the shaded skin."""
    side = np.abs(fx) - _EYE_X
    blush = 0.16 * bump(np.abs(fx) - 0.5, y - 0.36, 0.18, 0.12) + 0.12 * bump(fx, y - 0.38, 0.1, 0.06)
    rgb = _mix(rgb, _tone(face.skin) * _tone((1.0, 0.72, 0.68)) * shade[..., None], blush)
    beard = face.beard * smoothstep(0.3, 0.62, y + 0.22 * np.abs(fx)) * (1 - bump(fx, y - 0.69, 0.16, 0.035))
    rgb = _mix(rgb, _tone(face.brow) * shade[..., None], 0.8 * beard)
    curve = 0.05 * face.smile * (fx / 0.26) ** 2
    mouth_y = y - 0.675 + curve
    lip = smoothstep(1.15, 0.75, np.sqrt((fx / 0.27) ** 2 + (mouth_y / 0.062) ** 2))
    lip_colour = _tone(face.skin) * _tone((0.86, 0.55, 0.55)) * (1 - face.lips) + _tone((0.68, 0.24, 0.27)) * face.lips
    rgb = _mix(rgb, lip_colour * (shade * (1 - 0.15 * (mouth_y < 0)))[..., None], 0.75 * lip)
    rgb = _mix(rgb, _tone(face.skin) * 0.28, 0.75 * bump(0, mouth_y, 1, 0.011) * smoothstep(0.28, 0.22, np.abs(fx)))
    rgb = _mix(rgb, _tone(face.skin) * 0.35, 0.5 * bump(np.abs(fx) - 0.075, y - 0.435, 0.035, 0.016))
    brow_y = y + 0.125 - 0.03 * (side / 0.2) ** 2 + 0.06 * side
    brow = bump(0, brow_y, 1, 0.024) * smoothstep(0.24, 0.17, np.abs(side))
    rgb = _mix(rgb, _tone(face.brow), 0.75 * brow)
    return _eyes(rgb, side, y - _EYE_Y, shade, face)


def _eyes(rgb: Floats, side: Floats, y: Floats, shade: Floats, face: Face) -> Floats:
    """Both eyes (`side` is the distance from the eye's middle), or glasses over them."""
    if face.glasses == "dark":
        lens = smoothstep(1.1, 0.95, np.sqrt((side / 0.29) ** 2 + ((y - 0.04) / 0.16) ** 2))
        bar = bump(0, y + 0.02, 1, 0.018) * smoothstep(1.0, 0.95, np.abs(side))
        sheen = 0.10 + 0.16 * smoothstep(0.05, -0.15, y)[..., None] * _tone((0.9, 1.0, 1.1))
        return _mix(rgb, sheen, np.maximum(lens, 0.9 * bar))
    open_eye = smoothstep(1.2, 0.8, np.sqrt((side / 0.165) ** 2 + ((y - 0.08 * (side / 0.3) ** 2) / 0.05) ** 2))
    rgb = _mix(rgb, _tone((0.80, 0.77, 0.75)) * np.clip(shade, 0, 0.95)[..., None], 0.85 * open_eye)
    iris = smoothstep(0.072, 0.056, np.hypot(side, y * 1.45 + 0.008)) * open_eye
    rgb = _mix(rgb, _tone(face.iris), 0.92 * iris)
    rgb = _mix(rgb, _tone((0.03, 0.02, 0.02)), smoothstep(0.034, 0.022, np.hypot(side, y * 1.45 + 0.008)) * open_eye)
    lid = bump(0, y + 0.043 - 1.3 * side**2, 1, 0.014) * smoothstep(0.19, 0.15, np.abs(side))
    rgb = _mix(rgb, _tone(face.brow) * 0.4, 0.8 * lid)
    rgb = _mix(
        rgb,
        _tone((1.0, 1.0, 1.0)),
        0.8 * smoothstep(0.022, 0.01, np.hypot(side + 0.02, y * 1.45 + 0.028)) * open_eye,
    )
    if face.glasses == "clear":
        ring = np.abs(np.sqrt((side / 0.27) ** 2 + ((y - 0.02) / 0.145) ** 2) - 1)
        rgb = _mix(rgb, _tone((0.10, 0.09, 0.09)), 0.85 * smoothstep(0.16, 0.06, ring))
    return rgb


def _paint_ears(canvas: Canvas, frame: Frame, light: Light, head: HeadFrame, face: Face) -> None:
    for side in (-1, 1):
        if not ear_is_drawn(head, side):
            continue
        centre = _ear(head, side)
        angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        ring = (
            centre
            + np.stack([0.13 * np.cos(angle), 0.21 * np.sin(angle)], axis=1) * (1 + 0.12 * np.sin(angle + 0.6))[:, None]
        )
        outline = frame.to_px(head.to_body(spline(ring)))
        window = window_round(outline, canvas.side)
        if window.is_empty:
            continue
        x, y = head.to_head(frame, window)
        nx = np.full_like(x, 0.55 * side) + 0 * y
        shade = light.shade(nx, (y - 0.14) * 0.8) * (1 - 0.3 * bump(x - centre[0] + 0.02 * side, y - 0.14, 0.05, 0.1))
        canvas.paint(window, light.colour(face.skin, shade.astype(np.float32), SKIN_FALLOFF), fill([outline], window))


def _tone(colour: Rgb) -> Floats:
    """A colour in float32: a plain array or tuple would turn whole pictures into float64."""
    return np.array(colour, np.float32)


def _mix(rgb: Floats, colour: Floats, share: Floats) -> Floats:
    return np.asarray(rgb + (colour - rgb) * share[..., None], np.float32)


def _rgb(values: Floats) -> Rgb:
    return float(values[0]), float(values[1]), float(values[2])
