"""Cut-outs: one garment on a neutral ground in a square, its mask, and the way back into the picture."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.geometry import boxes
from tryon.images.resizing import resize

Scalar = TypeVar("Scalar", bound=np.generic)

# 0.5 grey: the middle of [0, 1], and 0 in CycleGAN's [-1, 1].
NEUTRAL_GROUND = 0.5
NEUTRAL_GROUND_U8 = 128


@dataclass(frozen=True)
class CutPlacement:
    """The square of the picture that a cut-out shows; it may reach beyond the picture.

    Args:
        left: first column of the square in the picture; may be negative.
        top: first row of the square in the picture; may be negative.
        side: of the square, in pixels of the picture.
        size_px: side of the cut-out.
    """

    left: int
    top: int
    side: int
    size_px: int


@dataclass(frozen=True, eq=False)
class CutOut:
    """A garment on `NEUTRAL_GROUND` (S, S, 3) uint8, its mask (S, S) uint8 of 0 and 255, and its place."""

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    placement: CutPlacement


def cut_out(image: NDArray[np.uint8], mask: NDArray[np.bool_], size_px: int, margin: float) -> CutOut:
    """The masked garment in a square of its own.

    The pixels of the cut-out's mask hold the garment's colours only, without a rim of the picture or of the ground.

    Args:
        image: (H, W, 3).
        mask: (H, W).
        size_px: side of the cut-out.
        margin: free space on each side, as a fraction of the longer side of the mask's box.

    Raises:
        DataError: the mask is empty, or of another size than the picture.
    """
    if mask.shape != image.shape[:2] or not mask.any():
        raise DataError(
            "a garment cannot be cut out",
            received=f"a mask {mask.shape} with {np.count_nonzero(mask)} pixels for a picture {image.shape}",
            needed="a mask of the picture's size that is not empty",
        )
    placement = _square_round(boxes.from_mask(mask), size_px, margin)
    coverage = _shrink(take_square(mask.astype(np.float32), placement), size_px)
    colours = _shrink(take_square(np.where(mask[..., None], image, 0).astype(np.float32), placement), size_px)
    inside = coverage >= 0.5
    if not inside.any():  # a garment thinner than half a pixel of the cut-out
        inside = coverage >= coverage.max()
    # `colours` are weighted by coverage: dividing gives the mean over the garment's own pixels.
    pure = np.clip(np.rint(colours / np.maximum(coverage, 1e-6)[..., None]), 0, 255)
    picture = np.where(inside[..., None], pure, NEUTRAL_GROUND_U8).astype(np.uint8)
    return CutOut(picture, np.where(inside, 255, 0).astype(np.uint8), placement)


def take_square(array: NDArray[Scalar], placement: CutPlacement) -> NDArray[Scalar]:
    """The placement's square (side, side[, C]) of a picture array (H, W[, C]); 0 beyond the picture."""
    square = np.zeros((placement.side, placement.side, *array.shape[2:]), array.dtype)
    in_picture, in_square = _overlap(placement, *array.shape[:2])
    square[in_square] = array[in_picture]
    return square


def paste_back(square: NDArray[Scalar], placement: CutPlacement, height: int, width: int) -> NDArray[Scalar]:
    """A cut-out's array (S, S[, C]) at its place in an array of the picture's size; 0 elsewhere."""
    full = np.zeros((height, width, *square.shape[2:]), square.dtype)
    in_picture, in_square = _overlap(placement, height, width)
    full[in_picture] = resize(square, placement.side, placement.side)[in_square]
    return full


def _square_round(box: NDArray[np.float32], size_px: int, margin: float) -> CutPlacement:
    x1, y1, x2, y2 = (int(value) for value in box)
    side = max(1, round(max(x2 - x1, y2 - y1) * (1 + 2 * margin)))
    return CutPlacement((x1 + x2 - side) // 2, (y1 + y2 - side) // 2, side, size_px)


def _shrink(square: NDArray[np.float32], size_px: int) -> NDArray[np.float32]:
    """Area mean, or linear where it grows: both mix with weights that are never negative."""
    interpolation = cv2.INTER_AREA if size_px < square.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size_px, size_px), interpolation=interpolation), np.float32)


def _overlap(placement: CutPlacement, height: int, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Rows and columns that picture and square share, as slices of the picture and of the square."""
    top, bottom = (max(0, min(height, edge)) for edge in (placement.top, placement.top + placement.side))
    left, right = (max(0, min(width, edge)) for edge in (placement.left, placement.left + placement.side))
    in_square = (
        slice(top - placement.top, bottom - placement.top),
        slice(left - placement.left, right - placement.left),
    )
    return (slice(top, bottom), slice(left, right)), in_square
