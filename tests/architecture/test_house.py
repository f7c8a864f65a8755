"""The house: what lies where, what it may be called, how long it may be, and what no file may name."""

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_imports import ROOT, library_modules

LINES = {"src/tryon": 400, "stages": 80, "flows": 120}
# Put together here, so that this file does not name them itself.
HOSTS = [
    name + "." + end
    for name, end in [("py" + "pi", "org"), ("python" + "hosted", "org"), ("npm" + "js", "org"), ("npm" + "js", "com")]
]
GATES = ("data/gate.json", "data/gate_mask_rcnn.json")
MACHINE_PATHS = ["/" + start for start in ("work/", "root/", "home/", "tmp/")]


def tracked_files() -> list[Path]:
    """Files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def python_files(folder: str) -> list[Path]:
    """Python files of a folder and those below it."""
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("folder", ["mlflow", "infra"])
def test_no_python_where_it_would_shadow_a_package(folder: str) -> None:
    assert (ROOT / folder).is_dir()
    assert python_files(folder) == []


def test_tests_are_no_package() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


@pytest.mark.parametrize("folder", ["stages", "flows"])
def test_no_program_is_named_like_another_module(folder: str) -> None:
    taken = set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions())
    names = {folder} | {path.stem for path in python_files(folder)} - {"__init__"}
    assert names & taken == set()


def test_no_part_of_the_library_is_named_like_what_it_imports() -> None:
    installed = set(importlib.metadata.packages_distributions()) - {"tryon"}
    assert {path.stem for path in (ROOT / "src").iterdir()} & installed == set()


@pytest.mark.parametrize("folder", LINES)
def test_files_are_of_readable_length(folder: str) -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in python_files(folder)}
    assert {name: lines for name, lines in lengths.items() if lines > LINES[folder]} == {}


def test_every_stage_has_main_and_runs_it_as_a_stage() -> None:
    for path in python_files("stages"):
        tree = ast.parse(path.read_text())
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert "main" in functions, path.name
        assert f'run_stage("{path.stem}", main)' in path.read_text(), path.name


def test_every_module_says_what_it_holds() -> None:
    paths = [*library_modules().values(), *python_files("stages"), *python_files("flows")]
    assert [path.name for path in paths if ast.get_docstring(ast.parse(path.read_text())) is None] == []


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert [word for word in ("://", "--index-url", "--extra-index-url", "--find-links") if word in lock] == []
    pinned = re.findall(r"^[a-z0-9][^\s=]*==\S+", lock, re.MULTILINE)
    assert len(pinned) > 100
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_the_hidden_pins_are_there() -> None:
    """Newer ones break Prefect's server, and no resolver sees it (docs/adr/0002)."""
    lock = dict(
        re.findall(
            r"^(fastapi|sqlalchemy)(?:\[\w+\])?==(\d+\.\d+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
        )
    )
    assert float(lock["fastapi"][2:]) < 151
    assert lock["sqlalchemy"] == "2.0"


@pytest.mark.parametrize("word", HOSTS + MACHINE_PATHS)
def test_no_tracked_file_names_a_host_or_a_machine(word: str) -> None:
    pattern = re.compile(
        rf"(?<![\w.~-]){re.escape(word)}".encode() if word in MACHINE_PATHS else re.escape(word).encode()
    )
    assert [path.relative_to(ROOT).as_posix() for path in tracked_files() if pattern.search(path.read_bytes())] == []


def test_nothing_that_dvc_owns_is_in_git() -> None:
    """But for the small files with which DVC names the content of a collection."""
    names = [path.relative_to(ROOT).as_posix() for path in tracked_files()]
    owned = [name for name in names if name.startswith(("data/", "models/", "reports/")) and name not in GATES]
    assert [name for name in owned if not re.fullmatch(r"data/collected/[a-z0-9_]+\.dvc", name)] == []
