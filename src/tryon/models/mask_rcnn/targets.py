"""Targets: what the network should have said, from annotated boxes and masks. No network here.

Sampling takes its random numbers as an input (`noise`, uniform in [0, 1)), so a step is a pure function of its batch.
Reference: Ren et al., Faster R-CNN (2015), section 3.1.2; He et al., Mask R-CNN (2017), section 3.1.
"""

from dataclasses import dataclass
from typing import Any

from keras import ops

from tryon.models.layers.boxes import encode_deltas, expand, pairwise_iou
from tryon.models.layers.roi_align import RoIAlign

POSITIVE, NEGATIVE, IGNORE = 1, 0, -1
ANCHOR_POSITIVE_IOU, ANCHOR_NEGATIVE_IOU = 0.7, 0.3
ROI_POSITIVE_IOU = 0.5
ROI_POSITIVE_FRACTION = 1 / 3


@dataclass(frozen=True)
class RoITargets:
    """The RoIs of a training step and what the heads should say of them; the first `positives` may be positive."""

    rois: Any  # (B, R, 4)
    weights: Any  # (B, R): 1 for a real RoI, 0 for padding
    class_ids: Any  # (B, R)
    deltas: Any  # (B, R, 4)
    positive: Any  # (B, Q): 1 where one of the first Q RoIs is positive
    masks: Any  # (B, Q, M, M) in [0, 1]


def anchor_targets(anchors: Any, gt_boxes: Any, gt_class_ids: Any, noise: Any, sampled: int) -> tuple[Any, Any]:
    """Labels (B, A) of POSITIVE, NEGATIVE or IGNORE, and deltas (B, A, 4) that are meant for the positive ones.

    An anchor is positive from IoU 0.7 on, or as the best one of an object; negative below 0.3. Of these `sampled` are
    kept, at most half of them positive.
    """
    real = gt_class_ids > 0  # (B, G)
    iou = ops.where(real[:, None, :], pairwise_iou(anchors[None], gt_boxes), 0.0)  # (B, A, G)
    best = ops.max(iou, axis=2)
    best_of_object = ops.max(iou, axis=1, keepdims=True)
    is_best = ops.any(ops.logical_and(iou >= best_of_object, iou > 0), axis=2)
    positive = ops.logical_or(best >= ANCHOR_POSITIVE_IOU, is_best)
    negative = ops.logical_and(best < ANCHOR_NEGATIVE_IOU, ops.logical_not(positive))
    positive = _at_random(positive, noise, sampled // 2)
    negative = _at_random(negative, noise, sampled - ops.sum(ops.cast(positive, "int32"), axis=1, keepdims=True))
    labels = ops.where(positive, POSITIVE, ops.where(negative, NEGATIVE, IGNORE))
    matched = _take(gt_boxes, ops.argmax(iou, axis=2))
    return labels, encode_deltas(anchors[None], matched)


def roi_targets(
    proposals: Any,
    proposals_real: Any,
    gt: dict[str, Any],
    noise: Any,
    *,
    rois: int,
    mask_side: int,
    mask_margin: float = 0.0,
) -> RoITargets:
    """A sample of `rois` RoIs out of proposals (B, P, 4) and the annotated boxes, a third of them positive at most.

    Args:
        proposals_real: (B, P) bool, false for padding.
        gt: `boxes` (B, G, 4), `class_ids` (B, G; 0 for padding), `masks` (B, G, S, S) uint8 coverage.
        noise: (B, P + G).
        mask_side: side of the mask targets.
        mask_margin: how far the mask targets reach beyond their RoI, as a fraction of its sides.
    """
    # The annotated boxes are candidates as well: in the first epochs no proposal is good enough to teach the mask head.
    candidates = ops.stop_gradient(ops.concatenate([proposals, gt["boxes"]], axis=1))
    real = gt["class_ids"] > 0
    usable = ops.concatenate([proposals_real, real], axis=1)
    iou = ops.where(real[:, None, :], pairwise_iou(candidates, gt["boxes"]), 0.0)
    best, owner = ops.max(iou, axis=2), ops.argmax(iou, axis=2)
    positives = max(1, round(rois * ROI_POSITIVE_FRACTION))
    at_positive, is_positive = _chosen(ops.logical_and(usable, best >= ROI_POSITIVE_IOU), noise, positives)
    at_negative, is_negative = _chosen(ops.logical_and(usable, best < ROI_POSITIVE_IOU), noise, rois - positives)

    at = ops.concatenate([at_positive, at_negative], axis=1)
    weights = ops.cast(ops.concatenate([is_positive, is_negative], axis=1), "float32")
    boxes = _take(candidates, at) * weights[..., None]
    owner_positive = ops.take_along_axis(owner, at_positive, axis=1)
    class_ids = ops.take_along_axis(gt["class_ids"], owner_positive, axis=1) * ops.cast(is_positive, "int32")
    matched = _take(gt["boxes"], ops.take_along_axis(owner, at, axis=1))
    return RoITargets(
        rois=boxes,
        weights=weights,
        class_ids=ops.pad(class_ids, ((0, 0), (0, rois - positives))),
        deltas=encode_deltas(boxes, matched),
        positive=ops.cast(is_positive, "float32"),
        masks=_mask_targets(gt["masks"], owner_positive, expand(boxes[:, :positives], mask_margin), mask_side),
    )


def _mask_targets(gt_masks: Any, owner: Any, rois: Any, side: int) -> Any:
    """Coverage (B, Q, M, M) of each cell of a RoI by its object's mask."""
    B_Q = rois.shape[1]
    S = gt_masks.shape[2]
    own = ops.take_along_axis(
        gt_masks, ops.broadcast_to(owner[:, :, None, None], (ops.shape(owner)[0], B_Q, S, S)), axis=1
    )
    flat = ops.cast(ops.reshape(own, (-1, S, S, 1)), "float32") / 255.0
    cropped = RoIAlign(side, (1,), samples=1)(ops.reshape(rois, (-1, 1, 4)), [flat])
    return ops.reshape(cropped, (-1, B_Q, side, side))


def _at_random(flags: Any, noise: Any, count: Any) -> Any:
    """The flags (B, N) with at most `count` of them left, chosen by their noise."""
    priority = ops.where(flags, noise, -1.0)
    rank = ops.argsort(ops.argsort(-priority, axis=1), axis=1)
    return ops.logical_and(flags, rank < count)


def _chosen(flags: Any, noise: Any, count: int) -> tuple[Any, Any]:
    """Indices (B, count) of flags chosen by their noise, and whether each is real."""
    priority = ops.where(flags, noise, -1.0)
    values, indices = ops.top_k(priority, count)
    return indices, values >= 0


def _take(boxes: Any, indices: Any) -> Any:
    """Boxes (B, M, 4) at indices (B, M) of boxes (B, N, 4)."""
    return ops.take_along_axis(boxes, indices[..., None], axis=1)
