"""The vector that the 2017 implementation sends beside each picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class PictureMeta:
    """Where a picture comes from and how it was resized.

    Args:
        image_id: number of the picture in its data set.
        original_shape: (3,) before resizing.
        shape: (3,) after.
        window: y1, x1, y2, x2 of the picture within the resized one.
        scale: by which it was resized.
        active: (K,) 1 for the classes that its data set has.
    """

    image_id: int
    original_shape: tuple[int, ...]
    shape: tuple[int, ...]
    window: tuple[int, ...]
    scale: float
    active: tuple[int, ...]

    def to_vector(self) -> NDArray[np.float64]:
        """The vector (12 + K,)."""
        parts = (self.image_id, *self.original_shape, *self.shape, *self.window, self.scale, *self.active)
        return np.array(parts, np.float64)

    @classmethod
    def from_vector(cls, vector: ArrayLike) -> "PictureMeta":
        """The inverse of `to_vector`."""
        values = [float(value) for value in np.asarray(vector, np.float64)]
        whole = [int(value) for value in values]
        return cls(
            whole[0], tuple(whole[1:4]), tuple(whole[4:7]), tuple(whole[7:11]), values[11], tuple(whole[12:])
        )  # fmt: skip
