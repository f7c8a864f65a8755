"""What the sources share: answers that anybody could have sent, read without believing a word of them.

A field of a wrong type reads as missing, an address that is none as empty; what is left over decides the outcome.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from parsel import Selector
from w3lib.encoding import html_to_unicode
from w3lib.url import safe_url_string

from tryon.collecting.searching import Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.errors import ConfigError

OK, FORBIDDEN, TOO_MANY = 200, 403, 429
# Bing marks the words that were searched for with two of the signs that Unicode leaves to private use.
_MARKS = re.compile(r"[\ue000-\uf8ff]")
_HIDDEN = "ancestor::*[self::script or self::style or contains(translate(@style, ' ', ''), 'display:none')]"


def read_json(answer: SearchAnswer) -> dict[str, Any] | None:
    """The JSON object in an answer; None if it holds anything else."""
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def read_html(answer: SearchAnswer) -> Selector:
    """The page in an answer; an empty one where nothing can be parsed."""
    _, text = html_to_unicode(answer.headers.get("content-type"), answer.body, default_encoding="utf-8")
    return _parse(text)


def text(value: object) -> str:
    """A text on one line; empty for anything that is none."""
    if not isinstance(value, str):
        return ""
    return " ".join(value.encode("utf-8", "replace").decode().replace("\0", "").split())


def plain_text(value: object) -> str:
    """The words of a text that may hold HTML, without marks and hidden parts."""
    words = text(value)
    if "<" in words or "&" in words:
        words = text("".join(_parse(words).xpath(f"//text()[not({_HIDDEN})]").getall()))
    return text(_MARKS.sub("", words))


def number(value: object) -> int:
    """A whole number from a number or its digits; 0 for anything else."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else 0


def mapping(value: object) -> dict[str, Any]:
    """An object of JSON; empty for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def web_address(value: object) -> str:
    """An http(s) address with a host, escaped; empty for anything else (paths, `data:` and `file:` included)."""
    address = value.strip() if isinstance(value, str) else ""
    address = "https:" + address if address.startswith("//") else address
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and address.isprintable()
        return safe_url_string(address) if usable else ""
    except ValueError:  # a broken IPv6 host, a lone surrogate
        return ""


def link_values(address: str) -> dict[str, str]:
    """The values in the query part of a link, the first of each name."""
    try:
        pairs = parse_qsl(urlsplit(address).query, max_num_fields=200)
    except ValueError:
        return {}
    return dict(reversed(pairs))


def with_values(base: str, path: str, values: Mapping[str, object]) -> str:
    """The address of a request."""
    return f"{base.rstrip('/')}{path}?{urlencode({name: str(value) for name, value in values.items()})}"


def found(
    offered: int, candidates: Iterable[Candidate], following: SearchRequest | None = None, detail: str = ""
) -> SearchPage:
    """A page of those of the `offered` results that have a usable address, each address once.

    Results of which none has the address of a picture any more are a changed layout.
    """
    usable: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.address:
            usable.setdefault(candidate.address, candidate)
    if offered and not usable:
        return layout_changed(f"none of {offered} results has the address of a picture")
    return SearchPage(Outcome.RESULTS, tuple(usable.values()), following, detail)


def layout_changed(what: str) -> SearchPage:
    """An answer in which nothing is where it used to be."""
    return SearchPage(Outcome.LAYOUT_CHANGED, detail=what)


def nothing_found(detail: str = "nothing was found") -> SearchPage:
    """The end of the results, or none at all."""
    return SearchPage(Outcome.EMPTY, detail=detail)


def refusal(answer: SearchAnswer) -> SearchPage | None:
    """What an HTTP status other than 200, or an empty answer, says on its own; None for any other."""
    if answer.status == OK:
        return None if answer.body.strip() else SearchPage(Outcome.ERROR, detail="an empty answer")
    if answer.status == TOO_MANY:
        wait = answer.headers.get("retry-after", "")
        return SearchPage(Outcome.QUOTA, detail=f"too many requests{f', retry after {wait}' if wait else ''}")
    outcome = Outcome.BLOCKED if answer.status == FORBIDDEN else Outcome.ERROR
    return SearchPage(outcome, detail=f"HTTP status {answer.status}")


def unreadable(path: Path, answer: SearchAnswer) -> SearchPage:
    """What is said of a path of this machine that could not be read; the answer's body holds the reason."""
    reason = text(answer.body.decode("utf-8", "replace"))
    return SearchPage(Outcome.ERROR, detail=f"{path} cannot be read: {reason}")


def check_filters(source: str, filters: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """The filters of a query, all of which the service knows.

    Raises:
        ConfigError: one it does not know, or that the source sets itself.
    """
    for name in filters:
        if name not in known:
            raise ConfigError(
                f"source {source} has no filter {name!r}",
                needed=", ".join(sorted(known)) or "no filters",
                remedy="correct the query's settings in params.yaml",
            )
    return {name: str(value) for name, value in filters.items()}


def _parse(source_text: str) -> Selector:
    try:
        return Selector(text=source_text, type="html")
    except (SyntaxError, ValueError):
        return Selector(text="<html/>", type="html")
