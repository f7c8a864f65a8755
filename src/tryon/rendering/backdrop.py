"""What stands behind a person: plain walls, gradients, blurred rooms and streets, and the soft shadow on them."""

from typing import Literal

import cv2
import numpy as np

from tryon.rendering.drawing import Floats, blur, soft_noise, three
from tryon.rendering.light import Light

Kind = Literal["plain", "gradient", "room", "street"]
KINDS: tuple[Kind, ...] = ("plain", "gradient", "room", "street")
_SMALL = 192  # blurred anyway, so drawn on a small square and enlarged


def draw_backdrop(
    rng: np.random.Generator, kind: Kind, side: int, light: Light, hint: tuple[float, float, float] | None
) -> Floats:
    """A picture (side, side, 3) in [0, 1]; `hint` is a colour that a wall comes close to."""
    painter = {"plain": _plain, "gradient": _gradient, "room": _room, "street": _street}[kind]
    small = painter(rng, hint)
    small = small * _falloff(light)[..., None] * np.asarray(light.tint, np.float32)
    small = np.clip(small, 0.01, 1).astype(np.float32)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def cast_on_wall(picture: Floats, silhouette: Floats, light: Light, distance_px: float) -> None:
    """Darken a wall by a person's soft shadow away from the light in place; `silhouette` has a quarter of its size."""
    shift = np.array([-light.direction[0], -0.35 * light.direction[1]]) * distance_px
    moved = cv2.warpAffine(
        silhouette,
        np.array([[1, 0, shift[0] / 4], [0, 1, shift[1] / 4]]),
        silhouette.shape[::-1],
        borderMode=cv2.BORDER_REPLICATE,
    )
    soft = cv2.GaussianBlur(moved, (0, 0), max(1.0, distance_px / 7))
    shadow = cv2.resize(soft, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    picture *= three(1 - np.float32(0.42 * (1 - light.ambient)) * np.asarray(shadow, np.float32))


def _falloff(light: Light) -> Floats:
    """Brighter towards the lamp."""
    x = np.linspace(-1, 1, _SMALL, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, _SMALL, dtype=np.float32)[:, None]
    return 1 + np.float32(0.16) * (light.direction[0] * x + light.direction[1] * y) - np.float32(0.05) * (x * x + y * y)


def _wall_colour(rng: np.random.Generator, hint: tuple[float, float, float] | None) -> Floats:
    if hint is not None:
        return np.clip(
            np.array(hint, np.float32) * rng.uniform(0.85, 1.15) + rng.normal(0, 0.03, 3), 0.06, 0.95
        ).astype(np.float32)
    grey = rng.uniform(0.35, 0.92)
    return np.clip(grey + rng.normal(0, 0.03, 3), 0.1, 0.95).astype(np.float32)


def _plain(rng: np.random.Generator, hint: tuple[float, float, float] | None) -> Floats:
    texture = 1 + 0.012 * soft_noise(rng, (_SMALL, _SMALL), 14) + 0.008 * soft_noise(rng, (_SMALL, _SMALL), 2)
    return np.asarray(_wall_colour(rng, hint) * texture[..., None], np.float32)


def _gradient(rng: np.random.Generator, hint: tuple[float, float, float] | None) -> Floats:
    top, bottom = _wall_colour(rng, hint), _wall_colour(rng, None)
    bottom = 0.5 * top + 0.5 * bottom
    angle = rng.uniform(-0.6, 0.6)
    x = np.linspace(-1, 1, _SMALL, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, _SMALL, dtype=np.float32)[:, None]
    t = np.clip(0.5 + 0.5 * (np.cos(angle) * y + np.sin(angle) * x), 0, 1)
    return np.asarray(top + (bottom - top) * (t * t * (3 - 2 * t))[..., None], np.float32)


def _room(rng: np.random.Generator, hint: tuple[float, float, float] | None) -> Floats:
    """A wall with shelves, frames, a window or a door, above a floor."""
    n = _SMALL
    picture = np.empty((n, n, 3), np.float32)
    picture[:] = _wall_colour(rng, hint)
    floor = int(n * rng.uniform(0.72, 1.0))
    picture[floor:] = np.clip(np.array([0.5, 0.4, 0.3]) * rng.uniform(0.5, 1.4) + rng.normal(0, 0.03, 3), 0.05, 0.9)
    picture[floor - 3 : floor] *= 0.8
    for _ in range(rng.integers(3, 7)):
        width, height = rng.integers(14, 60), rng.integers(18, 80)
        x, y = int(rng.integers(-15, n - 10)), int(rng.integers(-10, floor - 12))
        colour = np.clip(rng.uniform(0.15, 0.9) * (1 + 0.10 * rng.standard_normal(3)), 0.03, 0.97)
        cv2.rectangle(picture, (x, y), (x + int(width), y + int(height)), colour.tolist(), -1)
        kind = rng.integers(3)
        if kind == 0:
            _fill_shelf(rng, picture, x, y, int(width), int(height))
        elif kind == 1:
            inner = np.clip(colour * 0.6 + 0.4 * rng.uniform(0.4, 0.9), 0, 1)
            cv2.rectangle(picture, (x + 3, y + 3), (x + int(width) - 3, y + int(height) - 3), inner.tolist(), -1)
    return blur(picture, float(rng.uniform(1.2, 3.5)))


def _fill_shelf(rng: np.random.Generator, picture: Floats, x: int, y: int, width: int, height: int) -> None:
    for row in range(y + 3, y + height - 8, 16):
        at = x + 2
        while at < x + width - 3:
            book, tall = int(rng.integers(2, 6)), int(rng.integers(7, 13))
            colour = np.clip(rng.uniform(0.15, 0.8) + rng.normal(0, 0.09, 3), 0.05, 0.95)
            cv2.rectangle(picture, (at, row + 13 - tall), (at + book - 1, row + 13), colour.tolist(), -1)
            at += book


def _street(rng: np.random.Generator, hint: tuple[float, float, float] | None) -> Floats:
    """Houses with windows, sky, trees and pavement, out of focus."""
    n = _SMALL
    sky = np.array([0.78, 0.84, 0.92], np.float32) * rng.uniform(0.8, 1.08)
    picture = np.empty((n, n, 3), np.float32)
    picture[:] = np.clip(sky, 0, 1)
    horizon = int(n * rng.uniform(0.55, 0.8))
    x = -10
    while x < n:
        width, top = int(rng.integers(25, 70)), int(rng.integers(-30, 50))
        colour = np.clip(np.array([0.62, 0.55, 0.47]) * rng.uniform(0.55, 1.35) + rng.normal(0, 0.018, 3), 0.1, 0.95)
        cv2.rectangle(picture, (x, top), (x + width, horizon), colour.tolist(), -1)
        dark, step = colour * rng.uniform(0.35, 0.6), int(rng.integers(11, 19))
        for wy in range(top + 5, horizon - 10, step + 4):
            for wx in range(x + 4, x + width - 6, step):
                cv2.rectangle(picture, (wx, wy), (wx + step // 2, wy + step // 2 + 4), dark.tolist(), -1)
        x += width
    grey = rng.uniform(0.35, 0.62)
    picture[horizon:] = np.linspace(grey * 0.85, grey * 1.1, n - horizon, dtype=np.float32)[:, None, None] * np.array(
        [1.0, 0.98, 0.95]
    )
    _street_things(rng, picture, horizon)
    return blur(picture, float(rng.uniform(1.8, 4.2)))


def _street_things(rng: np.random.Generator, picture: Floats, horizon: int) -> None:
    """Trees, parked cars and passers-by."""
    n = _SMALL
    for _ in range(rng.integers(0, 3)):
        x, y = int(rng.integers(0, n)), int(rng.integers(5, horizon - 20))
        for _ in range(14):
            green = np.array([0.22, 0.34, 0.14]) * rng.uniform(0.5, 1.5)
            spot = (int(x + rng.normal(0, 14)), int(y + rng.normal(0, 12)))
            cv2.circle(picture, spot, int(rng.integers(5, 13)), green.tolist(), -1)
        cv2.line(picture, (x, y + 8), (x, horizon + 3), (0.25, 0.19, 0.14), 3)
    for _ in range(rng.integers(0, 4)):
        x, colour = int(rng.integers(-20, n)), np.clip(rng.uniform(0.08, 0.8) + rng.normal(0, 0.05, 3), 0.03, 0.95)
        if rng.random() < 0.6:
            cv2.ellipse(picture, (x, horizon - 3), (24, 11), 0, 0, 360, colour.tolist(), -1)
            cv2.ellipse(picture, (x, horizon - 11), (13, 8), 0, 0, 360, (colour * 0.5).tolist(), -1)
        else:
            cv2.ellipse(picture, (x, horizon - 12), (5, 17), 0, 0, 360, colour.tolist(), -1)
            cv2.circle(picture, (x, horizon - 32), 4, (0.55, 0.42, 0.34), -1)
