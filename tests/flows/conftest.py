"""One real Prefect server for the session, and small DVC workspaces for its flows."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 240
# Both trainings wait until the other has started: they end only if they run side by side.
GRAPH = """
stages:
  make_data:
    cmd: python -c "print('made'); open('data.txt', 'w').write(open('params.yaml').read())"
    deps: [params.yaml]
    outs: [data.txt]
  gate_data:
    cmd: cp data.txt gate.txt
    deps: [data.txt]
    outs: [gate.txt]
    meta: {kind: gate}
  train:
    matrix: {pattern: [blue, striped]}
    cmd: >-
      touch started-${item.pattern};
      for i in $(seq 300); do test -f started-blue && test -f started-striped && break; sleep 0.2; done;
      test -f started-blue && test -f started-striped && mkdir -p metrics && cp gate.txt ${item.pattern}.txt
      && echo '{"seconds_alone":0.5}' > metrics/${item.pattern}.json
    deps: [gate.txt]
    outs: ["${item.pattern}.txt"]
    metrics: [{"metrics/${item.pattern}.json": {cache: false}}]
    meta: {kind: gpu}
"""

STAND_INS = {
    "tryon.py": """
import csv, json, os, pathlib, sys, urllib.request
if sys.argv[1] != "clean":
    os.execvp("tryon", ["tryon", *sys.argv[1:]])
folder = pathlib.Path(sys.argv[2])
files = [row["file"] for row in csv.DictReader((folder / "ledger.csv").open()) if row["file"]]
rows = [f"{file},{int(number > 0)},{'' if number else 'blurred: by much'}" for number, file in enumerate(files)]
(folder / "cleaning.csv").write_text("\\n".join(["file,kept,reason", *rows, ""]))
ask = urllib.request.Request(os.environ["PREFECT_API_URL"] + "/v2/concurrency_limits/filter", b"{}", method="POST")
ask.add_header("Content-Type", "application/json")
limits = {limit["name"]: limit for limit in json.load(urllib.request.urlopen(ask))}
pathlib.Path("stand_ins/slots").write_text(str(float(limits["dvc-workspace"]["active_slots"])))
""",
    "dvc.py": """
import os, pathlib, sys
failed = pathlib.Path("stand_ins/failed")
if "push" in sys.argv and not failed.exists():
    failed.touch()
    sys.exit("a push that fails once")
os.execvp("dvc", sys.argv[1:])
""",
}


@dataclass(frozen=True)
class Server:
    """A running Prefect server."""

    api_url: str
    log: Path
    env: dict[str, str]

    def post(self, path: str, **body: Any) -> Any:
        """What the REST API answers."""
        answer = httpx.post(f"{self.api_url}/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def run(self, program: str, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
        """Run Python code of this repository against the server."""
        return subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=timeout_s
        )

    def rebuild(self, workspace: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        """Run the flow `rebuild` once on a workspace; its process and its flow run as the API has it."""
        return self.run_flow(f"from flows.rebuild import rebuild; print(rebuild({str(workspace)!r}))")

    def run_flow(self, program: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
        """Run a program that runs a flow once; its process and the flow run as the API has it."""
        known = {run["id"] for run in self.flow_runs()}
        done = self.run(program)
        (new,) = [run for run in self.flow_runs() if run["id"] not in known]
        return done, new

    def flow_runs(self) -> list[dict[str, Any]]:
        """All runs of flows that were started."""
        states = {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "RUNNING"]}}
        return list(self.post("flow_runs/filter", flow_runs={"state": states}))

    def task_states(self, flow_run: dict[str, Any]) -> dict[str, tuple[str, int]]:
        """State name and number of attempts of each task of a run."""
        for _ in range(50):  # states of tasks reach the database by way of events, a moment later
            tasks = self.post("task_runs/filter", flow_runs={"id": {"any_": [flow_run["id"]]}})
            if all(task["state_type"] in {"COMPLETED", "FAILED", "CRASHED"} for task in tasks):
                break
            time.sleep(0.2)
        return {task["name"]: (task["state_name"], task["run_count"]) for task in tasks}

    def artifacts(self, flow_run: dict[str, Any]) -> dict[str, Any]:
        """Content of a run's artifacts by key."""
        found = self.post("artifacts/filter", artifacts={"flow_run_id": {"any_": [flow_run["id"]]}})
        return {artifact["key"]: artifact["data"] for artifact in found}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prefect server with its own home on a free port."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api_url = f"http://127.0.0.1:{port}/api"
    env = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_API_URL": api_url, "PREFECT_SERVER_UI_API_URL": api_url}
    log = home / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until(lambda: process.poll() is not None or _is_healthy(api_url), START_TIMEOUT_S)
            assert _is_healthy(api_url), log.read_text()
            yield Server(api_url, log, env)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="session")
def fresh_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git and DVC repository with four stages, two of which train side by side; made once."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "dvc.yaml").write_text(GRAPH)
    (folder / "params.yaml").write_text("seed: 1\n")
    make_repository(folder)
    return folder


@pytest.fixture
def small_workspace(fresh_repository: Path, tmp_path: Path) -> Path:
    """A copy of the fresh repository for one test."""
    return Path(shutil.copytree(fresh_repository, tmp_path / "workspace"))


@pytest.fixture
def collecting_workspace(tmp_path: Path) -> Path:
    """A repository with a DVC remote and two queries: a folder of four files, one no picture, and a missing folder.

    Beside it stand-ins for commands: a `tryon clean` that needs no trained network, and a `dvc push` that fails once.
    """
    workspace, pictures = tmp_path / "workspace", tmp_path / "pictures"
    pictures.mkdir()
    draw = np.random.default_rng(1)
    for number in range(3):
        Image.fromarray(draw.integers(0, 255, (160, 140, 3), np.uint8)).save(pictures / f"{number}.png")
    (pictures / "text.jpg").write_text("no picture")
    make_repository(workspace)
    shutil.copy(ROOT / ".gitignore", workspace)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    query = {"words": "shirts", "sources": ["folder"], "pictures": 10, "labels": {"colour": "blue", "pattern": "plain"}}
    settings = {"gone": tmp_path / "gone", "blue_t_shirt": pictures}
    params["collecting"] |= {
        "contact": "tests@example.org",
        "queries": {
            slug: query | {"settings": {"folder": {"path": str(path), "licence": "CC0"}}}
            for slug, path in settings.items()
        },
    }
    (workspace / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    command = [sys.executable, "-m", "dvc", "remote", "add", "-q", "--default", "store", str(workspace / "remote")]
    subprocess.run(command, cwd=workspace, check=True)
    (workspace / "stand_ins").mkdir()
    for name, program in STAND_INS.items():
        (workspace / "stand_ins" / name).write_text(program)
    return workspace


def make_repository(folder: Path) -> None:
    """An empty git and DVC repository."""
    folder.mkdir(exist_ok=True)
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)


def _is_healthy(api_url: str) -> bool:
    try:
        return httpx.get(f"{api_url}/health", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _wait_until(condition: Callable[[], bool], timeout_s: float) -> None:
    give_up = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.3)
