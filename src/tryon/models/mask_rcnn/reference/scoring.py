"""Average precision of one picture and recall of proposals, as users of the 2017 implementation report them.

Matches are made one picture at a time, detections in the order of their scores, each with its best free object. For
COCO's average precision over a set of pictures see `tryon.evaluation.masks`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tryon.geometry.boxes import iou_matrix

FREE = -1
AP_RANGE = tuple(np.arange(0.5, 1.0, 0.05))


@dataclass(frozen=True, eq=False)
class Instances:
    """The objects of a picture, annotated or detected: class_ids (N,), masks (H, W, N), and scores (N,) if detected."""

    class_ids: NDArray[np.integer[Any]]
    masks: NDArray[np.bool_]
    scores: NDArray[np.floating[Any]] | None = None

    def best_first(self) -> "Instances":
        """The same in the order of falling scores."""
        assert self.scores is not None
        order = np.argsort(self.scores)[::-1]
        return Instances(self.class_ids[order], self.masks[..., order], self.scores[order])


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """The area under the curve of precision by recall, and the curve from recall 0 to 1."""

    ap: float
    precisions: NDArray[np.float64]
    recalls: NDArray[np.float64]


def mask_ious(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.float32]:
    """IoU (N, M) of masks (H, W, N) with masks (H, W, M); 0 for empty ones."""
    pixels = int(np.prod(first.shape[:2]))
    a, b = (masks.reshape(pixels, masks.shape[-1]).astype(np.float32) for masks in (first, second))
    shared = a.T @ b
    union = a.sum(axis=0)[:, None] + b.sum(axis=0)[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(union), where=union > 0))


def match_instances(
    truth: Instances, found: Instances, iou: float = 0.5
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Which detection each object has (N,), which object each detection has (M,), FREE for none, and their IoUs (M, N);
    detections best first.

    A detection takes the free object that it overlaps most, if that is of its class; below `iou` it takes none.
    """
    found = found.best_first()
    overlaps = mask_ious(found.masks, truth.masks)
    of_truth, of_found = (np.full(len(ids), FREE, np.int64) for ids in (truth.class_ids, found.class_ids))
    for detection, row in enumerate(overlaps):
        for instance in np.argsort(row)[::-1]:
            if of_truth[instance] != FREE:
                continue
            if row[instance] < iou:
                break
            if found.class_ids[detection] == truth.class_ids[instance]:
                of_truth[instance], of_found[detection] = detection, instance
                break
    return of_truth, of_found, overlaps


def average_precision(truth: Instances, found: Instances, iou: float = 0.5) -> AveragePrecision:
    """Average precision of one picture at one IoU, precision taken as the best at that recall or beyond."""
    of_truth, of_found, _ = match_instances(truth, found, iou)
    hits = np.cumsum(of_found != FREE)
    precisions = np.concatenate([[0.0], hits / np.arange(1, len(hits) + 1), [0.0]])
    recalls = np.concatenate([[0.0], hits / len(of_truth), [1.0]])
    precisions = np.maximum.accumulate(precisions[::-1])[::-1]
    return AveragePrecision(float(np.sum(np.diff(recalls) * precisions[1:])), precisions, recalls)


def average_precision_range(truth: Instances, found: Instances, ious: ArrayLike = AP_RANGE) -> float:
    """Mean of the average precision over IoUs, by default 0.5 to 0.95 in steps of 0.05."""
    return float(np.mean([average_precision(truth, found, float(iou)).ap for iou in np.asarray(ious)]))


def box_recall(found: ArrayLike, truth: ArrayLike, iou: float) -> tuple[float, NDArray[np.int64]]:
    """The part of the boxes (N, 4) that are the best match of some found box (M, 4) at this IoU, and those found."""
    overlaps = iou_matrix(found, truth)
    good = np.flatnonzero(overlaps.max(axis=1) >= iou)
    return len(set(overlaps.argmax(axis=1)[good])) / overlaps.shape[1], good
