"""Outputs are whole or absent, and byte-equal for equal content."""

import json
import math
from pathlib import Path

import pytest

from tryon.outputs import new_folder, write_bytes, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_replaces_the_old_one_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "a" / "out"
    with new_folder(target) as folder:
        (folder / "first").write_text("1")
        assert not target.exists()
    with new_folder(target) as folder:
        assert names(folder) == []
        (folder / "second").write_text("2")
        assert names(target) == ["first"]
    assert names(target) == ["second"]
    assert names(tmp_path / "a") == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_folder_and_no_remains(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "out"
    with new_folder(target) as folder:
        (folder / "good").write_text("1")
    with pytest.raises(error), new_folder(target) as folder:
        (folder / "half").write_text("2")
        raise error
    assert names(tmp_path) == ["out"]
    assert names(target) == ["good"]


def test_what_a_killed_run_left_is_cleared_first(tmp_path: Path) -> None:
    (tmp_path / "out.tmp").mkdir()
    (tmp_path / "out.tmp" / "remains").write_text("x")
    with new_folder(tmp_path / "out") as folder:
        assert names(folder) == []


def test_a_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.txt"
    write_text(path, "old")
    write_text(path, "Größe\n")
    assert path.read_bytes() == "Größe\n".encode()
    assert names(path.parent) == ["x.txt"]


def test_a_folder_in_the_way_is_an_error_and_leaves_no_remains(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(OSError):
        write_bytes(tmp_path / "x", b"1")
    assert names(tmp_path) == ["x"]


def test_json_is_byte_equal_for_equal_content_and_ends_with_a_line(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": 1, "a": [0.1, "ä"]})
    write_json(tmp_path / "b.json", {"a": [0.1, "ä"], "b": 1})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert (tmp_path / "a.json").read_text(encoding="utf-8").endswith('"ä"\n  ],\n  "b": 1\n}\n')
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [0.1, "ä"], "b": 1}


def test_json_refuses_what_json_does_not_know_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"loss": math.nan})
    assert names(tmp_path) == []
