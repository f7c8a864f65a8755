"""Google's image result page without scripts. Off by default: the terms and robots.txt forbid it.

Best effort, tested on saved pages: classes change often, so results are found by what their links lead to. No browser
and no other program's name is pretended, so a page that asks for JavaScript is the likely answer, and is said to be.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from parsel import Selector

from tryon.collecting.searching import Access, Candidate, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.pages import blocked, says, without_results
from tryon.collecting.sources.reading import (
    OK,
    check_filters,
    found,
    link_values,
    number,
    plain_text,
    read_html,
    text,
    web_address,
    with_values,
)

PAGE_SIZE = 10
NOTHING = ("did not match any", "no results found", "looks like there aren")
ROBOT = ("unusual traffic",)


class GooglePage:
    """Links to `/imgres?`, whose values hold picture and page.

    Args:
        base: address of the service.
        filters: `tbs`, such as `sur:cl` for Creative Commons, or `hl`.
    """

    name = "google_page"
    access = Access.PAGES
    permission = (
        "Google's terms forbid automated access and its robots.txt disallows /search and /imgres: "
        "settle a licence with Google first"
    )

    def __init__(self, base: str = "https://www.google.com", filters: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._filters = {"hl": "en"} | check_filters(self.name, filters or {}, {"tbs", "hl"})

    def first_request(self, words: str) -> SearchRequest:
        """The first page."""
        return self._request(words, 0)

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """Results of a page, or which of Google's gates stands before them."""
        page = read_html(answer)
        links = page.css('a[href*="/imgres?"]')
        number_of_page = number(request.state.get("page"))
        if not links or answer.status != OK:
            return _gate(answer, page) or without_results(
                answer, page, first=not number_of_page, nothing=NOTHING, wanted="link to /imgres"
            )
        following = self._request(text(request.state.get("words")), number_of_page + 1)
        return found(len(links), map(_candidate, links), following)

    def _request(self, words: str, page: int) -> SearchRequest:
        values = {"tbm": "isch", "q": words, "start": PAGE_SIZE * page, **self._filters}
        return SearchRequest(with_values(self._base, "/wml/search", values), state={"words": words, "page": page})


def _gate(answer: SearchAnswer, page: Selector) -> SearchPage | None:
    """Google's own gates; the others are in `pages`."""
    parts = urlsplit(answer.address)
    leads_to_sorry = "/sorry/" in answer.headers.get("location", "") or page.css('[href*="/sorry/"]')
    if parts.hostname == "sorry.google.com" or parts.path.startswith("/sorry/") or leads_to_sorry:
        return blocked("sent to /sorry/: Google takes us for a robot")
    if page.css('[src*="/httpservice/retry/enablejs"], [content*="/httpservice/retry/enablejs"]'):
        return blocked("the page asks for JavaScript (enablejs)")
    return blocked("the page speaks of unusual traffic") if says(page, ROBOT) else None


def _candidate(link: Selector) -> Candidate:
    values = link_values(link.attrib.get("href", ""))
    title = " ".join(link.css("h3 ::text").getall()) or link.css("img").attrib.get("alt", "")
    return Candidate(
        address=web_address(values.get("imgurl")),
        page=web_address(values.get("imgrefurl")),
        title=plain_text(title),
        width=number(values.get("w")),
        height=number(values.get("h")),
    )
