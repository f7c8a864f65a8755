"""A person's decisions about pictures: keep or reject, with the reason, by the content's sha256.

So a picture keeps its decision wherever it lies and whatever it is called, and when it is collected again.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tryon.errors import DataError
from tryon.formats.tables import read_table, write_table

VERDICTS = ("keep", "reject")


@dataclass(frozen=True)
class Decision:
    """What a person decided about one picture.

    Args:
        sha256: of the picture's bytes as they came (a ledger's), else of its file; 64 hexadecimal digits.
        verdict: `keep` or `reject`.
        reason: in the person's words; a rejection needs one.
        person: who decided.
    """

    sha256: str
    verdict: str
    reason: str
    person: str

    @property
    def keep(self) -> bool:
        """Whether the picture is to be kept."""
        return self.verdict == "keep"


def read_decisions(path: Path) -> dict[str, Decision]:
    """All decisions by sha256.

    Raises:
        DataError: a row is malformed, or a picture stands twice.
    """
    decisions: dict[str, Decision] = {}
    for number, row in enumerate(read_table(path, _COLUMNS), start=2):
        decision = Decision(**{column: row[column].strip() for column in _COLUMNS})
        check_decision(decision, f"decisions {path}, row {number}")
        if decision.sha256 in decisions:
            raise DataError(
                f"decisions {path}, row {number}, sha256: the picture stands there twice",
                received=decision.sha256,
                remedy="keep one of the two rows",
            )
        decisions[decision.sha256] = decision
    return decisions


def write_decisions(path: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions, sorted by sha256."""
    ordered = sorted(decisions, key=lambda decision: decision.sha256)
    for decision in ordered:
        check_decision(decision, f"decision for {path}")
    write_table(path, _COLUMNS, [asdict(decision) for decision in ordered])


def check_decision(decision: Decision, where: str) -> None:
    """Raise `DataError` if a decision could not be written and read back; `where` is used in messages."""
    if not re.fullmatch(r"[0-9a-f]{64}", decision.sha256):
        raise DataError(
            f"{where}, sha256", received=decision.sha256, needed="64 digits 0-9 a-f", remedy="run sha256sum"
        )
    if decision.verdict not in VERDICTS:
        raise DataError(f"{where}, verdict", received=decision.verdict, needed=" or ".join(VERDICTS))
    if not decision.keep and not decision.reason:
        raise DataError(f"{where}, reason", received="nothing", needed="why the picture is rejected")
    if not decision.person:
        raise DataError(f"{where}, person", received="nothing", needed="who decided")


_COLUMNS = tuple(field.name for field in fields(Decision))
