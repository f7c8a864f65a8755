"""The run key follows code, parameters and data, and nothing else."""

import hashlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tryon.errors import DataError
from tryon.tracking import run_key
from tryon.tracking.run_key import digest, git_state

LOCK = """schema: '2.0'
stages:
  render:
    cmd: x
    outs:
    - {path: data/rendered, md5: 11.dir}
  train:
    cmd: x
    deps:
    - {path: data/rendered, md5: 11.dir}
    outs:
    - {path: models, md5: 22.dir}
"""
GRAPH = """stages:
  render: {cmd: x, outs: [data/rendered]}
  train: {cmd: x, deps: [data/rendered], outs: [models]}
  fit: {cmd: x, deps: [models], outs: [data/results]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a git commit, parameters and a lock."""
    monkeypatch.delenv("DVC_STAGE", raising=False)
    (tmp_path / "params.yaml").write_text("seed: 1\nsize: 2\n")
    (tmp_path / "dvc.lock").write_text(LOCK)
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    _commit(tmp_path)
    return tmp_path


def _commit(folder: Path) -> None:
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    author = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *author, "commit", "-q", "--allow-empty", "-m", "x"], cwd=folder, check=True)


def test_sixteen_hexadecimal_digits_that_stay(project: Path) -> None:
    key = run_key(project)
    assert len(key) == 16
    int(key, 16)
    assert run_key(project) == key


@pytest.mark.parametrize(
    ("file", "content"),
    [("params.yaml", "seed: 2\nsize: 2\n"), ("dvc.lock", LOCK.replace("22.dir", "33.dir"))],
)
def test_it_follows_parameters_and_data(project: Path, file: str, content: str) -> None:
    before = run_key(project)
    (project / file).write_text(content)
    assert run_key(project) != before


def test_it_follows_the_commit(project: Path) -> None:
    before = run_key(project)
    time.sleep(1.1)  # a commit's hash holds its second
    _commit(project)
    assert run_key(project) != before


def test_order_and_comments_of_params_do_not_matter(project: Path) -> None:
    before = run_key(project)
    (project / "params.yaml").write_text("# the size\nsize: 2\nseed: 1\n")
    assert run_key(project) == before


def test_it_works_without_git_and_dvc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) == ("", False)
    bare = run_key(tmp_path)
    (tmp_path / "params.yaml").write_text("seed: 1\n")
    assert run_key(tmp_path) != bare


def test_inside_a_stage_only_its_upstream_counts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q", "--no-scm"], cwd=project, check=True)
    monkeypatch.setenv("DVC_STAGE", "train")
    key = run_key(project)
    (project / "dvc.lock").write_text(LOCK.replace("22.dir", "33.dir"))
    assert run_key(project) == key, "its own earlier output is not an input"
    (project / "dvc.lock").write_text(LOCK.replace("11.dir", "44.dir"))
    assert run_key(project) != key
    monkeypatch.setenv("DVC_STAGE", "fit")
    assert run_key(project) != key


def test_a_lock_that_is_being_written_is_read_again(project: Path) -> None:
    whole = run_key(project)
    (project / "dvc.lock").write_text("stages:\n  render: {outs: [")
    writer = threading.Timer(0.4, (project / "dvc.lock").write_text, [LOCK])
    writer.start()
    assert run_key(project) == whole
    writer.join()


def test_a_broken_lock_is_refused_with_a_remedy(project: Path) -> None:
    (project / "dvc.lock").write_text("stages: [")
    with pytest.raises(DataError, match="git checkout"):
        run_key(project)


def test_git_state_sees_changes_of_tracked_files_only(project: Path) -> None:
    commit, dirty = git_state(project)
    assert len(commit) == 40
    assert not dirty
    (project / "untracked.txt").write_text("x")
    assert not git_state(project)[1]
    (project / "params.yaml").write_text("seed: 9\n")
    assert git_state(project)[1]


def test_digest_takes_the_locks_word_and_else_reads(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    assert digest(Path("data/rendered")) == "11.dir"
    assert digest(Path("params.yaml")) == hashlib.md5(b"seed: 1\nsize: 2\n").hexdigest()
    folder = project / "photos"
    folder.mkdir()
    empty = digest(folder)
    (folder / "1.jpg").write_bytes(b"a")
    one = digest(folder)
    (folder / "1.jpg").rename(folder / "2.jpg")
    assert len({empty, one, digest(folder)}) == 3
    assert all(value.endswith(".dir") and len(value) == 36 for value in (empty, one))
