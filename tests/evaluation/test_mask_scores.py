"""Mask and detection scores against slow, obvious versions, and at the edges."""

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation.masks import boundary_iou, coco_ap, inner_band, mask_iou, precision_recall


def rectangle(top: int, left: int, bottom: int, right: int, side: int = 40) -> np.ndarray:
    mask = np.zeros((side, side), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def blob(seed: int, side: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).random((side, side)) > 0.5


def slow_iou(a: np.ndarray, b: np.ndarray) -> float:
    first = {tuple(place) for place in np.argwhere(a)}
    second = {tuple(place) for place in np.argwhere(b)}
    return len(first & second) / len(first | second) if first | second else 1.0


def slow_band(mask: np.ndarray, width: int) -> np.ndarray:
    """A pixel is in the band when a pixel outside the mask (or the picture) lies within `width` in rows and columns."""
    height, breadth = mask.shape
    band = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        for y in range(row - width, row + width + 1):
            for x in range(column - width, column + width + 1):
                if not (0 <= y < height and 0 <= x < breadth) or not mask[y, x]:
                    band[row, column] = True
    return band


@pytest.mark.parametrize("seed", range(4))
def test_mask_iou_equals_counting(seed: int) -> None:
    a, b = blob(seed), blob(seed + 50)
    assert mask_iou(a, b) == pytest.approx(slow_iou(a, b))
    assert mask_iou(a, b) == mask_iou(b, a)
    assert mask_iou(a, a) == 1.0


def test_mask_iou_of_empty_masks() -> None:
    empty = np.zeros((5, 5), dtype=bool)
    assert mask_iou(empty, empty) == 1.0
    assert mask_iou(empty, ~empty) == 0.0


def test_masks_of_different_size_are_refused() -> None:
    with pytest.raises(DataError, match=r"\(4, 4\) and \(5, 5\)"):
        mask_iou(np.ones((4, 4)), np.ones((5, 5)))


@pytest.mark.parametrize("mask", [rectangle(5, 8, 30, 25), rectangle(0, 0, 10, 40), rectangle(3, 3, 4, 4), blob(1, 40)])
def test_inner_band_equals_looking_at_each_neighbour(mask: np.ndarray) -> None:
    for ratio, width in ((0.02, 1), (0.06, 3)):  # of a diagonal of 56.6
        assert np.array_equal(inner_band(mask, ratio), slow_band(mask, width))


def test_boundary_iou_sees_the_edge_that_mask_iou_hides() -> None:
    truth, shrunk = rectangle(20, 20, 180, 180, 200), rectangle(24, 24, 176, 176, 200)
    assert mask_iou(truth, shrunk) > 0.9
    assert boundary_iou(truth, shrunk) < 0.4
    assert boundary_iou(truth, truth) == 1.0
    assert boundary_iou(truth, shrunk) == boundary_iou(shrunk, truth)


def test_average_precision_of_perfect_and_of_no_detections() -> None:
    truth = [np.stack([rectangle(2, 2, 20, 20)]), np.stack([rectangle(10, 5, 35, 30)])]
    perfect = [(masks, np.array([0.9])) for masks in truth]
    assert coco_ap(truth, perfect) == {"ap": 1.0, "ap50": 1.0, "ap75": 1.0}
    nothing = [(np.zeros((0, 40, 40), bool), np.zeros(0)) for _ in truth]
    assert coco_ap(truth, nothing) == {"ap": 0.0, "ap50": 0.0, "ap75": 0.0}


def test_average_precision_counts_a_found_half() -> None:
    truth = [np.stack([rectangle(2, 2, 20, 20)]), np.stack([rectangle(2, 2, 20, 20)])]
    half = [(truth[0], np.array([0.9])), (np.zeros((0, 40, 40), bool), np.zeros(0))]
    assert coco_ap(truth, half)["ap50"] == pytest.approx(51 / 101)  # recall 0, 0.01, ..., 0.50 of COCO's 101 points


def test_average_precision_of_boxes_follows_their_iou(capsys: pytest.CaptureFixture[str]) -> None:
    truth = [np.array([[0.0, 0.0, 10.0, 10.0]])]
    shifted = [(np.array([[0.0, 0.0, 10.0, 6.6]]), np.array([0.5]))]  # IoU 0.66: right at 0.50, 0.55, 0.60 and 0.65
    scores = coco_ap(truth, shifted, "bbox")
    assert scores["ap50"] == pytest.approx(1.0)
    assert scores["ap75"] == 0.0
    assert scores["ap"] == pytest.approx(0.4)
    assert capsys.readouterr().out == ""


def test_a_wrong_detection_with_a_higher_score_lowers_precision() -> None:
    truth = [np.array([[0.0, 0.0, 10.0, 10.0]])]
    boxes = np.array([[20.0, 20.0, 30.0, 30.0], [0.0, 0.0, 10.0, 10.0]])
    assert coco_ap(truth, [(boxes, np.array([0.9, 0.8]))], "bbox")["ap"] == pytest.approx(0.5)
    assert coco_ap(truth, [(boxes, np.array([0.8, 0.9]))], "bbox")["ap"] == pytest.approx(1.0)


def test_precision_recall_has_a_hundred_and_one_points_for_each_threshold() -> None:
    truth = [np.array([[0.0, 0.0, 10.0, 10.0]])]
    rows = precision_recall(truth, [(np.array([[0.0, 0.0, 10.0, 6.0]]), np.array([0.5]))], "bbox")
    assert len(rows) == 202
    assert {row[0] for row in rows} == {0.5, 0.75}
    assert all(precision == pytest.approx(1.0 if iou == 0.5 else 0.0) for iou, _, precision in rows)
    assert [row[1] for row in rows[:3]] == [0.0, 0.01, 0.02]


def test_bad_input_of_average_precision() -> None:
    box = np.array([[0.0, 0.0, 10.0, 10.0]])
    with pytest.raises(DataError, match="no ground truth"):
        coco_ap([np.zeros((0, 4))], [(box, np.array([0.9]))], "bbox")
    with pytest.raises(DataError, match="1 and 0"):
        coco_ap([box], [], "bbox")
    with pytest.raises(DataError, match="not an IoU threshold"):
        precision_recall([box], [(box, np.array([0.9]))], "bbox", thresholds_iou=[0.6, 0.77])
