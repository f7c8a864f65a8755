"""Stage `write_report` and the summary: page, headline figures, one plain message where something is missing."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages.write_report import main
from tryon.console import run_stage
from tryon.reporting import summary

_tree = Path(__file__).parents[1] / "reporting" / "artifact_tree.py"
_spec = importlib.util.spec_from_file_location("artifact_tree", _tree)
artifact_tree = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(artifact_tree)


@pytest.fixture
def run_folder(workspace: Path) -> Path:
    """A working folder with every artifact that the report is made of."""
    artifact_tree.write_tree(workspace, photos=2, side=48)
    return workspace


def test_the_stage_writes_the_page_and_the_summary_prints_figures_and_path(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--out", "reports/index.html"])
    assert capsys.readouterr().out == ""
    summary.main(["reports/index.html"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["figure", "value", "target", "verdict"]
    assert any(line.endswith("not met") and " 0.571 " in line for line in lines)
    assert lines[-1] == f"Report: {run_folder / 'reports/index.html'}"
    page = (run_folder / "reports/index.html").read_text()
    assert page.startswith("<!doctype html>")
    assert not list(run_folder.glob("reports/*.tmp"))


def test_a_missing_artifact_is_one_message_and_exit_code_1(
    run_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run_folder / "metrics/fitting.json").unlink()
    assert run_stage("write_report", main, ["--out", "reports/index.html"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "write_report: metrics/fitting.json is missing: the report cannot be written without it\n"
        "  needed: the output of stage evaluate_fitting\n"
        "  remedy: run `dvc repro evaluate_fitting`\n"
    )
    assert not (run_folder / "reports/index.html").exists()


def test_the_time_of_the_stage_is_recorded(run_folder: Path) -> None:
    assert run_stage("write_report", main, ["--out", "reports/index.html"]) == 0
    assert "write_report" in json.loads((run_folder / "metrics/timing.json").read_text())["stages"]


def test_the_summary_without_a_report_says_what_to_run(workspace: Path) -> None:
    command = [sys.executable, "-m", "tryon.reporting.summary", "reports/index.html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "summary: reports/index.html is missing: no report has been written\n  remedy: run `make repro`\n"
    )
