"""`validate_data` and `gate_data` as programs: bad batches are recorded by the one and stopped by the other."""

import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import curate_garments, curate_photos, gate_data, validate_data
from tests.curating.made_data import VALIDATION, add_photo, annotate, bytes_of, item, of_one_pattern, small_set
from tests.forgetting import scratch
from tryon.console import run_stage
from tryon.curating.checks import checks
from tryon.curating.expectations import run_checks
from tryon.curating.facts import gather_facts
from tryon.curating.validating import summary
from tryon.formats.ledger import read_ledger, write_ledger

pytestmark = pytest.mark.slow  # Great Expectations takes seconds to import

VALIDATE = [
    "--photos",
    "data/photos",
    "--garments",
    "data/garments",
    "--sources",
    "source/photos",
    "source/garments",
    "--decisions",
    "decisions.csv",
    "--forgotten",
    "forgotten.csv",
    "--accepted",
    "accepted.json",
    "--metrics",
    "metrics/data.json",
    "--report",
    "reports/data",
]
GATE = ["--metrics", "metrics/data.json", "--out", "data/gate.json"]


@pytest.fixture
def curated(workspace: Path) -> Path:
    """A workspace after both curation stages, its parameters asking for as many pictures as there are."""
    small_set(workspace / "source")
    parameters = yaml.safe_load(Path("params.yaml").read_text())
    of_one_pattern(parameters, "plain", {"pattern": ["plain"]})
    parameters["validation"] |= {"min_photos": {"train": 4, "validation": 2, "test": 2}, "min_garments_per_pattern": 3}
    Path("params.yaml").write_text(yaml.safe_dump(parameters))
    Path("decisions.csv").write_text("sha256,verdict,reason,person\n")
    Path("accepted.json").write_text("{}")
    sources = ["--garments", "source/garments", "--decisions", "decisions.csv", "--forgotten", "forgotten.csv"]
    curate_photos.main(["--photos", "source/photos", *sources, "--out", "data/photos"])
    curate_garments.main([*sources, "--out", "data/garments"])
    return workspace


def figures() -> dict[str, Any]:
    return dict(json.loads(Path("metrics/data.json").read_text()))


def test_a_sound_batch_passes_with_the_figures_of_the_design(curated: Path) -> None:
    validate_data.main(VALIDATE)
    gate_data.main(GATE)
    found = figures()
    assert {key: found[key] for key in found if key != "expectations"} == {
        "photos_train": 5,
        "photos_validation": 3,
        "photos_test": 3,
        "garments": 3,
        "collected": 0,
        "drifted": 0,
        "expectations_failed": 0,
        "failed": [],
    }
    assert found["expectations"] == len(checks(VALIDATION))
    assert json.loads(Path("data/gate.json").read_text()) == {"passed": True, "expectations": found["expectations"]}
    page = Path("reports/data/index.html").read_text()
    assert "expectations met" in page
    assert "What fails" not in page


def test_twice_gives_the_same_bytes(curated: Path) -> None:
    validate_data.main(VALIDATE)
    first = bytes_of(Path("reports")) | bytes_of(Path("metrics"))
    validate_data.main(VALIDATE)
    assert bytes_of(Path("reports")) | bytes_of(Path("metrics")) == first


def test_a_bad_batch_is_recorded_and_stopped_by_name(curated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = Path("data/gate.json")
    validate_data.main(VALIDATE)
    gate_data.main(GATE)
    annotate(Path("data/photos/train/annos/000001.json"), item(segmentation=[[-60, 40, 120, 40, 120, 120]]))
    Path("data/photos/train/annos/000002.json").write_text("{")
    cut = Path("data/photos/test/image/000021.jpg")
    cut.write_bytes(cut.read_bytes()[:2000])
    assert run_stage("validate_data", validate_data.main, VALIDATE) == 0
    failed = {one["expectation"]: one["rows"] for one in figures()["failed"]}
    assert failed == {
        "photos.decodable": ["test/000021.jpg"],
        "photos.annotated": ["train/000002.jpg (000002.json is not readable JSON)"],
        "items.inside": ["train/000001.jpg item1"],
        "items.box_agrees": ["train/000001.jpg item1"],
    }
    capsys.readouterr()
    assert run_stage("gate_data", gate_data.main, GATE) == 1
    message = capsys.readouterr().err
    for name, rows in failed.items():
        assert name in message
        assert rows[0] in message
    assert "remedy: look at reports/data/index.html" in message
    assert "Traceback" not in message
    assert not gate.exists()


def test_the_page_shows_the_failing_pictures_and_needs_no_network(curated: Path) -> None:
    annotate(Path("data/photos/train/annos/000001.json"), item(segmentation=[[-60, 40, 120, 40, 120, 120]]))
    cut = Path("data/photos/test/image/000021.jpg")
    cut.write_bytes(cut.read_bytes()[:2000])
    add_photo(curated / "elsewhere", "test", "000022")
    shutil.copy(curated / "elsewhere/test/image/000022.jpg", "data/photos/train/image/000003.jpg")
    validate_data.main(VALIDATE)
    page = Path("reports/data/index.html").read_text()
    assert "data:image/jpeg;base64," in page
    assert "cannot be decoded" in page
    assert "train/000001.jpg item1" in page
    assert "test/image/000022.jpg (test) and train/image/000003.jpg (train), 0 bits" in page
    assert "http" not in page
    items = json.loads(Path("reports/data/gx/items.json").read_text())
    assert items["success"] is False
    assert set(items) == {"results", "statistics", "success", "suite_name"}


def test_a_faulty_ledger_of_the_source_is_stopped_with_its_pictures(curated: Path) -> None:
    shutil.rmtree("source/garments")
    scratch.collect(Path("source/garments"))
    ledger = Path("source/garments/ledger.csv")
    rows = read_ledger(ledger)
    write_ledger(ledger, [replace(rows[0], licence="all rights reserved"), *rows[1:]])
    validate_data.main(VALIDATE)
    found = figures()
    assert found["collected"] == 5
    by_name = {one["expectation"]: one["rows"] for one in found["failed"]}
    assert by_name == {"ledger.licence_allowed": [f"garments/{rows[0].file} (row 2)"]}
    page = Path("reports/data/index.html").read_text()
    assert f"garments/{rows[0].file} (row 2)" in page
    assert "Collections and their ledgers" in page


def test_drift_is_recorded_or_fails_as_the_parameters_say(curated: Path) -> None:
    validate_data.main(VALIDATE)
    accepted = json.loads(Path("reports/data/distributions.json").read_text())
    accepted["photos"]["long_side_px"] = {"counts": {"512": 5000}}
    accepted["photos"]["luminance"] = {"edges": [0.01], "counts": [5000, 0]}
    Path("accepted.json").write_text(json.dumps(accepted))
    validate_data.main(VALIDATE)
    found = figures()
    assert (found["expectations_failed"], found["drifted"]) == (0, 2)
    assert found["drift/photos/long_side_px"] > 0.2 > found["drift/photos/sharpness"]
    assert "trait moved" in Path("reports/data/index.html").read_text()
    parameters = yaml.safe_load(Path("params.yaml").read_text())
    parameters["validation"]["drift"] = "fail"
    Path("params.yaml").write_text(yaml.safe_dump(parameters))
    validate_data.main(VALIDATE)
    [failed] = figures()["failed"]
    assert failed["expectation"] == "drift.steady"
    assert [row.split(":")[0] for row in failed["rows"]] == ["photos/long_side_px", "photos/luminance"]


def test_few_faults_may_be_tolerated(curated: Path) -> None:
    annotate(Path("data/photos/train/annos/000001.json"), item(landmarks=[0, 0, 2] + [0] * 72))
    tolerant = replace(VALIDATION, max_landmarks_outside=0.1, max_label_doubts=0.1)
    for validation, passed in ((VALIDATION, False), (tolerant, True)):
        facts = gather_facts(Path("data/photos"), Path("data/garments"), validation)
        outcomes = run_checks(facts, checks(validation)).outcomes
        outcome = next(one for one in outcomes if one.check.name == "items.landmarks_inside")
        assert outcome.passed is passed
        assert [facts.tables["items"][number]["label"] for number in outcome.failing] == ["train/000001.jpg item1"]
        assert summary(facts, outcomes)["expectations_failed"] == (0 if passed else 2)


def test_too_few_pictures_and_lost_columns_fail_by_name(curated: Path) -> None:
    manifest = Path("data/photos/manifest.csv")
    manifest.write_text(manifest.read_text().replace("luminance", "light", 1))
    strict = replace(VALIDATION, min_photos={"train": 6}, min_garments_per_pattern=4)
    facts = gather_facts(Path("data/photos"), Path("data/garments"), strict)
    failed = summary(facts, run_checks(facts, checks(strict)).outcomes)["failed"]
    assert {one["expectation"]: one["rows"] for one in failed} == {
        "photos_manifest.columns": [],
        "counts.enough": ["photos train: 5 of 6", "garments plain: 3 of 4"],
    }


def test_folders_that_are_not_there_are_one_message(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("decisions.csv").write_text("sha256,verdict,reason,person\n")
    Path("accepted.json").write_text("{}")
    assert run_stage("validate_data", validate_data.main, VALIDATE) == 1
    message = capsys.readouterr().err
    assert "data/photos/manifest.csv cannot be read" in message
    assert "Traceback" not in message
    assert not Path("reports/data").exists()


def test_no_progress_bar_is_drawn(curated: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("tryon").setLevel(logging.WARNING)
    validate_data.main(VALIDATE)
    assert capfd.readouterr() == ("", "")
