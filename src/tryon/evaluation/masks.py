"""Scores of masks and detections: IoU, boundary IoU, COCO average precision, precision by recall.

One class (a shirt is a shirt). Masks are (H, W) bool, boxes `xyxy`. For each picture, ground truth is an array of
N masks (N, H, W) or N boxes (N, 4), where N may be 0; detections are such an array and N scores.
"""

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.coco_precision import Precision, accumulate
from tryon.geometry.masks import iou

Kind = Literal["segm", "bbox"]
GroundTruth = Sequence[NDArray[Any]]
Detected = Sequence[tuple[NDArray[Any], NDArray[np.floating[Any]]]]


def mask_iou(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Intersection over union of two masks; 1 where both are empty."""
    return iou(*_same_size(a, b))


def boundary_iou(a: NDArray[Any], b: NDArray[Any], dilation_ratio: float = 0.02) -> float:
    """IoU of the two masks' inner bands, as wide as `dilation_ratio` of the picture's diagonal; 1 where both are empty.

    A mask that is cut by the picture's edge has a boundary there as well.

    Reference: Cheng et al. 2021, Boundary IoU, section 4 (2 % of the diagonal).
    """
    a, b = _same_size(a, b)
    return mask_iou(inner_band(a, dilation_ratio), inner_band(b, dilation_ratio))


def inner_band(mask: NDArray[Any], dilation_ratio: float = 0.02) -> NDArray[np.bool_]:
    """The pixels of the mask within `dilation_ratio` of the picture's diagonal of its edge (square neighbourhoods)."""
    inside = np.asarray(mask).astype(np.uint8)
    height, width = inside.shape
    width_px = max(1, round(dilation_ratio * float(np.hypot(height, width))))
    framed = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width_px)[1:-1, 1:-1]
    return np.asarray(inside > eroded, dtype=bool)


def coco_ap(ground_truth: GroundTruth, detections: Detected, kind: Kind = "segm") -> dict[str, float]:
    """COCO's average precision: `ap` (mean over IoU 0.50 to 0.95), `ap50` and `ap75`.

    Raises:
        DataError: there is no ground truth at all, or the number of pictures differs.
    """
    return _precision(ground_truth, detections, kind).averages()


def precision_recall(
    ground_truth: GroundTruth, detections: Detected, kind: Kind = "segm", thresholds_iou: Sequence[float] = (0.5, 0.75)
) -> list[tuple[float, float, float]]:
    """Rows of IoU threshold, recall and (interpolated) precision: COCO's 101 points for each threshold.

    Raises:
        DataError: as `coco_ap`; or a threshold is none of COCO's 0.50, 0.55, ..., 0.95.
    """
    precision = _precision(ground_truth, detections, kind)
    return [
        (float(wanted), round(float(recall), 2), float(value))
        for wanted in thresholds_iou
        for recall, value in zip(precision.recalls, precision.at(wanted), strict=True)
    ]


def _precision(ground_truth: GroundTruth, detections: Detected, kind: Kind) -> Precision:
    fields = _mask_fields if kind == "segm" else _box_fields
    truths = [[fields(shape) for shape in shapes] for shapes in ground_truth]
    founds = [
        [fields(shape) | {"score": float(score)} for shape, score in zip(shapes, scores, strict=True)]
        for shapes, scores in detections
    ]
    sizes = [(int(shapes.shape[1]), int(shapes.shape[2])) for shapes in ground_truth] if kind == "segm" else None
    return accumulate(truths, founds, kind, sizes=sizes)


def _mask_fields(mask: NDArray[Any]) -> dict[str, Any]:
    from pycocotools import mask as coco_mask

    encoded = coco_mask.encode(np.asfortranarray(np.asarray(mask).astype(np.uint8)))
    return {"segmentation": encoded, "area": float(coco_mask.area(encoded)), "bbox": coco_mask.toBbox(encoded).tolist()}


def _box_fields(box: NDArray[Any]) -> dict[str, Any]:
    left, top, right, bottom = (float(value) for value in box)
    width, height = max(0.0, right - left), max(0.0, bottom - top)
    return {"bbox": [left, top, width, height], "area": width * height}


def _same_size(a: NDArray[Any], b: NDArray[Any]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    first, second = np.asarray(a).astype(bool), np.asarray(b).astype(bool)
    if first.shape != second.shape or first.ndim != 2:
        raise DataError(
            "the two masks differ in size", received=f"{first.shape} and {second.shape}", needed="one (H, W)"
        )
    return first, second
