"""What a run has done so far, on disk before the next step: killed anywhere, the next run goes on from here.

One JSON object a line, appended and synchronised. The first says what is to be done (`plan`), each further one is a
finished candidate. A line that a kill cut short is the last one and is dropped. A finished run removes its journal.
"""

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tryon.collecting.searching import Candidate
from tryon.errors import DataError
from tryon.formats.ledger import LedgerRow

NAME = "journal.jsonl"


@dataclass(frozen=True)
class Plan:
    """What a run set out to do.

    Args:
        query: the words that were searched for.
        known: rows that the ledger had before; this run's come after them.
        candidates: name of the source and what it offers, in the order of the ledger.
        troubles: what the sources said that did not answer as they should.
    """

    query: str
    known: int
    candidates: tuple[tuple[str, Candidate], ...]
    troubles: tuple[str, ...] = ()


class Journal:
    """The journal of one collection, open for appending; `add` may be called from several threads."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.plan, self.rows = _read(self.path)
        self._lock = threading.Lock()
        self._file: Any = None

    def begin(self, plan: Plan) -> None:
        """Start anew with a plan."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.plan, self.rows = plan, {}
        content = asdict(plan)
        self._write({"plan": content}, "wb")

    def add(self, row: LedgerRow) -> None:
        """Note a finished candidate."""
        self._write({"row": asdict(row)}, "ab")
        self.rows[row.address] = row

    def end(self) -> None:
        """The ledger holds all of it."""
        self.close()
        self.path.unlink()

    def close(self) -> None:
        """Close the file; the journal stays."""
        with self._lock:
            if self._file:
                self._file.close()
                self._file = None

    def _write(self, entry: dict[str, Any], mode: str) -> None:
        line = json.dumps(entry, sort_keys=True).encode() + b"\n"
        with self._lock:
            if self._file is None or mode == "wb":
                self._file = self.path.open(mode)
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())


def _read(path: Path) -> tuple[Plan | None, dict[str, LedgerRow]]:
    """Plan and rows by address; what a kill cut short is cut off."""
    if not path.exists():
        return None, {}
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    plan: Plan | None = None
    rows: dict[str, LedgerRow] = {}
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            entry = json.loads(line)
            if "plan" in entry:
                plan = _to_plan(entry["plan"])
            else:
                row = LedgerRow(**entry["row"])
                rows[row.address] = row
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"journal {path}, line {number}, cannot be read",
                received=error,
                remedy="remove the file: what it has noted is fetched again",
            ) from error
    return plan, rows


def _to_plan(content: dict[str, Any]) -> Plan:
    candidates: Sequence[Any] = content["candidates"]
    return Plan(
        content["query"],
        content["known"],
        tuple((source, Candidate(**candidate)) for source, candidate in candidates),
        tuple(content["troubles"]),
    )
