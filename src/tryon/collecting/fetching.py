"""The polite client: one request becomes robots.txt, turns, redirects and retries, and then an answer or a refusal."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol
from urllib.parse import urljoin

from tryon.collecting import robots
from tryon.collecting.addresses import Target, canonical
from tryon.collecting.guard import Guard
from tryon.collecting.politeness import Host, Manners, is_passing, retry_after
from tryon.collecting.verdicts import PASSING, RefusedError, Verdict

MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
OK, NO_CONTENT, GONE = 200, 204, 410
PICTURE_TYPES = ("image/jpeg", "image/jpg", "image/pjpeg", "image/png", "image/webp", "")
# Servers that do not know say this; then the bytes decide.
UNKNOWN_TYPES = ("application/octet-stream", "binary/octet-stream")
_GENERAL_HEADERS = ("accept", "accept-language")


class Kind(Enum):
    """What is asked for."""

    PICTURE = "picture"
    PAGE = "page"
    API = "api"  # a documented interface: robots.txt is not about it
    ROBOTS = "robots"


@dataclass(frozen=True)
class Answer:
    """What came: the last address, status, headers (names in lower case, several of one name joined), body."""

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    robots: str = ""


@dataclass(frozen=True)
class Ask:
    """One request as it goes to the network."""

    address: str
    kind: Kind
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 30.0
    max_bytes: int = 15_000_000


class Exchange(Protocol):
    """Sends one request and gives its answer; a failure is a RefusedError of a kind of PASSING, or too_large."""

    async def __call__(self, ask: Ask) -> Answer:
        """See above."""
        ...


class PoliteClient:
    """Asks for pictures, pages and robots.txt as a good guest does.

    Args:
        exchange: sends one request.
        guard: which addresses may be asked.
        manners: how.
        domains: hosts, with those below them, that pictures are taken from.
    """

    def __init__(self, exchange: Exchange, guard: Guard, manners: Manners, domains: Sequence[str]) -> None:
        self._exchange = exchange
        self._guard = guard
        self._manners = manners
        self._domains = domains
        self._hosts: dict[str, Host] = {}
        self._rules: dict[str, asyncio.Task[robots.Rules]] = {}

    @property
    def per_host(self) -> int:
        """Requests to one host at once."""
        return self._manners.per_host

    def host_of(self, address: str) -> Host:
        """The host that a picture's address leads to.

        Raises:
            RefusedError: the address may not be asked.
        """
        return self._host(self._guard.check(address, self._domains))

    async def fetch_picture(self, address: str) -> Answer:
        """A picture's file, status 200 and not empty.

        Raises:
            RefusedError: there is none that may be had.
        """
        answer = await self._fetch(self._ask(address, Kind.PICTURE, self._manners.max_picture_bytes))
        if refused := refusal_by_headers(answer.status, answer.headers):
            raise _said(refused, answer.robots, answer.status)
        if not answer.body:
            raise RefusedError(Verdict.EMPTY, "an empty answer", status=answer.status, robots=answer.robots)
        return answer

    async def fetch_page(self, address: str, headers: Mapping[str, str], *, documented: bool) -> Answer:
        """A search answer of any status.

        Args:
            address: of the page or the interface.
            headers: that belong to the request; not sent on to another origin.
            documented: robots.txt does not apply, as it is a documented interface.

        Raises:
            RefusedError: there is no answer.
        """
        kind = Kind.API if documented else Kind.PAGE
        return await self._fetch(replace(self._ask(address, kind, self._manners.max_page_bytes), headers=dict(headers)))

    def _ask(self, address: str, kind: Kind, max_bytes: int) -> Ask:
        return Ask(canonical(address), kind, timeout_s=self._manners.timeout_s, max_bytes=max_bytes)

    def _host(self, target: Target) -> Host:
        return self._hosts.setdefault(target.host, Host(target.host, self._manners))

    async def _fetch(self, ask: Ask) -> Answer:
        """The answer to a request, tried again while its failure may pass."""
        for tried in range(self._manners.retries + 1):
            last = tried == self._manners.retries
            try:
                answer = await self._follow(ask)
            except RefusedError as refused:
                if refused.verdict not in PASSING or last:
                    raise
            else:
                if not is_passing(answer.status):
                    return answer
                if last:
                    return _given_up(ask, answer)
            await asyncio.sleep(self._manners.backoff_s * 2**tried)
        raise AssertionError("the last try returns or raises")

    async def _follow(self, ask: Ask) -> Answer:
        """The answer at the end of the redirects, each of them asked as politely as the first address."""
        first = self._guard.check(ask.address)
        for _ in range(MAX_REDIRECTS + 1):
            target = self._guard.check(ask.address, self._domains if ask.kind is Kind.PICTURE else None)
            if target.origin != first.origin:
                ask = replace(ask, headers={k: v for k, v in ask.headers.items() if k.lower() in _GENERAL_HEADERS})
            await self._guard.admit(ask.address)
            rules = await self._rules_for(ask, target, first)
            said = rules.verdict(ask.address) if rules else ""
            if said in (robots.DISALLOWED, robots.UNREACHABLE):
                words = "forbids it" if rules and rules.parsed else f"cannot be read: {rules and rules.trouble}"
                raise RefusedError(Verdict.ROBOTS, f"robots.txt of {target.origin} {words}", robots=said)
            try:
                answer = await self._take_turn(ask, self._host(target), rules.delay_s if rules else 0.0)
            except RefusedError as refused:
                raise _said(refused, said, refused.status) from refused
            location = answer.headers.get("location", "")
            if answer.status not in REDIRECTS or not location:
                return replace(answer, robots=said)
            try:
                ask = replace(ask, address=canonical(urljoin(ask.address, location)))
            except (RefusedError, ValueError) as error:
                raise RefusedError(
                    Verdict.BAD_ADDRESS, f"a redirect to no address: {error}", status=answer.status, robots=said
                ) from error
        raise RefusedError(Verdict.REDIRECTS, f"more than {MAX_REDIRECTS} redirects", status=answer.status, robots=said)

    async def _take_turn(self, ask: Ask, host: Host, delay_s: float) -> Answer:
        """Send one request when the host may be asked, and remember how it went."""
        manners = self._manners
        usual_s = manners.picture_delay_s if ask.kind is Kind.PICTURE else manners.page_delay_s
        if delay_s > manners.max_wait_s:
            host.stop(f"{host.name} wants {delay_s:g} s between requests, at most {manners.max_wait_s:g} s are waited")
        async with host.turn(0.0 if ask.kind is Kind.ROBOTS else max(delay_s, usual_s)):
            try:
                answer = await self._exchange(ask)
            except RefusedError as refused:
                host.record(refused.verdict in PASSING)
                raise
            host.record(is_passing(answer.status))
            if is_passing(answer.status) and (wait := retry_after(answer.headers)):
                host.wait_for(wait, f"asks to be left alone for {wait:.0f} s")
        return answer

    async def _rules_for(self, ask: Ask, target: Target, first: Target) -> robots.Rules | None:
        """The robots.txt that applies to a request; None if none does."""
        if ask.kind is Kind.ROBOTS or (ask.kind is Kind.API and target.origin == first.origin):
            return None
        if target.origin not in self._rules:
            self._rules[target.origin] = asyncio.ensure_future(self._read_rules(target.origin))
        return await asyncio.shield(self._rules[target.origin])

    async def _read_rules(self, origin: str) -> robots.Rules:
        try:
            answer = await self._fetch(self._ask(f"{origin}/robots.txt", Kind.ROBOTS, self._manners.max_robots_bytes))
        except RefusedError as refused:
            return robots.Rules(None, refused.reason)
        return robots.read_rules(answer.status, answer.body)


def refusal_by_headers(status: int, headers: Mapping[str, str]) -> RefusedError | None:
    """Why an answer is no picture that may be taken, before its body is read; None if it may be one."""
    if said := robots.opted_out(headers):
        return RefusedError(Verdict.OPTED_OUT, said, status=status, robots=robots.OPTED_OUT)
    if status == GONE:
        return RefusedError(Verdict.GONE, "gone for good (410)", status=status)
    if status == NO_CONTENT:
        return RefusedError(Verdict.EMPTY, "no content (204)", status=status)
    if status != OK:
        return RefusedError(Verdict.HTTP_ERROR, f"HTTP status {status}", status=status)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in PICTURE_TYPES + UNKNOWN_TYPES:
        return RefusedError(Verdict.WRONG_TYPE, f"{kind}, JPEG, PNG or WebP is needed", status=status)
    return None


def _given_up(ask: Ask, answer: Answer) -> Answer:
    """A last answer that is a failure: a source can read it, a picture it is not."""
    if ask.kind is not Kind.PICTURE:
        return answer
    verdict = Verdict.RATE_LIMITED if answer.status == robots.TOO_MANY else Verdict.SERVER_ERROR
    raise RefusedError(verdict, f"HTTP status {answer.status}", status=answer.status, robots=answer.robots)


def _said(refused: RefusedError, robots_said: str, status: int) -> RefusedError:
    """The refusal with what robots.txt said before it."""
    return RefusedError(refused.verdict, refused.reason, status=status, robots=refused.robots or robots_said)
