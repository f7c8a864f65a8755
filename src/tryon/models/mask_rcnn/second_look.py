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
from tryon.images.resizing import letterbox

FloatArray = NDArray[np.float32]
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


def window_round(box: FloatArray, margin: float, side_px: int) -> Window:
    """The square window round a box (4,) with a margin on each side, as a fraction of the box's longer side."""
    x1, y1, x2, y2 = (float(value) for value in box)
    side = max(2, math.ceil(max(x2 - x1, y2 - y1) * (1 + 2 * margin)))
    return Window(round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2), side, side_px)


def same_instance(
    out: dict[str, NDArray[Any]], window: Window, box: FloatArray, mirrored: bool
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Box (4,), mask (M, M) and the mask's box (4,) in the photo, of the instance that `box` (4,) found first;
    None if lost.

    Args:
        out: what the network says of the window: `boxes`, `class_ids`, `masks`, `mask_boxes`.
        mirrored: the window was shown mirrored.
    """
    boxes, mask_boxes, masks = out["boxes"], out["mask_boxes"], out["masks"]
    if mirrored:
        boxes, mask_boxes = _mirror(boxes, window.side_px), _mirror(mask_boxes, window.side_px)
        masks = masks[:, :, ::-1]
    in_photo = window.to_photo(boxes)
    overlap = np.where(out["class_ids"] > 0, iou_matrix(box[None], in_photo)[0], 0.0)
    best = int(np.argmax(overlap))
    if overlap[best] < SAME_IOU:
        return None
    return in_photo[best], masks[best], window.to_photo(mask_boxes[best : best + 1])[0]


def _mirror(boxes: FloatArray, side: int) -> FloatArray:
    return np.asarray(np.stack([side - boxes[:, 2], boxes[:, 1], side - boxes[:, 0], boxes[:, 3]], axis=1), np.float32)
