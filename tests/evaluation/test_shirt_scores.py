"""Scores by shirt: who takes which shirt, what a miss costs, and the means over worn shirts and slices."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.outlined_folders import write_split
from tryon.datasets.outlines import read_outlines
from tryon.errors import DataError
from tryon.evaluation.shirt_pictures import FOUND_COLOUR, TRUE_COLOUR, draw_outlines
from tryon.evaluation.shirt_sets import detect_in_photos
from tryon.evaluation.shirts import (
    SCORE_COLUMNS,
    Found,
    Truth,
    curve_rows,
    score_shirts,
    summarise,
    worst_photos,
)
from tryon.geometry.boxes import from_mask


def square(left: int, top: int, side: int) -> np.ndarray:
    mask = np.zeros((60, 60), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def truth(
    *masks: np.ndarray, name: str = "a.jpg", source: str = "user", slices: tuple[str, ...] = ("scale_2",)
) -> Truth:
    stacked = np.stack(masks) if masks else np.zeros((0, 60, 60), bool)
    return Truth(name, source, stacked, tuple(slices for _ in masks))


def found(*pairs: tuple[np.ndarray, float]) -> Found:
    masks = np.stack([mask for mask, _ in pairs]) if pairs else np.zeros((0, 60, 60), bool)
    boxes = np.stack([from_mask(mask) for mask in masks]) if pairs else np.zeros((0, 4), np.float32)
    return Found(boxes, np.array([score for _, score in pairs], np.float32), masks)


def test_a_perfect_detection_scores_one() -> None:
    (score,) = score_shirts(truth(square(10, 10, 20)), found((square(10, 10, 20), 0.9)))
    assert (score.mask_iou, score.boundary_iou, score.found) == (1.0, 1.0, True)
    assert score.score == pytest.approx(0.9) and score.slices == ("scale_2",) and score.shirt == 1


def test_each_detection_takes_one_shirt_and_the_best_pair_goes_first() -> None:
    near, far = square(10, 10, 20), square(14, 10, 20)
    scores = score_shirts(truth(near, far), found((far, 0.6), (square(40, 40, 10), 0.9)))
    assert [score.mask_iou for score in scores] == [0.0, 1.0]
    assert not scores[0].found and scores[0].score == 0


def test_a_detection_of_something_else_is_no_find() -> None:
    (score,) = score_shirts(truth(square(10, 10, 20)), found((square(25, 25, 20), 0.9)))
    assert 0 < score.mask_iou < 0.5 and not score.found


def test_nothing_detected_and_nothing_to_detect() -> None:
    assert score_shirts(truth(), found((square(0, 0, 5), 0.9))) == []
    (score,) = score_shirts(truth(square(10, 10, 20)), found())
    assert score.mask_iou == 0 and score.boundary_iou == 0


def test_the_summary_is_of_worn_shirts_and_has_the_shop_as_a_slice() -> None:
    mask = square(10, 10, 20)
    truths = [truth(mask), truth(mask, name="b.jpg", slices=("scale_1",)), truth(mask, name="c.jpg", source="shop")]
    founds = [found((mask, 0.9)), found((mask, 0.2)), found((square(10, 10, 10), 0.9))]
    metrics = summarise(truths, founds, confidence=0.5)
    assert metrics["found_rate"] == 0.5 and metrics["mask_iou"] == 0.5 and metrics["boundary_iou"] == 0.5
    assert metrics["mask_ap"] == pytest.approx(1.0) and metrics["box_ap"] == pytest.approx(
        1.0
    )  # doubtful ones count here
    assert metrics["mask_iou/scale_2"] == 1.0 and metrics["mask_iou/scale_1"] == 0.0
    assert metrics["mask_iou/shop"] == 0.25
    assert list(metrics)[:7] == [
        "found_rate", "mask_iou", "boundary_iou", "mask_ap", "mask_ap50", "mask_ap75", "box_ap"
    ]  # fmt: skip


def test_rows_of_the_tables() -> None:
    mask = square(10, 10, 20)
    truths = [truth(mask), truth(mask, name="b.jpg"), truth(mask, name="shop.jpg", source="shop")]
    founds = [found((mask, 0.9)), found(), found()]
    scores = [score for pair in zip(truths, founds, strict=True) for score in score_shirts(*pair)]
    assert tuple(scores[0].row()) == SCORE_COLUMNS and scores[0].row()["mask_iou"] == "1.0000"
    assert worst_photos(scores) == ["b.jpg", "shop.jpg", "a.jpg"]
    rows = curve_rows(truths, founds)
    assert len(rows) == 2 * 101 and rows[0] == {"threshold_iou": 0.5, "recall": 0.0, "precision": 1.0}
    assert rows[100]["precision"] == 0.0  # half of the worn shirts is the most that is recalled


def test_a_set_without_worn_shirts_cannot_be_summed_up() -> None:
    with pytest.raises(DataError, match="no outlined shirt"):
        summarise([truth(square(1, 1, 9), source="shop")], [found()], 0.5)


def test_outlines_are_drawn_in_their_colours_and_photos_made_large_enough() -> None:
    drawn = draw_outlines(np.full((60, 60, 3), 90, np.uint8), [square(5, 5, 20)], [square(30, 30, 20)])
    assert drawn.shape == (512, 512, 3)
    colours = {tuple(colour) for colour in drawn.reshape(-1, 3).tolist()}
    assert TRUE_COLOUR in colours and FOUND_COLOUR in colours
    assert drawn[0, 0].tolist() == [90, 90, 90]


def test_photos_are_read_and_detected_in_batches(tmp_path: Path) -> None:
    masks = write_split(tmp_path, "test", 10)
    photos = read_outlines(tmp_path / "photos", tmp_path / "annotations", "test")
    sizes = []

    def predict(images: Sequence[np.ndarray]) -> list[Found]:
        sizes.append(len(images))
        return [found((image[..., 0] > 200, 0.9)) for image in images]

    truths, founds = detect_in_photos(predict, photos)
    assert sizes == [8, 2] and [truth.name for truth in truths] == [photo.name for photo in photos]
    assert truths[0].slices == (("scale_2", "occlusion_1", "zoom_1", "viewpoint_2"),)
    for one, other, mask in zip(truths, founds, masks, strict=True):
        assert np.array_equal(one.masks[0], mask) and np.array_equal(other.masks[0], mask)
