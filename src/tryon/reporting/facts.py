"""What identifies a run: run key, git commit, parameters, hashes of the outputs, versions of what computed them."""

import platform
import subprocess
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from tryon.config import Params
from tryon.reporting.reading import read_output_hashes

PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "scikit-image",
    "pycocotools",
    "dvc",
    "mlflow",
    "prefect",
)


@dataclass(frozen=True)
class Facts:
    """All that is needed to say which run a report belongs to."""

    run_key: str
    commit: str
    parameters: list[tuple[str, str]]
    hashes: list[tuple[str, str, str]]
    versions: list[tuple[str, str]]


def collect_facts(root: Path, params: Params, run_key: str) -> Facts:
    """The facts of the run in `root`; what is not known there (no Git, no dvc.lock) is left empty."""
    return Facts(run_key, git_commit(root), flatten(asdict(params)), read_output_hashes(root), _versions())


def git_commit(root: Path) -> str:
    """The commit that is checked out in `root`; empty outside of a Git repository."""
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def flatten(content: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """`section.key` and value as text for a nested mapping, in its own order."""
    rows: list[tuple[str, str]] = []
    for name, value in content.items():
        path = f"{prefix}{name}"
        rows += flatten(value, path + ".") if isinstance(value, dict) and value else [(path, str(value))]
    return rows


def _versions() -> list[tuple[str, str]]:
    rows = [("python", platform.python_version())]
    for package in PACKAGES:
        try:
            rows.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return rows
