"""The sources that read result pages: what stands in them, and which of five pages without results has come."""

import pytest

from tests.collecting.sources.replaying import Asked, Reply, saved, serving
from tryon.collecting.searching import Candidate, Outcome, SearchAnswer
from tryon.collecting.sources.bing_page import BingPage
from tryon.collecting.sources.google_page import GooglePage
from tryon.collecting.sources.yahoo_page import YahooPage

PAGES = {"google": GooglePage, "bing": BingPage, "yahoo": YahooPage}


def test_google_results() -> None:
    with serving(
        lambda asked: saved("google_results.html" if asked.values["start"] == "0" else "google_nothing.html")
    ) as server:
        first, second = server.walk(GooglePage(server.base, {"tbs": "sur:cl"}))
    assert first.candidates == (
        Candidate(
            "https://shop.example/pictures/blue%20shirt.jpg",
            "https://shop.example/blue",
            "Blue shirt & more",
            width=900,
            height=1200,
        ),
        Candidate(
            "http://other.example/a.png?size=big&x=1",
            "http://other.example/page",
            "Another blue shirt",
            width=640,
            height=480,
        ),
    )
    assert (second.outcome, second.following) == (Outcome.EMPTY, None)
    assert server.asked[0].path == "/wml/search"
    wanted = {"tbm": "isch", "q": "blue t-shirt", "start": "10", "tbs": "sur:cl", "hl": "en"}
    assert server.asked[1].values == wanted
    assert "Mozilla" not in str(server.asked[0].headers), "no browser is pretended"


def test_bing_results() -> None:
    with serving(saved("bing_results.html")) as server:
        first, second = server.walk(BingPage(server.base, {"qft": "+filterui:licenseType-Any"}))
    assert first.candidates == (
        Candidate(
            "https://cdn.shop.example/striped.jpg?v=1&w=2",
            "https://shop.example/striped",
            "A striped T-Shirt, new",
            width=1024,
            height=768,
        ),
        Candidate("http://other.example/s%202.png"),
    )
    assert (second.outcome, second.detail) == (Outcome.EMPTY, "the same results again")
    assert server.asked[0].path == "/images/async"
    assert [asked.values["first"] for asked in server.asked] == ["1", "36"]
    assert server.asked[0].values["qft"] == "+filterui:licenseType-Any"


def test_bing_marks_the_words_that_were_searched_for() -> None:
    body = '<a class="iusc" m=\'{"murl":"https://a.example/1.jpg","t":"a \ue000blue\ue001 shirt"}\'></a>'.encode()
    with serving(Reply(body)) as server:
        assert server.walk(BingPage(server.base))[0].candidates[0].title == "a blue shirt"


def test_yahoo_results_get_the_scheme_of_their_page() -> None:
    def answer(asked: Asked) -> Reply:
        return saved("yahoo_results.html" if asked.values["b"] == "1" else "yahoo_nothing.html")

    with serving(answer) as server:
        first, second = server.walk(YahooPage(server.base, {"imgsz": "large"}))
    assert first.candidates == (
        Candidate(
            "https://cdn.shop.example/up/shirt.jpg?quality=50&strip=all",
            "https://www.shop.example/shirt.html",
            "Plain shirt | Shop",
            width=2000,
            height=1361,
        ),
        Candidate("http://old.example/a.png", "http://old.example/", "Old"),
    )
    assert second.outcome == Outcome.EMPTY
    assert server.asked[0].path == "/search/images"
    assert server.asked[1].values == {"p": "blue t-shirt", "ei": "UTF-8", "b": "3", "imgsz": "large"}


@pytest.mark.parametrize(
    ("engine", "reply", "outcome", "detail"),
    [
        ("google", saved("google_nothing.html"), Outcome.EMPTY, "did not match any"),
        ("google", saved("google_new_layout.html"), Outcome.LAYOUT_CHANGED, "/imgres"),
        ("google", saved("google_captcha.html"), Outcome.BLOCKED, "unusual traffic"),
        ("google", saved("google_captcha.html", 429), Outcome.BLOCKED, "unusual traffic"),
        ("google", saved("google_enablejs.html"), Outcome.BLOCKED, "JavaScript"),
        ("google", saved("google_consent.html"), Outcome.BLOCKED, "consent"),
        ("google", saved("google_moved.html", 302), Outcome.BLOCKED, "/sorry/"),
        ("google", Reply(b"slow down", 429, {"Retry-After": "60"}), Outcome.QUOTA, "retry after 60"),
        ("google", Reply(b"broken", 500), Outcome.ERROR, "500"),
        ("google", Reply(b" \n"), Outcome.ERROR, "empty answer"),
        ("google", Reply(status=204), Outcome.ERROR, "204"),
        ("bing", saved("bing_nothing.html"), Outcome.EMPTY, "there are no results for"),
        ("bing", Reply(b'<ul class="dgControl_list"></ul>'), Outcome.EMPTY, "empty list"),
        ("bing", saved("bing_new_layout.html"), Outcome.LAYOUT_CHANGED, "iusc"),
        ("bing", Reply(b"<a class=iusc m='{}'></a>"), Outcome.LAYOUT_CHANGED, "none of 1"),
        ("bing", saved("bing_captcha.html"), Outcome.BLOCKED, "captcha"),
        ("bing", Reply(b"no", 403), Outcome.BLOCKED, "403"),
        ("bing", saved("bing_results.html", 429), Outcome.QUOTA, "too many"),
        ("bing", Reply(b"broken", 503), Outcome.ERROR, "503"),
        ("yahoo", saved("yahoo_nothing.html"), Outcome.EMPTY, "did not find"),
        ("yahoo", saved("yahoo_new_layout.html"), Outcome.LAYOUT_CHANGED, "imgurl"),
        ("yahoo", saved("yahoo_consent.html"), Outcome.BLOCKED, "consent"),
        ("yahoo", Reply(b"Sorry, unable to process request", 999), Outcome.BLOCKED, "999"),
        ("yahoo", Reply(b"broken", 500), Outcome.ERROR, "500"),
    ],
)
def test_pages_without_results_are_told_apart(engine: str, reply: Reply, outcome: Outcome, detail: str) -> None:
    with serving(reply) as server:
        (page,) = server.walk(PAGES[engine](base=server.base))
    assert (page.outcome, page.candidates, page.following) == (outcome, (), None)
    assert detail in page.detail


def test_google_sends_robots_to_sorry() -> None:
    def answer(asked: Asked) -> Reply:
        leads_on = Reply(status=302, headers={"Location": "/sorry/index?continue=x"})
        return Reply(b"<html>Sorry</html>", 429) if asked.path.startswith("/sorry/") else leads_on

    with serving(answer) as server:
        (page,) = server.walk(GooglePage(server.base))
    assert (page.outcome, page.detail) == (Outcome.BLOCKED, "sent to /sorry/: Google takes us for a robot")


@pytest.mark.parametrize(
    ("engine", "address"),
    [
        ("google", "https://sorry.google.com/index"),
        ("google", "https://consent.google.com/m?continue=x"),
        ("yahoo", "https://guce.yahoo.com/consent"),
    ],
)
def test_where_a_redirect_ended_tells_of_a_gate(engine: str, address: str) -> None:
    source = PAGES[engine]()
    answer = SearchAnswer(address, 200, {}, b"<html><body>Before you continue</body></html>")
    assert source.read(source.first_request("blue"), answer).outcome == Outcome.BLOCKED


@pytest.mark.parametrize("engine", PAGES)
def test_a_later_page_without_results_is_the_end(engine: str) -> None:
    served: list[int] = []

    def answer(asked: Asked) -> Reply:
        served.append(1)
        return saved(f"{engine}_results.html" if len(served) == 1 else f"{engine}_new_layout.html")

    with serving(answer) as server:
        pages = server.walk(PAGES[engine](base=server.base))
    assert [(page.outcome, page.detail) for page in pages[1:]] == [(Outcome.EMPTY, "no more results")]


def test_a_page_in_another_encoding_is_read() -> None:
    page = '<html><body><a href="/imgres?imgurl=https://a.example/1.jpg"><img alt="파란 셔츠"></a></body></html>'
    with serving(Reply(page.encode("euc-kr"), headers={"Content-Type": "text/html; charset=euc-kr"})) as server:
        assert server.walk(GooglePage(server.base), at_most=1)[0].candidates[0].title == "파란 셔츠"


def test_a_page_that_lies_about_its_encoding_still_gives_addresses() -> None:
    page = '<html><body><a href="/imgres?imgurl=https://a.example/1.jpg"><img alt="파란"></a></body></html>'
    with serving(Reply(page.encode("euc-kr"), headers={"Content-Type": "text/html; charset=utf-8"})) as server:
        (candidate,) = server.walk(GooglePage(server.base), at_most=1)[0].candidates
    assert candidate.address == "https://a.example/1.jpg"
