"""Folds of cloth: soft ridges drawn as tapered strokes at several widths, and the slopes they give.

Heights are in cm. A fold is a ridge with a shallower valley beside it, as in hanging cloth, so that light from one
side makes a bright and a dark flank.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tryon.rendering.drawing import Floats, Window, blur
from tryon.rendering.figure import Frame

_SCALES_CM = (0.9, 1.8, 3.4)
_STEEPEST = np.float32(0.75)  # crossing folds add up to slits; no slope comes near this one
_CURVE = np.linspace(0, 1, 10, dtype=np.float32)
_TAPER = np.sin(np.linspace(0.12, np.pi - 0.04, 10, dtype=np.float32))[:, None]


@dataclass(frozen=True)
class Fold:
    """One fold along a curve (body coordinates), `width` and `height` in cm."""

    curve: Floats
    width: float
    height: float


def curved_fold(start: tuple[float, float], end: tuple[float, float], sag: float, width: float, height: float) -> Fold:
    """A fold from start to end that sags to one side by `sag` cm in the middle."""
    a, b = np.array(start, np.float32), np.array(end, np.float32)
    along = b - a
    normal = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-6)
    t = _CURVE[:, None]
    return Fold((a + along * t + normal * (4 * sag) * t * (1 - t)).astype(np.float32), width, height)


def slopes(folds: list[Fold], frame: Frame, window: Window) -> tuple[Floats, Floats]:
    """Slope of the cloth in x and y (height over distance, both cm) in a window."""
    height = np.zeros(window.shape, np.float32)
    for scale in _SCALES_CM:
        members = [fold for fold in folds if _nearest_scale(fold.width) == scale]
        if members:
            layer = np.zeros(window.shape, np.float32)
            for fold in members:
                _draw(layer, fold, frame, window)
            height += blur(layer, 0.42 * scale * frame.scale)
    gx = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=frame.scale / 8, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=frame.scale / 8, borderType=cv2.BORDER_REPLICATE)
    soften = np.float32(1) / (1 + np.sqrt(gx * gx + gy * gy) / _STEEPEST)
    return np.asarray(gx * soften, np.float32), np.asarray(gy * soften, np.float32)


def _nearest_scale(width: float) -> float:
    return min(_SCALES_CM, key=lambda scale: abs(np.log(width / scale)))


def _draw(layer: Floats, fold: Fold, frame: Frame, window: Window) -> None:
    """Add a ridge and its valley to a layer, tapered towards both ends."""
    line = frame.to_px(fold.curve) - np.array([window.left, window.top], np.float32)
    normal = np.empty_like(line)
    normal[1:-1, 0], normal[1:-1, 1] = line[:-2, 1] - line[2:, 1], line[2:, 0] - line[:-2, 0]
    normal[0], normal[-1] = normal[1], normal[-2]
    normal /= np.maximum(np.hypot(normal[:, :1], normal[:, 1:]), 1e-6)
    taper = _TAPER * np.float32(fold.width * frame.scale / 2)
    for shift, sign in ((-0.5, 1.0), (0.55, -0.7)):
        centre = line + normal * (shift * 2 * taper)
        lens = np.concatenate([centre + normal * taper, (centre - normal * taper)[::-1]])
        cv2.fillPoly(layer, [np.round(lens * 16).astype(np.int32)], sign * fold.height, cv2.LINE_8, 4)
