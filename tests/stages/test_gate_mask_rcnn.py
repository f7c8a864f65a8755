"""The gate after Mask R-CNN by itself: what it lets through, and what its message says."""

import json
from pathlib import Path

import pytest
import yaml

from stages import gate_mask_rcnn
from tryon.console import run_stage
from tryon.errors import DataError, GateError

LIMITS = {"min_found_rate": 0.9, "min_mask_iou": 0.8, "min_boundary_iou": 0.5, "max_border_ciede2000": 8.0}
GOOD = {"found_rate": 0.9, "mask_iou": 0.91, "boundary_iou": 0.61, "border_ciede2000": 8.0, "mask_iou/scale_1": 0.1}


@pytest.fixture
def arguments(workspace: Path) -> list[str]:
    params = yaml.safe_load((workspace / "params.yaml").read_text())
    (workspace / "params.yaml").write_text(yaml.safe_dump(params | {"quality": LIMITS}))
    write(workspace)
    return ["--metrics", "metrics.json", "--out", "gate.json"]


def write(workspace: Path, **changes: float) -> None:
    (workspace / "metrics.json").write_text(json.dumps(GOOD | changes))


def test_a_model_at_its_limits_passes(arguments: list[str]) -> None:
    gate_mask_rcnn.main(arguments)
    names = ["found_rate", "mask_iou", "boundary_iou", "border_ciede2000"]
    assert json.loads(Path("gate.json").read_text()) == {"passed": True, "limits": names}


def test_a_better_model_writes_the_same_bytes_so_that_nothing_else_runs_again(
    arguments: list[str], workspace: Path
) -> None:
    gate_mask_rcnn.main(arguments)
    first = Path("gate.json").read_bytes()
    write(workspace, boundary_iou=0.9)
    gate_mask_rcnn.main(arguments)
    assert Path("gate.json").read_bytes() == first


@pytest.mark.parametrize(
    ("metric", "value", "said"),
    [
        ("found_rate", 0.89, "found_rate 0.89, at least 0.9 is asked for"),
        ("mask_iou", 0.7, "mask_iou 0.7, at least 0.8 is asked for"),
        ("boundary_iou", 0.499, "boundary_iou 0.499, at least 0.5 is asked for"),
        ("border_ciede2000", 8.01, "border_ciede2000 8.01, at most 8 is asked for"),
    ],
)
def test_each_limit_counts_and_is_named_alone(
    arguments: list[str], workspace: Path, metric: str, value: float, said: str
) -> None:
    write(workspace, **{metric: value})
    with pytest.raises(GateError, match="missed 1 of 4 limits") as raised:
        gate_mask_rcnn.main(arguments)
    lines = [line.strip() for line in str(raised.value).splitlines()]
    assert [line for line in lines if "is asked for" in line] == [said]
    assert any("reports/mask_rcnn/worst" in line for line in lines)


def test_a_failure_takes_an_older_pass_away_and_is_no_traceback(
    arguments: list[str], workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate_mask_rcnn.main(arguments)
    write(workspace, mask_iou=0.1, boundary_iou=0.0)
    assert run_stage("gate_mask_rcnn", gate_mask_rcnn.main, arguments) == 1
    said = capsys.readouterr().err
    assert "Mask R-CNN missed 2 of 4 limits" in said and "mask_iou 0.1" in said and "boundary_iou 0," in said
    assert "Traceback" not in said
    assert not Path("gate.json").exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"found_rate": 1.0}', json.dumps(GOOD | {"mask_iou": None})])
def test_what_is_no_result_is_refused(arguments: list[str], workspace: Path, content: str | None) -> None:
    (workspace / "metrics.json").unlink()
    if content is not None:
        (workspace / "metrics.json").write_text(content)
    with pytest.raises(DataError, match="no result of evaluate_mask_rcnn"):
        gate_mask_rcnn.main(arguments)
