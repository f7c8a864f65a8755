"""Scores by shirt: who takes which shirt, what a miss costs, and the means over worn shirts and slices."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.outlined_folders import write_split
from tryon.datasets.outlines import read_outlines
from tryon.errors import DataError
from tryon.evaluation.borders import cutout_border_ciede2000
from tryon.evaluation.shirt_pictures import FOUND_COLOUR, TRUE_COLOUR, draw_closely, draw_landmarks, draw_outlines
from tryon.evaluation.shirt_sets import measure_photos
from tryon.evaluation.shirts import (
    CURVE_COLUMNS,
    SCORE_COLUMNS,
    SLICE_COLUMNS,
    Found,
    Measured,
    ShirtScore,
    Truth,
    curve_rows,
    measure,
    slice_rows,
    summarise,
    worst_shirts,
)
from tryon.geometry.boxes import from_mask

PHOTO = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)


def square(left: int, top: int, side: int) -> np.ndarray:
    mask = np.zeros((60, 60), bool)
    mask[top : top + side, left : left + side] = True
    return mask


def truth(
    *masks: np.ndarray,
    name: str = "a.jpg",
    source: str = "user",
    slices: tuple[str, ...] = ("scale_2",),
    landmarks: np.ndarray | None = None,
    looser: float = 0.0,
) -> Truth:
    stacked = np.stack(masks) if masks else np.zeros((0, 60, 60), bool)
    points = np.zeros((len(masks), 25, 3)) if landmarks is None else landmarks
    boxes = np.array([from_mask(mask) for mask in masks], np.float64).reshape(-1, 4) + looser * np.array([-1, -1, 1, 1])
    return Truth(name, source, stacked, boxes, tuple(slices for _ in masks), points)


def found(
    *pairs: tuple[np.ndarray, float], landmarks: np.ndarray | None = None, visible: np.ndarray | None = None
) -> Found:
    masks = np.stack([mask for mask, _ in pairs]) if pairs else np.zeros((0, 60, 60), bool)
    boxes = np.stack([from_mask(mask) for mask in masks]) if pairs else np.zeros((0, 4), np.float32)
    return Found(boxes, np.array([score for _, score in pairs], np.float32), masks, landmarks, visible)


def scored(truth: Truth, found: Found) -> list[ShirtScore]:
    return list(measure(truth, found, PHOTO, 0.0).scores)


def measured(*pairs: tuple[Truth, Found], confidence: float = 0.5) -> list[Measured]:
    return [measure(truth, found, PHOTO, confidence) for truth, found in pairs]


def test_a_perfect_detection_scores_one() -> None:
    (score,) = scored(truth(square(10, 10, 20)), found((square(10, 10, 20), 0.9)))
    assert (score.mask_iou, score.boundary_iou, score.border_ciede2000, score.found) == (1.0, 1.0, 0.0, True)
    assert score.score == pytest.approx(0.9) and score.slices == ("scale_2",) and score.shirt == 1


def test_each_detection_takes_one_shirt_and_the_best_pair_goes_first() -> None:
    near, far = square(10, 10, 20), square(14, 10, 20)
    scores = scored(truth(near, far), found((far, 0.6), (square(40, 40, 10), 0.9)))
    assert [score.mask_iou for score in scores] == [0.0, 1.0]
    assert not scores[0].found and scores[0].score == 0


def test_a_detection_of_something_else_is_no_find() -> None:
    (score,) = scored(truth(square(10, 10, 20)), found((square(25, 25, 20), 0.9)))
    assert 0 < score.mask_iou < 0.5 and not score.found


def test_nothing_detected_and_nothing_to_detect() -> None:
    assert scored(truth(), found((square(0, 0, 5), 0.9))) == []
    mask = square(10, 10, 20)
    (score,) = scored(truth(mask), found())
    assert score.mask_iou == 0 and score.boundary_iou == 0
    assert score.border_ciede2000 == cutout_border_ciede2000(PHOTO, np.zeros_like(mask), mask) > 0


def test_a_shirt_that_fills_its_photo_has_no_border_to_score() -> None:
    everything = np.ones((60, 60), bool)
    (score,) = scored(truth(everything), found((everything, 0.9)))
    assert np.isnan(score.border_ciede2000) and score.row()["border_ciede2000"] == ""
    full, bordered = (truth(everything), found((everything, 0.9))), (truth(square(9, 9, 9)), found())
    metrics = summarise(measured(full, bordered))
    assert metrics["border_ciede2000"] == pytest.approx(scored(*bordered)[0].border_ciede2000, abs=1e-6)
    assert "border_ciede2000" not in summarise(measured(full))


def test_the_summary_is_of_worn_shirts_and_has_the_shop_as_a_slice() -> None:
    mask = square(10, 10, 20)
    metrics = summarise(
        measured(
            (truth(mask), found((mask, 0.9))),
            (truth(mask, name="b.jpg", slices=("scale_1",)), found((mask, 0.2))),
            (truth(mask, name="c.jpg", source="shop"), found((square(10, 10, 10), 0.9))),
        )
    )
    assert metrics["found_rate"] == 0.5 and metrics["mask_iou"] == 0.5 and metrics["boundary_iou"] == 0.5
    for name in ("mask_ap", "box_ap", "mask_ap50", "box_ap50", "mask_ap75", "box_ap75"):
        assert metrics[name] == pytest.approx(1.0), "doubtful ones count here"
    assert metrics["mask_iou/scale_2"] == 1.0 and metrics["mask_iou/scale_1"] == 0.0
    assert metrics["boundary_iou/scale_2"] == 1.0 and metrics["boundary_iou/scale_1"] == 0.0
    assert metrics["mask_iou/shop"] == 0.25 and 0 < metrics["boundary_iou/shop"] < 1
    assert list(metrics)[:10] == [
        "found_rate", "mask_iou", "boundary_iou", "border_ciede2000",
        "mask_ap", "mask_ap50", "mask_ap75", "box_ap", "box_ap50", "box_ap75",
    ]  # fmt: skip


def test_masks_and_boxes_have_their_own_precision() -> None:
    """A mask of half of its box: the box is right at every IoU, the mask at none above one half."""
    mask, half = square(10, 10, 20), square(10, 10, 20)
    half[np.triu_indices(60, 1)] = False
    metrics = summarise(measured((truth(mask), found((half, 0.9)))))
    assert metrics["box_ap75"] == 1.0 and metrics["box_ap"] == 1.0
    assert metrics["mask_ap50"] == 1.0 and metrics["mask_ap75"] == 0.0 and metrics["mask_ap"] == pytest.approx(0.1)


def test_a_slice_has_the_means_of_its_shirts_and_their_number() -> None:
    mask = square(10, 10, 20)
    rows = slice_rows(
        measured(
            (truth(mask, slices=("scale_1", "long_sleeves")), found((mask, 0.9))),
            (truth(mask, name="b.jpg", slices=("scale_1",)), found()),
            (truth(mask, name="c.jpg", source="shop", slices=("scale_1",)), found((mask, 0.9))),
        )
    )
    assert [(row["slice"], row["shirts"], row["mask_iou"]) for row in rows] == [
        ("long_sleeves", 1, "1.0000"),
        ("scale_1", 2, "0.5000"),
        ("shop", 1, "1.0000"),
    ]
    assert all(tuple(row) == SLICE_COLUMNS for row in rows)
    assert rows[1]["found_rate"] == "0.5000" and float(rows[1]["border_ciede2000"]) > 0


def test_rows_of_the_tables() -> None:
    mask = square(10, 10, 20)
    photos = measured(
        (truth(mask), found((mask, 0.9))),
        (truth(mask, square(40, 40, 9), name="b.jpg"), found((mask, 0.9))),
        (truth(mask, name="shop.jpg", source="shop"), found()),
    )
    row = photos[0].scores[0].row()
    assert tuple(row) == SCORE_COLUMNS and row["mask_iou"] == "1.0000" and row["border_ciede2000"] == "0.0000"
    worst = [(photo.truth.name, score.photo, score.shirt) for photo, score in worst_shirts(photos, 3)]
    assert worst == [("b.jpg", "b.jpg", 2), ("shop.jpg", "shop.jpg", 1), ("a.jpg", "a.jpg", 1)]
    rows = curve_rows(photos)
    assert len(rows) == 2 * 2 * 101 and tuple(rows[0]) == CURVE_COLUMNS
    assert rows[0] == {"kind": "mask", "threshold_iou": 0.5, "recall": 0.0, "precision": 1.0}
    assert rows[202]["kind"] == "box" and rows[302]["precision"] == 0.0, "two of the three worn shirts are recalled"


def test_a_set_without_worn_shirts_cannot_be_summed_up() -> None:
    with pytest.raises(DataError, match="no outlined shirt"):
        summarise(measured((truth(square(1, 1, 9), source="shop"), found())))


def test_outlines_are_drawn_in_their_colours_and_photos_made_large_enough() -> None:
    drawn = draw_outlines(np.full((60, 60, 3), 90, np.uint8), [square(5, 5, 20)], [square(30, 30, 20)])
    assert drawn.shape == (512, 512, 3)
    colours = {tuple(colour) for colour in drawn.reshape(-1, 3).tolist()}
    assert TRUE_COLOUR in colours and FOUND_COLOUR in colours
    assert drawn[0, 0].tolist() == [90, 90, 90]


def test_a_shirt_is_drawn_closely_with_what_was_found_on_it_alone() -> None:
    photo = np.full((60, 60, 3), 90, np.uint8)
    photo[:, 40:] = 0
    near, far = square(12, 10, 10), square(45, 45, 10)
    drawn = draw_closely(photo, square(10, 10, 10), [near, far])
    assert drawn.shape == (444, 512, 3), "10 x 12 pixels and room on each side"
    assert (drawn == 90).all(axis=-1).any() and not (drawn == 0).all(axis=-1).any()
    alone = draw_closely(photo, square(50, 50, 10), [])
    assert alone.shape == (512, 512, 3), "cut at the edge of the photo"
    nowhere = draw_closely(photo, np.zeros((60, 60), bool), [far])
    assert np.array_equal(nowhere, draw_outlines(photo, [], [far])), "the whole photo"


def test_photos_are_read_and_measured_in_batches(tmp_path: Path) -> None:
    masks = write_split(tmp_path, "test", 10)
    photos = read_outlines(tmp_path / "photos", tmp_path / "annotations", "test")
    sizes = []

    def predict(images: Sequence[np.ndarray]) -> list[Found]:
        sizes.append(len(images))
        return [found((image[..., 0] > 200, 0.9), (image[..., 0] <= 200, 0.3)) for image in images]

    measured = measure_photos(predict, photos, confidence=0.5)
    assert sizes == [8, 2] and [one.truth.name for one in measured] == [photo.name for photo in photos]
    assert measured[0].truth.slices == (("scale_2", "occlusion_1", "zoom_1", "viewpoint_2"),)
    for one, mask in zip(measured, masks, strict=True):
        assert np.array_equal(one.truth.masks[0], mask) and np.array_equal(one.found.masks[0], mask)
        assert len(one.found.scores) == 2 and one.scores[0].score == pytest.approx(0.9)
        assert one.scores[0].mask_iou == 1.0


def points_of(shift: float = 0.0) -> np.ndarray:
    """Landmarks (1, 25, 3) on a grid within the square from 10 to 30, the last one hidden."""
    y, x = np.divmod(np.arange(25), 5)
    points = np.stack([11 + 4 * x + shift, 11 + 4 * y, np.full(25, 2)], axis=1)[None].astype(float)
    points[0, 24, 2] = 1
    return points


def test_landmarks_of_worn_shirts_have_their_own_precision() -> None:
    mask = square(10, 10, 20)
    right = (truth(mask, landmarks=points_of()), found((mask, 0.9), landmarks=points_of()))
    shop = (truth(mask, source="shop", landmarks=points_of()), found((mask, 0.9), landmarks=points_of(9.0)))
    metrics = summarise(measured(right, shop))
    assert metrics["landmark_ap"] == metrics["landmark_ap50"] == metrics["landmark_ap_visible"] == pytest.approx(1.0)
    off = (right[0], found((mask, 0.9), landmarks=points_of(9.0)))
    assert summarise(measured(off))["landmark_ap"] == 0.0


def test_the_annotated_box_is_the_size_of_a_shirt_not_that_of_its_mask() -> None:
    mask = square(10, 10, 20)
    off = found((mask, 0.9), landmarks=points_of(1.5))
    tight, loose = (summarise(measured((truth(mask, landmarks=points_of(), looser=by), off))) for by in (0.0, 6.0))
    assert loose["landmark_ap"] > tight["landmark_ap"]


def test_visibility_is_scored_for_the_shirts_that_were_found() -> None:
    mask, far = square(10, 10, 20), square(38, 38, 20)
    sought, visible = points_of(), np.full((1, 25), 0.8)
    sought[..., 2] = 0.9  # the probability that the point is within the picture
    visible[0, :6] = 0.4  # called hidden, though only the last one is
    one = (truth(mask, landmarks=points_of()), found((mask, 0.9), landmarks=sought, visible=visible))
    assert summarise(measured(one))["landmark_visibility"] == pytest.approx((18 / 24 + 0) / 2)
    missed = (truth(far, landmarks=points_of()), found((mask, 0.9), landmarks=sought, visible=1 - visible))
    doubtful = (one[0], found((mask, 0.2), landmarks=sought, visible=1 - visible))
    assert summarise(measured(one, missed, doubtful))["landmark_visibility"] == pytest.approx(0.375)
    visible[0, 24] = 0.4
    assert summarise(measured(one))["landmark_visibility"] == pytest.approx((18 / 24 + 1) / 2)


def test_landmarks_that_nobody_placed_or_sought_have_none() -> None:
    mask = square(10, 10, 20)
    unsought = (truth(mask, landmarks=points_of()), found((mask, 0.9)))
    unplaced = (truth(mask), found((mask, 0.9), landmarks=points_of()))
    for pair in (unsought, unplaced):
        assert not [name for name in summarise(measured(pair)) if name.startswith("landmark")]


def test_landmarks_follow_the_detections_that_count() -> None:
    masks = square(10, 10, 20), square(12, 10, 20)
    visible = np.array([[0.1] * 25, [0.7] * 25])
    points = np.concatenate([points_of(), points_of(3.0)])
    kept = found((masks[0], 0.9), (masks[1], 0.2), landmarks=points, visible=visible).above(0.5)
    assert kept.landmarks is not None and np.array_equal(kept.landmarks, points_of())
    assert kept.visible is not None and np.array_equal(kept.visible, visible[:1])


def test_landmarks_are_drawn_where_they_are() -> None:
    drawn = draw_outlines(np.full((60, 60, 3), 90, np.uint8), [], [])
    scale = drawn.shape[1] / 60
    true, detected = points_of(), points_of(1.0)
    true[0, 1:24], detected[0, 1:] = 0, 0
    detected[0, 0, 2] = 0.9
    marked = draw_landmarks(drawn, 60, true, detected)
    green, magenta = (np.abs(marked.astype(int) - colour).max(axis=2) < 30 for colour in (TRUE_COLOUR, FOUND_COLOUR))
    dot, ring = ((true[0, place, :2] + 0.5) * scale - 0.5 for place in (0, 24))
    assert green[round(dot[1]), round(dot[0])] and not green[round(ring[1]), round(ring[0])]
    assert green[round(ring[1]), round(ring[0]) + 4]
    assert np.allclose(np.argwhere(magenta).mean(axis=0), [dot[1], dot[0] + scale], atol=1.0)
    assert (draw_landmarks(drawn, 60, true * 0, detected * 0) == drawn).all()
