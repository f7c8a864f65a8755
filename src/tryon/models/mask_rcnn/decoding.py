"""Decoding: what the network's outputs mean, as boxes and scores, with static shapes.

Boxes are in the unit of the conventions: half-open pixels of the square, or fractions of the picture.
"""

from typing import Any

from keras import ops

from tryon.models.layers.boxes import clip, take_boxes
from tryon.models.layers.suppression import first_kept, first_true, non_max_suppression
from tryon.models.mask_rcnn.conventions import BACKGROUND, Conventions
from tryon.models.mask_rcnn.losses import of_class

PROPOSAL_NMS_IOU = 0.7
DETECTION_NMS_IOU = 0.3
BEFORE_NMS_FACTOR = 4  # candidates before suppression for each proposal after it, where conventions name no number


def objectness_scores(objectness_logits: Any, conventions: Conventions) -> Any:
    """What anchors (B, A) are sorted by, out of logits (B, A, 2)."""
    if conventions.probability_order:
        return ops.softmax(objectness_logits, axis=-1)[..., 1]
    return objectness_logits[..., 1] - objectness_logits[..., 0]


def propose(
    scores: Any,
    deltas: Any,
    anchors: Any,
    *,
    count: int,
    side: int,
    conventions: Conventions,
    nms_iou: float = PROPOSAL_NMS_IOU,
) -> tuple[Any, Any]:
    """The best proposals (B, count, 4), best first, and which of them are real (B, count).

    Args:
        scores: (B, A), as `objectness_scores` gives them.
        deltas: (B, A, 4).
        anchors: (A, 4) in the unit of the conventions.
        count: proposals; where fewer are left, zeros follow.
        side: of the square input; proposals are cut to it.
        conventions: of the boxes.
        nms_iou: a proposal is dropped when it overlaps a better one more.
    """
    candidates = min(anchors.shape[0], conventions.candidates or BEFORE_NMS_FACTOR * count)
    _, at = ops.top_k(scores, candidates)
    starts = ops.take(ops.convert_to_tensor(anchors), at, axis=0)
    boxes = clip(conventions.decode(take_boxes(deltas, at), starts), conventions.whole(side))
    kept, is_real = first_kept(boxes, _large(boxes, conventions), nms_iou, count)
    return ops.stop_gradient(take_boxes(boxes, kept) * ops.cast(is_real, boxes.dtype)[..., None]), is_real


def detect(
    rois: Any,
    rois_real: Any,
    class_logits: Any,
    deltas: Any,
    *,
    count: int,
    windows: Any,
    conventions: Conventions,
    nms_iou: float = DETECTION_NMS_IOU,
) -> dict[str, Any]:
    """Detections, best first, padded with class 0: `boxes` (B, D, 4), `scores` (B, D), `class_ids` (B, D).

    Every RoI speaks for its most probable class; suppression works within a class. Confidence is left to the caller:
    a less probable box never suppresses a more probable one, so cutting by score afterwards gives the same.

    Args:
        rois: (B, R, 4); `rois_real` (B, R) bool is false for padding.
        class_logits: (B, R, K); `deltas` are (B, R, K, 4).
        windows: (B, 4) or (4,), to which boxes are cut.
        nms_iou: a detection is dropped when it overlaps a better one of its class more.
    """
    probs = ops.softmax(class_logits, axis=-1)
    class_ids = ops.argmax(probs, axis=-1)
    scores = ops.max(probs, axis=-1)
    boxes = refine(rois, class_ids, deltas, windows, conventions)
    wanted = ops.logical_and(_large(boxes, conventions), class_ids != BACKGROUND)
    wanted = ops.logical_and(wanted, scores >= conventions.score_floor)
    if not conventions.padding_speaks:
        wanted = ops.logical_and(wanted, rois_real)

    scores = ops.where(wanted, scores, 0.0)
    sorted_scores, at = ops.top_k(scores, scores.shape[1])
    boxes, class_ids = take_boxes(boxes, at), ops.take_along_axis(class_ids, at, axis=1)
    kept = non_max_suppression(boxes, sorted_scores > 0, nms_iou, class_ids)
    first, real = first_true(kept, count)
    return {
        "boxes": take_boxes(boxes, first) * ops.cast(real, boxes.dtype)[..., None],
        "scores": ops.where(real, ops.take_along_axis(sorted_scores, first, axis=1), 0.0),
        "class_ids": ops.where(real, ops.take_along_axis(class_ids, first, axis=1), BACKGROUND),
    }


def refine(boxes: Any, class_ids: Any, deltas: Any, windows: Any, conventions: Conventions) -> Any:
    """Boxes (B, R, 4) moved by their class's deltas, out of (B, R, K, 4), and cut to their windows (B, 4) or (4,)."""
    own = ops.take_along_axis(deltas, class_ids[..., None, None], axis=2)[..., 0, :]
    return clip(conventions.decode(own, boxes), windows)


def own_masks(mask_logits: Any, class_ids: Any) -> Any:
    """Mask probabilities (B, D, M, M) of each detection's class, out of logits (B, D, M, M, K)."""
    return ops.sigmoid(of_class(mask_logits, class_ids))


def _large(boxes: Any, conventions: Conventions) -> Any:
    return ops.all(boxes[..., 2:] - boxes[..., :2] >= conventions.smallest_px, axis=-1)
