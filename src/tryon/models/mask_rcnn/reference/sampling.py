"""Training samples drawn with NumPy's old generator, so that a seed of the 2017 implementation draws what it drew.

Training here samples by noise in the batch instead (`tryon.models.mask_rcnn.targets`), whose labels these use.
"""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from tryon.geometry.boxes import iou_matrix
from tryon.models.layers.boxes import encode_deltas
from tryon.models.mask_rcnn.conventions import REFERENCE
from tryon.models.mask_rcnn.reference.boxes import swap_axes
from tryon.models.mask_rcnn.reference.masks import expand_masks
from tryon.models.mask_rcnn.reference.pictures import interpolate
from tryon.models.mask_rcnn.targets import NEGATIVE, POSITIVE, ROI_POSITIVE_IOU, anchor_targets

MATCHED, UNMATCHED, NEUTRAL = 1, -1, 0  # its labels of anchors
OWN_SHARE = 0.9  # of random RoIs that lie round objects


def rpn_targets(
    anchors: NDArray[Any],
    class_ids: NDArray[Any],
    boxes: NDArray[Any],
    sampled: int,
    random: np.random.RandomState,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Labels (A,) MATCHED, UNMATCHED or NEUTRAL, and the deltas (N, 4) of the matched anchors in their order.

    Args:
        anchors: (A, 4) `y1, x1, y2, x2` in pixels.
        class_ids: (G,), negative for a crowd.
        boxes: (G, 4) in half-open pixels.
        sampled: anchors that count, half of them matched at most.
        random: chooses those that are left out.
    """
    anchors, boxes = (swap_axes(np.asarray(values, np.float32)) for values in (anchors, boxes))
    noise = np.zeros((1, len(anchors)), np.float32)
    # Twice as many as there are: nothing is left out yet.
    all_labels, all_deltas = anchor_targets(anchors, boxes[None], np.asarray(class_ids)[None], noise, 2 * len(anchors))
    labels = np.array(all_labels[0])
    _leave_out(labels, POSITIVE, sampled // 2, random)
    _leave_out(labels, NEGATIVE, sampled - int(np.sum(labels == POSITIVE)), random)
    coded = np.select([labels == POSITIVE, labels == NEGATIVE], [MATCHED, UNMATCHED], NEUTRAL)
    return coded.astype(np.int32), np.asarray(all_deltas)[0][labels == POSITIVE]


def random_rois(
    height: int, width: int, count: int, boxes: NDArray[Any], random: np.random.RandomState
) -> NDArray[np.int32]:
    """RoIs (count, 4) `y1, x1, y2, x2` of whole pixels: nine tenths within a box's length of a box (G, 4), the others
    anywhere."""
    each = int(OWN_SHARE * count / len(boxes))
    rois = [_random_boxes(each, *_surroundings(box, height, width), random) for box in np.asarray(boxes)]
    rois.append(_random_boxes(count - each * len(boxes), (0, height), (0, width), random))
    return np.concatenate(rois).astype(np.int32)


def head_targets(
    rois: NDArray[np.int32],
    class_ids: NDArray[Any],
    boxes: NDArray[Any],
    mini_masks: NDArray[np.bool_],
    *,
    count: int,
    classes: int,
    picture: tuple[int, int],
    mask_side: int,
    random: np.random.RandomState,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    """A sample of given RoIs: rois (count, 4), class_ids (count,), deltas (count, K, 4), masks (count, M, M, K).

    Args:
        rois: (R, 4) whole pixels, as boxes (G, 4).
        class_ids: (G,); `mini_masks` are (h, w, G).
        count: RoIs in the sample, repeated where there are too few.
        picture: height and width.
    """
    overlaps = iou_matrix(swap_axes(rois), swap_axes(boxes))
    best, owner = overlaps.max(axis=1), overlaps.argmax(axis=1)
    positive = _drawn(np.flatnonzero(best > ROI_POSITIVE_IOU), REFERENCE.positives(count), random)
    negative = _drawn(np.flatnonzero(best < ROI_POSITIVE_IOU), count - len(positive), random)
    missing = count - len(positive) - len(negative)
    repeated = random.choice(negative, missing, replace=True) if missing else negative[:0]
    chosen = np.concatenate([positive, negative, repeated])
    sample, found = rois[chosen], len(positive)
    ids = np.where(np.arange(count) < found, np.asarray(class_ids)[owner[chosen]], 0).astype(np.int32)
    deltas = np.zeros((count, classes, 4), np.float32)
    masks = np.zeros((count, mask_side, mask_side, classes), np.float32)
    whole = expand_masks(boxes, mini_masks, *picture)
    from_boxes, to_boxes = (swap_axes(values).astype(np.float32) for values in (sample[:found], boxes[owner[positive]]))
    deltas[np.arange(found), ids[:found]] = ops.convert_to_numpy(encode_deltas(from_boxes, to_boxes))
    for place in range(found):
        y1, x1, y2, x2 = sample[place]
        part = whole[y1:y2, x1:x2, owner[positive[place]]].astype(np.float64)
        masks[place, :, :, ids[place]] = interpolate(part, mask_side, mask_side)
    return sample, ids, deltas, masks


def _leave_out(labels: NDArray[Any], label: int, limit: int, random: np.random.RandomState) -> None:
    places = np.flatnonzero(labels == label)
    if len(places) > limit:
        labels[random.choice(places, len(places) - limit, replace=False)] = -1


def _drawn(places: NDArray[Any], limit: int, random: np.random.RandomState) -> NDArray[Any]:
    return random.choice(places, limit, replace=False) if len(places) > limit else places


def _surroundings(box: NDArray[Any], height: int, width: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns within a box's own height and width of it."""
    y1, x1, y2, x2 = (int(value) for value in box)
    h, w = y2 - y1, x2 - x1
    return (max(y1 - h, 0), min(y2 + h, height)), (max(x1 - w, 0), min(x2 + w, width))


def _random_boxes(
    count: int, rows: tuple[int, int], columns: tuple[int, int], random: np.random.RandomState
) -> NDArray[Any]:
    """Boxes (count, 4) between rows and columns, none without area; twice as many are drawn until enough are left."""
    while True:
        ends = [random.randint(*limits, (2 * count, 2)) for limits in (rows, columns)]
        vertical, horizontal = (np.sort(pairs[pairs[:, 0] != pairs[:, 1]][:count], axis=1) for pairs in ends)
        if len(vertical) == len(horizontal) == count:
            return np.stack([vertical[:, 0], horizontal[:, 0], vertical[:, 1], horizontal[:, 1]], axis=1)
