"""What was forgotten and must not come back: `decisions/forgotten.csv`, versioned in Git.

A row outlives its picture: it is all that is left to refuse the same address or the same content with. One of the two
may be empty: a picture of unknown address, or an address whose picture was never fetched.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tryon.errors import DataError
from tryon.formats.tables import read_table, write_table


@dataclass(frozen=True)
class Tombstone:
    """One forgotten picture.

    Args:
        sha256: of the bytes as they came, 64 hexadecimal digits; empty if they are unknown.
        address: of the picture, as the ledger had it; empty if it is unknown.
        time: when it was forgotten, ISO 8601 in UTC (`2026-11-22T15:04:05Z`).
        reason: in the words of the person who asked for it; may be empty.
    """

    sha256: str
    address: str
    time: str
    reason: str = ""


@dataclass(frozen=True)
class Tombstones:
    """All that was forgotten, in the order of the file, and what to refuse: `addresses` and `sha256s`."""

    rows: tuple[Tombstone, ...] = ()

    @property
    def addresses(self) -> frozenset[str]:
        """Addresses that must not be fetched again."""
        return frozenset(row.address for row in self.rows if row.address)

    @property
    def sha256s(self) -> frozenset[str]:
        """Contents that must not be kept again, wherever they come from."""
        return frozenset(row.sha256 for row in self.rows if row.sha256)


def read_tombstones(path: Path) -> Tombstones:
    """What the file holds; nothing was forgotten where there is no file.

    Raises:
        DataError: names file, row and column of the first fault.
    """
    if not Path(path).exists():
        return Tombstones()
    rows = [Tombstone(**{column: row[column].strip() for column in _COLUMNS}) for row in read_table(path, _COLUMNS)]
    for number, row in enumerate(rows, start=2):
        _check(row, f"tombstones {path}, row {number}")
    return Tombstones(tuple(rows))


def write_tombstones(path: Path, rows: Iterable[Tombstone]) -> None:
    """Write the file whole, its rows in the given order."""
    written = list(rows)
    for row in written:
        _check(row, f"tombstone for {path}")
    write_table(path, _COLUMNS, [asdict(row) for row in written])


def append_tombstones(path: Path, rows: Iterable[Tombstone]) -> None:
    """Add rows; what stands there already with the same content and address keeps its first time and reason."""
    standing = list(read_tombstones(path).rows)
    known = {(row.sha256, row.address) for row in standing}
    for row in rows:
        if (row.sha256, row.address) not in known:
            known.add((row.sha256, row.address))
            standing.append(row)
    write_tombstones(path, standing)


_COLUMNS = tuple(field.name for field in fields(Tombstone))


def _check(row: Tombstone, where: str) -> None:
    if not re.fullmatch(r"(|[0-9a-f]{64})", row.sha256):
        raise DataError(f"{where}, sha256", received=row.sha256, needed="64 digits 0-9 a-f, or nothing")
    if not row.sha256 and not row.address:
        raise DataError(f"{where}: it names nothing", needed="a sha256, an address, or both", remedy="remove the row")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row.time):
        raise DataError(f"{where}, time", received=row.time or "nothing", needed="UTC as 2026-11-22T15:04:05Z")
