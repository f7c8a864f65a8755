"""A real MLflow store in a SQLite file, made once and copied for each test."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, made while four programs ask for it at once."""
    from tryon.tracking.sending import _create_database

    database = tmp_path_factory.mktemp("mlflow") / "new" / "mlflow.db"
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(_create_database, [f"sqlite:///{database}"] * 4))
    assert made == [database] * 4
    return database


@pytest.fixture
def store(empty_store: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of a fresh workspace that is the current directory, as `make setup` leaves it."""
    database = workspace / ".tryon" / "mlflow.db"
    database.parent.mkdir()
    shutil.copy(empty_store, database)
    for name in ("MLFLOW_TRACKING_URI", "DVC_STAGE", "DVC_EXP_NAME", "PREFECT__FLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    return database


@pytest.fixture
def runs(store: Path) -> Callable[[], list[Any]]:
    """Reads all runs of the store with MLflow's own client."""

    def read() -> list[Any]:
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{store}")
        experiment = client.get_experiment_by_name("tryon")
        return list(client.search_runs([experiment.experiment_id])) if experiment else []

    return read
