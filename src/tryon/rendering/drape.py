"""The shirt's pieces as maps: garment coordinates, shade and coverage of every pixel.

Garment coordinates are centimetres of cloth. On the body of the shirt u runs from the front midline round the body
and v from the hollow of the neck down; on a sleeve u runs round the arm and v along it. Folds displace both a little.
"""

import math

import numpy as np

from tryon.rendering.canvas import COLLAR, INSIDE, LEFT_SLEEVE, RIGHT_SLEEVE, TORSO, Cloth
from tryon.rendering.cut import Shirt
from tryon.rendering.drawing import Floats, Window, bump, enlarge, fill, smoothstep, stroke, window_round
from tryon.rendering.figure import Frame
from tryon.rendering.folds import Fold, slopes
from tryon.rendering.light import Light
from tryon.rendering.tubes import map_tube

_FOLD_RELIEF = 1.9  # how much of a fold's slope turns the normal
_FOLD_SHIFT_CM = 0.45  # how far a slope of 1 displaces the pattern
_ROW_STEP_CM = 0.1


def torso_cloth(shirt: Shirt, frame: Frame, light: Light, folds: list[Fold]) -> Cloth:
    """The body of the shirt with its collar band."""
    outline = frame.to_px(shirt.figure.bend(shirt.torso_outline))
    window = window_round(outline, frame.side)
    cover = fill([outline], window)
    u, v, shade = (enlarge(part) for part in _torso_maps(shirt, frame.coarse, light, folds, window.coarse))
    part = np.full(window.shape, TORSO, np.uint8)
    shade = _collar_band(shirt, frame, window, shade, part)
    return Cloth(window, u, v, shade, part, cover)


def _torso_maps(
    shirt: Shirt, frame: Frame, light: Light, folds: list[Fold], window: Window
) -> tuple[Floats, Floats, Floats]:
    """u, v and shade of the body of the shirt."""
    x, y = shirt.figure.unbend(*frame.to_cm(window))
    width = _rows(shirt, y)
    s = np.clip(x / width, -1, 1)
    gx, gy = slopes([_bent(fold, shirt) for fold in folds], frame, window)
    nx, ny = _torso_normals(shirt, x, y, s)
    shade = light.shade(nx - gx * _FOLD_RELIEF, ny - gy * _FOLD_RELIEF)
    across = 1 - s * s
    v = y - shirt.cut.hem_bow / shirt.cut.hem_y * y * across - gy * _FOLD_SHIFT_CM
    u = (_unroll(s, shirt.relief) - _unroll(_middle(shirt, width), shirt.relief)) * width - gx * _FOLD_SHIFT_CM
    hem_distance = shirt.cut.hem_y + shirt.cut.hem_bow * across - y
    shade *= _stitching(hem_distance) * _armpit_shadow(shirt, x, y)
    return u.astype(np.float32), v.astype(np.float32), shade.astype(np.float32)


def sleeve_cloth(shirt: Shirt, side: int, frame: Frame, light: Light, folds: list[Fold]) -> Cloth:
    """One sleeve."""
    outlines = [frame.to_px(outline) for outline in shirt.sleeve_outlines(side)]
    window = window_round(np.concatenate(outlines), frame.side)
    cover = fill(outlines, window)
    u, v, shade = (enlarge(part) for part in _sleeve_maps(shirt, side, frame.coarse, light, folds, window.coarse))
    part = np.full(window.shape, LEFT_SLEEVE if side < 0 else RIGHT_SLEEVE, np.uint8)
    return Cloth(window, u, v, shade, part, cover)


def _sleeve_maps(
    shirt: Shirt, side: int, frame: Frame, light: Light, folds: list[Fold], window: Window
) -> tuple[Floats, Floats, Floats]:
    """u, v and shade of a sleeve."""
    line, radii = shirt.sleeve_line(side)
    tube = map_tube(line, radii, frame, window)
    gx, gy = slopes(folds, frame, window)
    nx, ny = tube.normals(0.9 * shirt.relief)
    near_shoulder = smoothstep(7.0, 0.0, tube.t) * shirt.relief
    nx, ny = nx * (1 - 0.45 * near_shoulder), ny - 0.42 * near_shoulder
    shade = light.shade(nx - gx * _FOLD_RELIEF, ny - gy * _FOLD_RELIEF)
    x, y = frame.to_cm(window)
    pit = shirt.figure.bend(shirt.armpit(side)[None])[0]
    inner = smoothstep(-0.3, 1.0, tube.s * side * _inner_sign(tube.direction_y))
    shade *= 1 - 0.5 * shirt.relief * inner * bump(x - pit[0], y - pit[1] - 2.0, 4.5, 6.0)
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    rim = 0.22 * radii[-1] * (1 - tube.s**2) * (1 if shirt.relief > 0.5 else 0.1)
    shade *= _stitching(length + rim - tube.t)
    u = _unroll(tube.s, shirt.relief) * tube.radius - gx * _FOLD_SHIFT_CM
    v = tube.t + 3.0 - rim * np.clip(tube.t / length, 0, 1) - gy * _FOLD_SHIFT_CM
    return u.astype(np.float32), v.astype(np.float32), shade.astype(np.float32)


def back_cloth(shirt: Shirt, frame: Frame, light: Light) -> Cloth:
    """The inside of the back that shows between the front and back neckline."""
    outline = np.concatenate([shirt.back_collar, shirt.front_collar[::-1]])
    outline_px = frame.to_px(shirt.figure.bend(outline))
    window = window_round(outline_px, frame.side)
    cover = fill([outline_px], window)
    x, y = shirt.figure.unbend(*frame.to_cm(window))
    shade = light.shade(np.zeros_like(x), np.full_like(x, 0.1)) * (0.62 + 0.12 * smoothstep(6.0, NECK_TOP, y))
    part = np.full(window.shape, INSIDE, np.uint8)
    band = stroke(frame.to_px(shirt.figure.bend(shirt.back_collar)), 2 * shirt.cut.band * frame.scale, window)
    part[band > 0.5] = COLLAR
    shade = shade * (1 + 0.22 * band)
    return Cloth(window, x.astype(np.float32), (y + 3).astype(np.float32), shade.astype(np.float32), part, cover)


NECK_TOP = -4.0


def _inner_sign(direction_y: Floats) -> float:
    """Which sign of a sleeve's `s`, times its side, points to the body."""
    return 1.0 if float(direction_y.mean()) > 0 else -1.0


def _rows(shirt: Shirt, y: Floats) -> Floats:
    """Half width of the shirt at every pixel's row, from a table of rows."""
    first = -12.0
    rows = np.arange(first, shirt.cut.hem_y + 12, _ROW_STEP_CM, dtype=np.float32)
    table = shirt.half_width(rows)
    index = np.clip((y - first) / _ROW_STEP_CM, 0, len(table) - 1).astype(np.int32)
    return np.asarray(table[index], np.float32)


def _middle(shirt: Shirt, width: Floats) -> Floats:
    return np.asarray(np.clip(shirt.figure.middle_x / width, -0.9, 0.9), np.float32)


def _unroll(s: Floats, relief: float) -> Floats:
    """Length of cloth from the axis to a place across a rounded body, as a share of the half width."""
    bent = 0.45 * relief
    return np.asarray((1 - bent) * s + bent * np.arcsin(0.985 * s), np.float32)


def _torso_normals(shirt: Shirt, x: Floats, y: Floats, s: Floats) -> tuple[Floats, Floats]:
    """Normals of the body under the shirt: rounded to the sides, facing up on the shoulders, chest and belly."""
    figure, relief = shirt.figure, shirt.relief
    turned = s - 0.35 * math.sin(figure.yaw)
    nx = np.sign(turned) * np.abs(np.clip(turned, -1, 1)) ** 1.9 * 0.86 * relief
    neck, tip = shirt.neck_points[1][0], figure.shoulder_x
    line = NECK_TOP + (1.6 - NECK_TOP) * np.clip((np.abs(x) - neck) / (tip - neck), 0, 1)
    ny = -0.62 * relief * smoothstep(11.0, -1.0, y - line)
    for centre_x, centre_y, radius, height in _volumes(shirt):
        bell = bump(x - centre_x, y - centre_y, radius, radius * 1.05) * (height * relief / radius**2)
        nx = nx + bell * (x - centre_x)
        ny = ny + bell * (y - centre_y)
    return np.asarray(nx, np.float32), np.asarray(ny, np.float32)


def _volumes(shirt: Shirt) -> list[tuple[float, float, float, float]]:
    """Bells of the body that show through: x, y, radius, height in cm."""
    build, middle = shirt.figure.build, shirt.figure.middle_x
    apart = 0.46 * build.chest * math.cos(shirt.figure.yaw)
    height = build.bust * 1.25 + (0.0 if build.female else 0.9)
    radius = 5.2 if build.female else 6.5
    top = 17.5 if build.female else 13.5
    belly = max(0.0, build.waist - 13.5) * 0.5
    return [(middle - apart, top, radius, height), (middle + apart, top, radius, height), (middle, 38.0, 9.0, belly)]


def _stitching(distance: Floats) -> Floats:
    """Seam of a hem: a fine dark line 2 cm above the edge, and a rounded edge."""
    line = np.exp(-(((distance - 2.1) / 0.2) ** 2))
    edge = smoothstep(0.7, 0.0, distance)
    return np.asarray(1 - 0.09 * line - 0.10 * edge, np.float32)


def _armpit_shadow(shirt: Shirt, x: Floats, y: Floats) -> Floats:
    factor = np.ones_like(x)
    for side in (-1, 1):
        pit = shirt.armpit(side)
        factor -= 0.30 * shirt.relief * bump(x - pit[0], y - pit[1] - 2, 3.4, 6.0)
    return factor


def _collar_band(shirt: Shirt, frame: Frame, window: Window, shade: Floats, part: np.ndarray) -> Floats:
    """Mark the ribbed band along the neckline and draw its seam as a soft dark line."""
    line = frame.to_px(shirt.figure.bend(shirt.front_collar))
    width = 2 * shirt.cut.band * frame.scale
    band = stroke(line, width, window)
    seam = stroke(line, width + 0.7 * frame.scale, window) - band
    part[band > 0.5] = COLLAR
    return np.asarray(shade * (1 - 0.16 * np.clip(seam, 0, 1)) * (1 + 0.03 * band), np.float32)


def _bent(fold: Fold, shirt: Shirt) -> Fold:
    return Fold(shirt.figure.bend(fold.curve), fold.width, fold.height)
