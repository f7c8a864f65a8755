"""Decoding: proposals, detections and pasted masks against slow, obvious NumPy."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def logit(score: float) -> list[float]:
    return [0.0, float(np.log(score / (1 - score)))]


def test_proposals_come_best_first_without_doubles_and_within_the_picture() -> None:
    from keras import ops

    from tryon.models.mask_rcnn.conventions import OURS
    from tryon.models.mask_rcnn.decoding import objectness_scores, propose

    anchors = np.array(
        [[0, 0, 20, 20], [1, 0, 21, 20], [-10, 30, 20, 50], [40, 40, 60, 60], [70, 70, 90, 90]], np.float32
    )
    logits = np.array([[logit(s) for s in (0.8, 0.9, 0.7, 0.95, 0.99)]], np.float32)
    scores = objectness_scores(logits, OURS)
    boxes, real = propose(scores, np.zeros((1, 5, 4), "float32"), anchors, count=4, side=64, conventions=OURS)
    assert ops.convert_to_numpy(real)[0].tolist() == [True, True, True, False]  # the last anchor lies outside
    expected = [[40, 40, 60, 60], [1, 0, 21, 20], [0, 30, 20, 50], [0, 0, 0, 0]]
    assert np.allclose(ops.convert_to_numpy(boxes)[0], expected)


def test_detections_by_hand() -> None:
    from keras import ops

    from tryon.models.mask_rcnn.conventions import OURS
    from tryon.models.mask_rcnn.decoding import detect

    rois = np.array([[[0, 0, 20, 20], [2, 0, 22, 20], [30, 30, 50, 50], [5, 5, 9, 9]]], np.float32)
    logits = np.array([[logit(0.6), logit(0.9), logit(0.2), logit(0.99)]], np.float32)
    deltas = np.zeros((1, 4, 2, 4), np.float32)
    deltas[0, 1, 1, 1] = 1.0  # 0.1 widths to the right
    real = np.array([[True, True, True, False]])
    found = {name: ops.convert_to_numpy(value)[0] for name, value in
             detect(rois, real, logits, deltas, count=3, windows=[0, 0, 64, 64], conventions=OURS).items()}  # fmt: skip
    # The first is suppressed by the second, the third is background, the fourth is padding.
    assert np.allclose(found["boxes"], [[4, 0, 24, 20], [0] * 4, [0] * 4], atol=1e-4)
    assert found["scores"].tolist() == pytest.approx([0.9, 0, 0], abs=1e-6)
    assert found["class_ids"].tolist() == [1, 0, 0]


def test_padding_is_silent_here_and_speaks_in_the_reference() -> None:
    """Its zero boxes are classified like others and take places among the detections."""
    from tryon.models.mask_rcnn.conventions import OURS, REFERENCE
    from tryon.models.mask_rcnn.decoding import detect

    rois = np.array([[[0.1, 0.1, 0.5, 0.5], [0, 0, 0, 0], [0, 0, 0, 0]]], np.float32)
    logits = np.array([[logit(0.6), logit(0.9), logit(0.8)]], np.float32)
    arguments = (rois, np.array([[True, False, False]]), logits, np.zeros((1, 3, 2, 4), np.float32))
    silent = detect(*arguments, count=3, windows=[0, 0, 64, 64], conventions=OURS)
    assert np.asarray(silent["class_ids"]).tolist() == [[0, 0, 0]]  # the real one is smaller than a pixel
    said = detect(*arguments, count=3, windows=[0, 0, 1, 1], conventions=REFERENCE)
    assert np.asarray(said["scores"])[0].tolist() == pytest.approx([0.9, 0.8, 0.6], abs=1e-6)


def test_equal_probabilities_keep_the_order_of_the_anchors_in_the_reference() -> None:
    from tryon.models.mask_rcnn.conventions import OURS, REFERENCE
    from tryon.models.mask_rcnn.decoding import objectness_scores

    logits = np.array([[[0.0, 30.0], [0.0, 40.0]]], np.float32)
    ours, theirs = (np.asarray(objectness_scores(logits, kind))[0] for kind in (OURS, REFERENCE))
    assert ours[0] < ours[1] and theirs[0] == theirs[1] == 1


def test_own_masks_takes_each_detections_class() -> None:
    from keras import ops

    from tryon.models.mask_rcnn.decoding import own_masks

    logits = np.zeros((1, 2, 1, 1, 2), np.float32)
    logits[0, :, 0, 0] = [[5.0, 0.0], [5.0, -2.0]]
    probs = ops.convert_to_numpy(own_masks(logits, np.array([[1, 1]])))
    assert probs.reshape(-1).tolist() == pytest.approx([0.5, 1 / (1 + np.exp(2))])


def slow_paste(mask: np.ndarray, box: np.ndarray, height: int, width: int) -> np.ndarray:
    padded = np.pad(mask, 1)
    whole = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            v = (row + 0.5 - box[1]) / (box[3] - box[1]) * len(mask) + 0.5
            u = (column + 0.5 - box[0]) / (box[2] - box[0]) * len(mask) + 0.5
            if not (0 <= v < len(mask) + 1 and 0 <= u < len(mask) + 1):
                continue
            i, j = int(v), int(u)
            dv, du = v - i, u - j
            whole[row, column] = (
                padded[i, j] * (1 - dv) * (1 - du) + padded[i, j + 1] * (1 - dv) * du
                + padded[i + 1, j] * dv * (1 - du) + padded[i + 1, j + 1] * dv * du
            )  # fmt: skip
    return whole


@pytest.mark.parametrize("box", [(3, 4, 21, 17), (-5.5, 2.2, 12.3, 40.0), (10.4, 10.6, 12.0, 11.5)])
def test_paste_equals_the_loop(box: tuple[float, ...]) -> None:
    from tryon.models.mask_rcnn.pasting import paste

    mask = np.random.default_rng(1).random((7, 7)).astype(np.float32)
    expected = slow_paste(mask, np.array(box), 24, 30)
    assert np.allclose(paste(mask, np.array(box, np.float32), 24, 30), expected, atol=1e-5)


def test_a_full_mask_ends_on_its_boxs_border() -> None:
    from tryon.models.mask_rcnn.pasting import paste

    pasted = paste(np.ones((28, 28), np.float32), np.array([5, 6, 25, 16], np.float32), 30, 30) > 0.5
    expected = np.zeros((30, 30), bool)
    expected[6:16, 5:25] = True
    assert np.array_equal(pasted, expected)


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (50, 50, 60, 60), (5, 5, 4, 9)])
def test_a_box_without_pixels_pastes_nothing(box: tuple[int, ...]) -> None:
    from tryon.models.mask_rcnn.pasting import paste

    assert not paste(np.ones((4, 4), np.float32), np.array(box, np.float32), 30, 30).any()
