"""The benchmarks of cleaning at a tiny size, and what they count on cases anyone can check."""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import cleaning, faulty_pictures, near_duplicates
from tests.cleaning.collected import LIMITS, Watcher
from tryon.cleaning.pixels import PixelFacts
from tryon.cleaning.shirts import ShirtFacts
from tryon.curating.duplicates import Match
from tryon.formats.deepfashion2 import write_annotation
from tryon.formats.tables import write_table
from tryon.images.files import write_jpeg
from tryon.rendering.annotation import annotate_garment
from tryon.rendering.dataset import stream
from tryon.rendering.looks import sample_look
from tryon.rendering.shop import render_garment, sample_layout

SIDE = 160
SHARP = PixelFacts(400, 400, 0, 0, 0.4, 0.5, 0.0, "", "")
SHIRT = ShirtFacts(0.9999, 0.4, 0.0, 0.0, 0.05, 1.0)


def garments(folder: Path) -> Path:
    """A labelled collection of rendered shirts, three to train on and two to test."""
    rows = []
    for number in range(6):
        rng = stream(5, number)
        layout = sample_layout(rng, SIDE)
        garment = render_garment(layout, sample_look(rng, "blue"))
        write_jpeg(folder / f"images/{number}.jpg", garment.image)
        write_annotation(folder / f"annos/{number}.json", annotate_garment(garment, layout.frame))
        view = "closeup" if number == 5 else "flat"
        rows.append(
            {
                "file": f"{number}.jpg",
                "split": "train" if number < 3 else "test",
                "colour": "blue",
                "pattern": "plain",
                "view": view,
            }
        )
    write_table(folder / "labels.csv", ("file", "split", "colour", "pattern", "view"), rows)
    return folder


def test_every_fault_is_measured_and_counted(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = cv2.getNumThreads()
    monkeypatch.setattr(cleaning, "load_model", lambda folder: Watcher().model())
    monkeypatch.setattr(cleaning, "HOST", 2)
    arguments = ["cleaning.py", "--garments", str(garments(workspace / "shop")), "--train", "2", "--count", "2"]
    monkeypatch.setattr(sys, "argv", arguments)
    cleaning.main()
    cv2.setNumThreads(threads)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert set(said["faults"]) == set(cleaning.FOUND_BY)
    assert {name: one["pictures"] for name, one in said["faults"].items()} == {
        name: 1 if name == "labelled close-up" else 2 for name in cleaning.FOUND_BY
    }
    assert said["faults"]["dark"]["recall_own"] == 1.0
    assert said["good"]["pictures"] == 2
    assert said["copies"]["found"]["mirrored, JPEG quality 40"] == 1.0 and said["copies"]["different_pairs"] == 1
    assert set(said["train"]) == {"good", *said["faults"]} and said["doubt"]["pictures"] == 4


def test_precision_and_recall_are_those_of_the_held_out_pictures() -> None:
    blurred = PixelFacts(400, 400, 0, 0, 0.99, 0.5, 0.0, "", "")
    good = [cleaning.Sample("", False, one, SHIRT) for one in (SHARP, SHARP, blurred)]
    faulty = [cleaning.Sample("shaken", False, one, SHIRT) for one in (blurred, SHARP, SHARP, SHARP)]
    faulty.append(cleaning.Sample("shaken", True, blurred, SHIRT))
    found = cleaning.scores(good, faulty, "shaken", LIMITS)
    assert (found["pictures"], found["recall_own"], found["precision_own"]) == (4, 0.25, 0.5)


def test_a_doubt_that_ranks_finds_the_errors_first() -> None:
    unsure = PixelFacts(400, 400, 0, 0, LIMITS.max_blur + 0.001, 0.5, 0.0, "", "")
    samples = [cleaning.Sample("", False, SHARP, SHIRT) for _ in range(9)] + [cleaning.Sample("", False, unsure, SHIRT)]
    samples += [cleaning.Sample("dark", False, PixelFacts(400, 400, 0, 0, 0.4, 0.01, 0.0, "", ""), SHIRT)] * 10
    found = cleaning.ranking(samples, LIMITS)
    assert (found["errors"], found["reviewed"], found["errors_found"]) == (1, 4, 1)
    assert found["errors_found_by_chance"] < 0.4


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
