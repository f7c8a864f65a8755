"""Hair: short, bob, long, bun, afro and bald, with strands that fan out from the parting.

Outlines are in head coordinates (see `tryon.rendering.head`). Long hair falls behind the neck and, on one or both
sides, in front of the shoulders, where it covers part of the shirt.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tryon.rendering.canvas import Canvas
from tryon.rendering.drawing import Floats, bump, fill, look_up, noise_table, smoothstep, spline, window_round
from tryon.rendering.figure import Frame
from tryon.rendering.head import HeadFrame, Rgb
from tryon.rendering.light import Light

Style = Literal["short", "fringe", "bob", "long", "bun", "afro", "bald"]

_COLOURS: tuple[Rgb, ...] = (
    (0.10, 0.08, 0.07),
    (0.16, 0.11, 0.08),
    (0.26, 0.17, 0.11),
    (0.38, 0.25, 0.15),
    (0.55, 0.39, 0.22),
    (0.78, 0.63, 0.40),
    (0.45, 0.20, 0.11),
    (0.60, 0.58, 0.56),
)
_FALLOFF = (0.9, 1.05, 1.15)


@dataclass(frozen=True)
class Hair:
    """Style, colour and the small random shape of one head of hair."""

    style: Style
    colour: Rgb
    parting: float
    length: float
    volume: float
    front_left: bool
    front_right: bool
    waviness: float


def sample_hair(rng: np.random.Generator, female: bool) -> Hair:
    """Hair by build: long, bob and bun mostly for one, short and bald mostly for the other."""
    styles: list[Style] = ["short", "fringe", "bob", "long", "bun", "afro", "bald"]
    shares = [0.10, 0.06, 0.20, 0.38, 0.18, 0.08, 0.0] if female else [0.66, 0.04, 0.02, 0.05, 0.03, 0.08, 0.12]
    return Hair(
        style=styles[rng.choice(7, p=shares)],
        colour=_COLOURS[rng.choice(len(_COLOURS), p=[0.2, 0.2, 0.2, 0.14, 0.1, 0.07, 0.05, 0.04])],
        parting=float(rng.choice([-0.35, 0.0, 0.3]) + rng.normal(0, 0.05)),
        length=float(rng.uniform(2.0, 3.4)),
        volume=float(rng.uniform(0.0, 0.14)),
        front_left=bool(rng.random() < 0.55),
        front_right=bool(rng.random() < 0.55),
        waviness=float(rng.uniform(0, 0.09)),
    )


def paint_back_hair(
    canvas: Canvas, frame: Frame, light: Light, head: HeadFrame, hair: Hair, rng: np.random.Generator
) -> None:
    """What lies behind neck and shoulders; painted before the body."""
    turn = -0.22 * math.sin(head.yaw)
    if hair.style in ("long", "bob"):
        end = 1.12 if hair.style == "bob" else min(hair.length, 2.2)
        wide = 1.10 + hair.volume
        half = [
            (0.0, -1.05),
            (0.75 * wide, -0.85),
            (wide, -0.1),
            (wide * 1.03, 0.6),
            (wide * 1.0, end * 0.8),
            (0.7 * wide, end),
        ]
    elif hair.style == "afro":
        half = [(0.0, -1.45), (0.9, -1.25), (1.42, -0.6), (1.45, 0.1), (1.1, 0.65), (0.5, 0.8)]
    else:
        return
    _paint(canvas, frame, light, head, hair, [_mirrored(half, turn)], rng, darker=0.62)


def paint_front_hair(
    canvas: Canvas, frame: Frame, light: Light, head: HeadFrame, hair: Hair, rng: np.random.Generator
) -> None:
    """Cap, fringe, curtains beside the face and locks over the shoulders; painted over the head."""
    turn = -0.12 * math.sin(head.yaw)
    if hair.style == "bald":
        _paint_stubble(canvas, frame, light, head, hair)
        return
    outlines = [_cap(hair, turn)]
    if hair.style in ("long", "bob"):
        for side, in_front in ((-1, hair.front_left), (1, hair.front_right)):
            end = 1.05 if hair.style == "bob" else (hair.length if in_front else 1.3)
            outlines.append(_curtain(hair, side, end, turn))
    if hair.style == "bun":
        angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        centre = np.array([turn, -1.14])
        outlines.insert(0, spline(centre + np.stack([0.42 * np.cos(angle), 0.34 * np.sin(angle)], axis=1)))
    _paint(canvas, frame, light, head, hair, outlines, rng, darker=1.0)


def _cap(hair: Hair, turn: float) -> Floats:
    """Hair over the skull down to the hairline."""
    v = hair.volume
    top = 1.42 if hair.style == "afro" else 1.10 + v
    wide = 1.34 if hair.style == "afro" else 1.03 + 0.6 * v
    side_y = {"short": 0.02, "bun": 0.0, "afro": 0.1}.get(hair.style, 0.2)
    line = -0.30 if hair.style == "fringe" else -0.62
    p = hair.parting
    points = [
        (-0.97, side_y),
        (-wide, -0.15),
        (-wide * 0.99, -0.5),
        (-0.72 * wide, -0.78 * top),
        (-0.3, -top),
        (0.3, -top),
        (0.72 * wide, -0.78 * top),
        (wide * 0.99, -0.5),
        (wide, -0.15),
        (0.97, side_y),
        (0.91, side_y - 0.12),
        (0.84, -0.30),
        (0.66, line + 0.16),
        (0.3 + 0.3 * p, line + 0.02),
        (p, line - 0.05),
        (-0.3 + 0.3 * p, line + 0.02),
        (-0.66, line + 0.16),
        (-0.84, -0.30),
        (-0.91, side_y - 0.12),
    ]
    return spline(np.array(points, np.float32) + np.array([turn, 0], np.float32), per_segment=4)


def _curtain(hair: Hair, side: int, end: float, turn: float) -> Floats:
    """Hair that falls beside the face, down to `end`."""
    w = 1.08 + hair.volume
    wave = hair.waviness * side
    points = [
        (side * -0.05 + hair.parting * 0.7, -0.98),
        (side * 0.62, -0.95),
        (side * w, -0.45),
        (side * (w + 0.08), 0.2),
        (side * (w + 0.05) + wave, 0.3 + 0.3 * end),
        (side * (w + 0.02) - wave, 0.2 + 0.62 * end),
        (side * 0.88, end),
        (side * 0.55, end * 0.97),
        (side * 0.52 + wave, 0.1 + 0.66 * end),
        (side * 0.62 + 0.5 * wave, 0.1 + 0.42 * end),
        (side * 0.82, 0.35),
        (side * 0.80, -0.12),
        (side * 0.55, -0.5),
    ]
    shift = np.array([[turn + 0.0 * y, 0] for _, y in points], np.float32)
    return spline(np.array(points, np.float32) + shift, per_segment=5)


def _mirrored(half: list[tuple[float, float]], turn: float) -> Floats:
    right = np.array(half, np.float32)
    left = (right * np.array([-1, 1], np.float32))[1:][::-1]
    return spline(np.concatenate([right, left]) + np.array([turn, 0], np.float32), per_segment=5)


def _paint(
    canvas: Canvas,
    frame: Frame,
    light: Light,
    head: HeadFrame,
    hair: Hair,
    outlines: list[Floats],
    rng: np.random.Generator,
    *,
    darker: float,
) -> None:
    outlines_px = [frame.to_px(head.to_body(outline)) for outline in outlines]
    window = window_round(np.concatenate(outlines_px), canvas.side)
    if window.is_empty:
        return
    x, y = head.to_head(frame, window)
    spread = (x - hair.parting * 0.6) / (0.55 + 0.45 * np.clip(y + 1.1, 0, 1.4))
    wave = 0.05 * np.sin(7 * y + 2 * spread) * (hair.waviness * 14) * smoothstep(-0.3, 0.8, y)
    fine, wide = noise_table(rng, 512, 1.5), noise_table(rng, 256, 4.0)
    strands = 0.07 * look_up(fine, (spread + wave) * 58) + 0.09 * look_up(wide, (spread + wave) * 22)
    if hair.style == "afro":
        strands = 0.16 * look_up(fine, x * 37 + 91 * np.floor(y * 17)) * 0.6
    strands = strands * smoothstep(1.2, 4.0, frame.scale)
    nx = np.clip(x * 0.75, -0.95, 0.95)
    ny = np.clip(0.55 * y - 0.12, -0.8, 0.25)
    gloss = bump(x - 0.5 * light.direction[0], y + 0.62 - 0.18 * x * x, 0.55, 0.13) * (
        0.10 if hair.style == "afro" else 0.35
    )
    shade = light.shade(nx.astype(np.float32), ny.astype(np.float32)) * (1 + strands) * darker
    lift = np.clip(shade + gloss * (0.6 + 2.2 * np.clip(strands, 0, None)), 0.05, None)
    canvas.paint(window, light.colour(hair.colour, lift.astype(np.float32), _FALLOFF), fill(outlines_px, window))


def _paint_stubble(canvas: Canvas, frame: Frame, light: Light, head: HeadFrame, hair: Hair) -> None:
    outline = frame.to_px(head.to_body(_cap(hair, 0.0) * np.array([0.95, 0.9], np.float32)))
    window = window_round(outline, canvas.side)
    if window.is_empty:
        return
    x, y = head.to_head(frame, window)
    shade = light.shade((x * 0.8).astype(np.float32), (np.clip(y, -0.8, 0.2) * 0.6 + 0 * x).astype(np.float32))
    canvas.paint(window, light.colour(hair.colour, shade, _FALLOFF), 0.28 * fill([outline], window))
