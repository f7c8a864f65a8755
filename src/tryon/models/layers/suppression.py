"""Greedy non-maximum suppression with static shapes, equal on every backend.

Greedy suppression is the only fixed point of "a box is kept if no kept box before it overlaps it too much".
Starting with
all boxes kept, pass number t settles at least the first t boxes, so iterating until nothing changes gives exactly the
greedy result, in as many passes as the longest chain of suppressions (a handful) instead of one for each box.
"""

from typing import Any

from keras import ops

from tryon.models.layers.boxes import pairwise_iou


def non_max_suppression(boxes: Any, valid: Any, iou_threshold: float, groups: Any = None) -> Any:
    """Which boxes stay, bool (B, N).

    Args:
        boxes: (B, N, 4), sorted by falling score.
        valid: (B, N) bool; the others are dropped and suppress nothing.
        iou_threshold: a later box is dropped when its IoU with a kept one exceeds this.
        groups: (B, N) integers; boxes suppress each other only within a group (classes). None: one group.
    """
    count = boxes.shape[1]
    earlier = ops.arange(count)[:, None] > ops.arange(count)[None, :]  # (N, N): column comes before row
    rivals = ops.logical_and(pairwise_iou(boxes, boxes) > iou_threshold, earlier[None])
    if groups is not None:
        rivals = ops.logical_and(rivals, groups[:, :, None] == groups[:, None, :])
    rivals = ops.cast(rivals, "float32")

    def unsettled(kept: Any, before: Any) -> Any:
        return ops.any(kept != before)

    def one_pass(kept: Any, before: Any) -> tuple[Any, Any]:
        overlapping = ops.matmul(rivals, kept[..., None])[..., 0]
        return start * ops.cast(overlapping < 0.5, "float32"), kept

    start = ops.cast(valid, "float32")
    kept, _ = ops.while_loop(unsettled, one_pass, (start, start - 1.0), maximum_iterations=count + 1)
    return kept > 0.5


def first_true(flags: Any, count: int) -> tuple[Any, Any]:
    """Indices (B, count) of the first true flags (B, N) in order, and which of them are real (B, count) bool."""
    size = flags.shape[1]
    order = ops.where(flags, size - ops.arange(size)[None, :], 0)
    if size < count:
        order = ops.pad(order, ((0, 0), (0, count - size)))
    values, indices = ops.top_k(order, count)
    real = values > 0
    return ops.where(real, indices, 0), real
