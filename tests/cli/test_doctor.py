"""`tryon doctor`: every check on good and bad ground, and one that goes wrong is a line, not an end."""

import http.server
import shutil
import sqlite3
import subprocess
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from tryon import cli, doctor
from tryon.doctor import Check, State

ROOT = Path(__file__).parents[2]
NAMES = [
    "Python", "Memory", "Disk", "CPU cores", "GPU", "Packages", "Pins", "OpenCV", "Environment", "Git", "params.yaml",
    "DVC", "DVC remote", "MLflow", "Prefect",
]  # fmt: skip


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Neither an MLflow nor a Prefect server is named."""
    for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "PREFECT_HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.fixture
def health_server() -> Iterator[str]:
    """A real local server that answers everything with 200."""

    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_this_checkout_passes_and_every_line_that_does_not_has_a_remedy(quiet: pytest.MonkeyPatch) -> None:
    checks = doctor.examine(ROOT)
    assert [check.name for check in checks] == NAMES
    assert all(check.remedy for check in checks if check.state is not State.OK)
    by_name = {check.name: check for check in checks}
    for name in ("Python", "Pins", "OpenCV", "Environment", "params.yaml", "DVC"):
        assert by_name[name].state is State.OK, by_name[name]


def test_an_empty_folder_fails_in_plain_lines(tmp_path: Path, quiet: pytest.MonkeyPatch) -> None:
    by_name = {check.name: check for check in doctor.examine(tmp_path)}
    for name in ("Packages", "Environment", "Git", "params.yaml", "DVC"):
        assert by_name[name].state is State.FAIL, by_name[name]
        assert by_name[name].remedy
    assert by_name["MLflow"].state is State.WARN


def test_the_command_prints_a_table_and_fails_with_the_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [Check("Python", State.OK, "3.11.7"), Check("Disk", State.FAIL, "1 GiB", "make room")]
    monkeypatch.setattr(doctor, "examine", lambda root: checks)
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor"])
    captured = capsys.readouterr()
    assert ended.value.code == 1
    assert [line.split() for line in captured.out.splitlines() if "─" not in line] == [
        ["check", "state", "found", "what", "to", "do"],
        ["Python", "ok", "3.11.7"],
        ["Disk", "fail", "1", "GiB", "make", "room"],
    ]
    assert captured.err == "tryon: not ready: Disk\n  remedy: follow the last column of these lines\n"


def test_a_check_that_goes_wrong_is_a_failed_line() -> None:
    def broken(root: Path) -> Check:
        raise PermissionError("no entry")

    check = doctor._guarded("Disk", broken, Path())
    assert (check.state, check.found) == (State.FAIL, "PermissionError: no entry")


@pytest.mark.parametrize(("free", "state"), [(1.0, State.FAIL), (4.0, State.WARN), (20.0, State.OK)])
def test_disk_has_a_floor_and_a_wish(monkeypatch: pytest.MonkeyPatch, free: float, state: State) -> None:
    usage = namedtuple("usage", "free")(free * doctor.GIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    check = doctor._disk(Path())
    assert check.state is state
    assert f"{free:.3g} GiB free" in check.found


def versions(monkeypatch: pytest.MonkeyPatch, known: dict[str, str]) -> None:
    monkeypatch.setattr(doctor, "_version", known.get)


@pytest.mark.parametrize(
    ("known", "state", "found"),
    [
        ({"fastapi": "0.150.0", "sqlalchemy": "2.0.58"}, State.OK, "fastapi 0.150.0"),
        ({"fastapi": "0.151.0", "sqlalchemy": "2.0.58"}, State.FAIL, "fastapi 0.151.0, needed below 0.151"),
        ({"fastapi": "0.150.0", "sqlalchemy": "2.1.0"}, State.FAIL, "sqlalchemy 2.1.0, needed below 2.1"),
        ({"fastapi": "0.150.0"}, State.FAIL, "sqlalchemy absent"),
        ({"fastapi": "1.0", "sqlalchemy": "3.0rc1"}, State.FAIL, "fastapi 1.0"),
    ],
)
def test_pins_that_no_resolver_sees(
    monkeypatch: pytest.MonkeyPatch, known: dict[str, str], state: State, found: str
) -> None:
    versions(monkeypatch, known)
    check = doctor._pins(Path())
    assert check.state is state
    assert found in check.found


def test_two_opencv_wheels_or_none_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    versions(monkeypatch, {"opencv-python": "5.0", "opencv-python-headless": "5.0"})
    assert doctor._opencv(Path()).state is State.FAIL
    versions(monkeypatch, {})
    assert doctor._opencv(Path()).found == "not installed"
    versions(monkeypatch, {"opencv-python": "5.0"})
    assert doctor._opencv(Path()).state is State.OK


def test_packages_that_differ_from_the_lock_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.lock").write_text(
        "keras==3.15.1 \\\n    --hash=sha256:0\nuvicorn[standard]==0.54.0 ; x\n"
    )
    versions(monkeypatch, {"keras": "3.14.0", "uvicorn": "0.54.0"})
    check = doctor._packages(tmp_path)
    assert (check.state, check.found) == (State.WARN, "keras 3.14.0 (wanted 3.15.1)")
    versions(monkeypatch, {"keras": "3.15.1", "uvicorn": "0.54.0"})
    assert doctor._packages(tmp_path).found == "2 as in requirements.lock"


def test_the_environment_must_be_that_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/env").write_text("TRYON_A=\nTRYON_B=2\n")
    monkeypatch.setenv("TRYON_A", "")
    monkeypatch.setenv("TRYON_B", "3")
    assert "TRYON_B" in doctor._environment(tmp_path).found
    monkeypatch.setenv("TRYON_B", "2")
    assert doctor._environment(tmp_path).state is State.OK


def test_faulty_parameters_are_shown_with_their_remedy(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: -1\n")
    check = doctor._params(tmp_path)
    assert check.state is State.FAIL
    assert "seed" in check.found
    assert "params.md" in check.remedy


def test_a_dvc_remote_is_named(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(
        "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://bucket/tryon\n"
    )
    assert doctor._dvc_remote(tmp_path).found == "store: s3://bucket/tryon"


def test_an_mlflow_file_must_be_a_store(tmp_path: Path) -> None:
    store = tmp_path / "mlflow.db"
    assert doctor._mlflow_file(store).state is State.WARN
    store.write_bytes(b"no database, but long enough to look at")
    assert doctor._mlflow_file(store).state is State.FAIL
    store.unlink()
    with sqlite3.connect(store) as connection:
        connection.execute("CREATE TABLE runs (id TEXT)")
        connection.execute("INSERT INTO runs VALUES ('a')")
    connection.close()
    assert doctor._mlflow_file(store).found == f"{store}, runs: 1"


def test_servers_are_asked(quiet: pytest.MonkeyPatch, health_server: str) -> None:
    quiet.setenv("MLFLOW_TRACKING_URI", health_server)
    quiet.setenv("PREFECT_API_URL", f"{health_server}/api")
    assert doctor._mlflow(Path()).found == f"{health_server}/health answers 200"
    assert doctor._prefect(Path()).found == f"{health_server}/api/health answers 200"


def test_a_server_that_is_down_fails_without_showing_a_password(quiet: pytest.MonkeyPatch) -> None:
    quiet.setenv("PREFECT_API_URL", "http://user:secret@127.0.0.1:9/api")
    check = doctor._prefect(Path())
    assert check.state is State.FAIL
    assert "secret" not in check.found
    quiet.setenv("MLFLOW_TRACKING_URI", "ftp://somewhere")
    assert doctor._mlflow(Path()).state is State.FAIL


def test_a_gpu_that_does_not_answer_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert doctor._gpu(Path()).state is State.OK
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    for code, said, state in ((0, "GPU X, 16 GiB\n", State.OK), (9, "", State.WARN)):
        done = subprocess.CompletedProcess([], code, said)
        monkeypatch.setattr(subprocess, "run", lambda *arguments, done=done, **options: done)
        assert doctor._gpu(Path()).state is state
