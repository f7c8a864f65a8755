"""The stages of a dvc.yaml, and one of them run in a child process. Knows DVC, not Prefect.

dvc.yaml is the one description of the graph: nothing here names a stage of it. `meta: {kind: ...}` in dvc.yaml says how
a stage is treated: `data` (when absent), `gpu` or `gate`.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tryon.errors import ServiceError, UsageError

# DVC in a child that ends with this process, so that no stage outlives a killed flow run.
DVC_CHILD = "import sys, tryon.console as c; c.die_with_parent(); from dvc.cli import main; sys.exit(main())"
HINTS = re.compile(
    r"^\s*$|^(To track the changes with git|To enable auto staging|\tgit add|\s*dvc config |Use `dvc push`)"
)
UNCHANGED = re.compile(r"^Stage '.*' (didn't change, skipping|is cached - skipping run)")
SIGNALLED_EXIT = re.compile(
    r"exited with (-\d+|1(29|[3-5]\d))\b"
)  # a signal's negative number, or 128 + number by a shell


class StageError(ServiceError):
    """A stage ended with an error of its own; running it again may help."""


class StageKilledError(ServiceError):
    """A stage or its dvc process was ended by a signal: somebody wants it to stop, or memory ran out."""


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


@dataclass(frozen=True)
class Outcome:
    """What became of a stage: `ran` or `cached`, and the seconds that took."""

    result: str
    seconds: float


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


def _name(stage: Any) -> str:
    """What `dvc repro` in the workspace's root calls the stage."""
    return str(stage.name if stage.path_in_repo == "dvc.yaml" else f"{stage.path_in_repo}:{stage.name}")


def reproduce(name: str, workspace: Path, log: Callable[[str], None], extra_env: Mapping[str, str]) -> Outcome:
    """Run one stage whose upstream has finished, unless DVC finds it unchanged; every line of output goes to `log`.

    Raises:
        StageKilledError: the process, or the command it ran, was ended by a signal.
        StageError: it ended with another error.
    """
    started = time.monotonic()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    child = subprocess.Popen(
        [sys.executable, "-c", DVC_CHILD, "--wait-for-lock", "repro", "--single-item", name],
        cwd=workspace,
        env={**os.environ, "PATH": path, "PYTHONUNBUFFERED": "1", **extra_env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert child.stdout is not None, "its stdout is a pipe"
    cached, last = False, ""
    with child:
        for line in child.stdout:
            if not HINTS.match(line):
                log(line.rstrip())
                last = line.strip()
                cached = cached or bool(UNCHANGED.match(line))
    if child.returncode < 0 or (child.returncode and SIGNALLED_EXIT.search(last)):
        raise StageKilledError(
            f"{name} was killed", received=last or f"signal {-child.returncode}", remedy="run the flow again"
        )
    if child.returncode:
        raise StageError(f"{name} failed", received=last, remedy=f"read its log; `dvc repro -s {name}` runs it alone")
    return Outcome("cached" if cached else "ran", round(time.monotonic() - started, 1))
