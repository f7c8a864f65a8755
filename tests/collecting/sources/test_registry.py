"""All sources by name: which are on by default, what they need, and that no answer makes one fail."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchRequest
from tryon.collecting.sources.google_api import KEY_VARIABLE
from tryon.collecting.sources.registry import DEFAULT_SOURCES, SOURCES, find_source
from tryon.errors import ConfigError

NEEDED = {"google_api": {"cx": "engine"}, "addresses": {"path": "list.txt"}, "folder": {"path": "pictures"}}
REMOTE = sorted(set(SOURCES) - {"addresses", "folder"})
# Words that the sources look for, so that made-up answers reach further than their first question.
FIELDS = [
    "results",
    "items",
    "algos",
    "query",
    "pages",
    "batchcomplete",
    "continue",
    "error",
    "code",
    "info",
    "errors",
    "reason",
    "imageinfo",
    "extmetadata",
    "url",
    "link",
    "image",
    "original",
    "title",
    "license",
    "queries",
    "nextPage",
    "startIndex",
    "searchInformation",
    "page_count",
    "1",
]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "not-a-real-key")


def test_pages_need_permission_and_interfaces_do_not() -> None:
    sources = {name: find_source(name, **NEEDED.get(name, {})) for name in SOURCES}
    assert {name: source.name for name, source in sources.items()} == {name: name for name in SOURCES}
    pages = {name for name, source in sources.items() if source.access == Access.PAGES}
    assert pages == {"google_page", "yahoo_page", "yahoo_japan", "bing_page"}
    assert {name for name, source in sources.items() if source.permission} == pages
    assert {name for name, source in sources.items() if source.access == Access.LOCAL} == set(SOURCES) - set(REMOTE)
    assert all("licence" in source.permission for source in sources.values() if source.permission)
    assert DEFAULT_SOURCES == ("openverse", "wikimedia_commons")


def test_requests_go_to_the_service_unless_another_is_named() -> None:
    for name in REMOTE:
        assert find_source(name, **NEEDED.get(name, {})).first_request("blue").address.startswith("https://")
        elsewhere = find_source(name, base="http://127.0.0.1:9/", **NEEDED.get(name, {}))
        assert elsewhere.first_request("blue & white").address.startswith("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("name", "given_settings", "message"),
    [
        ("altavista", {}, "altavista.*\n.*openverse, wikimedia_commons"),
        ("openverse", {"key": "x"}, "no setting 'key'"),
        ("openverse", {"filters": {"colour": "blue"}}, "no filter 'colour'"),
        ("bing_page", {"filters": {"q": "other words"}}, "no filter 'q'"),
        ("openverse", {"filters": "by"}, "filters"),
        ("folder", {"path": 3}, "path"),
        ("folder", {}, "path"),
    ],
)
def test_wrong_names_and_settings_are_named(name: str, given_settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_source(name, **given_settings)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("https://a.example/1.jpg"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=12,
)
markup = st.lists(
    st.sampled_from(
        [
            '<a class="iusc" m="{&quot;murl&quot;:&quot;//a.example/1&quot;}">',
            "<a class=iusc m='[1'>",
            '<a href="/imgres?imgurl=https://[a/1.jpg&w=9e9">',
            '<a href="/images/view?imgurl=a.example/1.jpg&rurl=http://[::1">',
            '<script>{"crumb": "a\\u',
            '<script>{"crumb": "\\ud800"}</script>',
            "</li><li>",
            '<span class="nowrap">1 x 2</span>',
            "\x00",
            "&#xD800;",
            "<!DOCTYPE html [<!ENTITY a 'b'>]>",
        ]
    )
    | st.text(max_size=8),
    max_size=8,
).map(lambda parts: "".join(parts).encode("utf-8", "surrogatepass"))
bodies = st.dictionaries(st.sampled_from(FIELDS), anything, max_size=6).map(json.dumps).map(str.encode)


@pytest.mark.parametrize("name", REMOTE)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies | markup | st.binary(max_size=40), status=st.sampled_from([200, 200, 200, 302, 403, 429, 500, 999]))
def test_no_answer_makes_a_source_fail(name: str, body: bytes, status: int) -> None:
    source = find_source(name, **NEEDED.get(name, {}))
    request = source.first_request("blue")
    for state in (request.state, {**request.state, "crumb": "abc", "start": 1, "page": 2}):
        asked = SearchRequest(request.address, state=state)
        page = source.read(asked, SearchAnswer(request.address, status, {"content-type": "text/html"}, body))
        assert page.outcome in Outcome
        assert page.detail or page.outcome == Outcome.RESULTS
        assert page.following is None or page.outcome == Outcome.RESULTS
        assert all(candidate.address.startswith(("http://", "https://")) for candidate in page.candidates)
        assert all(_is_text_on_one_line(candidate) for candidate in page.candidates)
        json.dumps(dict(page.following.state) if page.following else {})


def test_a_page_of_a_million_open_tags_is_read_in_no_time() -> None:
    source = find_source("google_page")
    request = source.first_request("blue")
    body = b"<div>" * 1_000_000 + b'<a href="/imgres?imgurl=https://a.example/1.jpg">'
    page = source.read(request, SearchAnswer(request.address, 200, {}, body))
    assert page.outcome == Outcome.LAYOUT_CHANGED


def _is_text_on_one_line(candidate: Candidate) -> bool:
    words = candidate.title + candidate.author + candidate.licence + candidate.address + candidate.page
    words.encode()
    return "\n" not in words and "\0" not in words
