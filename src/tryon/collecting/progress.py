"""How far a collection is: counts, rate and time left, as a log line every ten seconds."""

import logging
import time

from tryon.console import PROGRESS_INTERVAL_S

logger = logging.getLogger("tryon")


class Progress:
    """Counts candidates.

    Args:
        what: name of the collection.
        total: candidates in all.
        done: those that were done before.
    """

    def __init__(self, what: str, total: int, done: int = 0) -> None:
        self._what = what
        self._total = total
        self._before = done
        self._done = done
        self._decoded = 0
        self._started = self._said = time.monotonic()

    def count(self, decoded: bool) -> None:
        """One candidate more, and whether it is a picture."""
        self._done += 1
        self._decoded += decoded
        now = time.monotonic()
        if now - self._said >= PROGRESS_INTERVAL_S or self._done == self._total:
            self._said = now
            logger.info(self.line(now - self._started))

    def line(self, seconds: float) -> str:
        """What is said after so many seconds."""
        rate = (self._done - self._before) / max(seconds, 1e-3)
        left = f"{(self._total - self._done) / rate:.0f} s left" if rate else "time left unknown"
        counts = f"{self._done} of {self._total} candidates, {self._decoded} pictures"
        return f"{self._what}: {counts}, {rate:.1f}/s, {left}"
