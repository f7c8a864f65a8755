"""The stage that measures Mask R-CNN on the test split."""

import csv
import json
from pathlib import Path

import pytest

from stages import evaluate_mask_rcnn, gate_mask_rcnn
from tests.models.mask_rcnn.mask_rcnn_cases import tiny
from tests.stages.cyclegan_data import remember_runs
from tests.stages.mask_rcnn_data import write_workspace
from tryon.console import run_stage

pytestmark = pytest.mark.slow
ARGUMENTS = [
    "--photos", "data/photos", "--annotations", "data/annotations", "--model", "models/mask_rcnn",
    "--metrics", "metrics/mask_rcnn.json", "--report", "reports/mask_rcnn",
]  # fmt: skip


@pytest.fixture
def measured(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from tryon.models.mask_rcnn import build_mask_rcnn, save_model

    write_workspace(workspace)
    save_model(workspace / "models/mask_rcnn", build_mask_rcnn(tiny(min_confidence=0.1, landmarks=True), 1), {})
    remember_runs(monkeypatch)
    return workspace


def outputs(root: Path) -> dict[str, bytes]:
    files = [root / "metrics/mask_rcnn.json", *(root / "reports").rglob("*.*")]
    return {str(path.relative_to(root)): path.read_bytes() for path in files if path.is_file()}


def test_figures_tables_and_pictures_and_twice_the_same_bytes(measured: Path) -> None:
    assert run_stage("evaluate_mask_rcnn", evaluate_mask_rcnn.main, ARGUMENTS) == 0
    metrics = json.loads((measured / "metrics/mask_rcnn.json").read_text())
    assert {"found_rate", "mask_iou", "boundary_iou", "border_ciede2000"} <= set(metrics)
    assert {f"{shape}_{ap}" for shape in ("mask", "box") for ap in ("ap", "ap50", "ap75")} <= set(metrics)
    assert {"landmark_ap", "landmark_ap50", "landmark_ap75", "landmark_ap_visible"} <= set(metrics)
    slices = {"scale_2", "occlusion_1", "zoom_1", "viewpoint_2"}
    assert {f"{measure}/{name}" for measure in ("mask_iou", "boundary_iou") for name in slices} <= set(metrics)
    report = measured / "reports/mask_rcnn"
    rows = list(csv.DictReader((report / "by_photo.csv").read_text().splitlines()))
    assert [row["photo"] for row in rows] == ["002000.png", "002001.png", "002002.png"]
    assert len((report / "pr_curve.csv").read_text().splitlines()) == 1 + 2 * 2 * 101
    table = list(csv.DictReader((report / "slices.csv").read_text().splitlines()))
    assert slices <= {row["slice"] for row in table}
    assert float(table[0]["mask_iou"]) == pytest.approx(metrics[f"mask_iou/{table[0]['slice']}"], abs=1e-4)
    assert len(list((report / "overlays").glob("*.png"))) == 3
    worst = list(csv.DictReader((report / "worst.csv").read_text().splitlines()))
    assert [row["picture"] for row in worst] == sorted(path.name for path in (report / "worst").iterdir())
    assert [row["picture"][:3] for row in worst] == ["01_", "02_", "03_"]
    ious = [float(row["mask_iou"]) for row in worst]
    assert ious == sorted(ious) and sorted(ious) == sorted(float(row["mask_iou"]) for row in rows)

    first = outputs(measured)
    assert run_stage("evaluate_mask_rcnn", evaluate_mask_rcnn.main, ARGUMENTS) == 0
    assert outputs(measured) == first


def test_a_bad_model_is_recorded_here_and_stopped_by_the_gate(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_stage("evaluate_mask_rcnn", evaluate_mask_rcnn.main, ARGUMENTS) == 0
    gate = ["--metrics", "metrics/mask_rcnn.json", "--out", "data/gate_mask_rcnn.json"]
    assert run_stage("gate_mask_rcnn", gate_mask_rcnn.main, gate) == 1
    assert "boundary_iou" in capsys.readouterr().err
    assert not (measured / "data/gate_mask_rcnn.json").exists()
    assert (measured / "metrics/mask_rcnn.json").is_file()
    assert list((measured / "reports/mask_rcnn/worst").iterdir())


def test_without_a_model_it_says_what_to_run(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (measured / "models/mask_rcnn/model.json").unlink()
    assert run_stage("evaluate_mask_rcnn", evaluate_mask_rcnn.main, ARGUMENTS) == 1
    assert "dvc repro train_mask_rcnn" in capsys.readouterr().err
    assert not (measured / "metrics/mask_rcnn.json").exists()
