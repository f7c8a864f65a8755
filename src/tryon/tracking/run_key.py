"""The run key: one short hash over the code, the parameters and the data behind a result.

Inside a DVC stage only what lies upstream of it counts, so that the key does not depend on which other branches
happen to have finished. Outside of one, all of `dvc.lock` counts.
"""

import hashlib
import json
import logging
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from tryon.errors import DataError
from tryon.yaml_files import read_yaml

LOCK_FILE = "dvc.lock"
LOCK_READINGS = 40
LOCK_READING_INTERVAL_S = 0.05

logger = logging.getLogger("tryon.tracking")


def run_key(folder: Path | str = ".") -> str:
    """16 hexadecimal digits: a hash over the git commit, the content of params.yaml and the md5s in dvc.lock.

    Without git, params.yaml or dvc.lock the missing part counts as empty: the key still tells apart what is there.
    """
    folder = Path(folder)
    commit, _ = git_state(folder)
    params = folder / "params.yaml"
    behind = {
        "git": commit,
        "params": read_yaml(params) if params.exists() else {},
        "md5s": sorted(_lock_digests(folder, _upstream_stages(folder)).items()),
    }
    return hashlib.sha256(json.dumps(behind, sort_keys=True, default=str).encode()).hexdigest()[:16]


def git_state(folder: Path | str = ".") -> tuple[str, bool]:
    """The commit (empty without git) and whether tracked files differ from it."""
    git = ["git", "-C", str(folder)]
    try:
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changes = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "", False
    return commit, bool(changes.stdout.strip())


def digest(path: Path, folder: Path | str = ".") -> str:
    """The md5 of a file or folder: as dvc.lock has it for outputs, else computed from the content.

    Returns:
        At most 36 characters, `.dir` at the end of a folder's digest.
    """
    known = _lock_digests(Path(folder)).get(path.as_posix().rstrip("/"))
    if known:
        return known
    if path.is_file():
        return _file_md5(path)
    content = hashlib.md5(usedforsecurity=False)
    for file in sorted(path.rglob("*")) if path.is_dir() else []:
        if file.is_file():
            content.update(f"{file.relative_to(path).as_posix()} {_file_md5(file)}\n".encode())
    return content.hexdigest() + ".dir"


def _file_md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _lock_digests(folder: Path, stages: set[str] | None = None) -> dict[str, str]:
    """Path -> md5 of the outputs in dvc.lock, of the given stages or of all."""
    return {
        out["path"]: out["md5"]
        for name, stage in _read_lock(folder).items()
        if stages is None or name in stages
        for out in stage.get("outs", [])
        if "md5" in out
    }


def _read_lock(folder: Path) -> dict[str, Any]:
    """The stages of dvc.lock.

    DVC rewrites the file in place, perhaps for a stage beside this one: it is read until two readings agree.
    """
    path = folder / LOCK_FILE
    if not path.exists():
        return {}
    before = None
    for _ in range(LOCK_READINGS):
        text = path.read_text(encoding="utf-8")
        if text and text == before:
            try:
                return dict((yaml.safe_load(text) or {}).get("stages", {}))
            except (yaml.YAMLError, AttributeError):
                logger.debug("%s was read while it was being written", path)
        before = text
        time.sleep(LOCK_READING_INTERVAL_S)
    raise DataError(
        f"{path} is not what DVC writes",
        needed="YAML with `stages`",
        remedy="`git checkout dvc.lock`, then `make repro`",
    )


def _upstream_stages(folder: Path) -> set[str] | None:
    """Names of all stages that the running DVC stage builds on; None outside of a stage."""
    running = os.environ.get("DVC_STAGE")
    if not running:
        return None
    from dvc.repo import Repo

    with Repo(str(folder), uninitialized=True) as repo:
        graph = repo.index.graph  # edges run from a stage to what it depends on
        wanted = [stage for stage in graph if getattr(stage, "name", None) == running]
        upstream: set[Any] = set()
        while wanted:
            for dependency in graph.successors(wanted.pop()):
                if dependency not in upstream:
                    upstream.add(dependency)
                    wanted.append(dependency)
        return {stage.name for stage in upstream if hasattr(stage, "name")}
