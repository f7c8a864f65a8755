"""Light of a scene: how bright a surface looks by the way it faces.

Normals are unit vectors with x to the right, y down and z towards the camera. Shades are factors for sRGB colours:
for a colour c and a linear brightness L, (c ** 2.2 * L) ** (1 / 2.2) = c * L ** (1 / 2.2), so one map serves every
colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from tryon.rendering.drawing import Floats

_GAMMA = 2.2
_WRAP = 0.35
_TABLE_STEPS = 512
_TABLE_TOP = 1.6
# Exponents by channel: shaded skin turns redder, shaded cloth keeps its colour and cools a little.
SKIN_FALLOFF = (0.82, 1.04, 1.16)
CLOTH_FALLOFF = (1.03, 1.0, 0.96)


@dataclass(frozen=True)
class Light:
    """One soft lamp and the light from everywhere.

    Args:
        direction: unit vector towards the lamp (x right, y down, z to the camera).
        ambient: share of light from everywhere, 0..1.
        tint: colour of the light as an RGB factor near 1.
        exposure: overall brightness factor.
    """

    direction: tuple[float, float, float]
    ambient: float
    tint: tuple[float, float, float]
    exposure: float

    def shade(self, nx: Floats, ny: Floats) -> Floats:
        """sRGB factor of surfaces with these normals (z follows from x and y)."""
        across = nx * nx + ny * ny
        shrink = 1 / np.sqrt(np.maximum(across, 0.97) / 0.97)
        nx, ny = nx * shrink, ny * shrink
        nz = np.sqrt(1 - np.minimum(across, 0.97))
        lx, ly, lz = self.direction
        lit = np.maximum((lx * nx + ly * ny + lz * nz + _WRAP) / (1 + _WRAP), 0)
        linear = self.ambient * (0.85 - 0.15 * ny) * (0.55 + 0.45 * nz) + (1 - self.ambient) * lit * 1.12
        return np.asarray(cv2.pow(np.asarray(linear * self.exposure, np.float32), 1 / _GAMMA), np.float32)

    def colour(self, base: tuple[float, float, float], shade: Floats, falloff: tuple[float, float, float]) -> Floats:
        """RGB (H, W, 3) of a surface of one colour under a map of shades."""
        levels = np.linspace(0, _TABLE_TOP, _TABLE_STEPS, dtype=np.float32)[:, None]
        table = (
            np.asarray(base, np.float32) * levels ** np.asarray(falloff, np.float32) * np.asarray(self.tint, np.float32)
        )
        index = np.clip(shade * ((_TABLE_STEPS - 1) / _TABLE_TOP), 0, _TABLE_STEPS - 1).astype(np.int32)
        return np.asarray(np.take(table.astype(np.float32), index, axis=0), np.float32)


def sample_light(rng: np.random.Generator) -> Light:
    """A believable light: from above, left or right, hard or soft, warm or cool."""
    side = rng.uniform(-1, 1)
    direction = np.array([0.85 * side, rng.uniform(-0.75, -0.25), rng.uniform(0.5, 0.95)])
    direction /= np.linalg.norm(direction)
    warmth = rng.normal(0, 0.022)
    x, y, z = (float(value) for value in direction)
    return Light(
        direction=(x, y, z),
        ambient=float(rng.uniform(0.26, 0.52)),
        tint=(float(1 + warmth), 1.0, float(1 - warmth)),
        exposure=float(rng.uniform(0.95, 1.15)),
    )
