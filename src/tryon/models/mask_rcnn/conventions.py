"""What the numbers of a network mean: boxes, anchors, samples, and the grey levels that enter it.

Two sets of meanings exist, chosen by `mask_rcnn.conventions`: ours, and those of the 2017 implementation, without which
its weights would say something slightly different (docs/reference/mask_rcnn.md compares them). How a picture enters
depends on the backbone alone, since published backbone weights expect one range.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tryon.config import MaskRCNNConfig
from tryon.models.layers.boxes import LARGEST_LOG_SCALE, SMALLEST_SIDE, decode_deltas, encode_deltas

BACKGROUND = 0

STRIDES = (4, 8, 16, 32, 64)  # of P2 to P6
FINE_STRIDE = 2

_LAST_PIXEL = np.array([0, 0, 1, 1], np.float32)


@dataclass(frozen=True)
class PictureRange:
    """How grey levels enter a backbone, and what keeps its activations in range.

    Args:
        scale: RGB in [0, 1] is multiplied by this ...
        offset: ... and this is added for each channel.
        normalisation: `weights` (standardised weights) or `batch`.
    """

    scale: float
    offset: tuple[float, float, float]
    normalisation: str


@dataclass(frozen=True)
class Conventions:
    """What boxes and samples mean.

    Args:
        picture_fractions: boxes are fractions of the picture between the centres of its first and last pixel, both
            ends included; otherwise they are half-open pixels of the square.
        ground: grey level (uint8) of the square beyond the picture.
        anchor_offset: place of an anchor's centre in its cell; 0.5 keeps a mirrored picture mirrored.
        probability_order: anchors are sorted by their rounded probability, the first of equals first; otherwise by
            the difference of their logits, which does not run into 1.
        candidates: anchors that reach suppression at most; 0: four for each proposal.
        smallest_px: proposals and detections with a shorter side are dropped.
        smallest_side: sides count as at least this when deltas are coded; 0 keeps an empty box empty.
        largest_log_scale: a box grows at most by exp of this when deltas are decoded.
        score_floor: detections below it are dropped before suppression.
        padding_speaks: RoIs that only pad are classified and may be detected and learnt from as background.
        corner_samples: RoIAlign reads one sample a cell on a grid from border to border of the RoI, nothing beyond
            the map; otherwise at the cells' centres, the map's border beyond it.
        gt_as_rois: annotated boxes are RoIs for training too.
        balanced_negatives: negative RoIs are taken in proportion to the positive ones found, not until the sample
            is full.
        positive_fraction: of the RoIs for training.
        binary_masks: mask targets are rounded to 0 and 1, not the cells' coverage.
    """

    picture_fractions: bool
    ground: int
    anchor_offset: float
    probability_order: bool
    candidates: int
    smallest_px: float
    smallest_side: float
    largest_log_scale: float
    score_floor: float
    padding_speaks: bool
    corner_samples: bool
    gt_as_rois: bool
    balanced_negatives: bool
    positive_fraction: float
    binary_masks: bool

    def from_pixels(self, boxes: Any, side: int) -> Any:
        """Half-open pixel boxes (..., 4) of a square of `side` pixels in this convention; arrays or tensors."""
        return (boxes - _LAST_PIXEL) / np.float32(side - 1) if self.picture_fractions else boxes

    def to_pixels(self, boxes: Any, side: int) -> Any:
        """The inverse of `from_pixels`."""
        return boxes * np.float32(side - 1) + _LAST_PIXEL if self.picture_fractions else boxes

    def positives(self, rois: int) -> int:
        """How many of `rois` RoIs for training may be positive."""
        share = rois * self.positive_fraction
        return int(share) if self.balanced_negatives else max(1, round(share))

    def encode(self, boxes: Any, targets: Any) -> Any:
        """Deltas (..., 4) that move `boxes` onto `targets`."""
        return encode_deltas(boxes, targets, self.smallest_side)

    def decode(self, deltas: Any, boxes: Any) -> Any:
        """Boxes (..., 4) moved by deltas."""
        return decode_deltas(deltas, boxes, self.smallest_side, self.largest_log_scale)

    def whole(self, side: int) -> Any:
        """The box (4,) of the whole square."""
        return self.from_pixels(np.array([0, 0, side, side], np.float32), side)


OURS = Conventions(
    picture_fractions=False,
    ground=128,
    anchor_offset=0.5,
    probability_order=False,
    candidates=0,
    smallest_px=1.0,
    smallest_side=SMALLEST_SIDE,
    largest_log_scale=LARGEST_LOG_SCALE,
    score_floor=0.01,  # below this a detection changes neither AP nor any decision
    padding_speaks=False,
    corner_samples=False,
    gt_as_rois=True,
    balanced_negatives=False,
    positive_fraction=1 / 3,
    binary_masks=False,
)
REFERENCE = Conventions(
    picture_fractions=True,
    ground=0,
    anchor_offset=0.0,
    probability_order=True,
    candidates=6000,
    smallest_px=0.0,
    smallest_side=0.0,
    largest_log_scale=float("inf"),
    score_floor=0.0,
    padding_speaks=True,
    corner_samples=True,
    gt_as_rois=False,
    balanced_negatives=True,
    positive_fraction=0.33,
    binary_masks=True,
)

_LIGHT = PictureRange(4.0, (-2.0, -2.0, -2.0), "weights")
_RESNET = PictureRange(255.0, (-123.7, -116.8, -103.9), "batch")


def conventions_of(config: MaskRCNNConfig) -> Conventions:
    """The conventions that a configuration names."""
    return REFERENCE if config.conventions == "reference" else OURS


def picture_range_of(backbone: str) -> PictureRange:
    """How grey levels enter a backbone, by its name in `params.yaml`."""
    return _LIGHT if backbone == "light" else _RESNET
