"""Journals to MLflow: the only module of the project that talks to an MLflow tracking store.

Everything sent is idempotent. The run is found again by the journal's id before it is created, metrics are keyed by
name, step and time, parameters, tags and files overwrite themselves: sending again what was not acknowledged changes
nothing.
"""

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tryon.errors import ServiceError
from tryon.tracking.journal import Event, Journal

EXPERIMENT = "tryon"
JOURNAL_TAG = "tryon.journal"
STATE_FOLDER = Path(".tryon")
CONNECT_TIMEOUT_S = 2.0
# A request that takes longer is given up, and is sent again from the journal (client's default: 120 s, 7 retries).
# A stage's stdout is for its results, not for MLflow's links.
CLIENT_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
METRICS_PER_REQUEST = 500


def default_tracking_uri() -> str:
    """MLFLOW_TRACKING_URI, or the SQLite file of this workspace."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(STATE_FOLDER / 'mlflow.db').resolve()}"


class Sender:
    """A connection to one tracking store.

    Raises:
        Exception: any method, whatever MLflow, the network or the database raise; callers keep the journal and go on.
    """

    def __init__(self, tracking_uri: str) -> None:
        for name, value in CLIENT_SETTINGS.items():
            os.environ.setdefault(name, value)
        check_reachable(tracking_uri)
        database = _create_database(tracking_uri)
        from mlflow import MlflowClient

        self._client: Any = MlflowClient(tracking_uri=tracking_uri)
        self._experiment_id = self._experiment(database)

    def send(self, journal: Journal) -> bool:
        """Send what MLflow has not acknowledged yet; True when the run has ended and all of it has arrived."""
        events, delivery = journal.events(), journal.delivery
        run_id = delivery.mlflow_run_id or self._find_or_create(journal.id, events[0])
        if not delivery.mlflow_run_id:
            journal.acknowledge(run_id, 1)
        position = max(delivery.acknowledged, 1)
        while position < len(events):
            batch = _batch(events, position)
            self._send_batch(journal, run_id, batch)
            position += len(batch)
            journal.acknowledge(run_id, position)
        return bool(events[-1]["kind"] == "end")

    def _experiment(self, database: Path | None) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            place = (database.parent / "artifacts").resolve().as_uri() if database else None
            try:
                return str(self._client.create_experiment(EXPERIMENT, artifact_location=place))
            except MlflowException:  # another program was quicker
                found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            raise ServiceError(f"MLflow has no experiment {EXPERIMENT}", remedy="restore it: it was deleted in MLflow")
        return str(found.experiment_id)

    def _find_or_create(self, journal_id: str, start: Event) -> str:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Param

        same = self._client.search_runs([self._experiment_id], f"tags.`{JOURNAL_TAG}` = '{journal_id}'", max_results=1)
        tags = {**start["tags"], JOURNAL_TAG: journal_id}
        run = (
            same[0]
            if same
            else self._client.create_run(
                self._experiment_id, start_time=start["time_ms"], tags=tags, run_name=start["tags"]["stage"]
            )
        )
        run_id = str(run.info.run_id)
        self._client.log_batch(run_id, params=[Param(name, value) for name, value in start["parameters"].items()])
        datasets = [
            DatasetInput(
                Dataset(entry["name"], entry["digest"], "local", entry["path"]),
                [InputTag("mlflow.data.context", "input")],
            )
            for entry in start["inputs"]
        ]
        if datasets:
            self._client.log_inputs(run_id, datasets)
        return run_id

    def _send_batch(self, journal: Journal, run_id: str, batch: Sequence[Event]) -> None:
        from mlflow.entities import Metric

        first = batch[0]
        if first["kind"] == "metrics":
            metrics = [
                Metric(name, value, event["time_ms"], event["step"])
                for event in batch
                for name, value in event["values"].items()
            ]
            for begin in range(0, len(metrics), METRICS_PER_REQUEST):
                self._client.log_batch(run_id, metrics=metrics[begin : begin + METRICS_PER_REQUEST])
        elif first["kind"] == "file":
            self._client.log_artifact(run_id, str(journal.folder / first["path"]), first["folder"] or None)
        elif first["kind"] == "end":
            self._client.set_terminated(run_id, first["status"], first["time_ms"])


def _batch(events: Sequence[Event], position: int) -> Sequence[Event]:
    """The events from `position` that go in one request: neighbouring metrics, or one event of another kind."""
    end = position + 1
    if events[position]["kind"] == "metrics":
        while end < len(events) and events[end]["kind"] == "metrics":
            end += 1
    return events[position:end]


def check_reachable(tracking_uri: str) -> None:
    """Find out in two seconds, not in MLflow's minutes, that nobody listens at an http address."""
    address = urlsplit(tracking_uri)
    if address.scheme in {"http", "https"}:
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname or "", port), timeout=CONNECT_TIMEOUT_S).close()


def _create_database(tracking_uri: str) -> Path | None:
    """The path of a SQLite store, made whole if it is missing; None for other stores.

    Programs that meet a missing file at once would migrate it at once and break each other: one makes it beside its
    place and renames it, the others wait for the lock.
    """
    if not tracking_uri.startswith("sqlite:///"):
        return None
    database = Path(tracking_uri.removeprefix("sqlite:///"))
    if database.exists():
        return database
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(database.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if database.exists():
            return database
        building = database.with_name(database.name + ".tmp")
        building.unlink(missing_ok=True)
        made = subprocess.run(
            [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{building.resolve()}"],
            capture_output=True,
            text=True,
        )
        if made.returncode != 0:
            raise ServiceError(
                f"MLflow could not create {database}",
                received=made.stderr.strip().rpartition("\n")[2],
                remedy="check that the folder can be written to and that the disk is not full",
            )
        building.replace(database)
    return database
