"""How points and boxes move when their picture is resized, mirrored or cropped.

Points are pixel indices, boxes half-open (`tryon.geometry.masks`, `tryon.geometry.boxes`). A motion knows the size of
the new picture, so that what a crop leaves outside can be told.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tryon.errors import DataError

Numbers = NDArray[np.number]


@dataclass(frozen=True)
class Motion:
    """x to `scale_x * x + left`, y to `scale_y * y + top`, for borders between pixels (pixel centres lie at + 0.5).

    Args:
        height: of the new picture.
        width: of the new picture.
        scale_x: negative where the picture is mirrored.
        scale_y: new pixels for one old pixel.
        left: where the old picture's border at x = 0 comes to lie.
        top: where the old picture's border at y = 0 comes to lie.
        cuts: whether parts of the old picture may lie outside of the new one.
    """

    height: int
    width: int
    scale_x: float = 1
    scale_y: float = 1
    left: float = 0
    top: float = 0
    cuts: bool = False

    @property
    def mirrored(self) -> bool:
        """Whether left and right change places."""
        return self.scale_x < 0

    @property
    def length_scale(self) -> float:
        """New pixels for one old pixel in the mean of both directions, for radii."""
        return float(np.sqrt(abs(self.scale_x * self.scale_y)))

    def points(self, points: ArrayLike) -> Numbers:
        """Points (..., 2) of the old picture in the new one; whole numbers stay whole where pixels meet pixels."""
        moved = (np.asarray(points, np.float64) + 0.5) * self._scale + self._shift - 0.5
        return self._whole(moved, points)

    def boxes(self, boxes: ArrayLike) -> Numbers:
        """Half-open boxes (..., 4) of the old picture in the new one, x1 < x2 again; not cut to it."""
        given = np.asarray(boxes)
        corners = given.astype(np.float64).reshape(*given.shape[:-1], 2, 2) * self._scale + self._shift
        return self._whole(np.sort(corners, axis=-2).reshape(given.shape), boxes)

    def then(self, other: "Motion") -> "Motion":
        """This motion and then another as one."""
        return Motion(
            other.height,
            other.width,
            self.scale_x * other.scale_x,
            self.scale_y * other.scale_y,
            self.left * other.scale_x + other.left,
            self.top * other.scale_y + other.top,
            self.cuts or other.cuts,
        )

    @property
    def _scale(self) -> NDArray[np.float64]:
        return np.array([self.scale_x, self.scale_y], np.float64)

    @property
    def _shift(self) -> NDArray[np.float64]:
        return np.array([self.left, self.top], np.float64)

    def _whole(self, moved: NDArray[np.float64], given: ArrayLike) -> Numbers:
        onto_pixels = abs(self.scale_x) == abs(self.scale_y) == 1 and self.left % 1 == self.top % 1 == 0
        whole = np.issubdtype(np.asarray(given).dtype, np.integer)
        return np.rint(moved).astype(np.int64) if onto_pixels and whole else moved


def resizing(height: int, width: int, new_height: int, new_width: int) -> Motion:
    """The motion of a picture that is resized."""
    return Motion(new_height, new_width, new_width / width, new_height / height)


def mirroring(height: int, width: int) -> Motion:
    """The motion of a picture whose left and right change places."""
    return Motion(height, width, scale_x=-1, left=width)


def cropping(height: int, width: int, box: ArrayLike) -> Motion:
    """The motion of a picture that is cut to a half-open box (4,) of whole pixels inside of it.

    Raises:
        DataError: the box is empty or leaves the picture.
    """
    x1, y1, x2, y2 = (int(side) for side in np.asarray(box))
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        raise DataError(
            "a picture cannot be cropped", received=[x1, y1, x2, y2], needed=f"a box within {width} x {height} pixels"
        )
    return Motion(y2 - y1, x2 - x1, left=-x1, top=-y1, cuts=True)
