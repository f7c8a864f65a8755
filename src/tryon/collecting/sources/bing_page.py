"""Bing's image result page, which works without scripts. Off by default: Microsoft's terms forbid it.

Best effort, tested on saved fragments. A result is a link of the class `iusc` whose attribute `m` is JSON.
"""

import json
from collections.abc import Mapping
from itertools import takewhile

from parsel import Selector

from tryon.collecting.searching import Access, Candidate, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.pages import without_results
from tryon.collecting.sources.reading import (
    OK,
    check_filters,
    found,
    mapping,
    nothing_found,
    number,
    plain_text,
    read_html,
    text,
    web_address,
    with_values,
)

PAGE_SIZE = 35
NOTHING = ("there are no results for", "no results found for")


class BingPage:
    """Fragments of 35 results, until one holds nothing new.

    Args:
        base: address of the service.
        filters: `qft`, such as `+filterui:photo-photo+filterui:licenseType-Any`.
    """

    name = "bing_page"
    access = Access.PAGES
    permission = "Microsoft's terms forbid automated access to Bing's pages: settle a licence with Microsoft first"

    def __init__(self, base: str = "https://www.bing.com", filters: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._filters = check_filters(self.name, filters or {}, {"qft"})

    def first_request(self, words: str) -> SearchRequest:
        """The first fragment."""
        return self._request(words, 0, [])

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """Results of a fragment; beyond its end Bing repeats the last one."""
        page = read_html(answer)
        links = page.css("a.iusc")
        number_of_page = number(request.state.get("page"))
        if answer.status == OK and not links and page.css("ul.dgControl_list"):
            return nothing_found("an empty list of results")
        if not links or answer.status != OK:
            return without_results(
                answer, page, first=not number_of_page, nothing=NOTHING, wanted="link of the class iusc"
            )
        candidates = [_candidate(link) for link in links]
        addresses = [candidate.address for candidate in candidates if candidate.address]
        if addresses and addresses == request.state.get("before"):
            return nothing_found("the same results again")
        following = self._request(text(request.state.get("words")), number_of_page + 1, addresses)
        return found(len(links), candidates, following)

    def _request(self, words: str, page: int, before: list[str]) -> SearchRequest:
        values = {"q": words, "async": 1, "first": 1 + PAGE_SIZE * page, "count": PAGE_SIZE, **self._filters}
        address = with_values(self._base, "/images/async", values)
        return SearchRequest(address, state={"words": words, "page": page, "before": before})


def _candidate(link: Selector) -> Candidate:
    """A result; without an address if its attribute is no JSON."""
    try:
        about = mapping(json.loads(link.attrib.get("m", "")))
    except (ValueError, RecursionError):
        about = {}
    width, height = _size(link.xpath("ancestor::li[1]").css(".img_info span.nowrap::text").get(""))
    return Candidate(
        address=web_address(about.get("murl")),
        page=web_address(about.get("purl")),
        title=plain_text(about.get("t")),
        width=width,
        height=height,
    )


def _size(words: str) -> tuple[int, int]:
    """Width and height from `1024 x 768 · jpeg`."""
    numbers = [number(word) for word in takewhile(lambda word: word != "·", words.replace("×", "x").split())]
    sides = [side for side in numbers if side]
    return (sides[0], sides[1]) if len(sides) == 2 else (0, 0)
