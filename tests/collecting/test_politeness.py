"""Turns of a host: how many, how far apart, how long it is left alone; on a clock that does not wait."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tryon.collecting import politeness
from tryon.collecting.politeness import BREAKER_ANSWERS, Host, Manners, is_passing, retry_after
from tryon.collecting.verdicts import RefusedError


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await _yield(0)


_yield = asyncio.sleep


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(politeness.asyncio, "sleep", clock.sleep)
    return clock


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        return await work()

    return asyncio.run(main())


async def starts(host: Host, count: int, delay_s: float, clock: Clock) -> list[float]:
    found = []
    for _ in range(count):
        async with host.turn(delay_s):
            found.append(clock.now - 100)
    return found


def test_requests_start_so_far_apart(clock: Clock) -> None:
    assert run(lambda: starts(Host("a", Manners(), clock), 3, 30.0, clock)) == [0, 30, 60]


def test_so_many_requests_at_once() -> None:
    host = Host("a", Manners(per_host=2))
    now = most = 0

    async def ask() -> None:
        nonlocal now, most
        async with host.turn(0):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.001)
            now -= 1

    async def main() -> None:
        await asyncio.gather(*(ask() for _ in range(10)))

    asyncio.run(main())
    assert most == 2


def test_a_host_is_left_alone_as_long_as_it_asks(clock: Clock) -> None:
    async def work() -> list[float]:
        host = Host("a", Manners(), clock)
        host.wait_for(7, "asks for it")
        return await starts(host, 1, 0, clock)

    assert run(work) == [7]


def test_a_host_that_asks_for_too_long_is_left_alone_for_good(clock: Clock) -> None:
    async def work() -> None:
        host = Host("a", Manners(max_wait_s=600), clock)
        host.wait_for(601, "asks to be left alone for 601 s")
        await starts(host, 1, 0, clock)

    with pytest.raises(RefusedError, match="601 s, at most 600 s are waited"):
        run(work)


def test_the_breaker_opens_at_half_of_twenty_failures(clock: Clock) -> None:
    async def work() -> tuple[list[float], list[float]]:
        host = Host("a", Manners(breaker_pause_s=60), clock)
        for number in range(BREAKER_ANSWERS - 1):
            host.record(number % 2 == 0)
        before = await starts(host, 1, 0, clock)
        host.record(True)
        return before, await starts(host, 1, 0, clock)

    assert run(work) == ([0], [60])


def test_fewer_failures_do_not_open_it(clock: Clock) -> None:
    async def work() -> list[float]:
        host = Host("a", Manners(), clock)
        for number in range(100):
            host.record(number % 20 < 9)
        return await starts(host, 1, 0, clock)

    assert run(work) == [0]


def test_a_failure_on_trial_opens_it_again_and_the_third_one_is_the_end(clock: Clock) -> None:
    async def work() -> list[float]:
        host = Host("a", Manners(breaker_pause_s=60), clock)
        for _ in range(BREAKER_ANSWERS):
            host.record(True)
        waited = await starts(host, 1, 0, clock)
        host.record(True)
        waited += await starts(host, 1, 0, clock)
        assert host.stopped == ""
        host.record(True)
        with pytest.raises(RefusedError, match="failed 3 times over"):
            await starts(host, 1, 0, clock)
        return waited

    assert run(work) == [60, 180]


def test_a_success_on_trial_closes_it(clock: Clock) -> None:
    async def work() -> list[float]:
        host = Host("a", Manners(breaker_pause_s=60), clock)
        for _ in range(BREAKER_ANSWERS):
            host.record(True)
        await starts(host, 1, 0, clock)
        host.record(False)
        host.record(True)
        return await starts(host, 1, 0, clock)

    assert run(work) == [60]


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("1000000000", 1e9),
        ("9" * 400, 999_999_999_999.0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("Sunday, 22-Nov-26 12:01:00 GMT", 60.0),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds_and_as_a_date(said: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": said}, NOON) == seconds


def test_retry_after_is_measured_from_now() -> None:
    later = (datetime.now(UTC) + timedelta(seconds=100)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert 95 < (retry_after({"retry-after": later}) or 0) <= 100
    assert retry_after({}) is None


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520, 599])
def test_what_passes(status: int) -> None:
    assert is_passing(status)


@pytest.mark.parametrize("status", [200, 204, 206, 301, 304, 400, 401, 403, 404, 410, 451, 600])
def test_what_does_not_pass(status: int) -> None:
    assert not is_passing(status)
