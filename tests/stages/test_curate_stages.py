"""`curate_photos` and `curate_garments` as programs, with good and bad input."""

from pathlib import Path

import pytest
import yaml

from stages import curate_garments, curate_photos
from tests.curating.made_data import manifest, of_one_pattern, small_set
from tryon.config import load_params
from tryon.console import run_stage
from tryon.errors import ConfigError
from tryon.formats.tombstones import Tombstone, write_tombstones

PHOTOS = [
    "--photos",
    "source/photos",
    "--garments",
    "source/garments",
    "--decisions",
    "decisions.csv",
    "--forgotten",
    "forgotten.csv",
    "--out",
    "data/photos",
]
GARMENTS = ["--garments", "source/garments", "--decisions", "decisions.csv", "--forgotten", "forgotten.csv"]
GARMENTS += ["--out", "data/garments"]


@pytest.fixture
def sources(workspace: Path) -> Path:
    """A workspace with a small set, and a parameter file that asks for one pattern."""
    small_set(workspace / "source")
    parameters = yaml.safe_load(Path("params.yaml").read_text())
    of_one_pattern(parameters, "plain", {"pattern": ["plain"]})
    Path("params.yaml").write_text(yaml.safe_dump(parameters))
    Path("decisions.csv").write_text("sha256,verdict,reason,person\n")
    return workspace


def set_parameter(section: str, key: str, value: object) -> None:
    parameters = yaml.safe_load(Path("params.yaml").read_text())
    parameters[section][key] = value
    Path("params.yaml").write_text(yaml.safe_dump(parameters))


def test_both_stages_write_their_folders(sources: Path) -> None:
    assert run_stage("curate_photos", curate_photos.main, PHOTOS) == 0
    assert run_stage("curate_garments", curate_garments.main, GARMENTS) == 0
    assert len(manifest(Path("data/photos"))) == 11
    assert list(manifest(Path("data/garments"))) == [f"plain/00000{number}.jpg" for number in (1, 2, 3)]


def test_decisions_are_read(sources: Path) -> None:
    curate_photos.main(PHOTOS)
    sha256 = manifest(Path("data/photos"))["000001.jpg"]["sha256"]
    Path("decisions.csv").write_text(f"sha256,verdict,reason,person\n{sha256},reject,a coat,Ada\n")
    curate_photos.main(PHOTOS)
    assert manifest(Path("data/photos"))["000001.jpg"]["reason"] == "decision: a coat (Ada)"


def test_what_was_forgotten_does_not_come_back(sources: Path) -> None:
    curate_photos.main(PHOTOS)
    photo, garment = (manifest(Path("data/photos"))[name]["sha256"] for name in ("000001.jpg", "g000002.jpg"))
    write_tombstones(Path("forgotten.csv"), [Tombstone(one, "", "2026-11-22T15:04:05Z") for one in (photo, garment)])
    curate_photos.main(PHOTOS)
    curate_garments.main(GARMENTS)
    dropped = [row["file"] for row in manifest(Path("data/photos")).values() if row["reason"] == "forgotten"]
    assert dropped == ["000001.jpg", "g000002.jpg"]
    assert manifest(Path("data/garments"))["plain/000002.jpg"]["reason"] == "forgotten"
    gone = ("photos/train/image/000001.jpg", "photos/validation/image/g000002.jpg", "garments/plain/000002.jpg")
    assert not any((Path("data") / name).exists() for name in gone)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("source/photos/train/image", "train/image is missing"),
        ("source/garments/labels.csv", "labels.csv cannot be read"),
        ("decisions.csv", "decisions.csv cannot be read"),
    ],
)
def test_missing_input_is_one_message_and_leaves_nothing(
    sources: Path, damage: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(damage).rename("elsewhere")
    assert run_stage("curate_photos", curate_photos.main, PHOTOS) == 1
    error = capsys.readouterr().err
    assert error.startswith("curate_photos: ")
    assert message in error
    assert "remedy" in error
    assert "Traceback" not in error
    assert not list(Path().glob("data*/*"))


def test_a_missing_argument_is_wrong_usage(sources: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        curate_garments.main(["--out", "data/garments"])
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("splits", "fraction", "message"),
    [
        ({"train": "train", "validation": "train", "test": "validation"}, 0.0, "validation_fraction must lie between"),
        ({"train": "train", "validation": "train", "test": "validation"}, 1.0, "validation_fraction must lie between"),
        ({"train": "train", "validation": "validation"}, 0.2, "validation_fraction must lie between"),
        ({"train": "all", "validation": "validation", "test": "all"}, 0.0, "test must have a source folder of its own"),
        ({"train": "all", "validation": "all", "test": "all"}, 0.2, "test must have a source folder of its own"),
    ],
)
def test_contradictory_splits_are_refused(
    workspace: Path, splits: dict[str, str], fraction: float, message: str
) -> None:
    set_parameter("photos", "splits", splits)
    set_parameter("photos", "validation_fraction", fraction)
    with pytest.raises(ConfigError, match=message):
        load_params(Path("params.yaml"))


def test_a_shared_folder_with_a_fraction_is_accepted(workspace: Path) -> None:
    set_parameter("photos", "splits", {"train": "train", "validation": "train", "test": "validation"})
    set_parameter("photos", "validation_fraction", 0.2)
    assert load_params(Path("params.yaml")).photos.validation_fraction == 0.2
