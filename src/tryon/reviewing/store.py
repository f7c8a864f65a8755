"""The decisions under review: durable at once, folded into the decisions file, merged with what others write there."""

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tryon.errors import DataError, TryonError
from tryon.formats.decisions import Decision, read_decisions, write_decisions
from tryon.reviewing.journal import Journal, Step, sync_folder
from tryon.reviewing.merging import Merged, merge

FOLD_INTERVAL_S = 5.0  # so long another program may see older decisions; the journal has them at once

logger = logging.getLogger("tryon.reviewing")


class DecisionStore:
    """The decisions of one file, and those of the running review on top of them. Safe to use from several threads.

    Args:
        path: the decisions file; it may not be there yet.

    Attributes:
        replayed: how many decisions of a killed review were found in the journal.
        problem: why the last fold failed; empty if it did not.

    Raises:
        DataError: the file or the journal is damaged, or another review has it open.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.problem = ""
        self._lock = threading.RLock()
        self._changed: list[str] = []  # the pictures in the order in which their decisions changed
        self._journal = Journal(self.path.with_name(self.path.name + ".journal"))
        try:
            self._start()
        except BaseException:
            self._journal.close()
            raise

    def _start(self) -> None:
        self._stamp = _stamp(self.path)
        self._base = read_decisions(self.path) if self._stamp else {}
        self.replayed = len(self._journal.steps)
        steps = self._journal.steps.values()
        merged = merge(
            _with(self._base, {step.sha256: step.before for step in steps}),
            _with(self._base, {step.sha256: step.after for step in steps}),
            self._base,
            self._journal.steps.keys(),
        )
        self._current, self._contested = merged.decisions, merged.contested

    @property
    def revision(self) -> int:
        """How many changes there were; `changes_since` takes it."""
        return len(self._changed)

    def decisions(self) -> dict[str, Decision]:
        """All decisions as they hold now, by sha256."""
        with self._lock:
            return dict(self._current)

    def contested(self) -> dict[str, Decision | None]:
        """What was decided here about pictures for which the file says something else, written meanwhile."""
        with self._lock:
            return dict(self._contested)

    def changes_since(self, revision: int) -> dict[str, Decision | None]:
        """What holds now for each picture that changed after a revision."""
        with self._lock:
            return {sha256: self._current.get(sha256) for sha256 in self._changed[revision:]}

    def decide(self, steps: Sequence[Step]) -> list[bool]:
        """Take decisions; on the disk when this returns. A step to what holds already changes nothing.

        Returns:
            For each step whether it holds: not if the picture's decision was no longer what the step says was before.

        Raises:
            OSError: nothing was stored: the disk is full or failed.
        """
        with self._lock:
            fresh: dict[str, Decision | None] = {}
            accepted, answers = [], []
            for step in steps:
                now = fresh[step.sha256] if step.sha256 in fresh else self._current.get(step.sha256)
                repeated = now == step.after
                answers.append(repeated or now == step.before)
                if answers[-1] and (not repeated or step.sha256 in self._contested):
                    accepted.append(Step(step.sha256, now, step.after))
                    fresh[step.sha256] = step.after
            if accepted:
                self._journal.append(accepted)
            for sha256 in fresh:
                self._contested.pop(sha256, None)
            self._current = _with(self._current, fresh)
            self._changed += fresh
            return answers

    def fold(self) -> None:
        """Bring the decisions file up to date, edits from outside merged in; nothing happens where nothing changed.

        Raises:
            DataError: the file is gone or damaged; the decisions stay in the journal.
            OSError: it cannot be written; likewise.
        """
        with self._lock:
            stamp = _stamp(self.path)
            if stamp == self._stamp and self._journal.steps.keys() <= self._contested.keys():
                return
            if stamp is None and self._stamp is not None:
                raise DataError(
                    f"decisions {self.path} is gone",
                    needed="the file that was there when the review began",
                    remedy="put it back (git checkout); the decisions since then are in the journal beside it",
                )
            theirs = read_decisions(self.path) if stamp else {}
            spoken = self._journal.steps.keys() - self._contested.keys()
            merged = merge(self._base, self._current, theirs, spoken)
            if merged.decisions != theirs or stamp is None:
                write_decisions(self.path, merged.decisions.values())
                sync_folder(self.path.parent)
                stamp = _stamp(self.path)
            self._adopt(merged)
            self._stamp = stamp
            self._journal.settle(self._contested)

    def fold_and_note(self) -> None:
        """Fold as a running review does: a failure is kept in `problem` and tried again, as nothing is lost by it."""
        try:
            self.fold()
        except (TryonError, OSError) as error:
            if str(error) != self.problem:
                logger.warning("the decisions wait in %s: %s", self._journal.path, error)
            self.problem = str(error)
        else:
            self.problem = ""

    def close(self) -> None:
        """Fold and unlock.

        Raises:
            DataError, OSError: as `fold`; the journal is kept.
        """
        try:
            self.fold()
        finally:
            self._journal.close()

    def _adopt(self, merged: Merged) -> None:
        """Go on from what the decisions file says now."""
        pictures = self._current.keys() | merged.decisions.keys()
        changed = {sha256 for sha256 in pictures if self._current.get(sha256) != merged.decisions.get(sha256)}
        self._changed += sorted(changed | merged.contested.keys())
        self._current, self._base = merged.decisions, dict(merged.decisions)
        contested = {**self._contested, **merged.contested}
        self._contested = {sha256: here for sha256, here in contested.items() if merged.decisions.get(sha256) != here}


def _with(decisions: Mapping[str, Decision], changes: Mapping[str, Decision | None]) -> dict[str, Decision]:
    """Decisions with some replaced, or taken away where the change is None."""
    both: dict[str, Decision | None] = {**decisions, **changes}
    return {sha256: decision for sha256, decision in both.items() if decision is not None}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from its successors; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
