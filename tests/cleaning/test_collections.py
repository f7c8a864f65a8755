"""Whole collections: verdicts and files, decisions, duplicates across them, second runs and kills."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.cleaning.collected import SIZE_PX, Watcher, key, limits, row, shirt, write_collection
from tryon.cleaning import measuring
from tryon.cleaning.collections import CLEANING_COLUMNS, LABEL_COLUMNS, Collection, clean
from tryon.cleaning.measuring import MEASUREMENTS, Model
from tryon.config import GarmentsConfig
from tryon.curating.garments import curate_garments
from tryon.errors import DataError
from tryon.formats.decisions import Decision
from tryon.formats.ledger import write_ledger
from tryon.formats.tables import read_table
from tryon.images.files import encode_jpeg

GOOD = {f"good{number}": shirt(number) for number in range(5)}


def run(*collections: Collection, model: Model | None = None, decisions=(), **changes: object):
    reports = collections[0].folder.parent / "reports"
    return clean(
        collections,
        reports,
        limits=limits(**changes),
        decisions={one.sha256: one for one in decisions},
        seed=3,
        model=model,
    )


def reasons(collection: Collection) -> dict[str, str]:
    return {one["sha256"]: one["reason"] for one in read_table(collection.folder / "cleaning.csv", CLEANING_COLUMNS)}


def labelled(collection: Collection) -> set[str]:
    return {one["sha256"] for one in read_table(collection.folder / "labels.csv", LABEL_COLUMNS)}


def test_faults_are_named_and_what_passes_is_labelled(tmp_path: Path) -> None:
    small, dark = cv2.resize(shirt(6), (90, 90)), (shirt(7) * 0.1).astype(np.uint8)
    made = write_collection(
        tmp_path / "blue", {**GOOD, "small": small, "dark": dark, "cut": encode_jpeg(shirt(8))[:900]}
    )
    counts = run(made, model=Watcher().model())
    assert counts == {"blue": {"kept": 5, "too small": 1, "exposure": 1, "undecodable": 1}}
    said = reasons(made)
    assert said[key("small")] == "too small: 90 x 90"
    assert said[key("cut")] == "undecodable"
    assert labelled(made) == {key(name) for name in GOOD}
    assert {one["view"] for one in read_table(made.folder / "labels.csv", LABEL_COLUMNS)} == {"flat"}
    assert sorted(path.name for path in (made.folder / "images").iterdir()) == sorted(
        Path(row(name).file).name for name in (*GOOD, "small", "dark", "cut")
    )


def test_without_a_model_every_row_says_so(tmp_path: Path) -> None:
    made = write_collection(tmp_path / "blue", GOOD)
    run(made)
    rows = read_table(made.folder / "cleaning.csv", CLEANING_COLUMNS)
    assert {one["model"] for one in rows} == {
        "none: shirt, several shirts, close-up, upright and frontal view are not checked"
    }
    assert {one["score"] for one in rows} == {""}
    assert {one["view"] for one in read_table(made.folder / "labels.csv", LABEL_COLUMNS)} == {"unchecked"}
    assert "were not checked" in (tmp_path / "reports/blue/index.html").read_text()


def test_a_person_overrules_all_but_faulty_files(tmp_path: Path) -> None:
    made = write_collection(tmp_path / "blue", {**GOOD, "dark": (shirt(7) * 0.1).astype(np.uint8), "cut": b"\xff\xd8"})
    decisions = [
        Decision(key("dark"), "keep", "", "anna"),
        Decision(key("cut"), "keep", "", "anna"),
        Decision(key("good0"), "reject", "long sleeves", "anna"),
    ]
    run(made, decisions=decisions)
    said = reasons(made)
    assert (said[key("dark")], said[key("cut")]) == ("", "undecodable")
    assert said[key("good0")] == "decision: long sleeves (anna)"


def test_duplicates_are_found_within_and_across_collections_mirrored_and_scaled(tmp_path: Path) -> None:
    smaller = cv2.resize(shirt(0), (140, 140), interpolation=cv2.INTER_AREA)
    one = write_collection(tmp_path / "one", {"a": shirt(0), "copy": smaller, "b": shirt(1)})
    mirrored = np.ascontiguousarray(shirt(1)[:, ::-1])
    other = write_collection(
        tmp_path / "other", {"mirror": cv2.resize(mirrored, (150, 150)), "a": shirt(0), "c": shirt(2)}
    )
    run(one, other, splits={})
    assert reasons(one)[key("copy")].startswith(f"near-duplicate: one/{row('a').file} (")
    assert reasons(other)[key("mirror")].endswith("mirrored)") and row("b").file in reasons(other)[key("mirror")]
    assert reasons(other)[key("a")] == f"duplicate: one/{row('a').file}"
    assert labelled(one) | labelled(other) == {key("a"), key("b"), key("c")}


def test_shirts_of_one_outline_and_two_colours_are_no_duplicates(tmp_path: Path) -> None:
    red = np.ascontiguousarray(shirt(0)[..., ::-1])
    made = write_collection(tmp_path / "blue", {"blue": shirt(0), "red": red})
    run(made)
    assert set(reasons(made).values()) == {""}


def test_of_two_copies_the_test_splits_stays_and_a_wanted_one_is_no_leak(tmp_path: Path) -> None:
    made = write_collection(tmp_path / "blue", {f"copy{n}": cv2.resize(shirt(0), (150 + n,) * 2) for n in range(12)})
    run(made, splits={"validation": 0.3, "test": 0.3})
    rows = {one["sha256"]: one for one in read_table(made.folder / "cleaning.csv", CLEANING_COLUMNS)}
    assert [one["split"] for one in rows.values() if one["kept"] == "1"] == ["test"]
    assert {one["split"] for one in rows.values()} == {"train", "validation", "test"}
    by_split = {split: [k for k, one in rows.items() if one["split"] == split] for split in ("train", "test")}
    wanted = [
        Decision(by_split["train"][0], "keep", "", "anna"),
        *(Decision(k, "keep", "", "anna") for k in by_split["test"]),
    ]
    run(made, decisions=wanted, splits={"validation": 0.3, "test": 0.3})
    assert labelled(made) == set(by_split["test"])


def test_new_limits_measure_nothing_again_and_a_new_model_only_shirts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_collection(tmp_path / "blue", GOOD)
    first = Watcher()
    run(made, model=first.model())
    assert first.shown == len(GOOD)
    monkeypatch.setattr(measuring, "measure_pixels", lambda image: pytest.fail("measured again"))
    counts = run(made, model=first.model(), min_side_px=SIZE_PX + 1)
    assert counts["blue"]["too small"] == len(GOOD) and first.shown == len(GOOD)
    second = Watcher(score=0.1)
    assert run(made, model=second.model("second"))["blue"]["no shirt"] == len(GOOD)
    assert second.shown == len(GOOD)


def test_a_run_that_is_killed_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = write_collection(tmp_path / "blue", GOOD)
    clean_run = write_collection(tmp_path / "whole/blue", GOOD)
    run(clean_run, model=Watcher().model())
    monkeypatch.setattr(measuring, "_AT_ONCE", 2)

    class Killed(Watcher):
        def __call__(self, images):
            if self.shown >= 2:
                raise KeyboardInterrupt
            return super().__call__(images)

    with pytest.raises(KeyboardInterrupt):
        run(made, model=Killed().model())
    assert not (made.folder / "cleaning.csv").exists()
    with (made.folder / MEASUREMENTS).open("a") as file:
        file.write('{"version": 1, "sha256": "12')  # the line in hand when the machine stopped
    second = Watcher()
    run(made, model=second.model())
    assert second.shown == len(GOOD) - 2
    for name in ("cleaning.csv", "labels.csv", MEASUREMENTS):
        assert (made.folder / name).read_bytes() == (clean_run.folder / name).read_bytes()


def test_a_file_whose_content_changed_is_measured_again(tmp_path: Path) -> None:
    made = write_collection(tmp_path / "blue", GOOD)
    run(made)
    (made.folder / row("good1").file).write_bytes(encode_jpeg((shirt(1) * 0.1).astype(np.uint8)))
    (made.folder / row("good2").file).unlink()
    run(made)
    assert reasons(made)[key("good1")].startswith("exposure")
    assert reasons(made)[key("good2")] == "picture missing"
    stored = [json.loads(line) for line in (made.folder / MEASUREMENTS).read_text().splitlines()]
    assert sorted(one["sha256"] for one in stored) == sorted(map(key, GOOD))


def test_the_page_is_one_offline_file_with_what_was_refused_and_nearly_refused(tmp_path: Path) -> None:
    made = write_collection(
        tmp_path / "blue", {**GOOD, "dark": (shirt(7) * 0.1).astype(np.uint8), "copy": cv2.resize(shirt(0), (150, 150))}
    )
    run(made, model=Watcher().model(), min_upright=6.5)
    page = (tmp_path / "reports/blue/index.html").read_text()
    assert "http" not in page and page.count("data:image/jpeg;base64,") >= 3
    for part in (
        "exposure",
        "near-duplicate",
        "not upright",
        "Kept, nearest to the limit first",
        "5 of 7 pictures kept",
    ):
        assert part in page
    assert [path.name for path in (tmp_path / "reports/blue").iterdir()] == ["index.html"]


def test_curation_takes_a_cleaned_collection_and_knows_its_pictures_by_the_ledgers_sha256(tmp_path: Path) -> None:
    made = write_collection(tmp_path / "blue", GOOD)
    run(made, model=Watcher().model(), splits={})
    garments = GarmentsConfig(
        path=str(made.folder),
        select={"blue": {"colour": ["blue"]}},
        views=["flat"],
        validation_fraction=0.0,
        min_side_px=64,
        max_side_px=2048,
        near_duplicate_bits=0,
    )
    decided = {key("good3"): Decision(key("good3"), "reject", "a dress", "anna")}
    curate_garments(made.folder, tmp_path / "out", garments=garments, decisions=decided, seed=3)
    rows = read_table(tmp_path / "out/manifest.csv", ("sha256", "reason"))
    assert {one["sha256"]: one["reason"] for one in rows} == {
        key(name): "decision: a dress (anna)" if name == "good3" else "" for name in GOOD
    }


def test_a_collection_without_pictures_and_two_of_one_name_are_refused(tmp_path: Path) -> None:
    write_ledger(tmp_path / "blue/ledger.csv", [])
    with pytest.raises(DataError, match="no kept picture"):
        run(Collection(tmp_path / "blue", "blue", "plain"))
    with pytest.raises(DataError, match="the same name"):
        run(Collection(tmp_path / "blue", "blue", "plain"), Collection(tmp_path / "x/blue", "blue", "plain"))
    with pytest.raises(DataError, match=r"ledger\.csv"):
        run(Collection(tmp_path / "missing", "blue", "plain"))
