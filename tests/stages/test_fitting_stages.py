"""The stages segment_garments, fit_pairs and evaluate_fitting on tiny folders with stand-in networks."""

import json
from pathlib import Path

import numpy as np
import pytest

from stages import evaluate_fitting, fit_pairs, segment_garments
from tests.fitting.stand_ins import BLUE, ColourPredictor, FlatGenerator
from tests.stages.fitting_data import write_folders
from tryon.console import run_stage
from tryon.fitting import Fitter
from tryon.formats.tables import read_table, write_table
from tryon.images.files import read_image, read_rgba

SEGMENT = ["--photos", "data/photos", "--garments", "data/garments", "--model", "models/mask_rcnn"]
FIT = ["--pairs", "data/rendered/pairs", "--photos", "data/photos", "--garments", "data/garments"]
MODELS = ["--mask-rcnn", "models/mask_rcnn", "--cyclegan", "models/cyclegan"]
EVALUATE = [*FIT, "--results", "data/results", "--metrics", "metrics/fitting.json", "--report", "reports/fitting"]


@pytest.fixture
def folders(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data of the stages, with stand-ins where models are loaded."""
    write_folders(workspace)
    monkeypatch.setattr("tryon.models.mask_rcnn.load_predictor", lambda _: ColourPredictor())
    generators = {"blue": FlatGenerator(BLUE), "striped": FlatGenerator(BLUE, striped=True)}
    monkeypatch.setattr(
        Fitter, "load", lambda _, __, config, margin: Fitter(ColourPredictor(), generators, config, margin)
    )
    return workspace


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_cut_outs_of_garments_and_worn_shirts(folders: Path) -> None:
    segment_garments.main([*SEGMENT, "--out", "data/cutouts"])
    rows = {row["name"]: row for row in read_table(Path("data/cutouts/manifest.csv"), segment_garments.COLUMNS)}
    assert list(rows) == ["000001.jpg", "000002.jpg", "000003.jpg", "000010.jpg", "000011.jpg"]
    assert rows["000003.jpg"]["found"] == "0" and rows["000003.jpg"]["box"] == ""
    assert rows["000010.jpg"]["kind"] == "garment"
    left, top, right, bottom = (int(value) for value in rows["000001.jpg"]["box"].split())
    assert int(rows["000001.jpg"]["side_px"]) == pytest.approx(1.12 * max(right - left, bottom - top), abs=4)
    assert float(rows["000001.jpg"]["area"]) == pytest.approx(0.29, abs=0.02)
    with np.load("data/cutouts/worn_test.npz") as worn, np.load("data/cutouts/garments.npz") as garments:
        assert worn["names"].tolist() == ["000001.jpg"]
        assert garments["names"].tolist() == ["000010.jpg", "000011.jpg"]
        assert worn["images"].shape == (1, 128, 128, 3) and worn["images"].dtype == np.uint8
        assert set(np.unique(worn["masks"])) == {0, 255}
    with np.load("data/cutouts/worn_validation.npz") as nobody:
        assert nobody["images"].shape == (0, 128, 128, 3) and nobody["names"].shape == (0,)


@pytest.mark.slow
def test_test_photos_without_their_shirt(folders: Path) -> None:
    segment_garments.main([*SEGMENT, "--out", "data/cutouts"])
    assert [path.name for path in Path("data/cutouts/without").iterdir()] == ["000001.png"]
    without = read_rgba(Path("data/cutouts/without/000001.png"))
    source = read_image(Path("data/photos/test/image/000001.jpg"))
    assert (without[40:90, 34:66, 3] == 0).all()
    opaque = without[..., 3] == 255
    assert np.array_equal(without[opaque][:, :3], source[opaque])


@pytest.mark.slow
def test_the_same_data_gives_the_same_bytes(folders: Path) -> None:
    for stage, arguments, out in ((segment_garments, SEGMENT, "cutouts"), (fit_pairs, [*FIT, *MODELS], "results")):
        stage.main([*arguments, "--out", f"data/{out}"])
        first = contents(Path("data") / out)
        stage.main([*arguments, "--out", f"data/{out}"])
        assert contents(Path("data") / out) == first


def test_pairs_are_fitted_or_refused_by_name(folders: Path) -> None:
    fit_pairs.main([*FIT, *MODELS, "--out", "data/results"])
    rows = read_table(Path("data/results/results.csv"), fit_pairs.COLUMNS)
    assert [row["refusal"] for row in rows] == ["", "", "no_shirt_in_photo", "not_curated"]
    assert [row["recognised"] for row in rows] == ["blue", "striped", "", ""]
    assert [row["alignment"] for row in rows] == ["", "box", "", ""]
    assert (Path("data/results") / rows[1]["result"]).is_file()
    assert rows[0]["alpha"] == "alpha/000001__000010.png"


def test_results_are_scored_beside_those_without_a_network(folders: Path) -> None:
    fit_pairs.main([*FIT, *MODELS, "--out", "data/results"])
    evaluate_fitting.main(EVALUATE)
    figures = json.loads(Path("metrics/fitting.json").read_text())
    assert (figures["pairs"], figures["refused"], figures["outside_changed_pixels"]) == (4, 2, 0)
    assert figures["pattern_recognised_rate"] == 1.0
    assert figures["ciede2000"] < figures["ciede2000_untouched"] / 4
    assert figures["ciede2000/blue"] == figures["ciede2000"]
    assert figures["ciede2000_untouched"] > 35  # of the shirt, not of the trousers, which nobody changes
    for name in ("ciede2000", "ssim", "psnr", "border_ciede2000"):
        assert {f"{name}{suffix}" for suffix in ("", "_untouched", "_flat_fill", "_luminance")} <= set(figures)
    rows = read_table(Path("reports/fitting/by_pair.csv"), ("photo", "garment", "refusal", "ciede2000"))
    assert [bool(row["ciede2000"]) for row in rows] == [True, False, False, False]
    cases = sorted(path.name for path in Path("reports/fitting/cases").iterdir())
    assert cases == ["best_1_000001__000010.png"]


def test_without_answers_colour_and_untouched_pixels_are_reported(folders: Path) -> None:
    write_folders(folders, answers=False)
    fit_pairs.main([*FIT, *MODELS, "--out", "data/results"])
    evaluate_fitting.main(EVALUATE)
    figures = json.loads(Path("metrics/fitting.json").read_text())
    assert "ciede2000" not in figures
    assert figures["ciede2000_to_garment"] < 8
    assert figures["outside_changed_pixels"] == 0
    assert len(list(Path("reports/fitting/cases").iterdir())) == 2


def test_a_missing_photo_is_one_message(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit_pairs.main([*FIT, *MODELS, "--out", "data/results"])
    Path("data/photos/test/image/000001.jpg").unlink()
    assert run_stage("evaluate_fitting", evaluate_fitting.main, EVALUATE) == 1
    message = capsys.readouterr().err
    assert "000001.jpg is missing" in message and "Traceback" not in message
    assert not Path("metrics/fitting.json").exists() and not Path("reports/fitting").exists()


def test_only_the_first_training_photos_are_cut_out(tmp_path: Path) -> None:
    people = [("a.jpg", "train"), ("b.jpg", "test"), ("c.jpg", "train"), ("d.jpg", "train")]
    write_table(
        tmp_path / "manifest.csv",
        ("file", "split", "source", "kept", "pattern"),
        [{"file": file, "split": split, "source": "user", "kept": 1, "pattern": "plain"} for file, split in people],
    )
    sources = segment_garments._sources(tmp_path, tmp_path, 2)
    assert [source.path.name for source in sources if source.kind == "worn"] == ["a.jpg", "b.jpg", "c.jpg"]
