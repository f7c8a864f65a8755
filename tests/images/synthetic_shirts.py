"""Drawn T-shirts for tests: a colour or stripes of known period and angle, with folds and light that multiply."""

import cv2
import numpy as np

NAVY, WHITE, BLUE, RED = (24, 30, 76), (240, 240, 236), (40, 80, 190), (190, 30, 40)

_OUTLINE = [(0.36, 0), (0.5, 0.05), (0.64, 0), (0.86, 0.1), (1, 0.36), (0.84, 0.44), (0.76, 0.33)]
_OUTLINE += [(0.78, 1), (0.22, 1), (0.24, 0.33), (0.16, 0.44), (0, 0.36), (0.14, 0.1)]


def shirt_mask(size: int) -> np.ndarray:
    """A T-shirt's outline (S, S) of bool that fills nine tenths of the picture's height."""
    points = np.array(_OUTLINE) * (0.92 * size, 0.9 * size) + 0.05 * size
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 1)
    return mask.astype(bool)


def folds(size: int, strength: float, seed: int) -> np.ndarray:
    """Light (S, S) about 1: soft ridges in several directions and a slow change from side to side."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((size, size)) / size
    light = 1 + 0.25 * strength * (columns - 0.5)
    for _ in range(6):
        angle, place, width = rng.uniform(0, np.pi), rng.uniform(-0.4, 0.8), rng.uniform(0.02, 0.07)
        distance = columns * np.cos(angle) + rows * np.sin(angle) - place + 0.04 * np.sin(6 * rows + rng.uniform(0, 6))
        light += strength * rng.uniform(-0.35, 0.2) * np.exp(-((distance / width) ** 2))
    return light


def draw_shirt(
    colours: tuple[tuple[int, int, int], ...],
    size: int = 128,
    period: float = 0.1,
    angle_deg: float = 0.0,
    fold_strength: float = 0.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """A picture (S, S, 3) of a shirt on grey and its mask; two colours make stripes.

    Args:
        colours: one, or two of which the second takes half of each period.
        size: side of the picture.
        period: of the stripes, as a fraction of the shirt's height.
        angle_deg: of the stripes; 0 horizontal, positive rises to the right.
        fold_strength: 0 none, 1 heavy.
        seed: of the folds.
    """
    mask = shirt_mask(2 * size)
    rows, columns = np.indices(mask.shape) / (0.9 * 2 * size)
    slope = np.deg2rad(angle_deg)
    across = rows * np.cos(slope) + columns * np.sin(slope)
    second = (across / period) % 1 >= 0.5 if len(colours) > 1 else np.zeros_like(mask)
    cloth = np.where(second[..., None], colours[-1], colours[0]).astype(np.float32)
    cloth *= folds(2 * size, fold_strength, seed)[..., None]
    picture = np.where(mask[..., None], np.clip(cloth, 0, 255), 150).astype(np.float32)
    small = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(seed + 1).normal(0, 2, small.shape)
    return np.clip(np.rint(small + noise), 0, 255).astype(np.uint8), shirt_mask(size)
