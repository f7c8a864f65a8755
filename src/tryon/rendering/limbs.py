"""Arms with hands, and what is worn below the shirt: trousers, skirts, legs and shoes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tryon.rendering.canvas import Canvas
from tryon.rendering.cut import arm_radii
from tryon.rendering.drawing import Floats, bump, enlarge, fill, soft_noise, spline, stroke, window_round
from tryon.rendering.figure import Arm, Figure, Frame
from tryon.rendering.folds import Fold, curved_fold, slopes
from tryon.rendering.head import Rgb
from tryon.rendering.light import CLOTH_FALLOFF, SKIN_FALLOFF, Light
from tryon.rendering.tubes import lengths_along, map_tube, outline

_UNDER_SLEEVE = 4  # points of the centreline that every sleeve covers
WAISTBAND_Y, CROTCH_Y, KNEE_Y, ANKLE_Y = 43.0, 64.0, 102.0, 140.0

_HAND = np.array(
    [
        (0, -2.3),
        (3.5, -3.0),
        (7.5, -3.4),
        (11.5, -3.0),
        (15.0, -2.1),
        (16.8, -0.6),
        (16.4, 0.9),
        (13.5, 2.4),
        (10.0, 3.2),
        (9.6, 4.4),
        (7.6, 4.6),
        (4.6, 3.9),
        (2.0, 2.9),
        (0, 2.3),
    ],
    np.float32,
)
_FINGERS = ((9.0, -1.6, 16.0, -1.0), (8.6, -0.2, 16.4, 0.2), (8.4, 1.3, 14.6, 1.6), (5.5, 2.6, 9.4, 3.4))


@dataclass(frozen=True)
class Legwear:
    """Trousers or a skirt: colour, width and length in cm."""

    kind: Literal["trousers", "skirt"]
    colour: Rgb
    width: float
    length_y: float
    shoes: Rgb
    stance: float


_TROUSER_COLOURS: tuple[Rgb, ...] = (
    (0.20, 0.27, 0.40),
    (0.33, 0.43, 0.57),
    (0.12, 0.13, 0.17),
    (0.10, 0.10, 0.11),
    (0.62, 0.54, 0.42),
    (0.42, 0.40, 0.36),
    (0.30, 0.31, 0.25),
    (0.80, 0.78, 0.73),
    (0.45, 0.20, 0.18),
)
_SHOES: tuple[Rgb, ...] = ((0.88, 0.87, 0.85), (0.12, 0.11, 0.11), (0.35, 0.22, 0.14))


def sample_legwear(rng: np.random.Generator, female: bool) -> Legwear:
    """Jeans, trousers or, for some, a skirt."""
    skirt = female and rng.random() < 0.35
    colour = np.array(_TROUSER_COLOURS[rng.integers(len(_TROUSER_COLOURS))]) * rng.uniform(0.85, 1.12)
    return Legwear(
        kind="skirt" if skirt else "trousers",
        colour=(float(colour[0]), float(colour[1]), float(colour[2])),
        width=float(rng.uniform(0.0, 4.0) if not skirt else rng.uniform(2, 12)),
        length_y=float(rng.uniform(82, 112) if skirt else ANKLE_Y - 2),
        shoes=_SHOES[rng.integers(3)],
        stance=float(rng.uniform(0.5, 4.5)),
    )


def paint_arm(
    canvas: Canvas, frame: Frame, light: Light, figure: Figure, arm: Arm, skin: Rgb, *, upper_only: bool = False
) -> None:
    """A bare arm and, unless `upper_only`, the hand."""
    line = arm.centreline
    along = lengths_along(line)
    shown = slice(_UNDER_SLEEVE, 14 if upper_only else None)
    line, along = line[shown], along[shown]
    radii = arm_radii(figure, along)
    outlines = [frame.to_px(outline(line, radii))]
    window = window_round(np.concatenate(outlines), canvas.side)
    if not window.is_empty:
        tube = map_tube(line, radii, frame.coarse, window.coarse)
        nx, ny = tube.normals(0.93)
        shade = light.shade(nx, ny - 0.05)
        shade *= 1 - 0.05 * bump(tube.t + along[0] - 28.0, tube.s - 0.2, 2.0, 0.7)
        canvas.paint(window, enlarge(light.colour(skin, shade, SKIN_FALLOFF)), fill(outlines, window))
    if not upper_only and arm.pose not in ("pocket", "behind"):
        _paint_hand(canvas, frame, light, figure, arm, line, skin)


def arm_outline(figure: Figure, arm: Arm) -> Floats:
    """Closed outline of a bare arm in body coordinates, for the shadow that it casts."""
    line = arm.centreline
    return outline(line, arm_radii(figure, lengths_along(line)))[_UNDER_SLEEVE:-_UNDER_SLEEVE]


def _paint_hand(canvas: Canvas, frame: Frame, light: Light, figure: Figure, arm: Arm, line: Floats, skin: Rgb) -> None:
    """A relaxed hand that goes on from the forearm; on the hip it bends towards the body."""
    direction = line[-1] - line[-4]
    direction = direction / np.hypot(*direction)
    turn = {"hip": -0.5 * arm.side, "crossed": 0.1 * arm.side, "bent": -0.2 * arm.side}.get(arm.pose, 0.08 * arm.side)
    c, s = np.cos(turn), np.sin(turn)
    direction = np.array([direction[0] * c - direction[1] * s, direction[0] * s + direction[1] * c])
    across = np.array([-direction[1], direction[0]]) * (-arm.side if arm.pose != "hip" else arm.side)
    size = (0.88 if figure.build.female else 1.0) * (0.8 if arm.pose == "hip" else 1.0)
    narrow = 0.74 if arm.pose in ("hanging", "raised") else 0.95
    basis = np.stack([direction * size, across * size * narrow])
    start = line[-1] - direction * 0.6
    closed = frame.to_px(spline(_HAND @ basis + start, per_segment=4))
    window = window_round(closed, canvas.side)
    if window.is_empty:
        return
    x, y = frame.to_cm(window)
    local = ((x - start[0]) * across[0] + (y - start[1]) * across[1]) / (4.0 * size * narrow)
    nx, ny = local * across[0] * 0.75, local * across[1] * 0.75
    shade = light.shade(nx.astype(np.float32), ny.astype(np.float32) - 0.1)
    for x0, y0, x1, y1 in _FINGERS:
        gap = frame.to_px(np.array([[x0, y0], [x1, y1]], np.float32) @ basis + start)
        shade = shade * (1 - 0.22 * stroke(gap, 0.42 * frame.scale, window))
    canvas.paint(window, light.colour(skin, shade.astype(np.float32), SKIN_FALLOFF), fill([closed], window))


def paint_legs(
    canvas: Canvas, frame: Frame, light: Light, figure: Figure, legwear: Legwear, skin: Rgb, rng: np.random.Generator
) -> None:
    """Legs, shoes and the trousers or skirt over them."""
    if legwear.kind == "skirt":
        for side in (-1, 1):
            _paint_leg(canvas, frame, light, figure, legwear, side, skin, bare=True, rng=rng)
        _paint_skirt(canvas, frame, light, figure, legwear, rng)
    else:
        for side in (1, -1):
            _paint_leg(canvas, frame, light, figure, legwear, side, legwear.colour, bare=False, rng=rng)


def leg_line(figure: Figure, legwear: Legwear, side: int) -> Floats:
    hip = float(figure.half_width(np.array([54.0], np.float32))[0])
    knots = np.array(
        [
            [side * hip * 0.46, WAISTBAND_Y],
            [side * hip * 0.49, 60],
            [side * (hip * 0.46 + legwear.stance * 0.5), KNEE_Y],
            [side * (hip * 0.42 + legwear.stance), ANKLE_Y],
        ],
        np.float32,
    )
    return spline(knots, closed=False, per_segment=6)


def _paint_leg(
    canvas: Canvas,
    frame: Frame,
    light: Light,
    figure: Figure,
    legwear: Legwear,
    side: int,
    colour: Rgb,
    *,
    bare: bool,
    rng: np.random.Generator,
) -> None:
    line = leg_line(figure, legwear, side)
    _paint_shoe(canvas, frame, light, line[-1], side, legwear.shoes)
    hip = float(figure.half_width(np.array([54.0], np.float32))[0])
    ease = 0.0 if bare else 0.8 + 0.5 * legwear.width
    knots = np.array([WAISTBAND_Y, 52, 62, 84, KNEE_Y, 116, ANKLE_Y])
    widths = np.array([hip * 0.50, hip * 0.55, hip * 0.53, hip * 0.40 + ease * 0.6, 5.6 + ease, 5.4 + ease, 3.6 + ease])
    if bare:
        widths[4:] = (5.4, 5.4, 3.4)
    radii = np.interp(line[:, 1], knots, widths).astype(np.float32)
    closed = frame.to_px(outline(line, radii))
    window = window_round(closed, canvas.side)
    if window.is_empty:
        return
    tube = map_tube(line, radii, frame.coarse, window.coarse)
    nx, ny = tube.normals(0.85)
    if bare:
        shade = light.shade(nx, ny)
        canvas.paint(window, enlarge(light.colour(colour, shade, SKIN_FALLOFF)), fill([closed], window))
        return
    gx, gy = slopes(_leg_folds(rng, line, radii, side), frame.coarse, window.coarse)
    shade = light.shade(nx - gx, ny - gy)
    x, y = frame.coarse.to_cm(window.coarse)
    shade *= 1 - 0.3 * bump(x, y - 66, 2.0, 16)
    fade = 1 + 0.10 * bump(tube.s * 0.8, y - 84, 0.5, 18) + 0.013 * soft_noise(rng, window.coarse.shape, 1.0)
    rgb = enlarge(light.colour(colour, (shade * fade).astype(np.float32), CLOTH_FALLOFF))
    canvas.paint(window, rgb, fill([closed], window), legwear=True)


def _leg_folds(rng: np.random.Generator, line: Floats, radii: Floats, side: int) -> list[Fold]:
    folds = []
    for y in (*rng.normal(64, 4, 3), *rng.normal(KNEE_Y, 5, 4), *rng.normal(132, 5, 3)):
        index = int(np.argmin(np.abs(line[:, 1] - y)))
        x, width = float(line[index, 0]), float(radii[index])
        first = (x + rng.uniform(-1, -0.3) * width, float(y) + rng.normal(0, 1.5))
        last = (x + rng.uniform(0.3, 1) * width, float(y) + rng.normal(0, 2.5))
        folds.append(curved_fold(first, last, rng.uniform(-1.5, 1.5), rng.uniform(0.9, 2.2), rng.uniform(0.15, 0.45)))
    return folds


def _paint_skirt(
    canvas: Canvas, frame: Frame, light: Light, figure: Figure, legwear: Legwear, rng: np.random.Generator
) -> None:
    hip = float(figure.half_width(np.array([54.0], np.float32))[0])
    waist = float(figure.half_width(np.array([WAISTBAND_Y], np.float32))[0])
    end, wide = legwear.length_y, hip + legwear.width
    half = [
        (waist, WAISTBAND_Y),
        (hip + 0.6, 55),
        ((hip + wide) / 2 + 0.5, (55 + end) / 2),
        (wide, end),
        (wide * 0.55, end + 1.2),
        (0, end + 1.6),
    ]
    right = np.array(half, np.float32)
    left = (right * np.array([-1, 1], np.float32))[:-1][::-1]
    closed = frame.to_px(np.concatenate([right, left]))
    window = window_round(closed, canvas.side)
    if window.is_empty:
        return
    x, y = frame.coarse.to_cm(window.coarse)
    width = np.interp(y, right[:, 1], np.maximum.accumulate(right[:, 0])).astype(np.float32)
    s = np.clip(x / width, -1, 1)
    folds = []
    for target in rng.uniform(-0.95, 0.95, 7):
        folds.append(
            curved_fold(
                (target * hip * 0.8, rng.uniform(56, 68)),
                (target * wide, end + 3),
                rng.uniform(-1, 1),
                rng.uniform(1.5, 4.0),
                rng.uniform(0.2, 0.3 + 0.06 * legwear.width),
            )
        )
    gx, gy = slopes(folds, frame.coarse, window.coarse)
    shade = light.shade((np.sign(s) * np.abs(s) ** 1.8 * 0.85 - gx).astype(np.float32), -gy)
    rgb = enlarge(light.colour(legwear.colour, shade, CLOTH_FALLOFF))
    canvas.paint(window, rgb, fill([closed], window), legwear=True)


def _paint_shoe(canvas: Canvas, frame: Frame, light: Light, ankle: Floats, side: int, colour: Rgb) -> None:
    points = np.array(
        [
            (-3.6, -3),
            (3.6, -3),
            (4.2 + side, 3),
            (4.4 + 2 * side, 8),
            (0 + 2 * side, 10.5),
            (-4.4 + 2 * side, 8),
            (-4.2 + side, 3),
        ]
    )
    closed = frame.to_px(spline(points + ankle))
    window = window_round(closed, canvas.side)
    if window.is_empty:
        return
    x, y = frame.to_cm(window)
    shade = light.shade(((x - ankle[0]) / 6).astype(np.float32), ((y - ankle[1] - 6) / 9).astype(np.float32) + 0 * x)
    canvas.paint(window, light.colour(colour, shade, CLOTH_FALLOFF), fill([closed], window))
