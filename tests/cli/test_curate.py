"""`tryon curate`: what it refuses, how it starts and ends."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from tests.cli.test_cli import Outcome
from tests.reviewing.made_collections import keep, key, write_collection
from tryon.formats.decisions import read_decisions, write_decisions
from tryon.reviewing.running import listen


def test_a_missing_folder_is_named(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "curate", "nowhere")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "tryon: nowhere is no folder\n  remedy: check the path\n"
    assert not (workspace / "decisions").exists()


def test_missing_models_are_named_before_anything_is_loaded(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(capsys, "curate", "nowhere", "--models", "m")
    assert outcome.code == 1
    assert outcome.err.startswith("tryon: m/mask_rcnn/model.json is missing: there is no trained model\n")


@pytest.mark.parametrize("person", ["", "  ", "two\nlines"])
def test_somebody_has_to_decide(workspace: Path, capsys: pytest.CaptureFixture[str], person: str) -> None:
    outcome = Outcome(capsys, "curate", "nowhere", "--person", person)
    assert outcome.code == 2
    assert outcome.err.startswith("tryon: --person is no name\n")


def test_a_port_that_is_taken_is_named_and_nothing_is_left(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_collection(workspace / "shirts", 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = Outcome(capsys, "curate", "shirts", "--port", str(port))
    assert outcome.code == 1
    assert outcome.err.startswith(f"tryon: port {port} of this machine cannot be used\n")
    assert "--port" in outcome.err
    assert not list(workspace.glob("decisions/*"))


def test_only_this_machine_is_listened_to() -> None:
    with listen(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_and_ends_with_the_decisions_in_the_file(tmp_path: Path, ending: signal.Signals) -> None:
    write_collection(tmp_path / "shirts", 2)
    write_decisions(tmp_path / "decisions/garments.csv", [keep(9)])
    with run(tmp_path, ["curate", "shirts", "--port", "0", "--person", "anna"]) as child:
        assert child.stdout is not None
        address = child.stdout.readline().strip()
        match = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/[\w-]{32}/", address)
        assert match is not None
        after = {"verdict": "keep", "reason": "", "person": "anna"}
        body = {"steps": [{"sha256": key(0), "before": None, "after": after}], "since": 0}
        answer = httpx.post(f"{address}decisions", json=body, headers={"Origin": match[1]})
        assert answer.json()["held"] == [True]
        assert json.loads((tmp_path / "decisions/garments.csv.journal").read_text())["sha256"] == key(0)
        child.send_signal(ending)
        out, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "decisions/garments.csv: 2 decisions, 2 kept, 0 rejected"
    assert set(read_decisions(tmp_path / "decisions/garments.csv")) == {key(0), key(9)}
    assert [path.name for path in (tmp_path / "decisions").iterdir()] == ["garments.csv"]


def run(folder: Path, arguments: Sequence[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from tryon.cli import main; main()", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
