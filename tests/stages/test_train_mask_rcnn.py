"""The stage that trains Mask R-CNN."""

import json
from pathlib import Path

import pytest

from stages import train_mask_rcnn
from tests.stages.cyclegan_data import remember_runs
from tests.stages.mask_rcnn_data import write_workspace
from tryon.console import run_stage

ARGUMENTS = ["--photos", "data/photos", "--annotations", "data/annotations", "--model", "models/mask_rcnn"]


@pytest.mark.slow
def test_it_leaves_a_model_that_loads_and_no_checkpoints(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tryon.models.mask_rcnn import load_predictor

    write_workspace(workspace)
    run = remember_runs(monkeypatch)
    assert run_stage("train_mask_rcnn", train_mask_rcnn.main, ARGUMENTS) == 0

    folder = workspace / "models/mask_rcnn"
    assert load_predictor(folder).config.image_size_px == 64
    facts = json.loads((folder / "model.json").read_text())["facts"]
    assert facts["steps"] == 4 and facts["train_pictures"] == 4 and facts["validation_pictures"] == 2
    lines = (folder / "losses.csv").read_text().splitlines()
    assert lines[0] == "epoch,component,train,validation" and len(lines) == 1 + 2 * 6
    assert [step for step, _ in run.metrics] == [1, 2]
    assert "loss/validation/mrcnn_mask" in run.metrics[0][1]
    assert run.files == ["losses.csv"] and run.stage == "train_mask_rcnn"
    assert not (workspace / ".tryon/checkpoints/train_mask_rcnn").exists()


@pytest.mark.parametrize("weights", ["coco", "missing.h5"])
def test_weights_that_cannot_be_loaded_leave_nothing(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], weights: str
) -> None:
    write_workspace(workspace, weights=weights)
    remember_runs(monkeypatch)
    assert run_stage("train_mask_rcnn", train_mask_rcnn.main, ARGUMENTS) == 1
    said = capsys.readouterr().err
    assert "params.yaml: mask_rcnn.weights" in said and "mask_rcnn.weights: none" in said.partition("remedy:")[2]
    assert not (workspace / "models").exists()


def test_a_missing_annotation_file_is_one_message(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_workspace(workspace)
    (workspace / "data/annotations/validation/via_region_data.json").unlink()
    remember_runs(monkeypatch)
    assert run_stage("train_mask_rcnn", train_mask_rcnn.main, ARGUMENTS) == 1
    said = capsys.readouterr().err
    assert "validation/via_region_data.json is missing" in said and "Traceback" not in said
