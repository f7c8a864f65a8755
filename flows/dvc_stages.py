"""The stages of a dvc.yaml as DVC resolves them. Knows DVC, not Prefect.

dvc.yaml is the one description of the graph: nothing here names a stage of it. `meta: {kind: ...}` in dvc.yaml says how
a stage is treated: `data` (when absent), `gpu` or `gate`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tryon.errors import UsageError


@dataclass(frozen=True)
class Stage:
    """One stage of dvc.yaml.

    Attributes:
        name: as DVC addresses it, `train_cyclegan@blue`.
        kind: `data`, `gpu` or `gate`.
        upstream: names of the stages whose outputs it reads.
    """

    name: str
    kind: str
    upstream: tuple[str, ...]


def read_stages(workspace: Path) -> list[Stage]:
    """All stages of the workspace's dvc.yaml, as DVC itself resolves them, in order of their names."""
    if not (workspace / "dvc.yaml").is_file():
        raise UsageError(f"no dvc.yaml in {workspace}", remedy="give the root of a checkout as `workspace`")
    from dvc.repo import Repo
    from dvc.stage import PipelineStage

    with Repo(str(workspace)) as repo:
        graph = repo.index.graph  # edges run from a stage to what it depends on
        return sorted(
            (
                Stage(
                    _name(stage),
                    (stage.meta or {}).get("kind", "data"),
                    tuple(sorted(_name(on) for on in graph.successors(stage) if isinstance(on, PipelineStage))),
                )
                for stage in graph
                if isinstance(stage, PipelineStage)
            ),
            key=lambda stage: stage.name,
        )


def default_remote(workspace: Path) -> str:
    """Name of the remote that `dvc push` would push to; empty if none is configured."""
    from dvc.repo import Repo

    with Repo(str(workspace)) as repo:
        return str(repo.config["core"].get("remote", ""))


def _name(stage: Any) -> str:
    """What `dvc repro` in the workspace's root calls the stage."""
    return str(stage.name if stage.path_in_repo == "dvc.yaml" else f"{stage.path_in_repo}:{stage.name}")
