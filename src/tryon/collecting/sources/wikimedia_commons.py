"""Wikimedia Commons: freely licensed pictures, by the JSON interface of MediaWiki, which asks for no key.

An answer without `batchcomplete` is a part: the same pages come again with more fields and are merged. The client
rules ask for a User-Agent with contact, one request at a time, and obedience to Retry-After.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.sources.reading import (
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

PAGE_SIZE = 50
# A preview stands in for an original that the decoder or the crawler would refuse (TIFF, GIF, too many bytes). Only
# certain widths are served, and no preview's address may be built by hand.
PREVIEW_WIDTH_PX = 1920
DECODABLE = frozenset({"", "image/jpeg", "image/png", "image/webp"})
MAX_BYTES = 15_000_000
BUSY = frozenset({"ratelimited", "maxlag", "readonly"})


class WikimediaCommons:
    """Searches bitmaps of the namespace File.

    Args:
        base: address of the wiki.
    """

    name = "wikimedia_commons"
    access = Access.API
    permission = ""

    def __init__(self, base: str = "https://commons.wikimedia.org") -> None:
        self._base = base

    def first_request(self, words: str) -> SearchRequest:
        """The first results."""
        return self._request(words, {}, {})

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """The pages of a finished batch in their order; of a part, only the request for the next one."""
        refused = refusal(answer)
        if refused:
            return refused
        content = read_json(answer)
        if content is None:
            return layout_changed("the answer is no JSON object")
        if "error" in content:
            return _error(mapping(content["error"]))
        pages = _merge(mapping(request.state.get("pages")), mapping(mapping(content.get("query")).get("pages")))
        following = mapping(content.get("continue"))
        words = text(request.state.get("words"))
        if "batchcomplete" not in content:
            if not following:
                return layout_changed("the answer neither ends its batch nor says how to continue it")
            return SearchPage(Outcome.RESULTS, following=self._request(words, following, pages), detail="a part")
        if not pages:
            return layout_changed("no `query.pages` in the answer") if "query" in content else nothing_found()
        ordered = sorted(pages.values(), key=lambda page: number(page.get("index")))
        candidates = (_candidate(page) for page in ordered)
        return found(len(ordered), candidates, self._request(words, following, {}) if following else None)

    def _request(self, words: str, following: Mapping[str, Any], pages: Mapping[str, Any]) -> SearchRequest:
        values = {
            "action": "query",
            "format": "json",
            "generator": "search",
            "gsrnamespace": 6,
            "gsrlimit": PAGE_SIZE,
            "gsrsearch": f"filetype:bitmap {words}",
            "prop": "imageinfo",
            "iiprop": "url|size|mime|extmetadata",
            "iiurlwidth": PREVIEW_WIDTH_PX,
            **following,
        }
        return SearchRequest(
            with_values(self._base, "/w/api.php", values), state={"words": words, "pages": dict(pages)}
        )


def _error(error: dict[str, Any]) -> SearchPage:
    code = text(error.get("code"))
    detail = ": ".join(filter(None, (code, text(error.get("info"))))) or "an error without a code"
    return SearchPage(Outcome.QUOTA if code in BUSY else Outcome.ERROR, detail=detail)


def _merge(pages: dict[str, Any], part: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The pages so far with the fields of another part of the same batch; lists grow by what they lack."""
    merged = {key: dict(mapping(page)) for key, page in pages.items()}
    for key, page in part.items():
        fields = merged.setdefault(key, {})
        for name, value in mapping(page).items():
            known = fields.get(name)
            if isinstance(known, list) and isinstance(value, list):
                value = known + [item for item in value if item not in known]
            fields[name] = value
    return merged


def _candidate(page: dict[str, Any]) -> Candidate:
    """What a page tells; without an address if its file has gone or did not come."""
    info = next(iter(mappings(page.get("imageinfo"))), {})
    about = mapping(info.get("extmetadata"))

    def value(name: str) -> str:
        return plain_text(mapping(about.get(name)).get("value"))

    fits = text(info.get("mime")) in DECODABLE and number(info.get("size")) <= MAX_BYTES
    kind = "" if fits else "thumb"
    title = plain_text(page.get("title")).partition(":")[2]
    return Candidate(
        address=web_address(info.get(f"{kind}url")),
        page=web_address(info.get("descriptionurl")),
        title=title.removesuffix(PurePosixPath(title).suffix),
        licence=value("LicenseShortName") or value("UsageTerms"),
        licence_address=web_address(value("LicenseUrl")),
        author=value("Artist"),
        width=number(info.get(f"{kind}width")),
        height=number(info.get(f"{kind}height")),
    )
