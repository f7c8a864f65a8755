"""Targets against slow, obvious NumPy: anchors, RoIs, masks."""

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def numpy_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    from tryon.geometry.boxes import iou_matrix

    return iou_matrix(a, b)


def slow_labels(anchors: np.ndarray, gt: np.ndarray, ids: np.ndarray, noise: np.ndarray, sampled: int) -> list[int]:
    gt = gt[ids > 0]
    iou = numpy_iou(anchors, gt) if len(gt) else np.zeros((len(anchors), 1), np.float32)
    best = iou.max(axis=1)
    positive = set(np.flatnonzero(best >= 0.7))
    for column in range(iou.shape[1]):
        if iou[:, column].max() > 0:
            positive |= set(np.flatnonzero(iou[:, column] == iou[:, column].max()))
    negative = set(np.flatnonzero(best < 0.3)) - positive
    kept_positive = sorted(positive, key=lambda i: -noise[i])[: sampled // 2]
    kept_negative = sorted(negative, key=lambda i: -noise[i])[: sampled - len(kept_positive)]
    return [1 if i in kept_positive else 0 if i in kept_negative else -1 for i in range(len(anchors))]


def scene(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    from tryon.models.mask_rcnn.anchors import pyramid_anchors

    random = np.random.default_rng(seed)
    anchors = pyramid_anchors(64, [3, 4], [20, 32], [0.7, 1.0, 1.4], 0.5)
    low = random.uniform(0, 30, (2, 3, 2))
    gt = np.concatenate([low, low + random.uniform(10, 34, (2, 3, 2))], axis=-1).astype(np.float32)
    ids = np.array([[1, 1, 0], [1, 0, 0]], np.int32)
    gt[ids == 0] = 0
    return anchors, gt, ids, random.random((2, len(anchors)), dtype=np.float32)


@pytest.mark.parametrize("sampled", [4, 16, 1000])
def test_anchor_labels_equal_the_loop(sampled: int) -> None:
    from keras import ops

    from tryon.models.mask_rcnn.targets import anchor_targets

    anchors, gt, ids, noise = scene(1)
    labels, _ = anchor_targets(anchors, gt, ids, noise, sampled)
    expected = [slow_labels(anchors, gt[b], ids[b], noise[b], sampled) for b in range(2)]
    assert ops.convert_to_numpy(labels).tolist() == expected


def test_anchor_deltas_move_positive_anchors_onto_their_object() -> None:
    from keras import ops

    from tryon.models.layers.boxes import decode_deltas
    from tryon.models.mask_rcnn.targets import anchor_targets

    anchors, gt, ids, noise = scene(2)
    labels, deltas = anchor_targets(anchors, gt, ids, noise, 16)
    moved = ops.convert_to_numpy(decode_deltas(deltas, anchors[None]))
    for b, a in np.argwhere(ops.convert_to_numpy(labels) == 1):
        owner = gt[b][np.argmax(numpy_iou(anchors[a : a + 1], gt[b]))]
        assert np.allclose(moved[b, a], owner, atol=1e-2)


def test_a_picture_without_an_object_has_negatives_only() -> None:
    from keras import ops

    from tryon.models.mask_rcnn.targets import anchor_targets

    anchors, gt, ids, noise = scene(3)
    labels, deltas = anchor_targets(anchors, gt * 0, ids * 0, noise, 16)
    assert set(ops.convert_to_numpy(labels).reshape(-1).tolist()) == {0, -1}
    assert np.isfinite(ops.convert_to_numpy(deltas)).all()


def roi_case(**changes: Any) -> tuple[Any, dict[str, np.ndarray], np.ndarray]:
    from tryon.models.mask_rcnn.conventions import OURS
    from tryon.models.mask_rcnn.targets import roi_targets

    gt_boxes = np.zeros((1, 2, 4), np.float32)
    gt_boxes[0, 0] = (8, 8, 40, 48)
    masks = np.zeros((1, 2, 64, 64), np.uint8)
    masks[0, 0, 8:48, 8:24] = 255  # the left half of the box
    gt = {"boxes": gt_boxes, "class_ids": np.array([[1, 0]], np.int32), "masks": masks}
    proposals = np.array([[[8, 8, 40, 48], [10, 8, 42, 48], [45, 45, 60, 60], [0, 0, 5, 5]]], np.float32)
    real = np.array([[True, True, True, False]])
    noise = np.array([[0.5, 0.4, 0.9, 0.8, 0.3, 0.99]], np.float32)
    arguments = {
        "proposals": proposals,
        "proposals_real": real,
        "gt": gt,
        "noise": noise,
        "rois": 6,
        "mask_side": 4,
        "conventions": OURS,
    }
    return roi_targets(**{**arguments, **changes}), gt, proposals


def test_roi_targets_by_hand() -> None:
    """A third of six: two positive places. Three candidates are positive (two proposals, the object); noise
    picks the proposals."""
    from keras import ops

    targets, _, proposals = roi_case()
    rois, weights = ops.convert_to_numpy(targets.rois)[0], ops.convert_to_numpy(targets.weights)[0]
    assert np.array_equal(rois[:3], proposals[0, :3])
    assert weights.tolist() == [1, 1, 1, 0, 0, 0]  # one negative only: padding is no candidate
    assert ops.convert_to_numpy(targets.class_ids)[0].tolist() == [1, 1, 0, 0, 0, 0]
    assert ops.convert_to_numpy(targets.positive)[0].tolist() == [1, 1]
    assert np.allclose(ops.convert_to_numpy(targets.deltas)[0, 0], 0)
    assert ops.convert_to_numpy(targets.deltas)[0, 1, 1] == pytest.approx(-2 / 32 / 0.1, abs=1e-4)


def test_mask_targets_are_the_coverage_of_the_cells() -> None:
    from keras import ops

    targets, _, _ = roi_case()
    masks = ops.convert_to_numpy(targets.masks)[0]
    assert np.allclose(masks[0], [[1, 1, 0, 0]] * 4)
    assert np.allclose(masks[1], [[1, 1, 0, 0]] * 4)  # cell 1 has its centre at 22 px, within the half that ends at 24


def test_without_proposals_the_object_itself_teaches() -> None:
    from keras import ops

    targets, gt, _ = roi_case(proposals_real=np.zeros((1, 4), bool))
    assert np.array_equal(ops.convert_to_numpy(targets.rois)[0, 0], gt["boxes"][0, 0])
    assert ops.convert_to_numpy(targets.positive)[0].tolist() == [1, 0]


def test_the_sample_depends_on_the_noise_alone() -> None:
    from keras import ops

    first, _, _ = roi_case()
    again, _, _ = roi_case()
    other, _, _ = roi_case(noise=np.array([[0.3, 0.2, 0.9, 0.8, 0.95, 0.99]], np.float32))
    assert np.array_equal(ops.convert_to_numpy(first.rois), ops.convert_to_numpy(again.rois))
    assert not np.array_equal(ops.convert_to_numpy(first.rois), ops.convert_to_numpy(other.rois))


def test_nothing_near_a_crowd_is_background() -> None:
    from keras import ops

    from tryon.models.mask_rcnn.targets import anchor_targets

    anchors, gt, ids, noise = scene(4)
    ids[0] = (1, -1, 0)
    labels, _ = anchor_targets(anchors, gt, ids, noise, 10_000)
    labels = ops.convert_to_numpy(labels)[0]
    near = numpy_iou(anchors, gt[0, 1:2])[:, 0] >= 0.001
    assert (
        near.any() and not np.any(labels[near] == 0) and np.all(labels[numpy_iou(anchors, gt[0, :1])[:, 0] >= 0.7] == 1)
    )


def test_the_reference_takes_negatives_in_proportion_and_no_annotated_box() -> None:
    """One of four proposals is positive: int(1 / 0.33) - 1 negatives come with it."""
    from tryon.models.mask_rcnn.conventions import REFERENCE

    proposals = np.array([[[8, 8, 40, 48], [50, 8, 60, 20], [45, 45, 60, 60], [0, 50, 5, 60]]], np.float32)
    targets, _, _ = roi_case(
        conventions=REFERENCE, proposals=proposals, proposals_real=np.ones((1, 4), bool), rois=9, mask_side=4
    )
    rois = np.asarray(targets.rois)[0]
    assert np.any(rois, axis=1).sum() == 3 and np.asarray(targets.positive)[0].tolist() == [1, 0]
    assert np.all(np.asarray(targets.weights) == 1)
    assert set(np.unique(np.asarray(targets.masks)).tolist()) <= {0.0, 1.0}
