"""Another cut of a training picture in every step: enlarged once, then a random window, mirrored half of the time.

Reference: the preparation `resize_and_crop` of the PyTorch implementation (286, then 256 pixels, then a mirror).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tryon.images.resizing import resize


@dataclass(frozen=True)
class RandomCrops:
    """How training pictures are cut.

    Args:
        size_px: side of the window.
        load_px: side that pictures are enlarged to, `size_px` or more; 0: the window shows the whole picture.
        flip: mirror half of the windows.
    """

    size_px: int
    load_px: int
    flip: bool

    def enlarge(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Pictures (N, S, S[, C]) at the side that windows are cut from."""
        if not self.load_px:
            return pictures
        return np.stack([resize(picture, self.load_px, self.load_px) for picture in pictures])

    def cut(self, arrays: Sequence[NDArray[np.float32]], rng: np.random.Generator) -> list[NDArray[np.float32]]:
        """A window of each enlarged picture, the same in all arrays (B, L, L, C): pictures and masks stay together."""
        windows = [self._draw(rng) for _ in arrays[0]]
        return [
            np.stack([self._window(one, *drawn) for one, drawn in zip(array, windows, strict=True)]) for array in arrays
        ]

    def _draw(self, rng: np.random.Generator) -> tuple[int, int, bool]:
        if not self.load_px and not self.flip:
            return 0, 0, False
        room = self.load_px - self.size_px + 1 if self.load_px else 1
        top, left = rng.integers(room, size=2)
        return int(top), int(left), bool(rng.random() < 0.5) and self.flip

    def _window(self, picture: NDArray[np.float32], top: int, left: int, mirrored: bool) -> NDArray[np.float32]:
        window = picture[top : top + self.size_px, left : left + self.size_px]
        return window[:, ::-1] if mirrored else window
