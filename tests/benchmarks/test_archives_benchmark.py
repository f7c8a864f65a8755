"""The trial of large archives at a small size: it must be right, and notice when it is not."""

import json
from pathlib import Path

import pytest

from benchmarks import archives

PAIRS, BYTES = 24, 6000


def test_the_trial_is_right_and_prints_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["archives", "--pairs", str(PAIRS), "--picture-kb", "6", "--folder", str(tmp_path)]
    monkeypatch.setattr("sys.argv", command)
    assert archives.main() == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["entries"], figures["kept"], figures["faults"], figures["wrong_files"]) == (48, 6, 0, 0)
    assert not any(tmp_path.iterdir())


def test_a_wrong_a_missing_and_a_foreign_file_are_counted(tmp_path: Path) -> None:
    archives.write_archive(tmp_path / "train.zip", PAIRS, BYTES)
    archives.measure(tmp_path / "train.zip", tmp_path / "out", archives.ONE_IN)
    folder = tmp_path / "out/train"
    assert archives.compare(folder, PAIRS, BYTES, archives.ONE_IN) == 0
    (folder / "image/000004.jpg").write_bytes(b"x")
    (folder / "image/000005.jpg").touch()
    assert archives.compare(folder, PAIRS, BYTES, archives.ONE_IN) == 2
