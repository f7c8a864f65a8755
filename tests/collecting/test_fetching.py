"""The polite client with an exchange that plays back answers: order, retries, redirects, robots.txt."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tryon.collecting.fetching import Answer, Ask, Kind, PoliteClient, refusal_by_headers
from tryon.collecting.guard import Guard
from tryon.collecting.politeness import BREAKER_ANSWERS, Manners
from tryon.collecting.verdicts import RefusedError, Verdict

PICTURE = {"content-type": "image/jpeg"}
QUICK = Manners(retries=2, backoff_s=0.001, picture_delay_s=0.0, page_delay_s=0.0, breaker_pause_s=0.001)
Reaction = Answer | RefusedError


class Played:
    """Answers by address: what is said in turn; the last one stays. robots.txt is not there unless it is said."""

    def __init__(self, **answers: Sequence[Reaction]) -> None:
        self.asked: list[Ask] = []
        self._answers = {"http://" + name.replace("_", "/"): list(given) for name, given in answers.items()}

    def say(self, address: str, *given: Reaction) -> "Played":
        self._answers[address] = list(given)
        return self

    async def __call__(self, ask: Ask) -> Answer:
        self.asked.append(ask)
        given = self._answers.get(ask.address) or [Answer(ask.address, 404, {}, b"")]
        reaction = given.pop(0) if len(given) > 1 else given[0]
        if isinstance(reaction, RefusedError):
            raise reaction
        return reaction

    @property
    def addresses(self) -> list[str]:
        return [ask.address for ask in self.asked]


def ok(body: bytes = b"picture", status: int = 200, **headers: str) -> Answer:
    return Answer("", status, PICTURE | {name.replace("_", "-"): value for name, value in headers.items()}, body)


def fetch(played: Played, address: str, manners: Manners = QUICK, lookup: Callable[[str], Any] | None = None) -> Answer:
    guard = Guard(lookup or (lambda name: ["8.8.8.8"]))
    client = PoliteClient(played, guard, manners, ["a.org", "b.org"])

    async def work() -> Answer:
        return await client.fetch_picture(address)

    return asyncio.run(work())


def refused(played: Played, address: str = "http://a.org/p", **options: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        fetch(played, address, **options)
    return caught.value


def test_robots_txt_comes_before_the_picture_and_once() -> None:
    played = Played().say("http://a.org/p", ok()).say("http://a.org/q", ok())
    client = PoliteClient(played, Guard(lambda name: ["8.8.8.8"]), QUICK, ["a.org"])

    async def work() -> list[Answer]:
        return list(await asyncio.gather(*(client.fetch_picture(f"http://a.org/{name}") for name in "pqp")))

    answers = asyncio.run(work())
    assert played.addresses[0] == "http://a.org/robots.txt"
    assert sorted(played.addresses[1:]) == ["http://a.org/p", "http://a.org/p", "http://a.org/q"]
    assert {answer.robots for answer in answers} == {"allowed"}


@pytest.mark.parametrize("verdict", [Verdict.TIMED_OUT, Verdict.CUT_OFF, Verdict.UNREACHABLE])
def test_what_may_pass_is_tried_again(verdict: Verdict) -> None:
    played = Played().say("http://a.org/p", RefusedError(verdict, "x"), RefusedError(verdict, "x"), ok())
    assert fetch(played, "http://a.org/p").body == b"picture"
    never = Played().say("http://a.org/p", RefusedError(verdict, "why"))
    said = refused(never)
    assert (said.verdict, said.reason, said.robots) == (verdict, "why", "allowed")
    assert never.addresses.count("http://a.org/p") == 3


@pytest.mark.parametrize("verdict", [Verdict.TOO_LARGE, Verdict.PRIVATE_ADDRESS])
def test_what_does_not_pass_is_not(verdict: Verdict) -> None:
    played = Played().say("http://a.org/p", RefusedError(verdict, "x"))
    assert refused(played).verdict is verdict
    assert played.addresses.count("http://a.org/p") == 1


@pytest.mark.parametrize(
    ("status", "verdict", "times"),
    [
        (500, Verdict.SERVER_ERROR, 3), (503, Verdict.SERVER_ERROR, 3), (429, Verdict.RATE_LIMITED, 3),
        (403, Verdict.HTTP_ERROR, 1), (404, Verdict.HTTP_ERROR, 1), (206, Verdict.HTTP_ERROR, 1),
        (410, Verdict.GONE, 1), (204, Verdict.EMPTY, 1),
    ],
)  # fmt: skip
def test_statuses(status: int, verdict: Verdict, times: int) -> None:
    played = Played().say("http://a.org/p", ok(status=status))
    said = refused(played)
    assert (said.verdict, said.status, said.robots) == (verdict, status, "allowed")
    assert played.addresses.count("http://a.org/p") == times


def test_c34_a_name_server_that_fails_on_and_off() -> None:
    answers = iter([OSError(-3, "SERVFAIL"), OSError(-3, "SERVFAIL"), ["8.8.8.8"]])

    def lookup(name: str) -> Any:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    played = Played().say("http://a.org/p", ok())
    assert fetch(played, "http://a.org/p", lookup=lookup).status == 200
    assert played.addresses == ["http://a.org/robots.txt", "http://a.org/p"]


def test_a_host_that_leads_inside_is_asked_for_nothing() -> None:
    played = Played()
    said = refused(played, lookup=lambda name: ["10.0.0.1"])
    assert (said.verdict, said.robots, played.asked) == (Verdict.PRIVATE_ADDRESS, "", [])


def test_redirects_are_asked_as_politely_as_the_first_address() -> None:
    played = Played().say("http://a.org/p", ok(status=302, location="http://b.org/q")).say("http://b.org/q", ok())
    assert fetch(played, "http://a.org/p").body == b"picture"
    assert played.addresses == [
        "http://a.org/robots.txt",
        "http://a.org/p",
        "http://b.org/robots.txt",
        "http://b.org/q",
    ]
    closed = Played().say("http://a.org/p", ok(status=301, location="//b.org/q"))
    closed.say("http://b.org/robots.txt", ok(b"User-agent: *\nDisallow: /\n"))
    said = refused(closed)
    assert (said.verdict, said.robots) == (Verdict.ROBOTS, "disallowed")
    assert "http://b.org/q" not in closed.addresses


@pytest.mark.parametrize(
    ("location", "verdict"),
    [
        ("http://c.org/q", Verdict.DOMAIN),
        ("http://127.0.0.1/", Verdict.PRIVATE_ADDRESS),
        ("file:///etc/passwd", Verdict.BAD_ADDRESS),
        ("http://[::1", Verdict.BAD_ADDRESS),
        ("http://a.org:99999/", Verdict.BAD_ADDRESS),
    ],
)
def test_a_redirect_to_where_nobody_may_go(location: str, verdict: Verdict) -> None:
    played = Played().say("http://a.org/p", ok(status=302, location=location))
    assert refused(played).verdict is verdict
    assert len(played.asked) == 2


def test_a_redirect_without_a_place_is_an_error() -> None:
    assert refused(Played().say("http://a.org/p", ok(status=302))).verdict is Verdict.HTTP_ERROR


def page(played: Played, address: str, documented: bool, **headers: str) -> Answer:
    client = PoliteClient(played, Guard(lambda name: ["8.8.8.8"]), QUICK, [])

    async def work() -> Answer:
        return await client.fetch_page(address, headers, documented=documented)

    return asyncio.run(work())


def test_headers_of_a_request_stay_with_their_origin() -> None:
    played = Played().say("https://a.org/s", ok(status=302, location="http://a.org/s")).say("http://a.org/s", ok())
    page(played, "https://a.org/s", True, Authorization="secret", Accept="text/html", X_Key="k")
    first, *_, last = [ask for ask in played.asked if ask.kind is Kind.API]
    assert first.headers == {"Authorization": "secret", "Accept": "text/html", "X_Key": "k"}
    assert last.headers == {"Accept": "text/html"}


def test_robots_txt_is_about_pages_and_not_about_documented_interfaces() -> None:
    closed = ok(b"User-agent: *\nDisallow: /\n")
    played = Played().say("http://a.org/robots.txt", closed).say("http://a.org/s", ok())
    assert page(played, "http://a.org/s", True).status == 200
    assert played.addresses == ["http://a.org/s"]
    with pytest.raises(RefusedError, match="forbids it"):
        page(played, "http://a.org/s", False)


def test_a_page_that_fails_in_the_end_is_handed_over() -> None:
    """The source reads what the service says: a quota, say."""
    played = Played().say("http://a.org/s", ok(b"used up", 429))
    assert page(played, "http://a.org/s", True).body == b"used up"
    assert len(played.asked) == 3


def test_a_host_that_keeps_failing_is_left_alone() -> None:
    played = Played()
    client = PoliteClient(played, Guard(lambda name: ["8.8.8.8"]), QUICK, ["a.org"])
    for number in range(100):
        played.say(f"http://a.org/{number}", ok(status=500))

    async def work() -> list[Verdict]:
        found = []
        for number in range(100):
            try:
                await client.fetch_picture(f"http://a.org/{number}")
            except RefusedError as said:
                found.append(said.verdict)
        return found

    verdicts = asyncio.run(work())
    assert verdicts[-1] is Verdict.HOST_STOPPED and verdicts[0] is Verdict.SERVER_ERROR
    assert BREAKER_ANSWERS <= len(played.asked) <= BREAKER_ANSWERS + 5


def test_a_delay_of_robots_txt_that_is_too_long_ends_it() -> None:
    played = Played().say("http://a.org/robots.txt", ok(b"User-agent: *\nCrawl-delay: 86400\n"))
    assert refused(played).verdict is Verdict.HOST_STOPPED
    assert "http://a.org/p" not in played.addresses


@pytest.mark.parametrize("kind", ["image/jpeg", "IMAGE/PNG", "image/webp; q=1", "", "application/octet-stream"])
def test_types_that_may_be_pictures(kind: str) -> None:
    assert refusal_by_headers(200, {"content-type": kind}) is None


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "image/gif", "image/avif", "video/mp4", "jpeg"])
def test_types_that_are_none(kind: str) -> None:
    refusal = refusal_by_headers(200, {"content-type": kind})
    assert refusal is not None and refusal.verdict is Verdict.WRONG_TYPE
