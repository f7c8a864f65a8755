"""Ours beside a reference: what is run, and what is made of it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import side_by_side

INTERPRETER = f"""#!{sys.executable}
import json, sys
program, case, side, batch, repeats, threads = sys.argv[1:]
print("a line of the library")
print(json.dumps({{"median_ms": 300, "least_ms": int(side), "peak_memory_mib": int(batch)}}))
"""


def executable(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def interpreter(tmp_path: Path) -> str:
    return executable(tmp_path / "python", INTERPRETER)


def run(monkeypatch: Any, capsys: Any, *options: str) -> Any:
    monkeypatch.setattr(sys, "argv", ["side_by_side.py", *options])
    side_by_side.main()
    return json.loads(capsys.readouterr().out)


def test_ratio_is_of_the_medians_of_all_rounds(interpreter: str, monkeypatch: Any, capsys: Any) -> None:
    measured = iter([{"median_ms": 50.0, "least_ms": 40.0, "peak_memory_mib": 7, "gflop": 1},
                     {"median_ms": 150.0, "least_ms": 60.0, "peak_memory_mib": 9, "gflop": 1}])  # fmt: skip
    monkeypatch.setattr(side_by_side, "ours", lambda arguments, case: next(measured))
    report = run(monkeypatch, capsys, "mask_rcnn", "--python", interpreter, "--cases", "heads", "--threads", "2")
    (case,) = report["cases"]
    assert case["ours"] == {"median_ms": 100.0, "least_ms": 50.0, "peak_memory_mib": 8.0}
    assert case["reference"] == {"median_ms": 300, "least_ms": 256, "peak_memory_mib": 2}
    assert case["times_faster"] == 3.0


@pytest.mark.slow
def test_ours_is_measured_by_its_own_benchmark(interpreter: str, monkeypatch: Any, capsys: Any) -> None:
    sizes = {"cyclegan": {"inference": (32, 1)}}
    monkeypatch.setattr(side_by_side, "CASES", sizes)
    options = ("--rounds", "1", "--repeats", "1", "--threads", "1")
    report = run(monkeypatch, capsys, "cyclegan", "--python", interpreter, *options)
    (case,) = report["cases"]
    assert 0 < case["ours"]["least_ms"] <= case["ours"]["median_ms"] and case["ours"]["peak_memory_mib"] > 100
    assert case["times_faster"] == pytest.approx(300 / case["ours"]["median_ms"], abs=0.01)


def test_what_the_reference_says_when_it_fails_is_shown(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(side_by_side, "ours", lambda arguments, case: {})
    without = executable(tmp_path / "python", "#!/bin/sh\necho no mrcnn here >&2\nexit 1\n")
    with pytest.raises(SystemExit, match="failed:\nno mrcnn here"):
        run(monkeypatch, capsys, "mask_rcnn", "--python", without, "--cases", "all")


def test_unknown_cases_are_named(monkeypatch: Any, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, capsys, "cyclegan", "--python", "python", "--cases", "heads")
    assert "no such cases of cyclegan: heads; there are inference, step" in capsys.readouterr().err
