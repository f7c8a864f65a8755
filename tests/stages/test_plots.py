"""The plots of dvc.yaml, drawn by DVC from tables as the stages write them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tryon.formats.tables import write_table

ROOT = Path(__file__).parents[2]
PATTERNS = yaml.safe_load((ROOT / "params.yaml").read_text())["patterns"]
COMPONENTS = ("rpn_class", "rpn_bbox", "mrcnn_class", "mrcnn_bbox", "mrcnn_mask", "total")


@pytest.mark.slow
def test_dvc_draws_every_loss_of_train_and_validation_by_epoch(tmp_path: Path) -> None:
    from tryon.training.cyclegan_outputs import SCORE_COLUMNS
    from tryon.training.mask_rcnn_outputs import LOSS_COLUMNS

    subprocess.run([sys.executable, "-m", "dvc", "init", "-q", "--no-scm"], cwd=tmp_path, check=True)
    shutil.copytree(ROOT / ".dvc/plots", tmp_path / ".dvc/plots")
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"plots": plots}))
    rows = [
        {"epoch": epoch, "component": name, "train": f"{1 / epoch:.6f}", "validation": "0.500000"}
        for epoch in (1, 2) for name in COMPONENTS
    ]  # fmt: skip
    (tmp_path / "models/mask_rcnn").mkdir(parents=True)
    write_table(tmp_path / "models/mask_rcnn/losses.csv", LOSS_COLUMNS, rows)
    for pattern in PATTERNS:
        scored = [{"epoch": epoch, "component": "rating", "validation": f"{1 / epoch:.6f}"} for epoch in (1, 2)]
        write_table(tmp_path / f"models/cyclegan/{pattern}/scores.csv", SCORE_COLUMNS, scored)
    done = subprocess.run(
        [sys.executable, "-m", "dvc", "plots", "show", "--json", "--split"], cwd=tmp_path, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    shown = json.loads(done.stdout)
    (drawn,) = shown["data"]["mask_rcnn_losses"]
    points = drawn["anchor_definitions"]["<DVC_METRIC_DATA>"]
    assert {(point["component"], point["field"], point["epoch"]) for point in points} == {
        (name, side, epoch) for name in COMPONENTS for side in ("train", "validation") for epoch in ("1", "2")
    }
    for pattern in PATTERNS:
        (scores,) = shown["data"][f"cyclegan_{pattern}_scores"]
        points = scores["anchor_definitions"]["<DVC_METRIC_DATA>"]
        assert [(point["component"], point["epoch"]) for point in points] == [("rating", "1"), ("rating", "2")]
    filled = json.dumps(drawn["content"])
    assert '"facet": {"field": "component"' in filled
    html = subprocess.run([sys.executable, "-m", "dvc", "plots", "show", "-q"], cwd=tmp_path, check=True)
    assert html.returncode == 0
    page = (tmp_path / "dvc_plots/index.html").read_text()
    assert "mrcnn_mask" in page and "<DVC_METRIC" not in page
