"""Scores of masks and detections: IoU, boundary IoU, COCO average precision, precision by recall.

One class (a shirt is a shirt). Masks are (H, W) bool, boxes `xyxy`. For each picture, ground truth is an array of
N masks (N, H, W) or N boxes (N, 4), where N may be 0; detections are such an array and N scores.
"""

import contextlib
import io
from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.geometry.masks import iou

Kind = Literal["segm", "bbox"]
GroundTruth = Sequence[NDArray[Any]]
Detected = Sequence[tuple[NDArray[Any], NDArray[np.floating[Any]]]]

_SHIRT = 1


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
    precision, _, thresholds = _accumulated(ground_truth, detections, kind)
    at = {name: int(np.argmin(abs(thresholds - iou))) for name, iou in (("ap50", 0.5), ("ap75", 0.75))}
    return {"ap": float(precision.mean()), **{name: float(precision[index].mean()) for name, index in at.items()}}


def precision_recall(
    ground_truth: GroundTruth, detections: Detected, kind: Kind = "segm", thresholds_iou: Sequence[float] = (0.5, 0.75)
) -> list[tuple[float, float, float]]:
    """Rows of IoU threshold, recall and (interpolated) precision: COCO's 101 points for each threshold.

    Raises:
        DataError: as `coco_ap`; or a threshold is none of COCO's 0.50, 0.55, ..., 0.95.
    """
    precision, recalls, thresholds = _accumulated(ground_truth, detections, kind)
    rows = []
    for wanted in thresholds_iou:
        index = int(np.argmin(abs(thresholds - wanted)))
        if abs(thresholds[index] - wanted) > 1e-6:
            raise DataError("not an IoU threshold of COCO", received=wanted, needed="0.50, 0.55, ..., 0.95")
        points = zip(recalls, precision[index], strict=True)
        rows += [(float(wanted), round(float(r), 2), float(p)) for r, p in points]
    return rows


def _accumulated(
    ground_truth: GroundTruth, detections: Detected, kind: Kind
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Precision (T, 101), recall points (101,) and IoU thresholds (T,) as pycocotools accumulates them, silently."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    if len(ground_truth) != len(detections):
        raise DataError("pictures with ground truth and with detections differ in number",
                        received=f"{len(ground_truth)} and {len(detections)}")  # fmt: skip
    annotations = [row for image, shapes in enumerate(ground_truth, 1) for row in _rows(image, shapes, None, kind)]
    if not annotations:
        raise DataError("no ground truth in any picture", needed="at least one mask or box")
    results = [
        row for image, (shapes, scores) in enumerate(detections, 1) for row in _rows(image, shapes, scores, kind)
    ]
    for number, row in enumerate(annotations + results, 1):
        row["id"] = number
    images = [_image_row(image, masks, kind) for image, masks in enumerate(ground_truth, 1)]
    with contextlib.redirect_stdout(io.StringIO()):
        truth, found = COCO(), COCO()
        truth.dataset = {"images": images, "annotations": annotations, "categories": [{"id": _SHIRT, "name": "shirt"}]}
        found.dataset = {**truth.dataset, "annotations": results}
        truth.createIndex()
        found.createIndex()
        scorer = COCOeval(truth, found, kind)
        scorer.evaluate()
        scorer.accumulate()
    parameters = scorer.params
    precision = scorer.eval["precision"][:, :, 0, 0, -1]  # (T, 101): one class, all areas, most detections
    return precision, parameters.recThrs, parameters.iouThrs


def _image_row(image: int, shapes: NDArray[Any], kind: Kind) -> dict[str, int]:
    height, width = shapes.shape[1:] if kind == "segm" else (1, 1)  # boxes need no size
    return {"id": image, "height": int(height), "width": int(width)}


def _rows(image: int, shapes: NDArray[Any], scores: NDArray[Any] | None, kind: Kind) -> list[dict[str, Any]]:
    rows = []
    for index, shape in enumerate(shapes):
        row: dict[str, Any] = {"image_id": image, "category_id": _SHIRT, "iscrowd": 0}
        row |= _mask_fields(shape) if kind == "segm" else _box_fields(shape)
        if scores is not None:
            row["score"] = float(scores[index])
        rows.append(row)
    return rows


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
