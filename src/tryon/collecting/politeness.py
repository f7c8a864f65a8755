"""How a host is treated: so many requests at once, so far apart, and not at all while it wants to be left alone."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tryon.collecting.verdicts import RefusedError, Verdict

BREAKER_ANSWERS = 20
BREAKER_SHARE = 0.5
BREAKER_OPENINGS = 3


@dataclass(frozen=True)
class Manners:
    """What a crawl allows itself.

    Args:
        per_host: requests to one host at once.
        picture_delay_s: between the starts of two requests for pictures from one host.
        page_delay_s: the same for search requests.
        timeout_s: of one request, from its start to its last byte.
        retries: further tries of a request that failed for a passing reason.
        backoff_s: pause before the first of them; doubled before each further one.
        max_wait_s: a host that wants to be left alone for longer is left alone for this run.
        breaker_pause_s: pause of a host half of whose last 20 answers were failures; doubled each time, and the third
            time in a row the host is left alone.
        max_picture_bytes: of a picture's file.
        max_page_bytes: of a page or an interface's answer, unpacked.
        max_robots_bytes: of a robots.txt; a longer one counts as unreadable.
    """

    per_host: int = 2
    picture_delay_s: float = 0.5
    page_delay_s: float = 3.0
    timeout_s: float = 30.0
    retries: int = 3
    backoff_s: float = 1.0
    max_wait_s: float = 600.0
    breaker_pause_s: float = 60.0
    max_picture_bytes: int = 15_000_000
    max_page_bytes: int = 3_000_000
    max_robots_bytes: int = 1_000_000


class Host:
    """One host's turns, across all its ports."""

    def __init__(self, name: str, manners: Manners, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.stopped = ""  # why this run asks it for nothing more
        self._manners = manners
        self._clock = clock
        self._places = asyncio.Semaphore(manners.per_host)
        self._next_start = 0.0
        self._not_before = 0.0
        self._failures: deque[bool] = deque(maxlen=BREAKER_ANSWERS)
        self._openings = 0
        self._on_trial = False

    @asynccontextmanager
    async def turn(self, delay_s: float) -> AsyncIterator[None]:
        """A place among the requests that may run now, once the host may be asked again.

        Raises:
            RefusedError: the host is left alone.
        """
        async with self._places:
            while True:
                if self.stopped:
                    raise RefusedError(Verdict.HOST_STOPPED, self.stopped)
                wait = max(self._next_start, self._not_before) - self._clock()
                if wait <= 0:
                    break
                await asyncio.sleep(wait)
            self._next_start = self._clock() + delay_s
            yield

    def wait_for(self, seconds: float, why: str) -> None:
        """Ask nothing for some time; nothing more at all if that is too long."""
        if seconds > self._manners.max_wait_s:
            self.stop(f"{self.name} {why}, at most {self._manners.max_wait_s:g} s are waited")
        self._not_before = max(self._not_before, self._clock() + seconds)

    def stop(self, why: str) -> None:
        """Ask nothing more in this run."""
        self.stopped = self.stopped or why

    def record(self, failed: bool) -> None:
        """How an answer was; too many failures give the host a rest."""
        self._failures.append(failed)
        many = sum(self._failures) >= BREAKER_SHARE * BREAKER_ANSWERS
        if failed and (self._on_trial or (many and len(self._failures) == BREAKER_ANSWERS)):
            self._open()
        elif self._on_trial:
            self._on_trial, self._openings = False, 0

    def _open(self) -> None:
        self._openings += 1
        self._failures.clear()
        self._on_trial = True
        if self._openings >= BREAKER_OPENINGS:
            self.stop(f"{self.name} failed {self._openings} times over")
        self.wait_for(self._manners.breaker_pause_s * 2 ** (self._openings - 1), "fails too often")


def is_passing(status: int) -> bool:
    """Whether a refusal may be over soon: too early, too much, or the server's own trouble."""
    return status in (408, 425, 429) or 500 <= status < 600


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that an answer asks to wait; None where it does not say so in a readable way."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:12])
    try:
        when = parsedate_to_datetime(said)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())
