"""The steps of a collection: their commands, which follows which, and what holds which back. Knows no Prefect.

Queries are collected one after the other, for the politeness of a collection is that of its process. All collections
are cleaned together, for a picture may have come to several.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flows.artifacts import Rows
from flows.child import Outcome, result_of
from flows.dvc_child import DVC

COLLECTED = "data/collected"
TRYON = ("tryon",)
COLLECT_DELAYS_S = (60.0,)  # before each further try; `tryon collect` goes on where it stopped
PUSH_DELAYS_S = (5.0, 30.0, 120.0, 300.0)
SKIPPED = "skipped: no DVC remote is configured"
FINE = ("ran", SKIPPED)

Attempt = Callable[[str, str, Sequence[float]], Any]


def command_of(step: str, slugs: Sequence[str]) -> list[str]:
    """What is run in the workspace."""
    folders = [f"{COLLECTED}/{slug}" for slug in slugs]
    return {
        "collect": [*TRYON, "collect", *slugs],
        "clean": [*TRYON, "clean", *folders],
        "track": [*DVC, "add", *folders],
        "push": [*DVC, "push", *(f"{folder}.dvc" for folder in folders)],
    }[step]


def run_steps(chosen: Sequence[str], with_pictures: Callable[[], list[str]], attempt: Attempt) -> Rows:
    """Every step; nothing more of a query that was not collected, nothing at all after a kill.

    Args:
        chosen: the queries to collect.
        with_pictures: collections that hold pictures, asked once all are collected.
        attempt: runs a step of queries (their names with spaces between), again after each of the delays in seconds;
            gives an Outcome, or the error that ended it.

    Returns:
        One row a step: query or queries, step, result, seconds.
    """
    rows: Rows = []

    def run(step: str, slugs: str, delays_s: Sequence[float] = (), *, wanted: bool = True) -> bool:
        killed = any(row["result"] == "killed" for row in rows)
        outcome = attempt(step, slugs, delays_s) if wanted and not killed else None
        rows.append({"query": slugs, "step": step, **result_of(outcome)})
        return isinstance(outcome, Outcome)

    failed = {slug for slug in chosen if not run("collect", slug, COLLECT_DELAYS_S)}
    together = with_pictures()
    cleaned = run("clean", " ".join(together), wanted=failed < set(chosen)) if together else True
    for slug in dict.fromkeys([*chosen, *together]):  # cleaning together may have changed what was not collected now
        tracked = run("track", slug, wanted=cleaned and slug not in failed)
        run("push", slug, PUSH_DELAYS_S, wanted=tracked)
    return rows
