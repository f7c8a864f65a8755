"""Resizing without stairs or moire, and pictures fitted into a square with the way back.

Points are pixel indices (x, y), as in `tryon.geometry.masks`: the centre of a picture's first pixel is (0, 0), its
border lies at -0.5. Boxes are half-open: their coordinates lie on the borders between pixels.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tryon.errors import DataError

Scalar = TypeVar("Scalar", bound=np.generic)


def resize(image: NDArray[Scalar], height: int, width: int) -> NDArray[Scalar]:
    """The picture (H, W[, C]) at another size: area mean where it shrinks, cubic where it grows; same type and range.

    A mask of bool is cut at one half. Cubic overshoot is cut to the values that the picture had.
    """
    if height < 1 or width < 1 or 0 in image.shape:
        raise DataError(
            "a picture cannot be resized",
            received=f"{image.shape} to ({height}, {width})",
            needed="sides of at least 1",
        )
    if image.shape[:2] == (height, width):
        return image.copy()
    source: NDArray[Any] = image.astype(np.float32) if image.dtype == bool else image
    smaller = (min(source.shape[0], height), min(source.shape[1], width))
    if smaller != source.shape[:2]:
        source = cv2.resize(source, smaller[::-1], interpolation=cv2.INTER_AREA)
    if smaller != (height, width):
        low, high = source.min(), source.max()
        source = np.clip(cv2.resize(source, (width, height), interpolation=cv2.INTER_CUBIC), low, high)
    if image.dtype == bool:
        source = source > 0.5
    return np.asarray(source.reshape((height, width, *image.shape[2:])), image.dtype)


def resize_long_side(image: NDArray[Scalar], limit_px: int) -> NDArray[Scalar]:
    """The picture shrunk so that its longer side has at most `limit_px`; never enlarged."""
    height, width = image.shape[:2]
    scale = min(1.0, limit_px / max(height, width))
    return resize(image, max(1, round(height * scale)), max(1, round(width * scale)))


@dataclass(frozen=True)
class Placement:
    """Where a picture lies within the square that `letterbox` made of it.

    Args:
        scale: square pixels for one picture pixel, before the sides were rounded to whole pixels.
        left: first column of the picture in the square.
        top: first row of the picture in the square.
        height: of the picture, before.
        width: of the picture, before.
        side: of the square.
    """

    scale: float
    left: int
    top: int
    height: int
    width: int
    side: int

    @property
    def placed_size(self) -> tuple[int, int]:
        """Height and width of the picture within the square, in whole pixels."""
        return max(1, round(self.height * self.scale)), max(1, round(self.width * self.scale))

    def to_square(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (..., 2) of the picture, as points of the square."""
        return (np.asarray(points, np.float64) + 0.5) * self._scales + (self.left, self.top) - 0.5

    def from_square(self, points: ArrayLike) -> NDArray[np.float64]:
        """Points (..., 2) of the square, as points of the picture."""
        return (np.asarray(points, np.float64) - (self.left, self.top) + 0.5) / self._scales - 0.5

    def boxes_to_square(self, boxes: ArrayLike) -> NDArray[np.float32]:
        """Half-open boxes (N, 4) of the picture, in the square."""
        corners = np.asarray(boxes, np.float64).reshape(-1, 2, 2)
        return np.asarray(corners * self._scales + (self.left, self.top), np.float32).reshape(-1, 4)

    def boxes_from_square(self, boxes: ArrayLike) -> NDArray[np.float32]:
        """Half-open boxes (N, 4) of the square, in the picture (not clipped)."""
        corners = np.asarray(boxes, np.float64).reshape(-1, 2, 2)
        return np.asarray((corners - (self.left, self.top)) / self._scales, np.float32).reshape(-1, 4)

    def labels(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A map of labels (H, W) of the picture in the square (side, side), none of them mixed; 0 round it."""
        height, width = self.placed_size
        square = np.zeros((self.side, self.side), np.uint8)
        placed = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
        square[self.top : self.top + height, self.left : self.left + width] = placed
        return square

    def undo(self, square_array: NDArray[Scalar]) -> NDArray[Scalar]:
        """A square array (side, side[, C]) without the ground, at the picture's own size."""
        height, width = self.placed_size
        part = square_array[self.top : self.top + height, self.left : self.left + width]
        return resize(np.ascontiguousarray(part), self.height, self.width)

    @property
    def _scales(self) -> NDArray[np.float64]:
        height, width = self.placed_size
        return np.array([width / self.width, height / self.height])


def letterbox(image: NDArray[Scalar], side: int, ground: ArrayLike = 0) -> tuple[NDArray[Scalar], Placement]:
    """The whole picture in the middle of a square, its proportions kept, and where it lies there.

    Args:
        image: (H, W[, C]).
        side: of the square in pixels.
        ground: value, or one value a channel, of the square's other pixels.
    """
    height, width = image.shape[:2]
    scale = side / max(height, width, 1)
    placed_height, placed_width = max(1, round(height * scale)), max(1, round(width * scale))
    placement = Placement(scale, (side - placed_width) // 2, (side - placed_height) // 2, height, width, side)
    square = np.empty((side, side, *image.shape[2:]), image.dtype)
    square[...] = np.asarray(ground, image.dtype)
    top, left = placement.top, placement.left
    square[top : top + placed_height, left : left + placed_width] = resize(image, placed_height, placed_width)
    return square, placement
