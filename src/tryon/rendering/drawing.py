"""Windows of a canvas, filled outlines, splines and soft noise: what every drawn part is made of.

Points are (N, 2) arrays of x, y. A window is the part of the canvas that a thing covers, so that only its pixels are
computed. Coverage is float32 in [0, 1].
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]

_SUBPIXEL_BITS = 4


class Window(NamedTuple):
    """A rectangle of whole pixels, half-open, inside the canvas, with even edges."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def shape(self) -> tuple[int, int]:
        return self.bottom - self.top, self.right - self.left

    @property
    def coarse(self) -> "Window":
        """The same place on a canvas of half the size, where smooth things are computed."""
        return Window(self.left // 2, self.top // 2, self.right // 2, self.bottom // 2)

    @property
    def is_empty(self) -> bool:
        return self.right <= self.left or self.bottom <= self.top


def window_round(points_px: Floats, side: int, margin_px: float = 2.0) -> Window:
    """The pixels round some points, clipped to the canvas; empty when nothing of it is on the canvas."""
    left, top = 2 * np.floor((points_px.min(axis=0) - margin_px) / 2)
    right, bottom = 2 * np.ceil((points_px.max(axis=0) + margin_px) / 2)
    box = np.clip([left, top, right, bottom], 0, side).astype(int)
    return Window(*(int(value) for value in box))


def pixel_centres(window: Window) -> tuple[Floats, Floats]:
    """x (1, W) and y (H, 1) of the window's pixel centres, to be broadcast."""
    x = np.arange(window.left, window.right, dtype=np.float32)[None, :] + np.float32(0.5)
    y = np.arange(window.top, window.bottom, dtype=np.float32)[:, None] + np.float32(0.5)
    return x, y


def fill(outlines_px: list[Floats], window: Window) -> Floats:
    """Coverage of the union of closed outlines, with smooth edges."""
    cover = np.zeros(window.shape, np.uint8)
    for outline in outlines_px:
        cv2.fillPoly(cover, [_fixed_point(outline, window)], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    return cover.astype(np.float32) * np.float32(1 / 255)


def stroke(line_px: Floats, thickness_px: float, window: Window, *, closed: bool = False) -> Floats:
    """Coverage of a line of the given thickness, with smooth edges."""
    cover = np.zeros(window.shape, np.uint8)
    thickness = max(1, round(thickness_px))
    cv2.polylines(cover, [_fixed_point(line_px, window)], closed, 255, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
    return cover.astype(np.float32) * np.float32(min(1.0, thickness_px) / 255)


def spline(points: ArrayLike, *, closed: bool = True, per_segment: int = 6) -> Floats:
    """A smooth curve through the points (centripetal look is not needed: points are near evenly spaced).

    Reference: Catmull and Rom, "A class of local interpolating splines", 1974.
    """
    p = np.asarray(points, np.float32)
    if closed:
        before, start, end, after = np.roll(p, 1, 0), p, np.roll(p, -1, 0), np.roll(p, -2, 0)
    else:
        padded = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
        before, start, end, after = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    t = (np.arange(per_segment, dtype=np.float32) / per_segment)[None, :, None]
    b, s, e, a = (part[:, None, :] for part in (before, start, end, after))
    curve = 0.5 * (2 * s + (e - b) * t + (2 * b - 5 * s + 4 * e - a) * t**2 + (3 * s - b - 3 * e + a) * t**3)
    curve = curve.reshape(-1, 2)
    return curve.astype(np.float32) if closed else np.concatenate([curve, p[-1:]]).astype(np.float32)


def enlarge(array: Floats) -> Floats:
    """A map of a coarse window at the canvas's own resolution."""
    height, width = array.shape[:2]
    return np.asarray(cv2.resize(array, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR), np.float32)


def three(array: Floats) -> Floats:
    """A map (H, W) as (H, W, 3): multiplying equal shapes is faster than broadcasting over three channels."""
    return np.asarray(cv2.merge((array, array, array)), np.float32)


def smoothstep(low: float, high: float, x: Any) -> Any:
    """0 below `low`, 1 above `high`, smooth between (either order)."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bump(x: Any, y: Any, width: float, height: float) -> Any:
    """A bell of height 1 at the origin with the given standard deviations."""
    return np.exp(-0.5 * ((x / width) ** 2 + (y / height) ** 2))


def blur(array: Floats, sigma_px: float) -> Floats:
    """Gaussian blur; wide ones are computed on a smaller copy, which cannot be told apart."""
    if sigma_px < 0.3:
        return array
    if sigma_px > 6 and min(array.shape[:2]) > 16:
        height, width = array.shape[:2]
        factor = sigma_px / 3
        small_size = (max(2, round(width / factor)), max(2, round(height / factor)))
        small = cv2.resize(array, small_size, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), 3.0, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray(cv2.GaussianBlur(array, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE), np.float32)


def soft_noise(rng: np.random.Generator, shape: tuple[int, int], cell_px: float, channels: int = 1) -> Floats:
    """Smooth noise about 0 with standard deviation near 1, varying over `cell_px`."""
    if cell_px <= 1 and channels == 1:
        return rng.standard_normal(shape, dtype=np.float32)
    small = (max(2, int(shape[0] / cell_px) + 3), max(2, int(shape[1] / cell_px) + 3))
    values = rng.standard_normal((*small, channels), dtype=np.float32)
    noise = cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(noise, np.float32)


def noise_table(rng: np.random.Generator, length: int, smoothing: float) -> Floats:
    """One-dimensional periodic noise with standard deviation 1, to be looked up with `look_up`."""
    values = rng.standard_normal(length).astype(np.float32)
    spectrum = np.fft.rfft(values) * np.exp(-0.5 * (np.arange(length // 2 + 1) * smoothing / length * 2) ** 2)
    smooth = np.fft.irfft(spectrum, length).astype(np.float32)
    return smooth / np.float32(smooth.std() + 1e-6)


def look_up(table: Floats, position: Any) -> Floats:
    """Values of a periodic table at positions in cells (nearest cell)."""
    index = np.floor(position).astype(np.int32) % len(table)
    return np.asarray(table[index], np.float32)


def _fixed_point(points_px: Floats, window: Window) -> NDArray[np.int32]:
    """Points relative to the window in OpenCV's fixed-point form; OpenCV counts from pixel centres."""
    relative = points_px - np.array([window.left + 0.5, window.top + 0.5], np.float32)
    return np.asarray(np.round(relative * (1 << _SUBPIXEL_BITS)), np.int32)
