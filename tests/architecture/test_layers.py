"""Who may import what: direction inside the library, and which module may know which tool."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_imports import ROOT, imported_names, library_modules, top_packages

# Tool -> the library packages that may import it; flows and stages are judged below.
ALLOWED = {
    "keras": {"models", "training", "fitting"},
    "tensorflow": {"training"},
    "jax": set(),
    "mlflow": {"tracking", "serving"},
    "prefect": set(),
    "fastapi": {"reviewing", "serving"},
    "uvicorn": {"reviewing", "serving"},
    "playwright": set(),
    "great_expectations": {"curating"},
    "typer": {"cli"},
    "scrapy": {"collecting"},
    "twisted": {"collecting"},
}
# The one module that compiles for a backend, so that layers and networks need not know any.
KNOWS_A_BACKEND = "tryon.models.layers.fusing"
HEAVY = {"tensorflow", "keras", "mlflow", "prefect", "great_expectations", "matplotlib"}


def part_of(module: str) -> str:
    """The package or module below `tryon` that a module belongs to."""
    return module.split(".")[1] if "." in module else ""


def test_import_direction() -> None:
    """The contracts in pyproject.toml."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_part_of_the_library_has_a_layer() -> None:
    layers = (ROOT / "pyproject.toml").read_text().partition("[[tool.importlinter.contracts]]")[2]
    parts = {part_of(module) for module in library_modules()} - {""}
    assert sorted(part for part in parts if f"tryon.{part} " not in layers and f'tryon.{part}"' not in layers) == []


@pytest.mark.parametrize("tool", ALLOWED)
def test_tools_are_known_only_where_they_belong(tool: str) -> None:
    users = {module for module, path in library_modules().items() if tool in top_packages(path)}
    users.discard(KNOWS_A_BACKEND)
    assert sorted(module for module in users if part_of(module) not in ALLOWED[tool]) == []


def test_only_flows_know_prefect_and_stages_know_no_tool() -> None:
    for stage in (ROOT / "stages").glob("*.py"):
        assert top_packages(stage).isdisjoint(HEAVY), stage.name
    for flow in (ROOT / "flows").glob("*.py"):
        assert top_packages(flow).isdisjoint(HEAVY - {"prefect"}), flow.name


def test_the_library_knows_neither_stages_nor_flows() -> None:
    for module, path in library_modules().items():
        assert top_packages(path).isdisjoint({"stages", "flows", "tests"}), module


def test_no_model_code_is_bound_to_one_backend() -> None:
    for module, path in library_modules().items():
        if part_of(module) == "models":
            assert not any(name.startswith("keras.src") for name in imported_names(path)), module


@pytest.mark.slow
def test_importing_all_stages_is_light() -> None:
    """Heavy imports stand inside `main`, so that `--help`, tests and Prefect start at once."""
    modules = [f"stages.{path.stem}" for path in sorted((ROOT / "stages").glob("*.py")) if path.stem != "__init__"]
    program = f"import sys, {', '.join(modules)}; print(sorted(set(sys.modules) & {HEAVY}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
