"""The five losses on tiny inputs worked out by hand, and what they say where there is nothing to learn from."""

import math

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SOFTPLUS_1 = math.log(1 + math.e)  # cross-entropy of logits that are wrong by 1


def value(tensor: object) -> float:
    from keras import ops

    return float(ops.convert_to_numpy(tensor))


def test_rpn_class_loss_by_hand() -> None:
    from tryon.models.mask_rcnn.losses import rpn_class_loss

    labels = np.array([[1, 0, -1]], np.int32)
    logits = np.array([[[1.0, 0.0], [1.0, 0.0], [50.0, -50.0]]], np.float32)
    # The first anchor is positive and its logits are wrong by 1, the second right by 1, the third does not count.
    assert value(rpn_class_loss(labels, logits)) == pytest.approx((SOFTPLUS_1 + SOFTPLUS_1 - 1) / 2, rel=1e-6)


def test_rpn_bbox_loss_by_hand() -> None:
    from tryon.models.mask_rcnn.losses import rpn_bbox_loss

    labels = np.array([[1, 0]], np.int32)
    pred = np.array([[[0.5, 0.0, 3.0, 0.0], [9, 9, 9, 9]]], np.float32)
    # smooth L1: 0.5 * 0.25 = 0.125 and 3 - 0.5 = 2.5, mean over four numbers of the one positive anchor
    assert value(rpn_bbox_loss(labels, np.zeros((1, 2, 4), "float32"), pred)) == pytest.approx((0.125 + 2.5) / 4)


def test_class_loss_leaves_padding_out() -> None:
    from tryon.models.mask_rcnn.losses import class_loss

    ids, weights = np.array([[1, 0, 0]], np.int32), np.array([[1, 1, 0]], np.float32)
    logits = np.array([[[1.0, 0.0], [1.0, 0.0], [-90.0, 90.0]]], np.float32)
    assert value(class_loss(ids, weights, logits)) == pytest.approx((SOFTPLUS_1 + SOFTPLUS_1 - 1) / 2, rel=1e-6)


def test_bbox_loss_reads_the_true_class() -> None:
    from tryon.models.mask_rcnn.losses import bbox_loss

    ids = np.array([[1, 0]], np.int32)
    pred = np.zeros((1, 2, 2, 4), np.float32)
    pred[0, 0, 1] = (1.0, 0, 0, 0)  # 0.5 / 4
    pred[0, 0, 0] = 77.0  # of the other class
    pred[0, 1] = 77.0  # of a negative RoI
    assert value(bbox_loss(ids, np.zeros((1, 2, 4), "float32"), pred)) == pytest.approx(0.125)


def test_mask_loss_by_hand() -> None:
    from tryon.models.mask_rcnn.losses import mask_loss

    ids = np.array([[1, 0]], np.int32)
    gt = np.array([[[[1.0, 0.0], [0.5, 1.0]], [[1, 1], [1, 1]]]], np.float32)
    logits = np.full((1, 2, 2, 2, 2), 55.0, np.float32)
    logits[0, 0, :, :, 1] = [[1.0, 1.0], [0.0, -1.0]]
    expected = ((SOFTPLUS_1 - 1) + SOFTPLUS_1 + math.log(2) + SOFTPLUS_1) / 4
    assert value(mask_loss(ids, gt, logits)) == pytest.approx(expected, rel=1e-6)


def test_kind_loss_is_the_mean_over_the_cells_of_the_fine_map() -> None:
    from tryon.models.mask_rcnn.losses import kind_loss

    kinds = np.array([[[0, 9, 1, 9], [9, 9, 9, 9], [2, 9, 0, 9], [9, 9, 9, 9]]], np.uint8)  # 9: between the cells
    logits = np.zeros((1, 2, 2, 3), np.float32)
    logits[0, 0, 0, 0] = 2.0
    certain, unsure = math.log(math.exp(2) + 2) - 2, math.log(3)
    assert value(kind_loss(kinds, logits)) == pytest.approx((certain + 3 * unsure) / 4, rel=1e-6)


def test_nothing_to_learn_from_is_zero_with_finite_gradients() -> None:
    import tensorflow as tf

    from tryon.models.mask_rcnn import losses

    logits, deltas = tf.zeros((1, 3, 2)), tf.zeros((1, 3, 2, 4))
    masks = tf.zeros((1, 3, 4, 4, 2))
    ids = np.zeros((1, 3), np.int32)
    with tf.GradientTape() as tape:
        tape.watch([logits, deltas, masks])
        parts = [
            losses.rpn_class_loss(ids - 1, logits),
            losses.rpn_bbox_loss(ids, np.zeros((1, 3, 4), "float32"), deltas[..., 0, :]),
            losses.class_loss(ids, np.zeros((1, 3), "float32"), logits),
            losses.bbox_loss(ids, np.zeros((1, 3, 4), "float32"), deltas),
            losses.mask_loss(ids, np.zeros((1, 3, 4, 4), "float32"), masks),
        ]
        total = tf.add_n(parts)
    assert [float(part) for part in parts] == [0.0] * 5
    assert all(np.isfinite(gradient.numpy()).all() for gradient in tape.gradient(total, [logits, deltas, masks]))


def test_a_padded_value_that_is_not_finite_stays_out() -> None:
    from tryon.models.mask_rcnn.losses import class_loss

    logits = np.array([[[1.0, 0.0], [np.nan, 0.0]]], np.float32)
    assert math.isfinite(value(class_loss(np.zeros((1, 2), np.int32), np.array([[1, 0]], np.float32), logits)))


def test_large_logits_do_not_overflow() -> None:
    from tryon.models.mask_rcnn.losses import mask_loss

    logits = np.full((1, 1, 2, 2, 2), -1e4, np.float32)
    assert value(mask_loss(np.array([[1]], np.int32), np.ones((1, 1, 2, 2), "float32"), logits)) == pytest.approx(1e4)
