"""The stage program: arguments, parameters, exit codes."""

from pathlib import Path

import pytest
import yaml

from stages.render_dataset import main
from tryon.console import run_stage


def arguments(folder: Path) -> list[str]:
    return [f"--{name}={folder / 'out' / name}" for name in ("photos", "garments", "pairs")]


def change_params(folder: Path, **render: object) -> None:
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["render"] |= render
    path.write_text(yaml.safe_dump(params))


def test_it_writes_what_params_ask_for(workspace):
    few = {"train": 1, "validation": 0, "test": 1}
    change_params(workspace, size_px=64, photos=few, garments_per_pattern=few)
    assert run_stage("render_dataset", main, arguments(workspace)) == 0
    assert len(list((workspace / "out" / "photos").rglob("*.jpg"))) == 2
    assert len(list((workspace / "out" / "pairs" / "answers").iterdir())) == 2
    assert not list((workspace / "out").glob("*.tmp"))


def test_a_wrong_pattern_is_one_message_and_nothing_is_written(workspace, capsys):
    change_params(workspace, answer_patterns=["tartan"])
    assert run_stage("render_dataset", main, arguments(workspace)) == 1
    message = capsys.readouterr().err
    assert "render.answer_patterns" in message
    assert "remedy" in message
    assert "Traceback" not in message
    assert not (workspace / "out").exists()


def test_missing_arguments_are_wrong_usage(workspace):
    with pytest.raises(SystemExit) as caught:
        main(["--photos", str(workspace)])
    assert caught.value.code == 2
