"""The edge of stages and commands: exit codes, timing, progress, tables, death with the parent."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tryon import console
from tryon.errors import DataError, UsageError


def fail(argv: Sequence[str]) -> None:
    raise DataError("cut.jpg is cut off", remedy="fetch it again")


def test_an_expected_failure_is_one_message_and_code_1(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert console.run_stage("curate_photos", fail, []) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "curate_photos: cut.jpg is cut off\n  remedy: fetch it again\n"
    assert not (workspace / console.TIMING_FILE).exists()


def test_wrong_usage_is_exit_code_2(workspace: Path) -> None:
    def refuse(argv: Sequence[str]) -> None:
        raise UsageError("no")

    assert console.run_stage("x", refuse, []) == 2


def test_our_own_bugs_are_not_hidden(workspace: Path) -> None:
    def bug(argv: Sequence[str]) -> None:
        raise KeyError("oops")

    with pytest.raises(KeyError):
        console.run_stage("x", bug, [])


def test_arguments_reach_the_program_and_seconds_are_recorded(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    assert console.run_stage("render_dataset", seen.extend, ["--out", "x"]) == 0
    assert seen == ["--out", "x"]
    monkeypatch.setenv("DVC_STAGE", "train_cyclegan@blue")
    assert console.run_stage("train_cyclegan", lambda argv: None, []) == 0
    timing = json.loads((workspace / console.TIMING_FILE).read_text())
    assert set(timing["stages"]) == {"render_dataset", "train_cyclegan@blue"}
    assert timing["machine"]["cores"] == os.cpu_count()


def test_two_stages_at_once_both_leave_their_seconds(workspace: Path) -> None:
    program = "import sys; from tryon.console import run_stage; sys.exit(run_stage(sys.argv[1], lambda argv: None))"
    started = [subprocess.Popen([sys.executable, "-c", program, f"stage{number}"]) for number in range(4)]
    assert [process.wait(timeout=60) for process in started] == [0] * 4
    assert set(json.loads((workspace / console.TIMING_FILE).read_text())["stages"]) == {f"stage{n}" for n in range(4)}


def test_progress_is_logged_at_intervals_and_items_pass_unchanged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, logger="tryon"):
        assert list(console.track("abcd", "photos")) == ["a", "b", "c", "d"]
    assert caplog.messages == ["photos: 2 of 4, 0.2/s, 12 s left", "photos: 4 of 4, 0.2/s, 0 s left"]


def test_progress_without_a_known_count(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO, logger="tryon"):
        assert list(console.track(iter("a"), "photos")) == ["a"]
    assert caplog.messages == ["photos: 1 of ?, 0.1/s"]


def test_a_table_is_plain_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_table(("check", "state"), [("DVC", "ok"), ("[red]x[/red]", "fail")], {"fail": "red"})
    assert capsys.readouterr().out.splitlines() == [
        " check          state",
        " " + "─" * 20,
        " DVC            ok",
        " [red]x[/red]   fail",
    ]


def test_long_cells_wrap_and_nothing_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_table(("name", "text"), [("a", "word " * 60)])
    out = capsys.readouterr().out
    assert out.count("word") == 60
    assert max(len(line) for line in out.splitlines()) <= console.PLAIN_WIDTH


def test_environment_lines_are_read_and_comments_are_not(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("# a comment with = in it\nEMPTY=\nADDRESS=a=b\n\nnothing\n")
    assert console.read_environment(path) == {"EMPTY": "", "ADDRESS": "a=b"}
    assert console.read_environment(tmp_path / "absent") == {}


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux")
def test_a_stage_ends_with_its_parent(tmp_path: Path) -> None:
    child = (
        "import os, time, sys; from tryon.console import die_with_parent; die_with_parent();"
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    process.stdout.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "zombie" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def test_a_worker_whose_parent_died_before_it_asked_ends(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import multiprocessing, os, time\n"
        "from pathlib import Path\n"
        "from tryon.console import die_with_parent\n"
        "def work():\n"
        "    print(os.getpid(), flush=True)\n"
        "    multiprocessing.parent_process().join()\n"
        "    die_with_parent()\n"
        "    Path('outlived').touch()\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.get_context('spawn').Process(target=work).start()\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "program.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline().strip().isdigit()
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == "", "until all who could write there have ended"
    assert not (tmp_path / "outlived").exists()
