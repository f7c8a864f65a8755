"""How a picture enters the network's square, and how what was found there comes back."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.config import MaskRCNNConfig
from tryon.images.resizing import Placement, letterbox
from tryon.models.mask_rcnn.conventions import conventions_of
from tryon.models.mask_rcnn.pasting import paste
from tryon.models.mask_rcnn.reference.boxes import denormalise, normalise, swap_axes
from tryon.models.mask_rcnn.reference.masks import paste_probs
from tryon.models.mask_rcnn.reference.pictures import resize_picture

FloatArray = NDArray[np.float32]


class Frame(Protocol):
    """A picture within the square."""

    @property
    def square(self) -> NDArray[np.uint8]:
        """(S, S, 3)."""

    @property
    def window(self) -> FloatArray:
        """The part (4,) of the square that detections are cut to, in half-open pixels."""

    def to_picture(self, out: dict[str, NDArray[Any]]) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        """Boxes (N, 4) and mask probabilities (N, H, W) in the picture, and which detections (D,) they are of.

        Args:
            out: `boxes`, `mask_boxes` (D, 4) in half-open pixels of the square and `masks` (D, M, M).
        """

    def points_to_picture(self, points: FloatArray) -> FloatArray:
        """Points (..., 2) of the square in the picture, both as pixel indices."""


@dataclass(frozen=True, eq=False)
class LetterboxFrame:
    """Ours: area mean or cubic resizing, exact placement, masks pasted by interpolation of probabilities."""

    square: NDArray[np.uint8]
    placement: Placement

    @property
    def window(self) -> FloatArray:
        return np.array([0, 0, self.placement.side, self.placement.side], np.float32)

    def to_picture(self, out: dict[str, NDArray[Any]]) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        height, width = self.placement.height, self.placement.width
        boxes = self.placement.boxes_from_square(out["boxes"])
        regions = self.placement.boxes_from_square(out["mask_boxes"])
        masks = [paste(mask, box, height, width) for mask, box in zip(out["masks"], regions, strict=True)]
        cut = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
        return cut, _stack(masks, height, width), np.ones(len(boxes), bool)

    def points_to_picture(self, points: FloatArray) -> FloatArray:
        return self.placement.from_square(points).astype(np.float32)


@dataclass(frozen=True, eq=False)
class ReferenceFrame:
    """The 2017 implementation's: mode `square`, boxes of whole pixels, and none without area.

    Args:
        square: (S, S, 3), the resized and padded picture.
        window_yxyx: where the picture lies in it.
        height: of the picture, before.
        width: of the picture, before.
    """

    square: NDArray[np.uint8]
    window_yxyx: tuple[int, int, int, int]
    height: int
    width: int

    @property
    def window(self) -> FloatArray:
        return np.asarray(swap_axes(np.array(self.window_yxyx, np.float32)))

    def to_picture(self, out: dict[str, NDArray[Any]]) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
        boxes = denormalise(self._within_window(out["boxes"]), self.height, self.width)
        real = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) > 0
        pairs = zip(out["masks"][real], boxes[real], strict=True)
        masks = [paste_probs(mask, box, self.height, self.width) for mask, box in pairs]
        return swap_axes(boxes[real]).astype(np.float32), _stack(masks, self.height, self.width), real

    def points_to_picture(self, points: FloatArray) -> FloatArray:
        left, top, right, bottom = self.window
        scale = np.array([self.width / (right - left), self.height / (bottom - top)])
        return np.asarray((points + 0.5 - (left, top)) * scale - 0.5, np.float32)

    def _within_window(self, boxes: FloatArray) -> NDArray[np.float64]:
        """Boxes of the square, `y1, x1, y2, x2`, as fractions of the window."""
        side = len(self.square)
        window = normalise(self.window_yxyx, side, side).astype(np.float64)
        sides = window[2:] - window[:2]
        fractions = normalise(swap_axes(boxes), side, side)
        return np.asarray((fractions - np.tile(window[:2], 2)) / np.tile(sides, 2))


def frame(image: NDArray[np.uint8], config: MaskRCNNConfig) -> Frame:
    """A picture (H, W, 3) in the network's square, as the configuration's conventions have it."""
    side = config.image_size_px
    if config.conventions == "reference":
        resized = resize_picture(image, "square", min_dim=config.image_min_px or side, max_dim=side)
        return ReferenceFrame(resized.image, resized.window, *image.shape[:2])
    return LetterboxFrame(*letterbox(image, side, conventions_of(config).ground))


def _stack(masks: list[FloatArray], height: int, width: int) -> FloatArray:
    return np.stack(masks) if masks else np.zeros((0, height, width), np.float32)
