"""Repeated experiments: means and intervals over seeds and shirts, differences with the shirts paired."""

from pathlib import Path

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation.bootstrap import crossed_difference, crossed_interval, interval
from tryon.outputs import write_json, write_text
from tryon.reporting.repetitions import difference_rows, read_repeated, repeated_rows

SHIRTS = 30


def write_run(root: Path, ious: np.ndarray, first_photo: int = 0) -> Path:
    rows = [
        f"{first_photo + index:06d}.jpg,1,user,{int(iou >= 0.5)},0.9,{iou:.4f},{iou / 2:.4f},"
        for index, iou in enumerate(ious)
    ]
    rows.append("000999.jpg,1,shop,1,0.9,0.1,0.1,shop")
    header = "photo,shirt,source,found,score,mask_iou,boundary_iou,slices"
    write_text(root / "reports/mask_rcnn/by_photo.csv", "\n".join([header, *rows]) + "\n")
    found = float((ious >= 0.5).mean())
    metrics = {
        "mask_iou": float(ious.mean()),
        "boundary_iou": float(ious.mean() / 2),
        "found_rate": found,
        "mask_ap": 0.5,
    }
    write_json(root / "metrics/mask_rcnn.json", metrics)
    return root


@pytest.fixture
def ious() -> np.ndarray:
    """(3 seeds, shirts), seeds 0.02 apart."""
    shirts = np.random.default_rng(2).uniform(0.7, 0.9, SHIRTS)
    return np.clip(shirts + np.array([[-0.02], [0.0], [0.02]]), 0, 1)


def test_means_and_intervals_over_seeds_and_worn_shirts(tmp_path: Path, ious: np.ndarray) -> None:
    one = read_repeated([write_run(tmp_path / f"a@{index}", row) for index, row in enumerate(ious)])
    titles, rows = repeated_rows({"a": one})
    assert titles == ("metric", "a")
    cells = dict(rows)
    assert cells["repetitions"] == "3" and cells["mask_rcnn/mask_ap"] == "0.500"
    low, high = crossed_interval(np.round(ious, 4), 1)
    assert cells["mask_rcnn/mask_iou"] == f"{ious.mean():.3f} [{low:.3f}, {high:.3f}]"
    assert cells["mask_rcnn/found_rate"] == "1.000 [1.000, 1.000]"


def test_a_difference_pairs_the_shirts(tmp_path: Path, ious: np.ndarray) -> None:
    repeated = {
        name: read_repeated([write_run(tmp_path / f"{name}@{index}", row + more) for index, row in enumerate(ious)])
        for name, more in (("heads", 0.0), ("deeper", 0.05))
    }
    titles, rows = difference_rows(repeated)
    assert titles == ("difference", "mask_iou", "boundary_iou", "found_rate")
    assert rows[0][0] == "deeper minus heads" and rows[0][1].startswith("+0.050 [")
    low, high = (float(text) for text in rows[0][1].split("[")[1].rstrip("]").split(","))
    assert 0.01 < low < 0.05 < high < 0.09, "the shirts' own spread of 0.2 is not in it, the seeds' is"


def test_other_photos_have_no_difference_and_are_no_repetition(tmp_path: Path, ious: np.ndarray) -> None:
    first = [write_run(tmp_path / f"a@{index}", row) for index, row in enumerate(ious)]
    second = [write_run(tmp_path / f"b@{index}", row, first_photo=500) for index, row in enumerate(ious)]
    assert difference_rows({"a": read_repeated(first), "b": read_repeated(second)})[1] == []
    with pytest.raises(DataError, match=r"a@0, b@0 were tested on different photos"):
        read_repeated([first[0], second[0]])


def test_repetitions_that_are_not_tested_yet_do_not_count(tmp_path: Path, ious: np.ndarray) -> None:
    tested = [write_run(tmp_path / f"a@{index}", row) for index, row in enumerate(ious)]
    started, only_data = tmp_path / "a@8", tmp_path / "a@9"
    started.mkdir()
    write_json(only_data / "metrics/data.json", {"garments": 3})
    one = read_repeated([started, *tested, only_data])
    assert (one.seeds, one.metrics) == (3, read_repeated(tested).metrics)
    assert read_repeated([only_data, started]).metrics == {"data/garments": 3}
    assert read_repeated([started]).metrics == {}


def test_a_single_run_is_shown_as_it_is(tmp_path: Path, ious: np.ndarray) -> None:
    one = read_repeated([write_run(tmp_path / "a", ious[0])])
    assert dict(repeated_rows({"a": one})[1])["mask_rcnn/mask_iou"] == f"{ious[0].mean():.3f}"
    assert difference_rows({"a": one, "b": one})[1] == []


def test_seeds_widen_the_interval_of_the_items(ious: np.ndarray) -> None:
    alone, crossed = interval(ious.mean(axis=0), 1), crossed_interval(ious, 1)
    assert crossed[1] - crossed[0] > alone[1] - alone[0]
    assert crossed[0] < ious.mean() < crossed[1]
    assert crossed_interval(ious, 1) == crossed != crossed_interval(ious, 2)
    assert crossed_interval(np.full((2, 4), 0.5), 1) == (0.5, 0.5)


def test_equal_tables_differ_by_nothing_but_their_seeds(ious: np.ndarray) -> None:
    low, high = crossed_difference(ious, ious, 1)
    assert low == pytest.approx(-high, abs=0.01) and 0 < high < 0.06
    same = np.repeat(ious[:1], 3, axis=0)
    assert crossed_difference(same, same, 1) == (0.0, 0.0)


def test_tables_without_values_have_no_interval() -> None:
    with pytest.raises(DataError, match="no table of values"):
        crossed_interval(np.zeros((0, 3)), 1)
    with pytest.raises(DataError, match="do not belong together"):
        crossed_difference(np.zeros((2, 3)), np.zeros((2, 4)), 1)
