"""dvc.yaml says of each stage which code it depends on; here that is compared with the code it imports."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.source_imports import ROOT, library_modules, reached_modules, says_something

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
NETWORKS = ("mask_rcnn", "cyclegan")


def program_of(stage: str) -> Path:
    """The stage's program, from its command."""
    words = shlex.split(STAGES[stage]["cmd"])
    assert words[:2] == ["python", "-m"], f"{stage}: a command is `python -m stages.NAME`"
    return ROOT / (words[2].replace(".", "/") + ".py")


def code_dependencies(stage: str) -> list[str]:
    """The stage's dependencies on library code, as they stand in dvc.yaml."""
    return [dep for dep in STAGES[stage]["deps"] if dep.startswith("src/")]


def files_that_matter(stage: str) -> set[str]:
    """Repository paths of the library files that the stage imports and that can change its result."""
    modules = {module for module in reached_modules(program_of(stage)) if says_something(module)}
    return {library_modules()[module].relative_to(ROOT).as_posix() for module in modules}


def covers(dependency: str, file: str) -> bool:
    """Whether a file is the dependency or lies in it."""
    return file == dependency or file.startswith(dependency.rstrip("/") + "/")


@pytest.mark.parametrize("stage", STAGES)
def test_the_command_names_a_stage_program_that_is_a_dependency(stage: str) -> None:
    program = program_of(stage)
    assert program.is_file(), f"{stage} runs {program.name}, which is missing"
    assert program.stem == stage
    assert program.relative_to(ROOT).as_posix() in STAGES[stage]["deps"]


@pytest.mark.parametrize("stage", STAGES)
def test_everything_imported_is_a_dependency(stage: str) -> None:
    deps = code_dependencies(stage)
    missing = sorted(file for file in files_that_matter(stage) if not any(covers(dep, file) for dep in deps))
    assert missing == [], f"{stage} imports these, but editing them would not run it again"


@pytest.mark.parametrize("stage", STAGES)
def test_every_dependency_on_code_is_imported(stage: str) -> None:
    files = files_that_matter(stage)
    idle = [dep for dep in code_dependencies(stage) if not any(covers(dep, file) for file in files)]
    assert idle == [], f"{stage} imports nothing of these, but editing them would run it again"


@pytest.mark.parametrize("stage", STAGES)
def test_editing_one_network_never_reruns_a_stage_of_the_other_alone(stage: str) -> None:
    files = files_that_matter(stage)
    for network in NETWORKS:
        if not any(_belongs_to(network, file) for file in files):
            everything = [path.relative_to(ROOT).as_posix() for path in library_modules().values()]
            stray = [
                file
                for file in everything
                if _belongs_to(network, file) and any(covers(dep, file) for dep in code_dependencies(stage))
            ]
            assert stray == [], f"{stage} does not import {network}: name files instead of their folder"


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_exist(stage: str) -> None:
    assert [dep for dep in code_dependencies(stage) if not (ROOT / dep).exists()] == []


def test_every_stage_program_is_in_the_graph() -> None:
    programs = {path.stem for path in (ROOT / "stages").glob("*.py") if path.stem != "__init__"}
    assert programs == set(STAGES)


def _belongs_to(network: str, file: str) -> bool:
    return re.search(rf"(^|[/_]){network}([/_.]|$)", file) is not None


def test_running_a_stage_does_not_make_it_stale() -> None:
    """Python writes bytecode into the folders that stages depend on; DVC must not see it."""
    ignored = (ROOT / ".dvcignore").read_text().splitlines()
    assert {"__pycache__", "*.pyc"} <= set(ignored)
