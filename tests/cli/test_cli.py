"""The `tryon` command: exact output and exit code, good and bad input, and how quickly it answers."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.formats.annotation_strategies import photo
from tests.reporting.test_repetitions import write_run
from tryon.cli import app, main
from tryon.errors import DataError
from tryon.formats.deepfashion2 import parse_annotation, write_annotation
from tryon.images.files import read_image, write_jpeg

ROOT = Path(__file__).parents[2]
COMMANDS = [
    "doctor",
    "fit",
    "render",
    "collect",
    "clean",
    "curate",
    "accept",
    "drift",
    "forget",
    "unpack",
    "propose",
    "convert",
    "adopt",
    "experiment",
    "compare",
    "replay",
]


class Outcome:
    """What a call gave: exit code, stdout, stderr."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        self.code = ended.value.code
        captured = capsys.readouterr()
        self.out, self.err = captured.out, captured.err


def test_help_lists_the_commands_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "--help")
    assert outcome.code == 0
    listed = re.findall(r"^  (\w+)  +\S", outcome.out.split("Commands:")[1], flags=re.MULTILINE)
    assert sorted(listed) == sorted(COMMANDS)
    assert "..." not in outcome.out.split("Commands:")[1], "a summary is cut off"
    assert "Exit codes: 0 done, 1 expected failure (one message with a remedy), 2 wrong" in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    outcome = Outcome(capsys, command, "--help")
    assert outcome.code == 0
    assert re.search(rf"Example:\n.*tryon {command}", outcome.out)


def test_every_command_is_explained_in_the_reference() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    assert re.findall(r"^## `tryon (\w+)", page, flags=re.MULTILINE) == COMMANDS
    assert {command.callback.__name__ for command in app.registered_commands} == set(COMMANDS)


def test_help_answers_at_once_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; from tryon.cli import main\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'mlflow', 'yaml', 'cv2'}\n"
        "try: main(['--help'])\nfinally: print(sorted(heavy & set(sys.modules)))"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    elapsed = time.monotonic() - started
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"
    assert elapsed < 2.0  # 0.15 s on an idle machine; the wall time of a busy one is no fault of ours


@pytest.mark.parametrize(
    "arguments", [(), ("fitt",), ("fit", "--photo", "x"), ("render",), ("render", "--out", "a.png", "--count", "0")]
)
def test_wrong_usage_is_exit_code_2_without_a_traceback(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    outcome = Outcome(capsys, *arguments)
    assert outcome.code == 2
    assert "Traceback" not in outcome.err
    assert "Usage: tryon" in outcome.err + outcome.out


def test_a_result_that_is_no_png_is_refused_before_anything_is_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "fit", "--photo", "p.jpg", "--garment", "g.jpg", "--out", "r.jpg")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "tryon: --out must be a PNG file\n  received: r.jpg\n  remedy: use r.png\n"


@pytest.mark.parametrize("out", ["folder.png", "file.png/x.png", "file.png/new/x.png"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_loaded(
    workspace: Path, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    (workspace / "folder.png").mkdir()
    (workspace / "file.png").touch()
    outcome = Outcome(capsys, "fit", "--photo", "p.jpg", "--garment", "g.jpg", "--out", out)
    assert outcome.code == 2 and outcome.err.startswith(f"tryon: --out cannot be written\n  received: {out}\n")


def test_fit_names_a_missing_photo(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "fit", "--photo", "nobody.jpg", "--garment", "g.jpg", "--out", "r.png")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("tryon: picture nobody.jpg cannot be read\n")
    assert "remedy:" in outcome.err
    assert not (workspace / "r.png").exists()


def test_fit_names_a_cut_photo(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    for name in ("p.jpg", "g.jpg"):
        write_jpeg(workspace / name, rng.integers(0, 255, (200, 200, 3), dtype=np.uint8))
    content = (workspace / "p.jpg").read_bytes()
    (workspace / "p.jpg").write_bytes(content[: len(content) // 2])
    outcome = Outcome(capsys, "fit", "--photo", "p.jpg", "--garment", "g.jpg", "--out", "r.png")
    assert outcome.code == 1
    assert "p.jpg" in outcome.err
    assert "Traceback" not in outcome.err
    assert not (workspace / "r.png").exists()


def test_fit_names_models_that_are_not_there(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("p.jpg", "g.jpg"):
        write_jpeg(workspace / name, np.full((200, 200, 3), 90, np.uint8))
    outcome = Outcome(capsys, "fit", "--photo", "p.jpg", "--garment", "g.jpg", "--out", "r.png", "--models", "nowhere")
    assert outcome.code == 1
    assert outcome.err == (
        "tryon: nowhere/mask_rcnn/model.json is missing: there is no trained model\n"
        "  needed: mask_rcnn/ and cyclegan/PATTERN/ in nowhere\n"
        "  remedy: run `make repro`, or name the folder with --models\n"
    )


def test_render_draws_the_same_sheet_for_the_same_seed(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, seed in (("a.png", "3"), ("b.png", "3"), ("c.png", "4")):
        main_arguments = ("render", "--out", name, "--count", "1", "--seed", seed, "--size", "64")
        outcome = Outcome(capsys, *main_arguments)
        assert outcome.code == 0
        assert outcome.out == f"{name}: 1 examples of photo, garment and exact answer\n"
    assert (workspace / "a.png").read_bytes() == (workspace / "b.png").read_bytes()
    assert (workspace / "a.png").read_bytes() != (workspace / "c.png").read_bytes()
    assert read_image(workspace / "a.png").shape[1] >= 3 * 64


def test_convert_prints_what_it_wrote(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_annotation(workspace / "in/annos/000001.json", parse_annotation(photo(), "a"))
    write_jpeg(workspace / "in/image/000001.jpg", np.zeros((40, 40, 3), np.uint8))
    outcome = Outcome(capsys, "convert", "in", "out.json", "--from", "deepfashion2", "--to", "coco")
    assert (outcome.code, outcome.out) == (0, "out.json: annotations of 1 pictures\n")
    refused = Outcome(capsys, "convert", "in", "out.json", "--from", "deepfashion2", "--to", "voc")
    assert refused.code == 2
    assert refused.err == "tryon: --to names no format\n  received: voc\n  needed: deepfashion2, coco, via\n"


def test_propose_says_what_it_lacks_before_anything_is_loaded(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_jpeg(workspace / "a.jpg", np.zeros((40, 40, 3), np.uint8))
    assert Outcome(capsys, "propose", "a.jpg", "--out", "p.png").code == 2
    assert Outcome(capsys, "propose", "a.jpg", "--out", "p.json", "--source", "Shop").code == 2
    outcome = Outcome(capsys, "propose", "a.jpg", "--out", "p.json", "--model", "nowhere")
    assert outcome.code == 1
    assert outcome.err == (
        "tryon: nowhere/model.json is missing: there is no trained model\n"
        "  needed: model.json and weights.h5\n"
        "  remedy: run `make repro`, or name the folder with --model\n"
    )
    missing = Outcome(capsys, "propose", "b.jpg", "--out", "p.json")
    assert missing.code == 1 and missing.err.startswith("tryon: b.jpg is missing\n")
    assert not (workspace / "p.json").exists()


def test_an_experiment_that_is_not_there_lists_those_that_are(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "experiments").mkdir()
    for name in ("b", "a"):
        (workspace / f"experiments/{name}.yaml").write_text("seed: 1\n")
    outcome = Outcome(capsys, "experiment", "c")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "tryon: there is no experiment 'c'\n  needed: one of: a, b\n"


def test_compare_shows_runs_side_by_side(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = Outcome(capsys, "compare")
    assert empty.code == 1
    assert empty.err.startswith("tryon: nothing has been measured yet\n")
    other = workspace / ".experiments/tiny"
    (other / "metrics").mkdir(parents=True)
    (other / "dvc.yaml").touch()
    (workspace / "metrics").mkdir()
    (workspace / "metrics/fitting.json").write_text('{"pairs": 96, "ciede2000": 7.5}')
    (other / "metrics/fitting.json").write_text('{"pairs": 12}')
    outcome = Outcome(capsys, "compare")
    assert outcome.code == 0
    assert [line.split() for line in outcome.out.splitlines() if "─" not in line] == [
        ["metric", "default", "tiny"],
        ["fitting/pairs", "96", "12"],
        ["fitting/ciede2000", "7.50", "-"],
    ]
    unknown = Outcome(capsys, "compare", "huge")
    assert unknown.code == 2
    assert "some of: default, tiny" in unknown.err


def test_compare_shows_an_experiment_whose_first_repetition_is_not_tested_yet(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2):
        (workspace / f".experiments/real@{number}").mkdir(parents=True)
        (workspace / f".experiments/real@{number}/dvc.yaml").touch()
    write_run(workspace / ".experiments/real@2", np.array([0.8, 0.9]))
    for arguments in (("compare",), ("compare", "real")):
        outcome = Outcome(capsys, *arguments)
        assert outcome.code == 0 and "mask_rcnn/mask_iou" in outcome.out and "0.850" in outcome.out


def test_replay_without_journals_says_so(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "replay")
    assert (outcome.code, outcome.out) == (0, "0 runs sent\n")


def test_the_environment_file_fills_in_what_is_not_set(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace / "infra").mkdir()
    (workspace / "infra/env").write_text("TRYON_TEST_NEW=1\nTRYON_TEST_SET=file\n")
    monkeypatch.setattr(os, "environ", os.environ.copy() | {"TRYON_TEST_SET": "mine"})
    Outcome(capsys, "--help")
    assert (os.environ["TRYON_TEST_NEW"], os.environ["TRYON_TEST_SET"]) == ("1", "mine")


def test_the_installed_command_is_this_one(tmp_path: Path) -> None:
    command = shutil.which("tryon", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the package is not installed")
    done = subprocess.run([command, "compare"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == DataError.exit_code
    assert done.stdout == ""
    assert (
        done.stderr == "tryon: nothing has been measured yet\n  remedy: run `make repro` or `tryon experiment NAME`\n"
    )
