"""The ledger: a row for each candidate that a collection met: where it came from, and why it was kept or not."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tryon.errors import DataError
from tryon.formats.tables import read_table, write_table

KEPT = "kept"
ROBOTS = ("", "allowed", "disallowed", "opted_out", "unreachable")
_NUMBERS = ("status", "width", "height")


@dataclass(frozen=True)
class LedgerRow:
    """One candidate.

    Args:
        file: path of the picture, relative to the ledger's folder; empty if it was not kept.
        sha256: of the bytes as they came; empty if nothing came.
        phash: 64-bit perceptual hash as 16 hexadecimal digits; empty if there are no pixels.
        query: the words that were searched for.
        source: name of the search engine or collection.
        address: of the picture.
        page: address of the page that shows it.
        title: as the source gives it.
        licence: as the source gives it, its address in brackets if there is one; empty if it does not say.
        author: likewise.
        time: when it was fetched or refused, ISO 8601 in UTC (`2026-11-22T15:04:05Z`).
        robots: what the host's robots.txt and opt-out headers said: `allowed`, `disallowed`, `opted_out`,
            `unreachable`; empty if they were not asked.
        status: HTTP status of the last answer; 0 if there was none.
        width: of the picture in pixels; 0 if it could not be decoded.
        height: likewise.
        verdict: `kept`, or what refused it (`duplicate`, `too_small`, `undecodable`, ...).
        reason: the same in words.
    """

    file: str
    sha256: str
    phash: str
    query: str
    source: str
    address: str
    page: str
    title: str
    licence: str
    author: str
    time: str
    robots: str
    status: int
    width: int
    height: int
    verdict: str
    reason: str = ""

    @property
    def kept(self) -> bool:
        """Whether the picture lies in the collection."""
        return self.verdict == KEPT


def read_ledger(path: Path) -> list[LedgerRow]:
    """All rows in their order.

    Raises:
        DataError: names file, row and column of the first fault.
    """
    return [_parse(row, f"ledger {path}, row {number}") for number, row in enumerate(read_table(path, _COLUMNS), 2)]


def write_ledger(path: Path, rows: Iterable[LedgerRow]) -> None:
    """Write a ledger, its rows in the given order."""
    write_table(path, _COLUMNS, [asdict(row) for row in rows])


_COLUMNS = tuple(field.name for field in fields(LedgerRow))


def _parse(row: dict[str, str], where: str) -> LedgerRow:
    for column in _NUMBERS:
        if not row[column].isascii() or not row[column].isdigit():
            raise DataError(f"{where}, {column}", received=row[column] or "nothing", needed="a whole number")
    if not re.fullmatch(r"(|[0-9a-f]{64})", row["sha256"]):
        raise DataError(f"{where}, sha256", received=row["sha256"], needed="64 digits 0-9 a-f, or nothing")
    if not re.fullmatch(r"(|[0-9a-f]{16})", row["phash"]):
        raise DataError(f"{where}, phash", received=row["phash"], needed="16 digits 0-9 a-f, or nothing")
    if row["robots"] not in ROBOTS:
        raise DataError(f"{where}, robots", received=row["robots"], needed=", ".join(ROBOTS[1:]) + ", or nothing")
    if not row["verdict"]:
        raise DataError(f"{where}, verdict", received="nothing", needed="kept, or what refused the picture")
    texts = {column: row[column] for column in _COLUMNS if column not in _NUMBERS}
    return LedgerRow(**texts, status=int(row["status"]), width=int(row["width"]), height=int(row["height"]))
