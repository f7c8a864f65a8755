"""Yahoo Japan's image search: a token out of the page first, then JSON. Off by default: the terms forbid it.

Best effort: known from other programs only, no real answer is saved.
"""

import json
import re
from itertools import chain

from parsel import Selector

from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.pages import gate
from tryon.collecting.sources.reading import (
    found,
    layout_changed,
    mapping,
    mappings,
    nothing_found,
    number,
    plain_text,
    read_html,
    read_json,
    refusal,
    text,
    web_address,
    with_values,
)

PAGE_SIZE = 20
CRUMB = re.compile(r'"crumb"\s*:\s*("(?:[^"\\]|\\.){1,200}")')


class YahooJapan:
    """Pages of 20 results.

    Args:
        base: address of the service.
    """

    name = "yahoo_japan"
    access = Access.PAGES
    permission = "Yahoo Japan's terms forbid automated access to its pages: settle a licence with LY Corporation first"

    def __init__(self, base: str = "https://search.yahoo.co.jp") -> None:
        self._base = base

    def first_request(self, words: str) -> SearchRequest:
        """The page that holds the token."""
        address = with_values(self._base, "/image/search", {"p": words, "ei": "UTF-8"})
        return SearchRequest(address, state={"words": words})

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """The token, or the results that it opened."""
        if "crumb" not in request.state:
            return self._read_token(request, answer)
        refused = refusal(answer)
        if refused:
            return refused
        content = read_json(answer)
        if content is None or not isinstance(content.get("algos"), list):
            return gate(answer, read_html(answer)) or layout_changed("the answer has no list `algos`")
        if not content["algos"]:
            return nothing_found()
        start = number(request.state.get("start")) + PAGE_SIZE
        following = self._request(text(request.state.get("words")), text(request.state.get("crumb")), start)
        return found(len(content["algos"]), map(_candidate, mappings(content["algos"])), following)

    def _read_token(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        page = read_html(answer)
        before = gate(answer, page)
        if before:
            return before
        crumb = _crumb(page)
        if not crumb:
            return layout_changed("no crumb in the page's scripts")
        following = self._request(text(request.state.get("words")), crumb, 1)
        return SearchPage(Outcome.RESULTS, following=following, detail="the token of the search")

    def _request(self, words: str, crumb: str, start: int) -> SearchRequest:
        values = {"p": words, "n": PAGE_SIZE, "b": start, "vm": "i", "cr": crumb, "ei": "UTF-8"}
        address = with_values(self._base, "/image/api/search", values)
        return SearchRequest(address, state={"words": words, "crumb": crumb, "start": start})


def _crumb(page: Selector) -> str:
    """The token of the first script that holds one."""
    matches = chain.from_iterable(CRUMB.findall(script) for script in page.xpath("//script/text()").getall())
    for match in matches:
        try:
            return text(json.loads(match))
        except ValueError:
            continue
    return ""


def _candidate(result: dict[str, object]) -> Candidate:
    original = mapping(result.get("original"))
    return Candidate(
        address=web_address(original.get("url")),
        page=web_address(result.get("refererUrl")),
        title=plain_text(result.get("title")),
        width=number(original.get("width")),
        height=number(original.get("height")),
    )
