"""Greedy non-maximum suppression with static shapes, equal on every backend.

Greedy suppression is the only fixed point of "a box is kept if no kept box before it overlaps it too much".
Starting with all boxes kept, pass number t settles at least the first t boxes, so iterating until nothing changes gives
exactly the greedy result, in as many passes as the longest chain of suppressions (a handful) instead of one for each
box.
"""

from typing import Any

from keras import ops

from tryon.models.layers.boxes import pairwise_iou
from tryon.models.layers.fusing import fused

BLOCK = 512  # boxes that `first_kept` compares with each other at a time


@fused
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


@fused
def first_kept(boxes: Any, valid: Any, iou_threshold: float, count: int) -> tuple[Any, Any]:
    """Indices (B, count) of the first boxes that greedy suppression keeps, and which of them are real (B, count) bool.

    Works through the boxes in blocks and stops when enough are kept: the best hundred of 6000 boxes need a few
    hundred comparisons each, not 6000.

    Args:
        boxes: (B, N, 4), sorted by falling score.
        valid: (B, N) bool.
        iou_threshold: as in `non_max_suppression`.
    """
    N = boxes.shape[1]
    if N <= BLOCK:
        return first_true(non_max_suppression(boxes, valid, iou_threshold), count)
    blocks = -(-N // BLOCK)
    boxes = ops.pad(boxes, ((0, 0), (0, blocks * BLOCK - N), (0, 0)))
    valid = ops.pad(valid, ((0, 0), (0, blocks * BLOCK - N)))
    B = ops.shape(boxes)[0]

    def unfinished(block: Any, indices: Any, found: Any) -> Any:
        return ops.logical_and(block < blocks, ops.any(found < count))

    def one_block(block: Any, indices: Any, found: Any) -> tuple[Any, Any, Any]:
        own = block * BLOCK + ops.arange(BLOCK, dtype="int32")
        here = ops.take(boxes, own, axis=1)
        before = ops.take_along_axis(boxes, indices[..., None], axis=1)
        is_before = ops.arange(count, dtype="int32")[None, :] < found[:, None]
        rivals = ops.logical_and(pairwise_iou(here, before) > iou_threshold, is_before[:, None, :])
        free = ops.logical_and(ops.take(valid, own, axis=1), ops.logical_not(ops.any(rivals, axis=2)))
        kept = ops.cast(non_max_suppression(here, free, iou_threshold), "int32")
        # Both in order: those found before, then those kept here.
        flags = ops.concatenate([ops.cast(is_before, "int32"), kept], axis=1) > 0
        both = ops.concatenate([indices, ops.broadcast_to(own[None, :], (B, BLOCK))], axis=1)
        at, real = first_true(flags, count)
        indices = ops.where(real, ops.take_along_axis(both, at, axis=1), 0)
        return block + 1, indices, ops.minimum(found + ops.sum(kept, axis=1), count)

    start = (ops.zeros((), "int32"), ops.zeros((B, count), "int32"), ops.zeros((B,), "int32"))
    _, indices, found = ops.while_loop(unfinished, one_block, start, maximum_iterations=blocks)
    return indices, ops.arange(count, dtype="int32")[None, :] < found[:, None]


def first_true(flags: Any, count: int) -> tuple[Any, Any]:
    """Indices (B, count) of the first true flags (B, N) in order, and which of them are real (B, count) bool."""
    size = flags.shape[1]
    order = ops.where(flags, size - ops.arange(size)[None, :], 0)
    if size < count:
        order = ops.pad(order, ((0, 0), (0, count - size)))
    values, indices = ops.top_k(order, count)
    real = values > 0
    return ops.where(real, indices, 0), real
