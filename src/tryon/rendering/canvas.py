"""The canvas of a scene, kept in two parts: everything that is not the shirt, and where on the shirt each pixel lies.

A picture is linear in the shirt's colours: picture = rest + alpha * shirt(look). So the same scene in another look is
exact: `rest` and all maps stay, only `shirt(look)` is painted anew.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tryon.rendering.drawing import Floats, Window, three

TORSO, LEFT_SLEEVE, RIGHT_SLEEVE, COLLAR, INSIDE = 0, 1, 2, 3, 4


@dataclass
class Cloth:
    """One piece of the shirt in a window: garment coordinates in cm, shade, part and coverage."""

    window: Window
    u: Floats
    v: Floats
    shade: Floats
    part: NDArray[np.uint8]
    cover: Floats


@dataclass
class Canvas:
    """Layers painted from back to front on a square of `side` pixels."""

    side: int
    rest: Floats = field(init=False)  # (S, S, 3), already weighted by 1 - alpha
    alpha: Floats = field(init=False)  # (S, S) visible coverage of the shirt
    u: Floats = field(init=False)
    v: Floats = field(init=False)
    shade: Floats = field(init=False)
    part: NDArray[np.uint8] = field(init=False)
    worn: Floats = field(init=False)  # (S, S) coverage of the shirt as if nothing were in front of it
    legwear: Floats = field(init=False)  # (S, S) visible coverage of trousers or skirt
    body: Floats = field(init=False)  # (S, S) visible coverage of the person and things, shirt excluded

    def __post_init__(self) -> None:
        self.rest = np.zeros((self.side, self.side, 3), np.float32)
        empty = (np.zeros((self.side, self.side), np.float32) for _ in range(7))
        self.alpha, self.u, self.v, self.shade, self.worn, self.legwear, self.body = empty
        self.part = np.zeros((self.side, self.side), np.uint8)

    def paint(
        self, window: Window, rgb: Floats | tuple[float, float, float], cover: Floats, *, legwear: bool = False
    ) -> None:
        """Paint something that is not the shirt over everything so far; `legwear` marks trousers and skirts."""
        rest, alpha = self.rest[window.slices], self.alpha[window.slices]
        change = np.asarray(rgb, np.float32) - rest
        change *= three(cover)
        rest += change
        alpha *= 1 - cover
        self.legwear[window.slices] *= 1 - cover
        self.body[window.slices] += (1 - self.body[window.slices]) * cover
        if legwear:
            self.legwear[window.slices] += cover

    def drape(self, cloth: Cloth) -> None:
        """Lay a piece of the shirt over everything so far."""
        rows = cloth.window.slices
        owned = cloth.cover > self.alpha[rows] * (1 - cloth.cover)
        self.rest[rows] *= three(1 - cloth.cover)
        self.legwear[rows] *= 1 - cloth.cover
        self.body[rows] *= 1 - cloth.cover
        np.maximum(self.worn[rows], cloth.cover, out=self.worn[rows])
        self.alpha[rows] += (1 - self.alpha[rows]) * cloth.cover
        for name in ("u", "v", "shade", "part"):
            target = getattr(self, name)[rows]
            np.copyto(target, getattr(cloth, name), where=owned)

    def darken(self, window: Window, factor: Floats) -> None:
        """Multiply all that has been painted so far by a factor: a shadow cast on it."""
        self.rest[window.slices] *= three(factor)
        self.shade[window.slices] *= factor
