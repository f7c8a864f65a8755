"""Is this machine ready for the pipeline? One check a line, each with what to do about it.

A check fails where the pipeline cannot run, warns where it will be slow or something optional is absent.
"""

import os
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from tryon.config import PARAMS_FILE, load_params
from tryon.console import read_environment
from tryon.errors import TryonError

GIB = 2**30
# The first is room for one training of the small size, the second for two patterns side by side and a server.
MEMORY_NEEDED_GIB, MEMORY_WANTED_GIB = 3.0, 6.0
# Beyond what is installed: the first for a run of the small size and its cache, the second for real photos and
# checkpoints.
DISK_NEEDED_GIB, DISK_WANTED_GIB = 2.0, 8.0
PYTHONS = ((3, 11), (3, 12))
# Newer ones install without complaint and break Prefect's server (docs/adr/0002).
UPPER_BOUNDS = {"fastapi": (0, 151), "sqlalchemy": (2, 1)}
OPENCV_WHEELS = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
NETWORK_TIMEOUT_S = 3.0


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, what was found, what to do."""

    name: str
    state: State
    found: str
    remedy: str = ""


def examine(root: Path) -> list[Check]:
    """Every check, in the order of the table; a check that itself goes wrong is a failed line, not an end."""
    checks: list[tuple[str, Callable[[Path], Check]]] = [
        ("Python", _python),
        ("Memory", _memory),
        ("Disk", _disk),
        ("CPU cores", _cores),
        ("GPU", _gpu),
        ("Packages", _packages),
        ("Pins", _pins),
        ("OpenCV", _opencv),
        ("Environment", _environment),
        ("Git", _git),
        ("params.yaml", _params),
        ("DVC", _dvc),
        ("DVC remote", _dvc_remote),
        ("MLflow", _mlflow),
        ("Prefect", _prefect),
    ]
    return [_guarded(name, check, root) for name, check in checks]


def _guarded(name: str, check: Callable[[Path], Check], root: Path) -> Check:
    try:
        return check(root)
    except (OSError, ValueError, ImportError, subprocess.SubprocessError) as error:
        return Check(name, State.FAIL, f"{type(error).__name__}: {error}", "run from the root of the repository")


def _python(root: Path) -> Check:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] in PYTHONS:
        return Check("Python", State.OK, found)
    return Check("Python", State.FAIL, found, "use Python 3.11 or 3.12: `make setup PYTHON=python3.11`")


def _memory(root: Path) -> Check:
    free = psutil.virtual_memory().available / GIB
    remedy = "close other programs, or lower `mask_rcnn.batch_size`"
    return _at_least("Memory", free, MEMORY_NEEDED_GIB, MEMORY_WANTED_GIB, "GiB available", remedy)


def _disk(root: Path) -> Check:
    free = shutil.disk_usage(root).free / GIB
    return _at_least("Disk", free, DISK_NEEDED_GIB, DISK_WANTED_GIB, "GiB free", "make room, or `dvc gc --workspace`")


def _cores(root: Path) -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _at_least("CPU cores", cores, 1, 2, "usable", "the small size then takes longer than ten minutes")


def _gpu(root: Path) -> Check:
    if not shutil.which("nvidia-smi"):
        return Check("GPU", State.OK, "none; the small size runs on the CPU", "experiments/full.yaml needs one")
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode:
        return Check(
            "GPU", State.WARN, "nvidia-smi does not answer", "check the driver; training falls back to the CPU"
        )
    return Check("GPU", State.OK, "; ".join(done.stdout.strip().splitlines()))


def _packages(root: Path) -> Check:
    lock = root / "requirements.lock"
    if not lock.is_file():
        return Check("Packages", State.FAIL, "requirements.lock is missing", "run from the root of the repository")
    wanted = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", lock.read_text(), flags=re.MULTILINE)
    differing = [
        f"{name} {_version(name) or 'absent'} (wanted {version})"
        for name, version in wanted
        if _version(name) != version
    ]
    if differing:
        shown = ", ".join(differing[:4]) + (f" and {len(differing) - 4} more" if len(differing) > 4 else "")
        return Check("Packages", State.WARN, shown, "run `make setup`")
    return Check("Packages", State.OK, f"{len(wanted)} as in requirements.lock")


def _pins(root: Path) -> Check:
    broken = []
    for name, bound in UPPER_BOUNDS.items():
        version = _version(name)
        numbers = tuple(int(part) for part in re.findall(r"\d+", version or "")[:2])
        if version is None or numbers >= bound:
            broken.append(f"{name} {version or 'absent'}, needed below {'.'.join(map(str, bound))}")
    if broken:
        return Check("Pins", State.FAIL, "; ".join(broken), "run `make setup`; docs/adr/0002 says why")
    return Check("Pins", State.OK, ", ".join(f"{name} {_version(name)}" for name in UPPER_BOUNDS))


def _opencv(root: Path) -> Check:
    found = [name for name in OPENCV_WHEELS if _version(name)]
    if len(found) == 1:
        return Check("OpenCV", State.OK, f"{found[0]} {_version(found[0])}")
    remedy = "two wheels share one folder: remove .venv and run `make setup`" if found else "run `make setup`"
    return Check("OpenCV", State.FAIL, ", ".join(found) or "not installed", remedy)


def _environment(root: Path) -> Check:
    wanted = read_environment(root / "infra/env")
    if not wanted:
        return Check("Environment", State.FAIL, "infra/env is missing", "run from the root of the repository")
    differing = [name for name, value in wanted.items() if os.environ.get(name) != value]
    if not differing:
        return Check("Environment", State.OK, f"{len(wanted)} settings of infra/env")
    found = f"differs from infra/env: {', '.join(differing)}"
    return Check("Environment", State.WARN, found, "`set -a; . infra/env; set +a`, or use make")


def _git(root: Path) -> Check:
    if not shutil.which("git"):
        return Check("Git", State.FAIL, "git is not installed", "install git")
    done = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return Check("Git", State.FAIL, "no commit here", "clone the repository; DVC needs one")
    return Check("Git", State.OK, f"at {done.stdout.strip()}")


def _params(root: Path) -> Check:
    try:
        params = load_params(root / PARAMS_FILE)
    except TryonError as error:
        return Check("params.yaml", State.FAIL, error.what, error.remedy)
    return Check("params.yaml", State.OK, f"patterns: {', '.join(params.patterns)}")


def _dvc(root: Path) -> Check:
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)) as repo:
            stages = len(repo.index.stages)
    except DvcException as error:
        return Check("DVC", State.FAIL, str(error).splitlines()[0], "mend dvc.yaml as the message says")
    return Check("DVC", State.OK, f"{stages} stages")


def _dvc_remote(root: Path) -> Check:
    from dvc.config import Config

    config = Config.from_cwd() if not (root / ".dvc").is_dir() else Config(str(root / ".dvc"))
    name = config.get("core", {}).get("remote")
    if not name:
        remedy = "to share results: `dvc remote add --default NAME s3://BUCKET/PREFIX`"
        return Check("DVC remote", State.OK, "none configured; outputs stay on this machine", remedy)
    return Check("DVC remote", State.OK, f"{name}: {config['remote'][name]['url']}")


def _mlflow(root: Path) -> Check:
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(root / '.tryon/mlflow.db').resolve()}"
    if uri.startswith("sqlite:///"):
        return _mlflow_file(Path(uri.removeprefix("sqlite:///")))
    return _answers(
        "MLflow", uri.rstrip("/") + "/health", "start the server; runs are kept in a journal until `tryon replay`"
    )


def _mlflow_file(path: Path) -> Check:
    if not path.is_file():
        return Check("MLflow", State.WARN, f"{path} does not exist yet", f"`mlflow db upgrade sqlite:///{path}`")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            (runs,) = store.execute("SELECT count(*) FROM runs").fetchone()
    except sqlite3.Error as error:
        return Check("MLflow", State.FAIL, f"{path}: {error}", "move the file away and run `make setup`")
    return Check("MLflow", State.OK, f"{path}, runs: {runs}")


def _prefect(root: Path) -> Check:
    api = os.environ.get("PREFECT_API_URL")
    if not api:
        home = os.environ.get("PREFECT_HOME") or "~/.prefect"
        return Check("Prefect", State.OK, f"no server named; home {home}", "`make serve-flows` starts one")
    return _answers("Prefect", api.rstrip("/") + "/health", "`make serve-flows`, or unset PREFECT_API_URL")


def _answers(name: str, url: str, remedy: str) -> Check:
    if not url.startswith(("http://", "https://")):
        return Check(
            name, State.FAIL, f"{url} is no address that can be asked", "give an http(s) or sqlite:/// address"
        )
    shown = re.sub(r"//[^/@]*@", "//", url)
    try:
        with urlopen(url, timeout=NETWORK_TIMEOUT_S) as answer:  # noqa: S310 - http(s) only, see above
            return Check(name, State.OK, f"{shown} answers {answer.status}")
    except (URLError, TimeoutError) as error:
        return Check(name, State.FAIL, f"{shown} does not answer: {getattr(error, 'reason', error)}", remedy)


def _at_least(name: str, value: float, needed: float, wanted: float, unit: str, remedy: str) -> Check:
    found = f"{value:.3g} {unit}"
    if value >= wanted:
        return Check(name, State.OK, found)
    if value >= needed:
        return Check(name, State.WARN, f"{found}, wanted: {wanted:g}", remedy)
    return Check(name, State.FAIL, f"{found}, needed: {needed:g}", remedy)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
