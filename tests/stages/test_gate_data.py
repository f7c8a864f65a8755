"""The gate by itself: what it lets through, and what its message says."""

import json
from pathlib import Path
from typing import Any

import pytest

from stages import gate_data
from tryon.errors import DataError, GateError


def write(path: Path, *failed: dict[str, Any]) -> list[str]:
    figures = {"expectations": 24, "expectations_failed": len(failed), "failed": list(failed)}
    (path / "data.json").write_text(json.dumps(figures))
    return ["--metrics", str(path / "data.json"), "--out", str(path / "gate.json")]


def test_data_that_met_everything_passes(tmp_path: Path) -> None:
    gate_data.main(write(tmp_path))
    assert json.loads((tmp_path / "gate.json").read_text()) == {"passed": True, "expectations": 24}


def test_the_first_rows_are_named_and_the_others_counted(tmp_path: Path) -> None:
    rows = [f"train/{number:06d}.jpg" for number in range(5)]
    failed = {"expectation": "photos.decodable", "meaning": "it decodes", "failing_rows": 70, "rows": rows}
    with pytest.raises(GateError, match="failed 1 of 24 expectations") as raised:
        gate_data.main(write(tmp_path, failed))
    line = next(line for line in str(raised.value).splitlines() if "photos.decodable" in line)
    assert line.strip() == (
        "photos.decodable (it decodes): train/000000.jpg, train/000001.jpg, train/000002.jpg and 67 more"
    )
    assert not (tmp_path / "gate.json").exists()


def test_an_expectation_without_rows_is_named_alone(tmp_path: Path) -> None:
    failed = {"expectation": "photos_manifest.columns", "meaning": "all there", "failing_rows": 0, "rows": []}
    with pytest.raises(GateError) as raised:
        gate_data.main(write(tmp_path, failed))
    assert "photos_manifest.columns (all there)\n" in str(raised.value)


def test_an_older_pass_does_not_outlive_a_failure(tmp_path: Path) -> None:
    gate_data.main(write(tmp_path))
    failed = {"expectation": "counts.enough", "meaning": "enough", "failing_rows": 1, "rows": ["photos train: 1 of 2"]}
    with pytest.raises(GateError):
        gate_data.main(write(tmp_path, failed))
    assert not (tmp_path / "gate.json").exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"expectations": 3}'])
def test_what_is_no_result_is_refused(tmp_path: Path, content: str | None) -> None:
    arguments = write(tmp_path)
    metrics = tmp_path / "data.json"
    metrics.unlink()
    if content is not None:
        metrics.write_text(content)
    with pytest.raises(DataError, match="no result of validate_data"):
        gate_data.main(arguments)
