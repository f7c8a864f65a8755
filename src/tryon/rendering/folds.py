"""Folds of cloth: soft ridges drawn as tapered strokes at several widths, and the slopes they give.

Heights are in cm. A fold is a ridge with a shallower valley beside it, as in hanging cloth, so that light from one side makes a
bright and a dark flank.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tryon.rendering.drawing import Floats, Window, blur, spline
from tryon.rendering.figure import Frame

_SCALES_CM = (0.75, 1.5, 3.0)


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
    middle = (a + b) / 2 + normal * sag
    return Fold(spline(np.stack([a, middle, b]), closed=False, per_segment=5), width, height)


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
    return np.asarray(gx, np.float32), np.asarray(gy, np.float32)


def _nearest_scale(width: float) -> float:
    return min(_SCALES_CM, key=lambda scale: abs(np.log(width / scale)))


def _draw(layer: Floats, fold: Fold, frame: Frame, window: Window) -> None:
    """Add a ridge and its valley to a layer, tapered towards both ends."""
    line = frame.to_px(fold.curve) - np.array([window.left, window.top], np.float32)
    direction = np.gradient(line, axis=0)
    normal = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    normal /= np.maximum(np.hypot(normal[:, :1], normal[:, 1:]), 1e-6)
    taper = np.sin(np.linspace(0.12, np.pi - 0.04, len(line)))[:, None] * (fold.width * frame.scale / 2)
    for shift, sign in ((-0.5, 1.0), (0.55, -0.7)):
        centre = line + normal * (shift * 2 * taper)
        lens = np.concatenate([centre + normal * taper, (centre - normal * taper)[::-1]])
        cv2.fillPoly(layer, [np.round(lens * 16).astype(np.int32)], sign * fold.height, cv2.LINE_8, 4)
