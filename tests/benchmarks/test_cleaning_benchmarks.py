"""The benchmarks of cleaning at a tiny size, and what they count on cases anyone can check."""

import json
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import (
    cleaning,
    cleaning_limits,
    cleaning_pairs,
    cleaning_samples,
    cleaning_speed,
    faulty_pictures,
    near_duplicates,
)
from tests.cleaning.collected import LIMITS, Watcher
from tryon.cleaning.pixels import PixelFacts
from tryon.cleaning.shirts import ShirtFacts
from tryon.curating.duplicates import Match
from tryon.formats.deepfashion2 import CATEGORIES, LANDMARK_COUNTS, Annotation, Item, write_annotation
from tryon.formats.tables import write_table
from tryon.images.files import write_jpeg
from tryon.rendering.annotation import annotate_garment
from tryon.rendering.dataset import stream
from tryon.rendering.looks import sample_look
from tryon.rendering.shop import render_garment, sample_layout

SIDE = 160
SHARP = PixelFacts(400, 400, 0, 0, 0.4, 0.5, 0.0, "", "")
SHIRT = ShirtFacts(score=0.9999, area=0.4, upright=3.0, outline=0.95, asymmetry=0.05, aspect=1.0)


def garments(folder: Path) -> Path:
    """A labelled collection of rendered shirts, three to train on, two to test, a close-up, one without an outline."""
    rows = []
    for number in range(7):
        rng = stream(5, number)
        layout = sample_layout(rng, SIDE)
        garment = render_garment(layout, sample_look(rng, "blue"))
        write_jpeg(folder / f"images/{number}.jpg", garment.image)
        if number != 6:
            write_annotation(folder / f"annos/{number}.json", annotate_garment(garment, layout.frame))
        view = "closeup" if number == 5 else "flat"
        rows.append(
            {
                "file": f"{number}.jpg",
                "split": "train" if number < 3 or number == 6 else "test",
                "colour": "blue",
                "pattern": "plain",
                "view": view,
            }
        )
    write_table(folder / "labels.csv", ("file", "split", "colour", "pattern", "view"), rows)
    return folder


def photos(folder: Path) -> Path:
    """Two photos of each side with trousers below a shirt."""
    for side in ("train", "validation"):
        for number in range(2):
            write_jpeg(folder / side / f"image/{number}.jpg", np.full((400, 200, 3), 90 + 40 * number, np.uint8))
            worn = [garment(1, 20, 200), garment(8, 150, 390)]
            items = {f"item{index}": item for index, item in enumerate(worn, start=1)}
            write_annotation(folder / side / f"annos/{number}.json", Annotation("user", 0, items))
    return folder


def garment(category_id: int, top: int, bottom: int) -> Item:
    """A garment that fills a box."""
    outline = np.array([[40, top], [160, top], [160, bottom], [40, bottom]])
    box, name = np.array([40, top, 160, bottom]), CATEGORIES[category_id]
    return Item((outline,), category_id, name, box, np.zeros((LANDMARK_COUNTS[category_id], 3)), 2, 1, 1, 2)


def test_every_fault_is_measured_and_counted(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = cv2.getNumThreads()
    monkeypatch.setattr(cleaning, "load_model", lambda folder: Watcher().model())
    monkeypatch.setattr("cleaning_samples.HOST", 2)
    monkeypatch.setattr("cleaning_pairs.HOST_SIZES", (2,))
    monkeypatch.setattr("cleaning_pairs.MARKS_OF_A_KIND", 1)
    arguments = ["cleaning.py", "--garments", str(garments(workspace / "shop")), "--train", "2", "--count", "2"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--photos", str(photos(workspace / "street"))])
    cleaning.main()
    cv2.setNumThreads(threads)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {name: one["pictures"] for name, one in said["faults"].items()} == {
        name: 1 if name == "labelled close-up" else 2 for name in cleaning_samples.FOUND_BY
    }
    assert said["faults"]["dark"]["recall_own"] == 1.0
    assert said["good"]["pictures"] == 2
    bound = {one["limit"].partition("[")[0] for one in said["limits"]}
    free = {"min_side_px", "max_aspect", "near_duplicate_bits", "max_colour_distance", "splits"}
    assert bound | free == {field.name for field in fields(LIMITS)}, "each limit has its evidence"
    copied = said["copies"]["held_out"]
    assert (copied["copied"], copied["different_pictures"]) == (2, 2)
    assert copied["by_distance"][str(LIMITS.max_colour_distance)]["found"]["mirrored, JPEG quality 40"] == 1.0
    assert set(said["hosts"]["train"]) == {"unmarked", *faulty_pictures.MARKS}
    assert said["doubt"]["pictures"] == 4


def test_precision_and_recall_are_those_of_the_held_out_pictures() -> None:
    blurred = replace(SHARP, blur=0.99)
    good = [cleaning.Sample("", False, one, SHIRT) for one in (SHARP, SHARP, blurred)]
    faulty = [cleaning.Sample("shaken", False, one, SHIRT) for one in (blurred, SHARP, SHARP, SHARP)]
    faulty.append(cleaning.Sample("shaken", True, blurred, SHIRT))
    found = cleaning.scores(good, faulty, "shaken", LIMITS)
    assert (found["pictures"], found["recall_own"], found["precision_own"]) == (4, 0.25, 0.5)


def test_kept_measurements_come_back(workspace: Path) -> None:
    samples = [
        cleaning_samples.Sample("", True, SHARP, SHIRT),
        cleaning_samples.Sample("dark", False, SHARP, SHIRT, "a"),
    ]
    cleaning_samples.write_samples(workspace / "kept.jsonl", samples)
    assert cleaning_samples.read_samples(workspace / "kept.jsonl") == samples


def test_a_limits_evidence_is_of_the_train_split_alone() -> None:
    good = [cleaning.Sample("", True, replace(SHARP, blur=number / 200), SHIRT) for number in range(200)]
    faulty = [cleaning.Sample("shaken", True, replace(SHARP, blur=blur), SHIRT) for blur in (0.5, 0.96, 0.999)]
    held_out = [cleaning.Sample(fault, False, replace(SHARP, blur=0.0), SHIRT) for fault in ("", "shaken")] * 50
    row = cleaning.evidence([*good, *faulty, *held_out], replace(LIMITS, max_blur=0.95))[0]
    assert (row["limit"], row["set_to"], row["good_refused"], row["found"]) == ("max_blur", 0.95, 9, {"shaken": 0.667})


def test_limits_spend_what_may_be_lost_where_it_finds_most() -> None:
    good = [cleaning_samples.Sample("", True, replace(SHARP, blur=0.6 + number / 1000), SHIRT) for number in range(100)]
    shaken = [cleaning_samples.Sample("shaken", True, replace(SHARP, blur=0.6965), SHIRT)] * 10
    dark = [cleaning_samples.Sample("dark", True, replace(SHARP, luminance=0.3), SHIRT)] * 10
    chosen = cleaning_limits.choose([*good, *shaken, *dark])
    assert chosen["max_blur"] == 0.696, "three good pictures for all shaken ones"
    assert chosen["exposure[0]"] == 0.5, "the furthest good picture finds the dark ones already"
    beyond = [cleaning_samples.Sample("shaken", True, replace(SHARP, blur=0.65), SHIRT)] * 10
    assert cleaning_limits.choose([*good, *beyond])["max_blur"] == 0.699, "fifty good pictures are too many"


def test_a_doubt_that_ranks_finds_the_errors_first() -> None:
    unsure = replace(SHARP, blur=LIMITS.max_blur + 0.001)
    samples = [cleaning.Sample("", False, SHARP, SHIRT) for _ in range(9)] + [cleaning.Sample("", False, unsure, SHIRT)]
    samples += [cleaning.Sample("dark", False, replace(SHARP, luminance=0.01), SHIRT)] * 10
    found = cleaning.ranking(samples, LIMITS)
    assert (found["errors"], found["reviewed"], found["errors_found"]) == (1, 4, 1)
    assert found["errors_found_by_chance"] < 0.4


def test_other_garments_are_cut_below_what_is_worn_above(workspace: Path) -> None:
    cuts = list(cleaning_samples.other_garments(photos(workspace) / "train", train=True))
    assert [(one.fault, one.picture.shape) for one in cuts] == [("other garment", (200, 156, 3))] * 2


def test_marked_pictures_of_a_host_are_found_by_its_size() -> None:
    values = cleaning_pairs.spread(np.array([0.0, 0.5, 2.0, 3.0]), 1.0)
    assert values["refused"] == 0.5 and values["median"] == 1.25


def test_speed_is_measured_and_growth_noticed(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = garments(workspace / "shop")
    monkeypatch.setattr(sys, "argv", ["x", "--garments", str(folder), "--pictures", "3", "6"])
    cleaning_speed.main()
    rows = json.loads(capsys.readouterr().out)["without_model"]
    assert [row["pictures"] for row in rows] == [3, 6] and rows[1]["kept"] <= 6
    assert cleaning_speed.growth([{"pictures_per_cpu_s": 30.0}, {"pictures_per_cpu_s": 10.0}]) == 3.0


def test_varied_pictures_differ_and_repeat() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (60, 50, 3), np.uint8)
    made = [cleaning_speed.varied(picture, np.random.default_rng(seed)) for seed in (1, 2, 1)]
    assert (made[0] != made[1]).any() and (made[0] == made[2]).all() and made[0].shape == picture.shape


def test_two_pictures_as_one_lie_beside_or_above_each_other() -> None:
    one, other = np.full((40, 30, 3), 10, np.uint8), np.full((40, 30, 3), 200, np.uint8)
    shapes = {faulty_pictures.together(one, other, np.random.default_rng(seed)).shape for seed in range(8)}
    assert shapes == {(40, 60, 3), (80, 30, 3)}


@pytest.mark.parametrize("fault", [*faulty_pictures.PIXEL_FAULTS, *faulty_pictures.SHIRT_FAULTS])
def test_faults_change_the_picture_and_repeat(fault: str) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (90, 80, 3), np.uint8)
    mask = np.zeros((90, 80), np.bool_)
    mask[20:70, 20:60] = True

    def spoil() -> np.ndarray:
        rng = np.random.default_rng(1)
        if fault in faulty_pictures.PIXEL_FAULTS:
            return faulty_pictures.PIXEL_FAULTS[fault](picture, rng)
        return faulty_pictures.SHIRT_FAULTS[fault](picture, mask, rng)

    made = spoil()
    assert made.dtype == np.uint8 and made.ndim == 3
    assert made.shape != picture.shape or (made != picture).any()
    assert (made == spoil()).all()


def test_a_mark_stays_where_it_is_drawn() -> None:
    picture = np.full((120, 100, 3), 90, np.uint8)
    for kind in faulty_pictures.MARKS:
        changed = (faulty_pictures.marked(picture, np.random.default_rng(2), kind) != picture).any(axis=2)
        assert 0.002 < changed.mean() < 0.5
    rows, columns = np.nonzero(changed)
    assert rows.min() > 60 and columns.min() > 20, "the last kind lies in the lower right corner"


def test_the_search_finds_all_pairs_of_a_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert near_duplicates.search(2000, 6) == 0
    said = json.loads(capsys.readouterr().out)
    for kind in ("even", "gathered"):
        assert said[kind]["missed"] == 0 and said[kind]["sampled_pairs"] > 10


def test_a_missed_pair_is_counted() -> None:
    hashes, mirrored = [0, 1, 3 << 40], [2**63 - 1] * 3
    assert near_duplicates.compare_all_pairs(hashes, mirrored, [[], [], []], 1) == (1, 1)
    assert near_duplicates.compare_all_pairs(hashes, mirrored, [[], [Match("0", 1)], []], 1) == (1, 0)
