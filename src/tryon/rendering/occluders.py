"""Things in front of the shirt: a bag on a strap across the chest or over one shoulder."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tryon.rendering.canvas import Canvas
from tryon.rendering.cut import Shirt
from tryon.rendering.drawing import Floats, blur, bump, fill, smoothstep, spline, window_round
from tryon.rendering.figure import Figure, Frame
from tryon.rendering.head import Rgb
from tryon.rendering.light import CLOTH_FALLOFF, Light

_LEATHERS: tuple[Rgb, ...] = (
    (0.14, 0.12, 0.12),
    (0.42, 0.26, 0.16),
    (0.60, 0.43, 0.28),
    (0.25, 0.28, 0.22),
    (0.48, 0.13, 0.14),
)


@dataclass(frozen=True)
class Bag:
    """A bag: how it is worn, on which hip, its colour and sizes in cm."""

    worn: Literal["across", "shoulder"]
    side: int
    colour: Rgb
    strap: float
    width: float
    height: float
    y: float


def sample_bag(rng: np.random.Generator, figure: Figure) -> Bag | None:
    """A bag for one person in six."""
    chance, worn, side = rng.random(), rng.random(), int(rng.choice([-1, 1]))
    colour = _LEATHERS[rng.integers(len(_LEATHERS))]
    strap, width, height, y = rng.uniform(1.2, 3.2), rng.uniform(17, 27), rng.uniform(13, 21), rng.uniform(44, 56)
    if chance > 0.17 or any(arm.pose == "crossed" for arm in figure.arms):
        return None
    return Bag(
        "across" if worn < 0.6 else "shoulder", side, colour, float(strap), float(width), float(height), float(y)
    )


def paint_bag(canvas: Canvas, frame: Frame, light: Light, shirt: Shirt, bag: Bag) -> None:
    """Strap and bag with their shadows on the shirt."""
    figure = shirt.figure
    start_side = -bag.side if bag.worn == "across" else bag.side
    tip = shirt.shoulder_tip(start_side)
    neck = shirt.neck_points[(start_side + 1) // 2]
    top = neck * 0.52 + tip * 0.48 + np.array([0, -0.6])
    hip = float(shirt.half_width(np.array([bag.y], np.float32))[0])
    end = np.array([bag.side * (hip - 1.5), bag.y])
    belly = np.array([figure.middle_x * 0.5 + (top[0] + end[0]) / 2, (top[1] + end[1]) / 2 - 1.0])
    belly = belly if bag.worn == "across" else np.array([(top[0] + end[0]) / 2 + bag.side, 22.0])
    line = figure.bend(spline(np.stack([top, belly, end]).astype(np.float32), closed=False, per_segment=8))
    _paint_strip(canvas, frame, light, line, bag)
    _paint_body(
        canvas, frame, light, figure.bend(end[None].astype(np.float32))[0] + np.array([bag.side * 2.0, 2.0]), bag
    )


def _paint_strip(canvas: Canvas, frame: Frame, light: Light, line: Floats, bag: Bag) -> None:
    direction = np.gradient(line, axis=0)
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    normal /= np.hypot(normal[:, :1], normal[:, 1:])
    half = normal * bag.strap / 2
    closed = frame.to_px(np.concatenate([line + half, (line - half)[::-1]]).astype(np.float32))
    _shadow_then_paint(canvas, frame, light, closed, bag.colour, relief=0.35)


def _paint_body(canvas: Canvas, frame: Frame, light: Light, centre: Floats, bag: Bag) -> None:
    w, h = bag.width / 2, bag.height
    box = np.array([[-w * 0.9, 0], [-w * 0.3, -0.8], [w * 0.3, -0.8], [w * 0.9, 0], [w, h * 0.35], [w, h * 0.9],
                    [w * 0.7, h], [-w * 0.7, h], [-w, h * 0.9], [-w, h * 0.35]], np.float32)  # fmt: skip
    body = frame.to_px(spline(box + centre))
    _shadow_then_paint(canvas, frame, light, body, bag.colour, relief=0.5)
    flap = np.array(
        [[-w * 0.92, 0], [0, -0.9], [w * 0.92, 0], [w * 0.95, h * 0.4], [0, h * 0.55], [-w * 0.95, h * 0.4]], np.float32
    )
    lighter = tuple(min(1.0, channel * 1.12) for channel in bag.colour)
    _shadow_then_paint(canvas, frame, light, frame.to_px(spline(flap + centre)), lighter, relief=0.4)  # type: ignore[arg-type]


def _shadow_then_paint(
    canvas: Canvas, frame: Frame, light: Light, closed: Floats, colour: Rgb, *, relief: float
) -> None:
    """A soft shadow below, then a slightly cushioned surface."""
    offset = np.array([-light.direction[0], 0.7], np.float32) * 0.9 * np.float32(frame.scale)
    window = window_round(closed, canvas.side, 4 * frame.scale)
    if window.is_empty:
        return
    shadow = blur(fill([closed + offset], window), 0.8 * frame.scale)
    canvas.darken(
        window, 1 - np.float32(0.4) * shadow * np.clip(canvas.alpha[window.slices] + canvas.body[window.slices], 0, 1)
    )
    cover = fill([closed], window)
    soft = blur(cover, 1.0 * frame.scale)
    gx, gy = np.gradient(soft, axis=1) * frame.scale * 1.2, np.gradient(soft, axis=0) * frame.scale * 1.2
    x, y = frame.to_cm(window)
    middle = closed.mean(axis=0)
    sheen = 0.12 * bump(
        (x * frame.scale + frame.origin[0] - middle[0]) / 40,
        (y * frame.scale + frame.origin[1] - middle[1]) / 40,
        1,
        0.6,
    )
    shade = light.shade((-gx * relief).astype(np.float32), (-gy * relief).astype(np.float32)) + sheen * smoothstep(
        0.5, 1, soft
    )
    canvas.paint(window, light.colour(colour, shade.astype(np.float32), CLOTH_FALLOFF), cover)
