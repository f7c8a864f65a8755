"""Google's Custom Search JSON API: closed to new customers, and it ends on 2027-01-01 for the others.

It needs a key and the id of a search engine, gives 100 queries a day without payment and at most 100 results a search,
and says nothing of licences. The key travels in a header: an address ends up in logs.
"""

import os
from collections.abc import Mapping

from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.reading import (
    FORBIDDEN,
    check_filters,
    found,
    layout_changed,
    mapping,
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
from tryon.errors import ConfigError

ENDS = "2027-01-01"
KEY_VARIABLE = "TRYON_GOOGLE_KEY"
PAGE_SIZE = 10
DEPTH = 100
FILTERS = frozenset({"imgType", "imgSize", "imgColorType", "imgDominantColor", "rights", "safe"})
# The reasons with which Google refuses a request (403, sometimes 429) that would have been right on another day.
QUOTA_REASONS = frozenset(
    {"dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"}
)


class GoogleApi:
    """Pages of 10 results, 100 in all.

    Args:
        cx: id of the programmable search engine that is asked.
        base: address of the service.
        filters: parameters of the search, such as `rights: cc_publicdomain`.

    Raises:
        ConfigError: there is no key in the environment, or no `cx`.
    """

    name = "google_api"
    access = Access.API
    permission = ""

    def __init__(
        self, cx: str = "", base: str = "https://www.googleapis.com", filters: Mapping[str, str] | None = None
    ) -> None:
        self._key = os.environ.get(KEY_VARIABLE, "")
        for what, value in ((f"the variable {KEY_VARIABLE}", self._key), ("the setting `cx`", cx)):
            if not value:
                raise ConfigError(
                    f"source {self.name} needs {what}",
                    needed="a key and the id of a programmable search engine from before 2026: Google takes no new "
                    f"customers, and ends the service on {ENDS}",
                    remedy="give both, or use openverse and wikimedia_commons, which need neither",
                )
        self._cx, self._base = cx, base
        self._filters = check_filters(self.name, filters or {}, FILTERS)

    def first_request(self, words: str) -> SearchRequest:
        """The first ten results."""
        return self._request(words, 1)

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """Ten results; an answer without `items` found nothing."""
        content = read_json(answer)
        refused = refusal(answer)
        if refused:
            return _refused(refused, mapping((content or {}).get("error")))
        if content is None or ("searchInformation" not in content and "queries" not in content):
            return layout_changed("the answer is no result of a search")
        if "items" not in content:
            return nothing_found()
        results = mappings(content["items"])
        return found(max(1, len(results)), map(_candidate, results), self._following(request, content))

    def _following(self, request: SearchRequest, content: dict[str, object]) -> SearchRequest | None:
        pages = mappings(mapping(content.get("queries")).get("nextPage"))
        start = number(pages[0].get("startIndex")) if pages else 0
        ahead = number(request.state.get("start")) < start <= DEPTH - PAGE_SIZE + 1
        return self._request(text(request.state.get("words")), start) if ahead else None

    def _request(self, words: str, start: int) -> SearchRequest:
        values = {"cx": self._cx, "q": words, "searchType": "image", "num": PAGE_SIZE, "start": start, **self._filters}
        return SearchRequest(
            with_values(self._base, "/customsearch/v1", values),
            headers={"X-Goog-Api-Key": self._key},
            state={"words": words, "start": start},
        )


def _refused(refused: SearchPage, error: dict[str, object]) -> SearchPage:
    """A refusal as Google words it: over the quota comes as 403 as well as 429, a bad key as 400 or 403."""
    reasons = {text(each.get("reason")) for each in mappings(error.get("errors")) + mappings(error.get("details"))}
    outcome = refused.outcome
    if reasons & QUOTA_REASONS or error.get("status") == "RESOURCE_EXHAUSTED":
        outcome = Outcome.QUOTA
    elif error.get("code") == FORBIDDEN:
        outcome = Outcome.ERROR  # a key that is not accepted: an answer of the interface, not of a gate before it
    return SearchPage(outcome, detail=": ".join(filter(None, (refused.detail, text(error.get("message"))))))


def _candidate(item: dict[str, object]) -> Candidate:
    image = mapping(item.get("image"))
    return Candidate(
        address=web_address(item.get("link")),
        page=web_address(image.get("contextLink")),
        title=plain_text(item.get("title")),
        width=number(image.get("width")),
        height=number(image.get("height")),
    )
