"""Yahoo's image result page. Off by default: Yahoo's terms forbid it.

Best effort: a new layout came in June 2026 and no saved page of either layout exists, only real links. Results are
found by what their links hold; `imgurl` in them has no scheme.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from parsel import Selector

from tryon.collecting.searching import Access, Candidate, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.pages import blocked, without_results
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

NOTHING = ("did not find results for", "no results found")
# Yahoo's own status for those it takes for robots.
REFUSED = 999


class YahooPage:
    """Links to `/images/view`, whose values hold picture and page.

    Args:
        base: address of the service.
        filters: `imgsz`, `imgty`, `imgl`.
    """

    name = "yahoo_page"
    access = Access.PAGES
    permission = "Yahoo's terms forbid automated access to its pages: settle a licence with Yahoo first"

    def __init__(self, base: str = "https://images.search.yahoo.com", filters: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._filters = check_filters(self.name, filters or {}, {"imgsz", "imgty", "imgl"})

    def first_request(self, words: str) -> SearchRequest:
        """The first page."""
        return self._request(words, 1)

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """Results of a page, and the request that begins after the last of them."""
        if answer.status == REFUSED:
            return blocked(f"status {REFUSED}: Yahoo takes us for a robot")
        page = read_html(answer)
        links = page.css('a[href*="imgurl="]')
        start = number(request.state.get("start"))
        if not links or answer.status != OK:
            return without_results(answer, page, first=start <= 1, nothing=NOTHING, wanted="link with an imgurl")
        following = self._request(text(request.state.get("words")), start + len(links))
        return found(len(links), map(_candidate, links), following)

    def _request(self, words: str, start: int) -> SearchRequest:
        values = {"p": words, "ei": "UTF-8", "b": start, **self._filters}
        return SearchRequest(with_values(self._base, "/search/images", values), state={"words": words, "start": start})


def _candidate(link: Selector) -> Candidate:
    values = link_values(link.attrib.get("href", ""))
    page = web_address(values.get("rurl"))
    picture = values.get("imgurl", "")
    if picture and "://" not in picture:
        # The picture's own scheme is not given; that of the page which shows it is the likely one.
        picture = f"{urlsplit(page).scheme or 'https'}://{picture}"
    return Candidate(
        address=web_address(picture),
        page=page,
        title=plain_text(values.get("tt")),
        width=number(values.get("w")),
        height=number(values.get("h")),
    )
