"""From finished candidates to a ledger that depends on them alone, not on the order in which they finished.

Of pictures with the same bytes the first in the ledger's order is kept, however late it came: so a run that was killed
five times ends with the ledger of one that was not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from tryon.collecting.pictures import file_of
from tryon.collecting.verdicts import ASKED_AGAIN, Verdict
from tryon.formats.ledger import LedgerRow
from tryon.formats.tombstones import Tombstones


def settle(
    known: Sequence[LedgerRow],
    planned: Sequence[str],
    done: Mapping[str, LedgerRow],
    elsewhere: Mapping[str, str],
    tombstones: Tombstones,
) -> list[LedgerRow]:
    """The rows of the ledger, each with its final verdict and file.

    Args:
        known: rows of earlier runs, in their order.
        planned: addresses of this run, in their order.
        done: this run's rows by address; those that were decoded say `kept`.
        elsewhere: sha256 of what other collections keep, to their names.
        tombstones: what was forgotten.
    """
    before = {row.address for row in known}
    rows = [done.get(row.address, row) for row in known]
    rows += [done[address] for address in planned if address in done and address not in before]
    rows = [_forget(row, tombstones) for row in rows]
    settled = {row.address for row in known} - set(done)
    taken = {row.sha256 for row in rows if row.kept and row.address in settled}
    return [row if row.address in settled else _decide(row, taken, elsewhere) for row in rows]


def is_final(row: LedgerRow, files: Collection[str]) -> bool:
    """Whether a row of an earlier run is not to be asked for again.

    Args:
        row: of the ledger.
        files: that lie in the collection.
    """
    if row.kept:
        return row.file in files
    return row.verdict not in ASKED_AGAIN and row.robots != "unreachable"


def _forget(row: LedgerRow, tombstones: Tombstones) -> LedgerRow:
    if row.address not in tombstones.addresses and row.sha256 not in tombstones.sha256s:
        return row
    return replace(row, file="", verdict=Verdict.FORGOTTEN.value, reason="it stands in decisions/forgotten.csv")


def _decide(row: LedgerRow, taken: set[str], elsewhere: Mapping[str, str]) -> LedgerRow:
    """A decoded picture is kept unless its bytes are kept already; `taken` remembers it."""
    if not row.kept:
        return row
    if row.sha256 in elsewhere:
        reason = f"the same bytes are kept in {elsewhere[row.sha256]}"
    elif row.sha256 in taken:
        reason = f"the same bytes are kept as {file_of(row.sha256)}"
    else:
        taken.add(row.sha256)
        return replace(row, file=file_of(row.sha256))
    return replace(row, file="", verdict=Verdict.DUPLICATE.value, reason=reason)
