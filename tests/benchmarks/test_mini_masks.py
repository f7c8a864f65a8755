"""The benchmark of mini-masks at a tiny size, and what it says of masks that are known."""

from pathlib import Path

import pytest

from benchmarks import mini_masks
from tests.datasets.outlined_folders import item
from tryon.formats.coco import write_coco
from tryon.formats.deepfashion2 import parse_annotation


def test_targets_are_timed_from_whole_and_from_mini_masks() -> None:
    whole, mini = (mini_masks.measure(64, flag, 1) for flag in (False, True))
    assert (whole["masks"], mini["masks"]) == ("whole", "mini")
    assert whole["median_ms"] > 0 < mini["median_ms"] and whole["size_px"] == 64


@pytest.mark.parametrize("scale", [1, 10])
def test_mini_masks_keep_small_masks_and_lose_the_border_of_large_ones(tmp_path: Path, scale: int) -> None:
    corners = [10, 10, 30, 12, 22, 20, 40, 38, 8, 30]
    outlined = item(1, 8 * scale, 10 * scale, 40 * scale, 38 * scale)
    outlined["segmentation"] = [[scale * number for number in corners]]
    annotation = parse_annotation({"source": "user", "pair_id": 1, "item1": outlined}, "a.json")
    write_coco(tmp_path / "coco.json", [("1.png", 50 * scale, 50 * scale, annotation)])
    scores = mini_masks.agreement(tmp_path / "coco.json")
    assert scores["garments"] == 1 and 0.95 < scores["mask_iou"] <= 1
    assert (scores["mask_iou"] == 1) == (scale == 1)
    assert scores["target_difference"] < 0.05
