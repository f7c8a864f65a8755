"""Decoding: what the network's outputs mean, as boxes and scores, with static shapes."""

from typing import Any

from keras import ops

from tryon.models.layers.boxes import clip, decode_deltas
from tryon.models.layers.suppression import first_true, non_max_suppression
from tryon.models.mask_rcnn.conventions import BACKGROUND
from tryon.models.mask_rcnn.losses import of_class

PROPOSAL_NMS_IOU = 0.7
DETECTION_NMS_IOU = 0.3
BEFORE_NMS_FACTOR = 4  # candidates before suppression for each proposal after it; 6000 to 2000 or 1000 in the reference
SMALLEST_SIDE_PX = 1.0
SCORE_FLOOR = 0.01  # below this a detection changes neither AP nor any decision


def propose(objectness_logits: Any, deltas: Any, anchors: Any, *, count: int, side: int) -> tuple[Any, Any]:
    """The best proposals (B, count, 4), best first, and which of them are real (B, count).

    Args:
        objectness_logits: (B, A, 2): background, object.
        deltas: (B, A, 4).
        anchors: (A, 4).
        side: of the square input; proposals are cut to it.
    """
    scores = objectness_logits[..., 1] - objectness_logits[..., 0]
    candidates = min(anchors.shape[0], BEFORE_NMS_FACTOR * count)
    _, at = ops.top_k(scores, candidates)
    starts = ops.take(ops.convert_to_tensor(anchors), at, axis=0)
    boxes = clip(decode_deltas(_take(deltas, at), starts), side)
    real = ops.all(boxes[..., 2:] - boxes[..., :2] >= SMALLEST_SIDE_PX, axis=-1)
    kept = non_max_suppression(boxes, real, PROPOSAL_NMS_IOU)
    first, is_real = first_true(kept, count)
    return ops.stop_gradient(_take(boxes, first) * ops.cast(is_real, boxes.dtype)[..., None]), is_real


def detect(rois: Any, rois_real: Any, class_logits: Any, deltas: Any, *, count: int, side: int) -> dict[str, Any]:
    """Detections, best first, padded with class 0: `boxes` (B, D, 4), `scores` (B, D), `class_ids` (B, D).

    Every RoI speaks for its most probable class; suppression works within a class. Confidence is left to the caller:
    a less probable box never suppresses a more probable one, so cutting by score afterwards gives the same.
    """
    probs = ops.softmax(class_logits, axis=-1)
    class_ids = ops.argmax(probs, axis=-1)
    scores = ops.max(probs, axis=-1)
    boxes = refine(rois, class_ids, deltas, side)
    large = ops.all(boxes[..., 2:] - boxes[..., :2] >= SMALLEST_SIDE_PX, axis=-1)
    wanted = ops.logical_and(ops.logical_and(rois_real, large), class_ids != BACKGROUND)
    wanted = ops.logical_and(wanted, scores >= SCORE_FLOOR)

    scores = ops.where(wanted, scores, 0.0)
    sorted_scores, at = ops.top_k(scores, scores.shape[1])
    boxes, class_ids = _take(boxes, at), ops.take_along_axis(class_ids, at, axis=1)
    kept = non_max_suppression(boxes, sorted_scores > 0, DETECTION_NMS_IOU, class_ids)
    first, real = first_true(kept, count)
    return {
        "boxes": _take(boxes, first) * ops.cast(real, boxes.dtype)[..., None],
        "scores": ops.where(real, ops.take_along_axis(sorted_scores, first, axis=1), 0.0),
        "class_ids": ops.where(real, ops.take_along_axis(class_ids, first, axis=1), BACKGROUND),
    }


def refine(boxes: Any, class_ids: Any, deltas: Any, side: int) -> Any:
    """Boxes (B, R, 4) moved by their class's deltas, out of (B, R, K, 4), and cut to the square."""
    own = ops.take_along_axis(deltas, class_ids[..., None, None], axis=2)[..., 0, :]
    return clip(decode_deltas(own, boxes), side)


def own_masks(mask_logits: Any, class_ids: Any) -> Any:
    """Mask probabilities (B, D, M, M) of each detection's class, out of logits (B, D, M, M, K)."""
    return ops.sigmoid(of_class(mask_logits, class_ids))


def _take(boxes: Any, indices: Any) -> Any:
    return ops.take_along_axis(boxes, indices[..., None], axis=1)
