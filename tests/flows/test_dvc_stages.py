"""The graph as DVC has it, and one stage in a child process; no Prefect here."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flows.child import StepError, StepKilledError
from flows.dvc_child import HINTS, Outcome, reproduce
from flows.dvc_stages import Stage, read_stages
from tryon.errors import UsageError

ROOT = Path(__file__).parents[2]


def test_the_graph_is_dvcs_own(small_workspace: Path) -> None:
    assert read_stages(small_workspace) == [
        Stage("gate_data", "gate", ("make_data",)),
        Stage("make_data", "data", ()),
        Stage("train@blue", "gpu", ("gate_data",)),
        Stage("train@striped", "gpu", ("gate_data",)),
    ]


def test_data_tracked_by_dvc_add_is_no_stage(small_workspace: Path) -> None:
    (small_workspace / "extra.txt").write_text("collected")
    subprocess.run([sys.executable, "-m", "dvc", "add", "-q", "extra.txt"], cwd=small_workspace, check=True)
    assert len(read_stages(small_workspace)) == 4


def test_this_repositorys_graph_is_read_and_its_trainings_take_the_gpu() -> None:
    stages = {stage.name: stage for stage in read_stages(ROOT)}
    assert stages["train_mask_rcnn"].kind == "gpu"
    assert "convert_annotations" in stages["train_mask_rcnn"].upstream
    assert {stage.kind for stage in stages.values()} <= {"data", "gpu", "gate"}


def test_a_folder_without_a_graph_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no dvc\.yaml"):
        read_stages(tmp_path)


def test_a_stage_runs_and_is_then_cached(small_workspace: Path) -> None:
    lines: list[str] = []
    first = reproduce("make_data", small_workspace, lines.append, {})
    assert first.result == "ran"
    assert "made" in lines
    again = reproduce("make_data", small_workspace, lines.append, {})
    assert isinstance(again, Outcome)
    assert again.result == "cached"
    (small_workspace / "data.txt").unlink()
    assert reproduce("make_data", small_workspace, lines.append, {}).result == "cached", "checked out, not run"


def test_the_stage_sees_the_flow_run(small_workspace: Path) -> None:
    (small_workspace / "dvc.yaml").write_text("stages:\n  a: {cmd: echo run $PREFECT__FLOW_RUN_ID > a, outs: [a]}\n")
    reproduce("a", small_workspace, lambda _line: None, {"PREFECT__FLOW_RUN_ID": "0197"})
    assert (small_workspace / "a").read_text() == "run 0197\n"


@pytest.mark.parametrize(
    ("command", "error"),
    [("exit 4", StepError), ("kill -9 $$", StepKilledError), ("sh -c 'exit 137'", StepKilledError)],
)
def test_failed_and_killed_are_told_apart(small_workspace: Path, command: str, error: type[Exception]) -> None:
    (small_workspace / "dvc.yaml").write_text(f"stages:\n  a:\n    cmd: {command}\n    outs: [a]\n")
    with pytest.raises(error) as caught:
        reproduce("a", small_workspace, lambda _line: None, {})
    assert type(caught.value) is error


def test_a_killed_dvc_is_a_killed_stage_and_takes_its_command_along(small_workspace: Path) -> None:
    (small_workspace / "dvc.yaml").write_text("stages:\n  a: {cmd: 'echo pid $PPID; sleep 6', outs: [a]}\n")
    lines: list[str] = []

    def kill_when_it_runs() -> None:
        give_up = time.monotonic() + 60
        while not any(line.startswith("pid ") for line in lines) and time.monotonic() < give_up:
            time.sleep(0.1)
        os.kill(int(next(line for line in lines if line.startswith("pid ")).split()[1]), signal.SIGKILL)

    killer = threading.Thread(target=kill_when_it_runs)
    killer.start()
    with pytest.raises(StepKilledError, match="a was killed"):
        reproduce("a", small_workspace, lines.append, {})
    killer.join()


@pytest.mark.parametrize(
    "line",
    ["\n", "To track the changes with git, run:\n", "\tgit add dvc.lock\n", "\tdvc config core.autostage true\n"],
)
def test_hints_of_dvc_are_dropped(line: str) -> None:
    assert HINTS.match(line)


@pytest.mark.parametrize(
    "line", ["git add is mentioned by a stage\n", "epoch 1: loss 0.5\n", "Updating lock file 'dvc.lock'\n"]
)
def test_lines_of_stages_are_kept(line: str) -> None:
    assert not HINTS.match(line)
