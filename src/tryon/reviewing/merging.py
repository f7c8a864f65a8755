"""Three-way merge of decisions: what was there, what was decided here, what somebody else wrote meanwhile."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tryon.formats.decisions import Decision

Decisions = Mapping[str, Decision]


@dataclass(frozen=True)
class Merged:
    """The outcome of a merge.

    Args:
        decisions: by sha256; a contested picture keeps what the others wrote.
        contested: what was decided here about pictures that the others decided differently; None: undone here.
    """

    decisions: dict[str, Decision]
    contested: dict[str, Decision | None]


def merge(base: Decisions, ours: Decisions, theirs: Decisions, spoken: Collection[str] = ()) -> Merged:
    """Both sides' changes since `base`; where both changed the same picture differently, neither wins silently.

    Args:
        spoken: pictures that were decided here since then, even if as before: taken back and taken again.
    """
    decisions: dict[str, Decision] = {}
    contested: dict[str, Decision | None] = {}
    for sha256 in base.keys() | ours.keys() | theirs.keys():
        was, here, there = base.get(sha256), ours.get(sha256), theirs.get(sha256)
        if (here != was or sha256 in spoken) and there not in (was, here):
            contested[sha256] = here
        chosen = here if there == was else there
        if chosen is not None:
            decisions[sha256] = chosen
    return Merged(decisions, contested)
