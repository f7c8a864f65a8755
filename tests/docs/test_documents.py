"""The documents agree with the project: links lead somewhere, verbs and commands exist, records are numbered."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "mlflow").rglob("*.md")]
)


def code_lines(document: Path) -> list[str]:
    """The lines of all fenced blocks that hold commands, without comments."""
    blocks = re.findall(r"```(?:bash|sh|console)\n(.*?)```", document.read_text(), flags=re.DOTALL)
    lines = [line.removeprefix("$ ").split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_verb_that_is_named_exists(document: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {verb for line in code_lines(document) for verb in re.findall(r"^make ([a-z-]+)", line)}
    assert named <= verbs


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_tryon_command_that_is_named_exists(document: Path) -> None:
    import typer

    from tryon.cli import app

    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = {name for line in code_lines(document) for name in re.findall(r"(?:^|/)tryon ([a-z]+)", line)}
    assert named <= commands


def test_readme_shows_the_two_commands() -> None:
    lines = code_lines(ROOT / "README.md")
    assert "make repro" in lines and "make test" in lines


def test_decision_records_are_numbered_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_experiment_is_named_in_the_documents() -> None:
    text = "\n".join(path.read_text() for path in DOCUMENTS)
    assert [path.stem for path in (ROOT / "experiments").glob("*.yaml") if f"experiment {path.stem}" not in text] == []


def test_every_benchmark_is_explained_and_every_named_one_exists() -> None:
    """In benchmarks.md; figures in documents and comments name the program that prints them."""
    there = {path.name for path in (ROOT / "benchmarks").glob("*.py")}
    explained = re.findall(r"benchmarks/(\w+\.py)", (ROOT / "docs/reference/benchmarks.md").read_text())
    sources = [*DOCUMENTS, *(ROOT / "src").rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"python benchmarks/(\w+\.py)", path.read_text())}
    assert set(explained) == there
    assert named <= there
