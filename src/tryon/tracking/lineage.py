"""Which recorded runs read a version of the data, and which registered models came of them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tryon.tracking.sending import CLIENT_SETTINGS, EXPERIMENT, check_reachable, default_tracking_uri

_PICTURES = (".png", ".gif", ".jpg", ".jpeg", ".webp", ".html")
_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class SeenRun:
    """A recorded run that read the data: its MLflow id, stage, run key, and its pictures, by their artifact paths."""

    run_id: str
    stage: str
    run_key: str
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class RegisteredModel:
    """A registered model version, with its aliases."""

    name: str
    version: str
    aliases: tuple[str, ...]


class Lineage:
    """The tracking store, asked backwards.

    Raises:
        Exception: any method, whatever MLflow, the network or the database raise.
    """

    def __init__(self, tracking_uri: str | None = None) -> None:
        for name, value in CLIENT_SETTINGS.items():
            os.environ.setdefault(name, value)
        uri = tracking_uri or default_tracking_uri()
        self._client: Any = None
        if uri.startswith(_SQLITE) and not Path(uri.removeprefix(_SQLITE)).exists():
            return  # nothing was ever recorded here, and asking must not make a store
        check_reachable(uri)
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=uri)

    def runs_that_read(self, digests: Mapping[str, Iterable[str]]) -> list[SeenRun]:
        """The runs with one of these digests among their inputs; `digests` are by path, as the stages name them."""
        experiment = self._client.get_experiment_by_name(EXPERIMENT) if self._client else None
        if experiment is None:
            return []
        found: dict[str, SeenRun] = {}
        for path, values in sorted(digests.items()):
            for digest in sorted(values):
                wanted = f"tags.`dvc.dep.{path}` = '{digest}'"
                for run in self._client.search_runs([experiment.experiment_id], wanted, max_results=1000):
                    found[run.info.run_id] = self._seen(run)
        return sorted(found.values(), key=lambda run: run.run_id)

    def registered(self, run_keys: Iterable[str], model_digests: Iterable[str]) -> list[RegisteredModel]:
        """The registered versions that were made by one of these runs or are one of these model folders."""
        keys, digests = set(run_keys), set(model_digests)
        versions = self._client.search_model_versions(max_results=1000) if self._client else []
        return sorted(
            (
                RegisteredModel(one.name, str(one.version), tuple(self._aliases(one.name, one.version)))
                for one in versions
                if one.tags.get("run_key") in keys or one.tags.get("dvc.out") in digests
            ),
            key=lambda model: (model.name, model.version),
        )

    def remove_pictures(self, run: SeenRun) -> None:
        """Delete a run's pictures from its artifacts; its parameters and metrics stay."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        repository = get_artifact_repository(self._client.get_run(run.run_id).info.artifact_uri)
        for picture in run.pictures:
            repository.delete_artifacts(picture)

    def _seen(self, run: Any) -> SeenRun:
        tags = run.data.tags
        return SeenRun(
            run.info.run_id, tags.get("stage", ""), tags.get("run_key", ""), tuple(self._pictures(run.info.run_id))
        )

    def _pictures(self, run_id: str, folder: str | None = None) -> list[str]:
        found = []
        for entry in self._client.list_artifacts(run_id, folder):
            if entry.is_dir:
                found += self._pictures(run_id, entry.path)
            elif entry.path.lower().endswith(_PICTURES):
                found.append(entry.path)
        return found

    def _aliases(self, name: str, version: str) -> Sequence[str]:
        aliases = self._client.get_registered_model(name).aliases
        return sorted(alias for alias, of in aliases.items() if str(of) == str(version))
