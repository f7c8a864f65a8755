"""Openverse: openly licensed pictures of many collections, by a JSON interface that asks for no key.

Without a key a page has at most 20 results, a search is at most 240 deep, and there are 20 requests a minute and 200 a
day. The terms forbid to collect in bulk and to get round these limits.
"""

from collections.abc import Mapping

from tryon.collecting.searching import Access, Candidate, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.licences import short_name
from tryon.collecting.sources.reading import (
    check_filters,
    found,
    layout_changed,
    mappings,
    nothing_found,
    number,
    plain_text,
    read_json,
    refusal,
    text,
    web_address,
    with_values,
)

PAGE_SIZE = 20
DEPTH = 240
FILTERS = frozenset({"license", "license_type", "source", "extension", "size", "aspect_ratio", "category"})


class Openverse:
    """Pages of 20 results, 240 in all.

    Args:
        base: address of the service.
        filters: parameters of the search, such as `license: by,by-sa,cc0,pdm`.
    """

    name = "openverse"
    access = Access.API
    permission = ""

    def __init__(self, base: str = "https://api.openverse.org", filters: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._filters = check_filters(self.name, filters or {}, FILTERS)

    def first_request(self, words: str) -> SearchRequest:
        """The first page."""
        return self._request(words, 1)

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """A page of results; a refusal says what the service says of it."""
        content = read_json(answer)
        refused = refusal(answer)
        if refused:
            detail = text((content or {}).get("detail"))
            return SearchPage(refused.outcome, detail=": ".join(filter(None, (refused.detail, detail))))
        if content is None or not isinstance(content.get("results"), list):
            return layout_changed("the answer has no list `results`")
        results = mappings(content["results"])
        if not content["results"]:
            return nothing_found()
        return found(len(content["results"]), map(_candidate, results), self._following(request, content))

    def _following(self, request: SearchRequest, content: dict[str, object]) -> SearchRequest | None:
        page = number(request.state.get("page"))
        last = min(number(content.get("page_count")), DEPTH // PAGE_SIZE)
        return self._request(text(request.state.get("words")), page + 1) if page < last else None

    def _request(self, words: str, page: int) -> SearchRequest:
        values = {"q": words, "page": page, "page_size": PAGE_SIZE, "format": "json", **self._filters}
        return SearchRequest(with_values(self._base, "/v1/images/", values), state={"words": words, "page": page})


def _candidate(result: dict[str, object]) -> Candidate:
    return Candidate(
        address=web_address(result.get("url")),
        page=web_address(result.get("foreign_landing_url")),
        title=plain_text(result.get("title")),
        licence=short_name(text(result.get("license")), text(result.get("license_version"))),
        licence_address=web_address(result.get("license_url")),
        author=plain_text(result.get("creator")),
        width=number(result.get("width")),
        height=number(result.get("height")),
    )
