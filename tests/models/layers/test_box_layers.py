"""Box arithmetic and suppression against slow, obvious NumPy."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def random_boxes(seed: int, *shape: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    low = random.uniform(0, 60, (*shape, 2))
    return np.concatenate([low, low + random.uniform(1, 40, (*shape, 2))], axis=-1).astype(np.float32)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union if union > 0 else 0.0


def greedy(boxes: np.ndarray, valid: np.ndarray, threshold: float, groups: np.ndarray) -> list[bool]:
    kept: list[int] = []
    for index in range(len(boxes)):
        rivals = [other for other in kept if groups[other] == groups[index]]
        if valid[index] and all(iou(boxes[other], boxes[index]) <= threshold for other in rivals):
            kept.append(index)
    return [index in kept for index in range(len(boxes))]


def test_pairwise_iou_equals_the_definition() -> None:
    from keras import ops

    from tryon.models.layers.boxes import pairwise_iou

    first, second = random_boxes(1, 2, 5), random_boxes(2, 2, 7)
    second[0, 0] = first[0, 0]
    second[1, 1] = 0
    expected = [[[iou(a, b) for b in second[row]] for a in first[row]] for row in range(2)]
    assert np.allclose(ops.convert_to_numpy(pairwise_iou(first, second)), expected, atol=1e-6)


def test_iou_of_padding_is_zero_and_finite() -> None:
    from keras import ops

    from tryon.models.layers.boxes import pairwise_iou

    assert np.all(
        ops.convert_to_numpy(pairwise_iou(np.zeros((1, 3, 4), "float32"), np.zeros((1, 2, 4), "float32"))) == 0
    )


def test_deltas_by_hand() -> None:
    from keras import ops

    from tryon.models.layers.boxes import encode_deltas

    # From a box of 10 x 20 round (10, 20) to one of 20 x 20 round (15, 22): dy 2/20, dx 5/10, log 1, log 2.
    deltas = ops.convert_to_numpy(
        encode_deltas(np.array([[5, 10, 15, 30.0]], "float32"), np.array([[5, 12, 25, 32.0]], "float32"))
    )
    assert np.allclose(deltas, [[0.1 / 0.1, 0.5 / 0.1, 0.0, np.log(2) / 0.2]], atol=1e-5)


def test_decoding_undoes_encoding() -> None:
    from keras import ops

    from tryon.models.layers.boxes import decode_deltas, encode_deltas

    boxes, targets = random_boxes(3, 4, 6), random_boxes(4, 4, 6)
    assert np.allclose(ops.convert_to_numpy(decode_deltas(encode_deltas(boxes, targets), boxes)), targets, atol=1e-3)


def test_deltas_of_padding_are_finite_and_huge_ones_do_not_overflow() -> None:
    from keras import ops

    from tryon.models.layers.boxes import decode_deltas, encode_deltas

    padding = np.zeros((1, 4), "float32")
    assert np.isfinite(ops.convert_to_numpy(encode_deltas(padding, random_boxes(5, 1)))).all()
    assert np.isfinite(ops.convert_to_numpy(decode_deltas(np.full((1, 4), 1e4, "float32"), random_boxes(6, 1)))).all()


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.7])
def test_suppression_is_the_greedy_one(threshold: float) -> None:
    from keras import ops

    from tryon.models.layers.suppression import non_max_suppression

    boxes = random_boxes(7, 3, 40)
    random = np.random.default_rng(8)
    valid, groups = random.random((3, 40)) < 0.8, random.integers(0, 2, (3, 40))
    kept = ops.convert_to_numpy(non_max_suppression(boxes, valid, threshold, groups))
    assert kept.tolist() == [greedy(*row, threshold, group) for *row, group in zip(boxes, valid, groups, strict=True)]


def test_suppression_follows_a_long_chain() -> None:
    """Each box overlaps its neighbours only: every second one stays, which takes many passes."""
    from keras import ops

    from tryon.models.layers.suppression import non_max_suppression

    starts = np.arange(25, dtype=np.float32) * 4
    boxes = np.stack([starts, 0 * starts, starts + 7, 0 * starts + 10], axis=-1)[None]
    kept = ops.convert_to_numpy(non_max_suppression(boxes, np.ones((1, 25), bool), 0.2))
    assert kept[0].tolist() == [index % 2 == 0 for index in range(25)]


def test_suppression_within_a_compiled_function() -> None:
    import tensorflow as tf

    from tryon.models.layers.suppression import first_true, non_max_suppression

    boxes = random_boxes(9, 2, 30)
    valid = np.ones((2, 30), bool)
    compiled = tf.function(lambda a, b: first_true(non_max_suppression(a, b, 0.3), 5))
    assert [x.numpy().tolist() for x in compiled(boxes, valid)] == [
        x.numpy().tolist() for x in first_true(non_max_suppression(boxes, valid, 0.3), 5)
    ]


def test_first_true_pads_with_unreal_ones() -> None:
    from keras import ops

    from tryon.models.layers.suppression import first_true

    flags = np.array([[False, True, True, False, True], [False] * 5])
    indices, real = (ops.convert_to_numpy(value) for value in first_true(ops.convert_to_tensor(flags), 2))
    assert indices.tolist() == [[1, 2], [0, 0]] and real.tolist() == [[True, True], [False, False]]
    indices, real = (ops.convert_to_numpy(value) for value in first_true(ops.convert_to_tensor(flags), 7))
    assert indices[0, :3].tolist() == [1, 2, 4] and real.sum() == 3


def test_a_window_for_each_picture_cuts_its_boxes() -> None:
    from tryon.models.layers.boxes import clip

    boxes = np.array([[[-5, -5, 90, 90]], [[20, 30, 40, 50]]], np.float32)
    windows = np.array([[0, 10, 64, 54], [0, 0, 30, 64]], np.float32)
    assert np.asarray(clip(boxes, windows)).tolist() == [[[0, 10, 64, 54]], [[20, 30, 30, 50]]]


def test_an_empty_box_stays_empty_where_no_side_is_asked_for() -> None:
    from tryon.models.layers.boxes import decode_deltas

    moved = np.asarray(decode_deltas(np.full((1, 4), 3.0, np.float32), np.zeros((1, 4), np.float32), 0.0, np.inf))
    assert moved.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("count", [3, 20, 200])
def test_suppression_in_blocks_keeps_the_same_first_boxes(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from tryon.models.layers import suppression

    monkeypatch.setattr(suppression, "BLOCK", 16)
    boxes = random_boxes(10, 3, 70)
    valid = np.random.default_rng(11).random((3, 70)) < 0.8
    valid[2] = False
    indices, real = (np.asarray(said) for said in suppression.first_kept(boxes, valid, 0.3, count))
    for row in range(3):
        expected = np.flatnonzero(greedy(boxes[row], valid[row], 0.3, np.zeros(70)))[:count]
        assert indices[row][real[row]].tolist() == expected.tolist()
        assert np.all(indices[row][~real[row]] == 0)
