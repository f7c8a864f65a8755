"""A second look at what was found: the shirt cut out of the photo at its own resolution, large in the network's square.

A shirt that takes a third of a photo is 40 pixels wide in a square of 128: its border cannot be drawn from
that. Seen again by itself, straight and mirrored, it is as large as the network's square allows.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.geometry.boxes import iou_matrix
from tryon.geometry.landmarks import FLIP_ORDER_WITH_FACE
from tryon.images.resizing import letterbox

FloatArray = NDArray[np.float32]
# How far a window reaches up to the wearer's face, as a fraction of its side: less room is left below the hem then.
FACE_RISE = 0.12
SAME_IOU = 0.5  # a box of the second look that overlaps the first one less is of something else


@dataclass(frozen=True)
class Window:
    """A square part of a photo; it may reach beyond the photo.

    Args:
        left: first column.
        top: first row.
        side: in photo pixels.
        side_px: of the network's square.
    """

    left: int
    top: int
    side: int
    side_px: int

    def cut(self, photo: NDArray[np.uint8], ground: int) -> NDArray[np.uint8]:
        """The part (side_px, side_px, 3) of a photo, `ground` beyond it."""
        part = np.full((self.side, self.side, 3), ground, np.uint8)
        height, width = photo.shape[:2]
        x1, y1 = max(self.left, 0), max(self.top, 0)
        x2, y2 = min(self.left + self.side, width), min(self.top + self.side, height)
        part[y1 - self.top : y2 - self.top, x1 - self.left : x2 - self.left] = photo[y1:y2, x1:x2]
        return np.asarray(letterbox(part, self.side_px, ground)[0], np.uint8)

    def to_photo(self, boxes: FloatArray) -> FloatArray:
        """Boxes (N, 4) of the network's square, in the photo."""
        shift = np.array([self.left, self.top, self.left, self.top], np.float32)
        return np.asarray(boxes * np.float32(self.side / self.side_px) + shift, np.float32)

    def landmarks_to_photo(self, landmarks: FloatArray) -> FloatArray:
        """Landmarks (L, 4) of the network's square, the first two numbers pixel indices, in the photo."""
        moved = landmarks.astype(np.float32)
        moved[:, :2] = (moved[:, :2] + 0.5) * (self.side / self.side_px) + (self.left, self.top) - 0.5
        return moved


def window_round(box: FloatArray, margin: float, side_px: int, rise: float = 0.0) -> Window:
    """The square window round a box (4,).

    Args:
        margin: on each side, as a fraction of the box's longer side.
        side_px: of the network's square.
        rise: how far the window lies above the box's middle, as a fraction of its own side, below a half; the window
            is at least so large that it holds the box all the same.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    side = max(2, math.ceil(max(x2 - x1, y2 - y1) * max(1 + 2 * margin, 1 / (1 - 2 * rise))))
    return Window(round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2 - rise * side), side, side_px)


@dataclass(frozen=True, eq=False)
class View:
    """What one view says of an instance, in the photo: box (4,), mask (M, M), the mask's box (4,), and landmarks
    (L, 4) as the detector gives them, if it does."""

    box: FloatArray
    mask: FloatArray
    region: FloatArray
    landmarks: FloatArray | None


def same_instance(out: dict[str, NDArray[Any]], window: Window, box: FloatArray, mirrored: bool) -> View | None:
    """What is said of the instance that `box` (4,) found first; None if lost.

    Args:
        out: what the network says of the window: `boxes`, `masks`, `mask_boxes` and maybe `landmarks`.
        mirrored: the window was shown mirrored.
    """
    if mirrored:
        out = _mirror(out, window.side_px)
    in_photo = window.to_photo(out["boxes"])
    overlap = iou_matrix(box[None], in_photo)[0]
    if not (overlap >= SAME_IOU).any():
        return None
    best = int(np.argmax(overlap))
    region = window.to_photo(out["mask_boxes"][best : best + 1])[0]
    landmarks = window.landmarks_to_photo(out["landmarks"][best]) if "landmarks" in out else None
    return View(in_photo[best], out["masks"][best], region, landmarks)


def _mirror(out: dict[str, NDArray[Any]], side: int) -> dict[str, NDArray[Any]]:
    """What is said of a mirrored square, in the straight one."""
    mirrored = {**out, "masks": out["masks"][:, :, ::-1]}
    for name in ("boxes", "mask_boxes"):
        mirrored[name] = (out[name] * np.array([-1, 1, -1, 1]) + np.array([side, 0, side, 0]))[:, [2, 1, 0, 3]]
    if "landmarks" in out:
        landmarks = out["landmarks"][:, FLIP_ORDER_WITH_FACE[: out["landmarks"].shape[1]]]
        mirrored["landmarks"] = landmarks * np.array([-1, 1, 1, 1]) + np.array([side - 1, 0, 0, 0])
    return mirrored
