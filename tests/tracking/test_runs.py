"""What a run leaves in MLflow, and that nothing MLflow does can stop or delay it."""

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tryon.tracking import JOURNALS_FOLDER, replay_journals, run_key, start_run
from tryon.tracking import runs as runs_module
from tryon.tracking.journal import Journal
from tryon.tracking.sending import Sender

pytestmark = pytest.mark.slow

Runs = Callable[[], list[Any]]

# A program that records one metric, says so, and then waits to be ended.
WAITING_RUN = """
import time
from tryon.tracking import start_run
with start_run("train_mask_rcnn", {"epochs": 3}, {}) as run:
    run.log_metrics({"loss/train/total": 0.5}, step=1)
    print("recorded", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def closed_address() -> str:
    """An http address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def journals() -> list[Path]:
    """What lies in the journals' folder."""
    return sorted(JOURNALS_FOLDER.glob("*"))


def client(store: Path) -> Any:
    """MLflow's own client of a database."""
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{store}")


def test_a_finished_run_is_in_mlflow_and_its_journal_is_gone(store: Path, runs: Runs, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").write_bytes(b"picture")
    parameters = {"epochs": 3, "anchor_scales": [16, 32], "optimiser": {"learning_rate": 0.1}}
    with start_run("train_mask_rcnn", parameters, {"photos": Path("photos")}) as run:
        for epoch in (1, 2, 3):
            run.log_metrics({"loss/train/total": 1 / epoch}, step=epoch)
        run.log_metrics({"mask_iou": 0.9})
        run.log_picture("grids/epoch.png", np.zeros((4, 5, 3), np.uint8), step=7)
        run.log_file("params.yaml", "configuration")
        assert run.run_key == run_key()

    (recorded,) = runs()
    assert recorded.info.status == "FINISHED"
    assert recorded.data.params == {"epochs": "3", "anchor_scales": "[16, 32]", "optimiser.learning_rate": "0.1"}
    tags = recorded.data.tags
    assert (tags["stage"], tags["run_key"], tags["git.sha"], tags["git.dirty"]) == (
        "train_mask_rcnn",
        run_key(),
        "",
        "false",
    )
    dataset = recorded.inputs.dataset_inputs[0].dataset
    assert dataset.name == "photos"
    assert dataset.digest == tags["dvc.dep.photos"]
    history = client(store).get_metric_history(recorded.info.run_id, "loss/train/total")
    assert [(point.step, point.value) for point in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    files = sorted(
        str(path.relative_to(store.parent)).split("/", 2)[2] for path in store.parent.rglob("artifacts/*/*/*/*")
    )
    assert files == ["artifacts/configuration/params.yaml", "artifacts/grids/epoch_0007.png"]
    assert journals() == []


def test_dvc_and_prefect_are_joined_by_tags(store: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "wide-stripes")
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", "0197-flow")
    Path("dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - {path: data/photos, md5: abc123.dir}\n"
    )
    with start_run("evaluate_mask_rcnn", {}, {"photos": Path("data/photos")}):
        pass
    tags = runs()[0].data.tags
    assert tags["dvc.exp"] == "wide-stripes"
    assert tags["prefect.flow_run_id"] == "0197-flow"
    assert tags["dvc.dep.data/photos"] == "abc123.dir"


def test_an_exception_marks_the_run_failed_and_goes_on_upwards(store: Path, runs: Runs) -> None:
    with pytest.raises(ValueError, match="loss is not finite"), start_run("train_cyclegan", {}, {}) as run:
        run.log_metrics({"loss/train/cycle": float("nan")}, step=1)
        raise ValueError("loss is not finite")
    assert [run.info.status for run in runs()] == ["FAILED"]


def test_without_mlflow_the_run_goes_on_and_is_replayed_once(
    store: Path, runs: Runs, closed_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    started = time.monotonic()
    with (
        caplog.at_level(logging.WARNING, "tryon"),
        start_run("train_mask_rcnn", {"epochs": 1}, {}, closed_address) as run,
    ):
        run.log_metrics({"mask_iou": 0.8}, step=1)
    assert time.monotonic() - started < 3
    assert len(caplog.records) == 1, "one warning, not one for each attempt"
    assert closed_address in caplog.text
    assert len(journals()) == 1

    assert replay_journals() == 1
    assert replay_journals() == 0
    (recorded,) = runs()
    assert (recorded.info.status, recorded.data.metrics) == ("FINISHED", {"mask_iou": 0.8})
    assert journals() == []


def test_the_next_run_sends_what_the_last_one_could_not(store: Path, runs: Runs, closed_address: str) -> None:
    with start_run("train_mask_rcnn", {}, {}, closed_address):
        pass
    with start_run("evaluate_mask_rcnn", {}, {}):
        pass
    assert sorted(run.data.tags["stage"] for run in runs()) == ["evaluate_mask_rcnn", "train_mask_rcnn"]
    assert journals() == []


def test_a_server_that_never_answers_costs_seconds_only(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with start_run("train_mask_rcnn", {}, {}, uri) as run:
            inside = time.monotonic()
            for step in range(1000):
                run.log_metrics({"loss/train/total": 1.0}, step=step)
            assert time.monotonic() - inside < 1, "recording does not wait for the server"
        assert time.monotonic() - started < 15
    assert len(caplog.records) == 1
    assert len(journals()) == 1


def test_a_store_that_locks_up_in_mid_run_loses_nothing(
    store: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runs_module, "FLUSH_TIMEOUT_S", 0.5)
    with start_run("train_mask_rcnn", {}, {}) as run:
        blocker = sqlite3.connect(store, isolation_level=None)
        blocker.execute("BEGIN EXCLUSIVE")
        run.log_metrics({"mask_iou": 0.7}, step=1)
    assert "it stays in" in caplog.text
    assert len(journals()) == 1
    blocker.execute("ROLLBACK")
    blocker.close()
    give_up = time.monotonic() + 60
    while journals() and time.monotonic() < give_up:  # the thread of the ended run may still be at it
        replay_journals()
        time.sleep(0.5)
    (recorded,) = runs()
    assert (recorded.info.status, recorded.data.metrics) == ("FINISHED", {"mask_iou": 0.7})


def test_a_killed_run_is_replayed_as_killed(store: Path, runs: Runs) -> None:
    child = _start_waiting_run()
    assert replay_journals() == 0, "a living run is left alone"
    child.kill()
    child.wait()
    assert replay_journals() == 1
    (recorded,) = runs()
    assert (recorded.info.status, recorded.data.metrics) == ("KILLED", {"loss/train/total": 0.5})


def test_sigterm_unwinds_the_program_and_marks_the_run_killed(store: Path, runs: Runs) -> None:
    child = _start_waiting_run()
    child.terminate()
    assert child.wait(30) == 128 + signal.SIGTERM
    assert [run.info.status for run in runs()] == ["KILLED"]
    assert journals() == []


def test_sending_twice_makes_one_run(store: Path, runs: Runs) -> None:
    """The answer to a request can be lost after MLflow has acted on it: the journal then knows less than MLflow."""
    journal = Journal.create(JOURNALS_FOLDER, parameters={"epochs": "1"}, inputs=[], tags={"stage": "train_cyclegan"})
    journal.append("metrics", values={"loss/train/cycle": 0.25}, step=1)
    journal.keep_file(b"content", "notes.txt", "")
    sender = Sender(f"sqlite:///{store}")
    assert not sender.send(journal), "it has not ended"
    (journal.folder / "delivery.json").unlink()
    journal.append("end", status="FINISHED")
    assert sender.send(journal)
    assert sender.send(journal)
    journal.close()
    (recorded,) = runs()
    assert len(client(store).get_metric_history(recorded.info.run_id, "loss/train/cycle")) == 1
    assert [file.path for file in client(store).list_artifacts(recorded.info.run_id)] == ["notes.txt"]


def test_a_password_in_the_address_is_not_logged(
    store: Path, closed_address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with start_run("train_cyclegan", {}, {}, closed_address.replace("://", "://user:secret@")):
        pass
    assert "does not take the record" in caplog.text
    assert "secret" not in caplog.text


def _start_waiting_run() -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", WAITING_RUN], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert child.stdout is not None
    assert child.stdout.readline() == "recorded\n"
    child.stdout.close()
    return child
