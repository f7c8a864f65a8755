"""CSV tables of text: UTF-8, one header line, safe to open in a spreadsheet program.

A cell that a spreadsheet would run as a formula (it starts with `=`, `+`, `-`, `@`, tab or return) is written with an
apostrophe in front and read without it; numbers such as `-3.5` are no formulas and stay as they are.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tryon import outputs
from tryon.errors import DataError

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?")
_QUOTED_SIGNS = set('",\r\n')


def read_table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a table, each with all columns of the file; `columns` are those that must be there.

    Raises:
        DataError: the file is missing, not UTF-8, lacks a column, or a row has more or fewer cells than the header.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"table {path} cannot be read", received=error.strerror, remedy="check the path, or run the stage before"
        ) from error
    return parse_table(content, path, columns)


def parse_table(content: bytes, path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The same from the content of a table; `path` is only named in messages.

    Raises:
        DataError: as `read_table`.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"table {path} is not UTF-8", received=error, remedy="save it as CSV in UTF-8") from error
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise DataError(f"table {path} is not CSV", received=error, remedy="check its quotes and line ends") from error
    header = lines[0] if lines else []
    _check_header(path, header, columns)
    return [_to_row(path, number, header, cells) for number, cells in enumerate(lines[1:], start=2) if cells]


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a table whole: the columns in their order, one line a row, `None` as an empty cell."""
    lines = [_to_line(columns)]
    for row in rows:
        unknown = set(row) - set(columns)
        if unknown:
            raise DataError(f"table {path} has no column {sorted(unknown)[0]!r}", needed=", ".join(columns))
        lines.append(_to_line([_guard("" if row.get(column) is None else str(row[column])) for column in columns]))
    outputs.write_text(Path(path), "".join(lines))


def _check_header(path: Path, header: list[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in header]
    if missing or len(set(header)) != len(header):
        raise DataError(
            f"table {path} does not have the columns it needs",
            received=", ".join(header) or "an empty file",
            needed=", ".join(columns) + ", each once",
            remedy=f"add the column {missing[0]!r}" if missing else "rename one of the columns of the same name",
        )


def _to_row(path: Path, number: int, header: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise DataError(
            f"table {path}, row {number}, has a wrong number of cells",
            received=f"{len(cells)} cells",
            needed=f"{len(header)}: {', '.join(header)}",
            remedy="put cells that hold a comma in quotes",
        )
    return {column: _unguard(cell) for column, cell in zip(header, cells, strict=True)}


def _to_line(cells: Sequence[str]) -> str:
    """One line of the file. Python's own writer leaves a bare return without quotes, where its reader ends the row."""
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & _QUOTED_SIGNS else cell for cell in cells]
    return (",".join(quoted) if quoted != [""] else '""') + "\n"


def _guard(cell: str) -> str:
    looks_guarded = cell.startswith("'") and cell[1:2] in (*_FORMULA_STARTS, "'") and len(cell) > 1
    return "'" + cell if looks_guarded or (cell.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(cell)) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in (*_FORMULA_STARTS, "'") else cell
