"""Targets: what the network should have said, from annotated boxes and masks. No network here.

Sampling takes its random numbers as an input (`noise`, uniform in [0, 1)), so a step is a pure function of its batch.
A negative class marks a crowd: many objects in one box, near which nothing counts as background.
Reference: Ren et al., Faster R-CNN (2015), section 3.1.2; He et al., Mask R-CNN (2017), section 3.1.
"""

from dataclasses import dataclass
from typing import Any

from keras import ops

from tryon.models.layers.boxes import encode_deltas, expand, pairwise_iou, take_boxes
from tryon.models.layers.roi_align import CornerRoIAlign, RoIAlign
from tryon.models.mask_rcnn.conventions import Conventions

POSITIVE, NEGATIVE, IGNORE = 1, 0, -1
ANCHOR_POSITIVE_IOU, ANCHOR_NEGATIVE_IOU = 0.7, 0.3
ROI_POSITIVE_IOU = 0.5
CROWD_IOU = 0.001  # from which a box is near a crowd, as in the 2017 implementation


@dataclass(frozen=True)
class RoITargets:
    """The RoIs of a training step and what the heads should say of them; the first `positives` may be positive."""

    rois: Any  # (B, R, 4)
    weights: Any  # (B, R): 1 for a RoI whose class counts
    class_ids: Any  # (B, R)
    deltas: Any  # (B, R, 4)
    positive: Any  # (B, Q): 1 where one of the first Q RoIs is positive
    masks: Any  # (B, Q, M, M) in [0, 1]
    owners: Any  # (B, Q): place of the object that each of them belongs to


def anchor_targets(anchors: Any, gt_boxes: Any, gt_class_ids: Any, noise: Any, sampled: int) -> tuple[Any, Any]:
    """Labels (B, A) of POSITIVE, NEGATIVE or IGNORE, and deltas (B, A, 4) that are meant for the positive ones.

    An anchor is positive from IoU 0.7 on, or as the best one of an object; negative below 0.3 and away from crowds. Of
    these `sampled` are kept, at most half of them positive.

    Args:
        anchors: (A, 4) in half-open pixels, as the annotated boxes, in every convention.
        gt_boxes: (B, G, 4).
        gt_class_ids: (B, G); 0 for padding, negative for a crowd.
        noise: (B, A).
        sampled: anchors that count.
    """
    overlap = pairwise_iou(anchors[None], gt_boxes)
    iou, no_crowd = _by_kind(overlap, gt_class_ids)  # (B, A, G), (B, A)
    best = ops.max(iou, axis=2)
    best_of_object = ops.max(iou, axis=1, keepdims=True)
    is_best = ops.any(ops.logical_and(iou >= best_of_object, iou > 0), axis=2)
    positive = ops.logical_or(best >= ANCHOR_POSITIVE_IOU, is_best)
    negative = ops.logical_and(best < ANCHOR_NEGATIVE_IOU, ops.logical_not(positive))
    negative = ops.logical_and(negative, no_crowd)
    positive = _at_random(positive, noise, sampled // 2)
    negative = _at_random(negative, noise, sampled - ops.sum(ops.cast(positive, "int32"), axis=1, keepdims=True))
    labels = ops.where(positive, POSITIVE, ops.where(negative, NEGATIVE, IGNORE))
    matched = take_boxes(gt_boxes, ops.argmax(iou, axis=2))
    return labels, encode_deltas(anchors[None], matched)


def roi_targets(
    proposals: Any,
    proposals_real: Any,
    gt: dict[str, Any],
    noise: Any,
    *,
    rois: int,
    conventions: Conventions,
    mask_side: int,
    mask_margin: float = 0.0,
    mini_masks: bool = False,
) -> RoITargets:
    """A sample of `rois` RoIs out of proposals (B, P, 4) and, by convention, the annotated boxes; a third positive.

    Args:
        proposals_real: (B, P) bool, false for padding.
        gt: `boxes` (B, G, 4) in the unit of the conventions, `class_ids` (B, G; 0 for padding, negative for a crowd),
            `masks` (B, G, S, S) uint8 coverage, or with `mini_masks` (B, G, m, m) of the box alone.
        noise: (B, P + G).
        mask_side: side of the mask targets.
        mask_margin: how far the mask targets reach beyond their RoI, as a fraction of its sides.
        mini_masks: masks are of their boxes, not of the picture.
    """
    candidates, usable = _candidates(proposals, proposals_real, gt, conventions)
    noise = noise[:, : candidates.shape[1]]
    iou, no_crowd = _by_kind(pairwise_iou(candidates, gt["boxes"]), gt["class_ids"])
    positives = conventions.positives(rois)
    at, is_real = _sample(ops.max(iou, axis=2), usable, no_crowd, noise, rois, conventions)

    boxes = take_boxes(candidates, at) * ops.cast(is_real, "float32")[..., None]
    owner = ops.take_along_axis(ops.argmax(iou, axis=2), at, axis=1)
    owner_positive, is_positive = owner[:, :positives], is_real[:, :positives]
    class_ids = ops.take_along_axis(gt["class_ids"], owner_positive, axis=1) * ops.cast(is_positive, "int32")
    matched = take_boxes(gt["boxes"], owner)
    regions = expand(boxes[:, :positives], mask_margin)
    if mini_masks:
        regions = _within(regions, matched[:, :positives])
    return RoITargets(
        rois=boxes,
        weights=ops.ones_like(boxes[..., 0]) if conventions.padding_speaks else ops.cast(is_real, "float32"),
        class_ids=ops.pad(class_ids, ((0, 0), (0, rois - positives))),
        deltas=conventions.encode(boxes, matched),
        positive=ops.cast(is_positive, "float32"),
        masks=_mask_targets(gt["masks"], owner_positive, regions, mask_side, conventions),
        owners=owner_positive,
    )


def _candidates(proposals: Any, real: Any, gt: dict[str, Any], conventions: Conventions) -> tuple[Any, Any]:
    """The boxes (B, N, 4) that RoIs are chosen from, and which of them are no padding (B, N)."""
    if conventions.gt_as_rois:
        # In the first epochs no proposal is good enough to teach the mask head; the annotated boxes are.
        proposals = ops.concatenate([proposals, gt["boxes"]], axis=1)
        real = ops.concatenate([real, gt["class_ids"] > 0], axis=1)
    return ops.stop_gradient(proposals), real


def _sample(best: Any, usable: Any, no_crowd: Any, noise: Any, rois: int, conventions: Conventions) -> tuple[Any, Any]:
    """Indices (B, R) of candidates (B, N), places for positive ones first, and whether each is real (B, R) bool.

    Args:
        best: (B, N) largest IoU with an object.
        usable: (B, N) bool.
        no_crowd: (B, N) bool.
    """
    positives = conventions.positives(rois)
    negative = ops.logical_and(ops.logical_and(usable, no_crowd), best < ROI_POSITIVE_IOU)
    at_positive, is_positive = _chosen(ops.logical_and(usable, best >= ROI_POSITIVE_IOU), noise, positives)
    at_negative, is_negative = _chosen(negative, noise, rois - positives)
    if conventions.balanced_negatives:
        wanted = _in_proportion(ops.sum(ops.cast(is_positive, "int32"), axis=1), conventions.positive_fraction)
        is_negative = ops.logical_and(is_negative, ops.arange(rois - positives)[None, :] < wanted[:, None])
    return ops.concatenate([at_positive, at_negative], axis=1), ops.concatenate([is_positive, is_negative], axis=1)


def _by_kind(iou: Any, class_ids: Any) -> tuple[Any, Any]:
    """The IoU (B, N, G) with objects, 0 for other columns, and where no crowd is near (B, N)."""
    crowd = ops.max(ops.where((class_ids < 0)[:, None, :], iou, 0.0), axis=2)
    return ops.where((class_ids > 0)[:, None, :], iou, 0.0), crowd < CROWD_IOU


def _in_proportion(positives: Any, fraction: float) -> Any:
    """How many negatives (B,) go with so many positives, rounded down as the 2017 implementation does."""
    return ops.cast(ops.cast(positives, "float32") * (1.0 / fraction), "int32") - positives


def _within(rois: Any, boxes: Any) -> Any:
    """RoIs (B, Q, 4) as fractions of their boxes (B, Q, 4)."""
    corner, sides = boxes[..., :2], ops.maximum(boxes[..., 2:] - boxes[..., :2], 1e-9)
    return ops.concatenate([(rois[..., :2] - corner) / sides, (rois[..., 2:] - corner) / sides], axis=-1)


def _mask_targets(gt_masks: Any, owner: Any, regions: Any, side: int, conventions: Conventions) -> Any:
    """Coverage (B, Q, M, M) of each cell of a region by its object's mask."""
    align = CornerRoIAlign(side, (1,), gt_masks.shape[2]) if conventions.corner_samples else RoIAlign(side, (1,))
    cropped = align.crop(regions, gt_masks, owner)
    return ops.round(cropped) if conventions.binary_masks else cropped


def _at_random(flags: Any, noise: Any, count: Any) -> Any:
    """The flags (B, N) with at most `count` of them left, chosen by their noise."""
    priority = ops.where(flags, noise, -1.0)
    rank = ops.argsort(ops.argsort(-priority, axis=1), axis=1)
    return ops.logical_and(flags, rank < count)


def _chosen(flags: Any, noise: Any, count: int) -> tuple[Any, Any]:
    """Indices (B, count) of flags (B, N) chosen by their noise, and whether each is real; there may be fewer flags."""
    missing = max(0, count - flags.shape[1])
    priority = ops.pad(ops.where(flags, noise, -1.0), ((0, 0), (0, missing)), constant_values=-1.0)
    values, indices = ops.top_k(priority, count)
    return ops.where(values >= 0, indices, 0), values >= 0
