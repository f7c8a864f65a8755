"""Box arithmetic on tensors.

Boxes are `xyxy`, float32, with any leading dimensions; pixels where nothing else is said. Deltas are
`(dy, dx, log dh, log dw)` divided by `DELTA_STD`: the channel order of the 2017 implementation, so that its published
weights keep their meaning.
"""

from typing import Any

from keras import ops

DELTA_STD = (0.1, 0.1, 0.2, 0.2)
LARGEST_LOG_SCALE = 4.135  # log(1000 / 16): a box grows at most 62.5 times, so that exp never overflows
SMALLEST_SIDE = 1e-3  # keeps log and division finite for padded boxes
_NO_SIDE = 1e-9  # where padded boxes stay empty, their deltas must be finite all the same: they have gradients


def area(boxes: Any) -> Any:
    """Areas (...,) of boxes (..., 4); zero for a box without extent."""
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def pairwise_iou(first: Any, second: Any) -> Any:
    """IoU (..., N, M) of every box of `first` (..., N, 4) with every box of `second` (..., M, 4); 0 for empty boxes."""
    a, b = ops.expand_dims(first, -2), ops.expand_dims(second, -3)
    sides = ops.maximum(ops.minimum(a[..., 2:], b[..., 2:]) - ops.maximum(a[..., :2], b[..., :2]), 0.0)
    intersection = sides[..., 0] * sides[..., 1]
    union = area(a) + area(b) - intersection
    return ops.where(union > 0, intersection / ops.maximum(union, 1e-9), 0.0)


def encode_deltas(boxes: Any, targets: Any, smallest_side: float = SMALLEST_SIDE) -> Any:
    """Deltas (..., 4) that move `boxes` onto `targets`; finite for padded boxes too.

    Args:
        smallest_side: sides of both count as at least this.
    """
    floor = max(smallest_side, _NO_SIDE)
    cx, cy, w, h = _centre_form(boxes, floor)
    target_cx, target_cy, target_w, target_h = _centre_form(targets, floor)
    deltas = [(target_cy - cy) / h, (target_cx - cx) / w, ops.log(target_h / h), ops.log(target_w / w)]
    return ops.stack([delta / std for delta, std in zip(deltas, DELTA_STD, strict=True)], axis=-1)


def decode_deltas(
    deltas: Any, boxes: Any, smallest_side: float = SMALLEST_SIDE, largest_log_scale: float = LARGEST_LOG_SCALE
) -> Any:
    """Boxes (..., 4) moved by deltas (..., 4): the inverse of `encode_deltas`.

    Args:
        smallest_side: sides of `boxes` count as at least this; 0 keeps an empty box empty.
        largest_log_scale: sides grow at most by exp of this.
    """
    cx, cy, w, h = _centre_form(boxes, smallest_side)
    dy, dx, log_h, log_w = (deltas[..., axis] * std for axis, std in enumerate(DELTA_STD))
    cy, cx = cy + dy * h, cx + dx * w
    h = h * ops.exp(ops.minimum(log_h, largest_log_scale))
    w = w * ops.exp(ops.minimum(log_w, largest_log_scale))
    return ops.stack([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], axis=-1)


def clip(boxes: Any, window: Any) -> Any:
    """Boxes (B, N, 4) cut to a window (4,) or, one for each picture, (B, 4)."""
    window = ops.cast(ops.convert_to_tensor(window), "float32")
    window = window[:, None, :] if len(window.shape) == 2 else window
    low = ops.concatenate([window[..., :2], window[..., :2]], axis=-1)
    high = ops.concatenate([window[..., 2:], window[..., 2:]], axis=-1)
    return ops.minimum(ops.maximum(boxes, low), high)


def expand(boxes: Any, margin: float) -> Any:
    """Boxes grown on each side by a fraction of their width and height."""
    grown = (boxes[..., 2:] - boxes[..., :2]) * margin
    return ops.concatenate([boxes[..., :2] - grown, boxes[..., 2:] + grown], axis=-1)


def take_boxes(boxes: Any, indices: Any) -> Any:
    """Boxes (B, M, 4) at indices (B, M) of boxes (B, N, 4)."""
    return ops.take_along_axis(boxes, indices[..., None], axis=1)


def _centre_form(boxes: Any, smallest_side: float) -> tuple[Any, Any, Any, Any]:
    w = ops.maximum(boxes[..., 2] - boxes[..., 0], smallest_side)
    h = ops.maximum(boxes[..., 3] - boxes[..., 1], smallest_side)
    return boxes[..., 0] + w / 2, boxes[..., 1] + h / 2, w, h
