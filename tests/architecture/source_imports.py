"""What the project's modules import, read from their source: nothing is executed, imports inside functions count."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
# They carry values, messages, files and records, not results (docs/adr/0003): no stage depends on them.
PLUMBING = frozenset(
    f"tryon.{name}"
    for name in (
        *("config", "config_collections", "config_fields", "yaml_files"),
        *("errors", "console", "downloads", "outputs", "tracking"),
    )
)


@cache
def library_modules() -> dict[str, Path]:
    """Every module of the library by its dotted name."""
    return {_dotted(path): path for path in sorted((SRC / "tryon").rglob("*.py"))}


@cache
def imported_names(path: Path) -> frozenset[str]:
    """All dotted names that a file imports, `from a import b` as `a.b`; wherever in the file they stand."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the layer"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def top_packages(path: Path) -> set[str]:
    """The first part of each imported name."""
    return {name.partition(".")[0] for name in imported_names(path)}


def reached_modules(program: Path) -> set[str]:
    """Library modules that a program imports, directly or not, without the plumbing and what only plumbing needs."""
    reached: set[str] = set()
    waiting = _library_imports(program)
    while waiting:
        module = waiting.pop()
        if module not in reached and not _is_plumbing(module):
            reached.add(module)
            waiting |= _library_imports(library_modules()[module])
    return reached


def says_something(module: str) -> bool:
    """Whether a module holds more than its docstring: only then can an edit change a result."""
    body = ast.parse(library_modules()[module].read_text(encoding="utf-8")).body
    return any(not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Constant) for node in body)


def _library_imports(path: Path) -> set[str]:
    """Modules behind the names that a file imports: the module, and the packages whose `__init__` runs before it."""
    found: set[str] = set()
    for name in imported_names(path):
        parts = name.split(".")
        found |= {prefix for n in range(2, len(parts) + 1) if (prefix := ".".join(parts[:n])) in library_modules()}
    return found


def _is_plumbing(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in PLUMBING)


def _dotted(path: Path) -> str:
    parts = list(path.relative_to(SRC).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
