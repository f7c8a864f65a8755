"""The sources that speak JSON, against saved answers behind a real server: fields, paging, quotas, errors."""

from typing import Any

import pytest

from tests.collecting.sources.replaying import Asked, Reply, as_json, saved, serving
from tryon.collecting.searching import Candidate, Outcome
from tryon.collecting.sources.google_api import KEY_VARIABLE, GoogleApi
from tryon.collecting.sources.openverse import Openverse
from tryon.collecting.sources.wikimedia_commons import WikimediaCommons
from tryon.collecting.sources.yahoo_japan import YahooJapan
from tryon.errors import ConfigError


def openverse_result(number: int, **fields: Any) -> dict[str, Any]:
    """A result as Openverse gives it."""
    return {
        "id": f"id-{number}",
        "title": f"Shirt {number}",
        "foreign_landing_url": f"https://photos.example/{number}",
        "url": f"https://photos.example/{number}.jpg",
        "creator": "Ada",
        "license": "by-sa",
        "license_version": "2.0",
        "license_url": "https://creativecommons.org/licenses/by-sa/2.0/",
        "filesize": None,
        "width": 1024,
        "height": 768,
    } | fields


def openverse_page(asked: Asked, found: int = 240) -> Reply:
    """What Openverse answers, its limit for those without a key included."""
    page, size = int(asked.values["page"]), int(asked.values["page_size"])
    if size > 20:
        return as_json({"detail": "Authentication credentials were not provided."}, 401)
    numbers = range(size * (page - 1), min(size * page, found))
    results = [openverse_result(number) for number in numbers]
    return as_json({"result_count": found, "page_count": -(-found // 20), "page": page, "results": results})


def test_openverse_asks_for_pages_of_twenty_until_two_hundred_and_forty() -> None:
    with serving(lambda asked: openverse_page(asked, 10_000)) as server:
        pages = server.walk(Openverse(server.base, {"license": "by,cc0"}))
    assert [page.outcome for page in pages] == [Outcome.RESULTS] * 12
    addresses = [candidate.address for page in pages for candidate in page.candidates]
    assert addresses == [f"https://photos.example/{number}.jpg" for number in range(240)]
    assert {asked.path for asked in server.asked} == {"/v1/images/"}
    assert [asked.values["page"] for asked in server.asked] == [str(page) for page in range(1, 13)]
    wanted = {"q": "blue t-shirt", "page": "2", "page_size": "20", "format": "json", "license": "by,cc0"}
    assert server.asked[1].values == wanted


def test_openverse_stops_at_the_last_page_there_is() -> None:
    with serving(lambda asked: openverse_page(asked, 25)) as server:
        pages = server.walk(Openverse(server.base))
    assert [len(page.candidates) for page in pages] == [20, 5]


def test_openverse_fields() -> None:
    results = [
        openverse_result(1),
        openverse_result(2, license="cc0", license_version="1.0", title=None, creator=None, width=None),
        openverse_result(3, license="pdm", license_url=None, foreign_landing_url="javascript:alert(1)"),
        openverse_result(4, license="by-nc-nd", license_version="4.0", height="768", title="<b>A</b> &amp; B"),
        openverse_result(5, url=None),
        openverse_result(6, url="/etc/passwd"),
        "no object",
    ]
    with serving(as_json({"page_count": 1, "results": results})) as server:
        (page,) = server.walk(Openverse(server.base))
    assert page.candidates[0] == Candidate(
        address="https://photos.example/1.jpg",
        page="https://photos.example/1",
        title="Shirt 1",
        licence="CC BY-SA 2.0",
        licence_address="https://creativecommons.org/licenses/by-sa/2.0/",
        author="Ada",
        width=1024,
        height=768,
    )
    second, third, fourth = page.candidates[1:]
    assert (second.licence, second.title, second.author, second.width) == ("CC0", "", "", 0)
    assert (third.licence, third.licence_address, third.page) == ("Public domain", "", "")
    assert (fourth.licence, fourth.title, fourth.height) == ("CC BY-NC-ND 4.0", "A & B", 768)


@pytest.mark.parametrize(
    ("reply", "outcome", "detail"),
    [
        (as_json({"result_count": 0, "page_count": 0, "results": []}), Outcome.EMPTY, "nothing"),
        (as_json({"detail": "Not found."}, 404), Outcome.ERROR, "404: Not found."),
        (as_json({"detail": "no credentials"}, 401), Outcome.ERROR, "401: no credentials"),
        (Reply(b'{"detail":"throttled"}', 429, {"Retry-After": "70"}), Outcome.QUOTA, "retry after 70: throttled"),
        (Reply(b"<html>gateway</html>", 502), Outcome.ERROR, "502"),
        (Reply(b"<html>no robots</html>", 403), Outcome.BLOCKED, "403"),
        (as_json({"hits": []}), Outcome.LAYOUT_CHANGED, "results"),
        (as_json({"results": {"a": 1}}), Outcome.LAYOUT_CHANGED, "results"),
        (as_json({"results": [{"link": "https://a.example/b.jpg"}]}), Outcome.LAYOUT_CHANGED, "none of 1"),
        (Reply(b"<html>hello</html>"), Outcome.LAYOUT_CHANGED, "results"),
        (Reply(b""), Outcome.ERROR, "empty answer"),
        (Reply(b"[" * 200_000), Outcome.LAYOUT_CHANGED, "results"),
        (Reply(b'{"results": ["' + b"\xff" * 9), Outcome.LAYOUT_CHANGED, "results"),
    ],
)
def test_openverse_outcomes(reply: Reply, outcome: Outcome, detail: str) -> None:
    with serving(reply) as server:
        (page,) = server.walk(Openverse(server.base))
    assert (page.outcome, page.candidates, page.following) == (outcome, (), None)
    assert detail in page.detail


def commons_page(index: int, **fields: Any) -> dict[str, Any]:
    """A page as the interface gives it, with its file's facts."""
    about = {
        "LicenseShortName": "CC BY-SA 4.0",
        "LicenseUrl": "https://creativecommons.org/licenses/by-sa/4.0",
        "Artist": '<a href="//commons.wikimedia.org/wiki/User:Ada" title="User:Ada">Ada &amp; Co</a>',
    }
    info = {
        "url": f"https://upload.example/{index}.jpg",
        "thumburl": f"https://upload.example/thumb/{index}.jpg/1920px-{index}.jpg",
        "thumbwidth": 1920,
        "thumbheight": 1280,
        "descriptionurl": f"https://commons.example/wiki/File:{index}.jpg",
        "width": 3000,
        "height": 2000,
        "size": 900_000,
        "mime": "image/jpeg",
    } | fields
    named = {name: {"value": value} for name, value in (about | info.pop("about", {})).items()}
    return {"pageid": index, "title": f"File:Shirt no. {index}.JPG", "index": index} | {
        "imageinfo": [info | {"extmetadata": named}]
    }


def commons_answer(pages: list[dict[str, Any]], **fields: Any) -> Reply:
    """A finished batch."""
    return as_json({"batchcomplete": "", "query": {"pages": {str(page["pageid"]): page for page in pages}}} | fields)


def test_commons_asks_for_bitmaps_and_repeats_every_key_of_continue() -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.values.get("gsroffset", 0))
        more = {"continue": {"gsroffset": start + 2, "continue": "gsroffset||"}} if start < 4 else {}
        return commons_answer([commons_page(start + 2), commons_page(start + 1)], **more)

    with serving(answer) as server:
        pages = server.walk(WikimediaCommons(server.base))
    titles = [candidate.title for page in pages for candidate in page.candidates]
    assert titles == [f"Shirt no. {number}" for number in range(1, 7)], "in the order of `index`"
    assert server.asked[0].path == "/w/api.php"
    assert server.asked[0].values["gsrsearch"] == "filetype:bitmap blue t-shirt"
    assert server.asked[0].values["gsrnamespace"] == "6"
    again = server.asked[0].values | {"gsroffset": "2", "continue": "gsroffset||"}
    assert server.asked[1].values == again


def test_commons_merges_the_parts_of_a_batch() -> None:
    """The file's facts come with one part, the pages that use it with others: candidates only when all is there."""
    first, second = commons_page(1), commons_page(2)
    bare = {"pageid": 2, "title": second["title"], "index": 2}
    parts = {
        "": as_json(
            {
                "continue": {"iistart": "7", "continue": "||globalusage"},
                "query": {"pages": {"1": first, "2": bare}},
            }
        ),
        "7": commons_answer(
            [{"pageid": 1, "globalusage": []}, {"pageid": 2, "imageinfo": second["imageinfo"]}],
            **{"continue": {"gsroffset": 2, "continue": "gsroffset||"}},
        ),
    }

    def answer(asked: Asked) -> Reply:
        return as_json({"batchcomplete": ""}) if "gsroffset" in asked.values else parts[asked.values.get("iistart", "")]

    with serving(answer) as server:
        pages = server.walk(WikimediaCommons(server.base))
    assert [(page.outcome, len(page.candidates)) for page in pages] == [
        (Outcome.RESULTS, 0),
        (Outcome.RESULTS, 2),
        (Outcome.EMPTY, 0),
    ]
    assert "iistart" not in server.asked[2].values, "the keys of a finished batch are not repeated"


def test_commons_fields() -> None:
    hidden = 'Shown<div style="display: none;">label QS</div><script>x</script>'
    pages = [
        commons_page(1),
        commons_page(2, about={"LicenseShortName": "Public domain", "LicenseUrl": "", "Artist": hidden}),
        commons_page(3, mime="image/tiff"),
        commons_page(4, size=40_000_000),
        {"pageid": 5, "title": "File:Gone.jpg", "index": 5, "missing": ""},
    ]
    with serving(commons_answer(pages)) as server:
        (page,) = server.walk(WikimediaCommons(server.base))
    assert page.candidates[0] == Candidate(
        address="https://upload.example/1.jpg",
        page="https://commons.example/wiki/File:1.jpg",
        title="Shirt no. 1",
        licence="CC BY-SA 4.0",
        licence_address="https://creativecommons.org/licenses/by-sa/4.0",
        author="Ada & Co",
        width=3000,
        height=2000,
    )
    second, tiff, large = page.candidates[1:]
    assert (second.licence, second.licence_address, second.author) == ("Public domain", "", "Shown")
    assert tiff.address == "https://upload.example/thumb/3.jpg/1920px-3.jpg", "what cannot be decoded has a preview"
    assert (large.width, large.height) == (1920, 1280)


@pytest.mark.parametrize(
    ("reply", "outcome", "detail"),
    [
        (as_json({"batchcomplete": ""}), Outcome.EMPTY, "nothing"),
        (as_json({"error": {"code": "ratelimited", "info": "Slower."}}), Outcome.QUOTA, "ratelimited: Slower."),
        (as_json({"error": {"code": "maxlag", "info": "Waiting"}}), Outcome.QUOTA, "maxlag"),
        (as_json({"error": {"code": "cirrussearch-backend-error", "info": "x"}}), Outcome.ERROR, "cirrussearch"),
        (as_json({"error": "odd"}), Outcome.ERROR, "without a code"),
        (Reply(b"set a user-agent", 403), Outcome.BLOCKED, "403"),
        (Reply(b"slow down", 429, {"Retry-After": "5"}), Outcome.QUOTA, "retry after 5"),
        (Reply(b"<html>busy</html>", 503), Outcome.ERROR, "503"),
        (as_json({"batchcomplete": "", "query": {"pages": {}}}), Outcome.LAYOUT_CHANGED, "query.pages"),
        (
            as_json({"batchcomplete": "", "query": {"pages": {"1": {"title": "File:A.jpg"}}}}),
            Outcome.LAYOUT_CHANGED,
            "1",
        ),
        (as_json({"query": {"pages": {"1": {}}}}), Outcome.LAYOUT_CHANGED, "continue"),
        (Reply(b"<html>api help</html>"), Outcome.LAYOUT_CHANGED, "JSON"),
    ],
)
def test_commons_outcomes(reply: Reply, outcome: Outcome, detail: str) -> None:
    with serving(reply) as server:
        (page,) = server.walk(WikimediaCommons(server.base))
    assert (page.outcome, page.candidates, page.following) == (outcome, (), None)
    assert detail in page.detail


def google_item(number: int) -> dict[str, Any]:
    """An item as the interface gives it."""
    return {
        "title": f"Shirt {number}",
        "link": f"https://shop.example/{number}.jpg",
        "mime": "image/jpeg",
        "image": {"contextLink": f"https://shop.example/{number}", "width": 800, "height": 600},
    }


@pytest.fixture
def google_key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key in the environment."""
    monkeypatch.setenv(KEY_VARIABLE, "not-a-real-key")
    return "not-a-real-key"


def test_google_api_stops_at_a_hundred_and_keeps_the_key_out_of_addresses(google_key: str) -> None:
    def answer(asked: Asked) -> Reply:
        start = int(asked.values["start"])
        items = [google_item(start + each) for each in range(10)]
        more = {"request": [{}], "nextPage": [{"startIndex": start + 10}]}
        return as_json({"queries": more, "searchInformation": {}, "items": items})

    with serving(answer) as server:
        source = GoogleApi("engine", server.base, {"rights": "cc_publicdomain"})
        pages = server.walk(source)
    assert [asked.values["start"] for asked in server.asked] == [str(start) for start in range(1, 100, 10)]
    assert sum(len(page.candidates) for page in pages) == 100
    assert pages[0].candidates[0] == Candidate(
        "https://shop.example/1.jpg", "https://shop.example/1", "Shirt 1", width=800, height=600
    )
    wanted = {"cx": "engine", "q": "blue t-shirt", "searchType": "image", "num": "10", "start": "1"}
    assert server.asked[0].values == wanted | {"rights": "cc_publicdomain"}
    assert server.asked[0].path == "/customsearch/v1"
    assert {asked.headers["x-goog-api-key"] for asked in server.asked} == {google_key}
    request = source.first_request("blue")
    assert google_key not in request.address + str(request.state)


def google_refusal(code: int, reason: str) -> Reply:
    """A refusal in Google's form."""
    return as_json({"error": {"code": code, "message": f"because {reason}", "errors": [{"reason": reason}]}}, code)


@pytest.mark.parametrize(
    ("reply", "outcome", "detail"),
    [
        (as_json({"queries": {"request": [{}]}, "searchInformation": {"totalResults": "0"}}), Outcome.EMPTY, "nothing"),
        (google_refusal(429, "rateLimitExceeded"), Outcome.QUOTA, "because rateLimitExceeded"),
        (google_refusal(403, "dailyLimitExceeded"), Outcome.QUOTA, "dailyLimitExceeded"),
        (google_refusal(403, "accessNotConfigured"), Outcome.ERROR, "accessNotConfigured"),
        (google_refusal(400, "keyInvalid"), Outcome.ERROR, "keyInvalid"),
        (Reply(b"<html>Forbidden</html>", 403), Outcome.BLOCKED, "403"),
        (google_refusal(500, "backendError"), Outcome.ERROR, "backendError"),
        (as_json({"kind": "other"}), Outcome.LAYOUT_CHANGED, "no result of a search"),
        (as_json({"queries": {}, "items": "none"}), Outcome.LAYOUT_CHANGED, "none of 1"),
        (as_json({"queries": {}, "items": [{"url": "x"}]}), Outcome.LAYOUT_CHANGED, "none of 1"),
    ],
)
def test_google_api_outcomes(google_key: str, reply: Reply, outcome: Outcome, detail: str) -> None:
    with serving(reply) as server:
        (page,) = server.walk(GoogleApi("engine", server.base))
    assert (page.outcome, page.candidates, page.following) == (outcome, (), None)
    assert detail in page.detail


@pytest.mark.parametrize(("key", "cx", "named"), [("", "engine", KEY_VARIABLE), ("k", "", "`cx`")])
def test_google_api_says_what_it_lacks_and_when_it_ends(
    monkeypatch: pytest.MonkeyPatch, key: str, cx: str, named: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    with pytest.raises(ConfigError, match=named) as error:
        GoogleApi(cx)
    assert "2027-01-01" in str(error.value)


def yahoo_japan_answer(asked: Asked) -> Reply:
    """The page with the token, then two pages of results and an empty one."""
    if asked.path == "/image/search":
        return saved("yahoo_japan_page.html")
    if asked.values.get("cr") != "aB/c=1":
        return Reply(b"bad crumb", 400)
    start = int(asked.values["b"])
    numbers = range(start, start + 20) if start < 41 else []
    return as_json(
        {
            "algos": [
                {
                    "title": f"シャツ <b>{number}</b>",
                    "refererUrl": f"https://shop.example/{number}",
                    "original": {"url": f"https://shop.example/{number}.jpg", "width": 640, "height": "480"},
                }
                for number in numbers
            ]
        }
    )


def test_yahoo_japan_takes_the_token_and_pages_by_twenty() -> None:
    with serving(yahoo_japan_answer) as server:
        pages = server.walk(YahooJapan(server.base), "シャツ")
    assert [(page.outcome, len(page.candidates)) for page in pages] == [
        (Outcome.RESULTS, 0),
        (Outcome.RESULTS, 20),
        (Outcome.RESULTS, 20),
        (Outcome.EMPTY, 0),
    ]
    assert pages[1].candidates[0] == Candidate(
        "https://shop.example/1.jpg", "https://shop.example/1", "シャツ 1", width=640, height=480
    )
    wanted = {"p": "シャツ", "n": "20", "b": "21", "vm": "i", "cr": "aB/c=1", "ei": "UTF-8"}
    assert (server.asked[2].path, server.asked[2].values) == ("/image/api/search", wanted)


@pytest.mark.parametrize(
    ("page", "reply", "outcome"),
    [
        (Reply(b"<html><script>var a = 1;</script></html>"), Reply(), Outcome.LAYOUT_CHANGED),
        (Reply(b'<html><form id="captcha"></form></html>'), Reply(), Outcome.BLOCKED),
        (Reply(b"x", 500), Reply(), Outcome.ERROR),
        (Reply(b"x", 429), Reply(), Outcome.QUOTA),
        (None, as_json({"algos": []}), Outcome.EMPTY),
        (None, as_json({"results": []}), Outcome.LAYOUT_CHANGED),
        (None, as_json({"algos": [{"image": "x"}]}), Outcome.LAYOUT_CHANGED),
        (None, Reply(b'<html><form id="captcha"></form></html>'), Outcome.BLOCKED),
        (None, Reply(b"wrong crumb", 400), Outcome.ERROR),
    ],
)
def test_yahoo_japan_outcomes(page: Reply | None, reply: Reply, outcome: Outcome) -> None:
    token = Reply(b'<html><script>{"crumb": "abc"}</script></html>')
    with serving(lambda asked: reply if "api" in asked.path else page or token) as server:
        assert server.walk(YahooJapan(server.base))[-1].outcome == outcome
