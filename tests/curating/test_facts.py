"""The tables that are validated: each fault of a picture or annotation is one value in one row."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.curating.made_data import GARMENTS, PHOTOS, VALIDATION, annotate, item, picture, small_set, trousers
from tryon.curating.facts import TABLE_COLUMNS, Facts, gather_facts
from tryon.curating.garments import curate_garments
from tryon.curating.photos import Sources, curate_photos
from tryon.errors import DataError
from tryon.images.files import write_jpeg

# What compares landmarks and outline with each other and with the picture: tests/curating/test_labels.py.
CLOSE = ("landmarks_near", "landmarks_agree", "sides_agree", "on_edges")


@pytest.fixture
def curated(tmp_path: Path) -> Path:
    """A folder with sound curated `photos` and `garments`."""
    photos, garments = small_set(tmp_path / "source")
    out = tmp_path / "data"
    curate_photos(Sources(photos, garments), out / "photos", photos=PHOTOS, garments=GARMENTS, decisions={}, seed=7)
    curate_garments(garments, out / "garments", garments=GARMENTS, decisions={}, seed=7)
    return out


def facts_of(curated: Path) -> Facts:
    return gather_facts(curated / "photos", curated / "garments", VALIDATION)


def annotation(curated: Path, name: str = "train/000001") -> Path:
    split, stem = name.split("/")
    return curated / "photos" / split / "annos" / f"{stem}.json"


def row(facts: Facts, table: str, label: str) -> dict[str, Any]:
    return next(row for row in facts.tables[table] if row["label"].startswith(label))


def test_a_sound_set_has_no_fault(curated: Path) -> None:
    facts = facts_of(curated)
    for table, columns in ((name, columns) for name, columns in TABLE_COLUMNS.items() if columns):
        for one in facts.tables.get(table, ()):
            assert tuple(one) == columns
            assert all(value is not False for value in one.values())
    assert len(facts.tables["photos"]) == len(facts.tables["items"]) == 11
    assert len(facts.tables["garments"]) == 5
    assert facts.tables["photo_leaks"] == facts.tables["garment_leaks"] == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"segmentation": [[40, 40, 120, 120, 120, 40, 40, 120]]}, "valid"),
        ({"segmentation": [[40, 40, 80, 80, 120, 120]]}, "valid"),
        ({"segmentation": [[-3, 40, 120, 40, 120, 120, 40, 120]], "bounding_box": [0, 40, 121, 121]}, "inside"),
        ({"segmentation": [[40, 40, 170, 40, 120, 120]], "bounding_box": [40, 40, 165, 121]}, "inside"),
        ({"bounding_box": [40, 40, 121, 140]}, "box_agrees"),
        ({"bounding_box": [50, 40, 121, 121]}, "box_agrees"),
        ({"bounding_box": [40, 40, 81, 81]}, "box_agrees"),
        ({"landmarks": [20, 60, 2] + [0] * 72}, "landmarks_inside"),
        ({"landmarks": [60, 60, 2, 60, 140, 2] + [0] * 69}, "landmarks_inside"),
    ],
)
def test_each_fault_of_an_item_shows_in_its_own_column(curated: Path, change: dict[str, Any], column: str) -> None:
    annotate(annotation(curated), item(**change))
    faulty = row(facts_of(curated), "items", "train/000001.jpg item1")
    assert [name for name, value in faulty.items() if value is False and name not in CLOSE] == [column]


@pytest.mark.parametrize(
    "change",
    [
        {"segmentation": [[-1, 40, 120, 40, 120, 120, 40, 120]], "bounding_box": [0, 40, 121, 121]},
        {"segmentation": [[40, 40, 160, 40, 160, 120, 40, 120]], "bounding_box": [40, 40, 160, 121]},
        {"bounding_box": [32, 33, 128, 127]},
        {"bounding_box": [41, 41, 120, 120]},
        {"landmarks": [38, 60, 2, 10, 10, 1] + [0] * 69},
        {"segmentation": [[40, 40, 80, 40, 80, 120, 40, 120], [60, 40, 120, 40, 120, 120, 60, 120]]},
    ],
)
def test_what_real_annotations_do_is_no_fault(curated: Path, change: dict[str, Any]) -> None:
    annotate(annotation(curated), item(**change))
    found = row(facts_of(curated), "items", "train/000001.jpg item1")
    assert all(value is not False for name, value in found.items() if name not in CLOSE)


def test_an_outline_wholly_outside_fills_nothing(curated: Path) -> None:
    annotate(annotation(curated), item(segmentation=[[300, 300, 320, 300, 320, 320]]))
    faulty = row(facts_of(curated), "items", "train/000001.jpg item1")
    assert not faulty["filled"]
    assert not faulty["inside"]


def test_an_unreadable_annotation_says_why_and_hides_nothing_else(curated: Path) -> None:
    annotation(curated).write_text("{")
    annotation(curated, "train/000002").unlink()
    annotate(annotation(curated, "train/000003"), item(category_id=99))
    facts = facts_of(curated)
    broken, gone, wrong = (row(facts, "photos", f"train/00000{number}") for number in (1, 2, 3))
    assert broken["label"] == "train/000001.jpg (000001.json is not readable JSON)"
    assert gone["label"] == "train/000002.jpg (000002.json cannot be read)"
    assert wrong["label"] == "train/000003.jpg (000003.json: item1.category_id is not usable)"
    assert not any(one["annotated"] or one["wanted"] for one in (broken, gone, wrong))
    assert len(facts.tables["items"]) == 8


def test_pictures_that_are_cut_lost_foreign_or_exchanged(curated: Path) -> None:
    train = curated / "photos" / "train" / "image"
    cut = train / "000001.jpg"
    cut.write_bytes(cut.read_bytes()[:2000])
    (train / "000002.jpg").unlink()
    write_jpeg(train / "000003.jpg", picture(999))
    write_jpeg(train / "900000.jpg", picture(998))
    facts = facts_of(curated)
    assert [row(facts, "photos", f"train/00000{number}")["decodable"] for number in (1, 2, 3)] == [False, False, True]
    assert row(facts, "photos", "train/000001")["side_px"] is None
    assert not row(facts, "photos", "train/000003")["as_curated"]
    stranger = row(facts, "photos", "train/900000")
    assert (stranger["listed"], stranger["annotated"], stranger["source"]) == (False, False, None)


def test_a_slightly_changed_copy_is_still_the_curated_picture(curated: Path) -> None:
    path = curated / "photos" / "train" / "image" / "000001.jpg"
    write_jpeg(path, cv2.resize(picture(1), (140, 140), interpolation=cv2.INTER_AREA), quality=70)
    assert row(facts_of(curated), "photos", "train/000001")["as_curated"]


def test_an_item_of_no_wanted_category(curated: Path) -> None:
    annotate(annotation(curated), trousers())
    assert row(facts_of(curated), "photos", "train/000001")["wanted"] == 0


def test_leaks_between_splits_are_pairs_with_their_distance(curated: Path) -> None:
    photos, garments = curated / "photos", curated / "garments"
    write_jpeg(photos / "train" / "image" / "000001.jpg", picture(21))
    (garments / "blue" / "000001.jpg").write_bytes((garments / "blue" / "000003.jpg").read_bytes())
    facts = facts_of(curated)
    labels = [one["label"] for one in facts.tables["photo_leaks"]]
    assert labels == ["test/image/000021.jpg (test) and train/image/000001.jpg (train), 0 bits"]
    leaks = [one["label"] for one in facts.tables["garment_leaks"]]
    assert "blue/000003.jpg (test) and blue/000001.jpg (train), 0 bits" in leaks


def test_the_same_picture_twice_in_one_split_is_no_leak(curated: Path) -> None:
    train = curated / "photos" / "train" / "image"
    (train / "000001.jpg").write_bytes((train / "000002.jpg").read_bytes())
    assert facts_of(curated).tables["photo_leaks"] == []


def test_counts_stand_beside_what_is_needed(curated: Path) -> None:
    strict = replace(VALIDATION, min_photos={"train": 9})
    facts = gather_facts(curated / "photos", curated / "garments", strict)
    assert [one["label"] for one in facts.tables["counts"]] == [
        "photos train: 5 of 9",
        "photos validation: 3 of 0",
        "photos test: 3 of 0",
        "garments blue: 2 of 1",
        "garments plain: 3 of 1",
    ]


def test_a_folder_that_cannot_be_read_is_an_error(curated: Path) -> None:
    manifest = curated / "garments" / "manifest.csv"
    header = manifest.read_text().splitlines()[0]
    manifest.write_text(header + "\n")
    with pytest.raises(DataError, match="has no row"):
        facts_of(curated)
    manifest.unlink()
    with pytest.raises(DataError, match=r"garments/manifest\.csv cannot be read"):
        facts_of(curated)
