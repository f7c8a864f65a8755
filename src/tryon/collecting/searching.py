"""What a source of pictures is: it says what to ask and reads what comes back, and fetches nothing itself.

A source never touches the network, so that every answer it can meet, block pages and changed layouts included, is a
saved file in a test. The crawler sends its requests, politely, and hands the answers back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Candidate:
    """A picture that a source offers.

    Args:
        address: of the picture file: http(s), or a path where the source is a local folder.
        page: address of the page that shows it.
        title: as the source gives it, without marks.
        licence: short name (`CC BY 4.0`); empty if the source does not say.
        licence_address: of its text; empty if there is none.
        author: name; empty if the source does not say.
        width: in pixels as the source says; 0 if it does not.
        height: likewise.
    """

    address: str
    page: str = ""
    title: str = ""
    licence: str = ""
    licence_address: str = ""
    author: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class SearchRequest:
    """One request to a source: what the crawler is to fetch, and what the source wants to remember until the answer."""

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class SearchAnswer:
    """What came back: the final address after redirects, HTTP status, headers in lower case, body."""

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class Outcome(StrEnum):
    """What kind of answer came."""

    RESULTS = "results"  # candidates, or a step on the way to them (a token, a part to be merged)
    EMPTY = "empty"  # nothing (more) was found
    BLOCKED = "blocked"  # the service takes us for a robot, or asks for consent
    QUOTA = "quota"  # too many requests, or the day's share is used up
    LAYOUT_CHANGED = "layout_changed"  # an answer that should hold results, but not where they used to be
    ERROR = "error"  # the service says that it failed, or refuses the request


@dataclass(frozen=True)
class SearchPage:
    """An answer that was read: what kind it is, its candidates, and the request for the next ones if there are any."""

    outcome: Outcome
    candidates: tuple[Candidate, ...] = ()
    following: SearchRequest | None = None
    detail: str = ""  # for people: what was met, where the outcome is not RESULTS


class Access(StrEnum):
    """How a source is reached, which decides whose rules apply to its search requests.

    robots.txt speaks to programs that find pages by following links. A documented interface is made to be asked by
    programs, under its own terms (rate, contact in the User-Agent, key): Wikimedia's robots.txt, for one, closes the
    path that its interface is documented at.
    """

    PAGES = "pages"  # pages made for people: robots.txt applies
    API = "api"  # a documented interface: its terms apply instead
    LOCAL = "local"  # paths of this machine: a file's content, or a folder's file names, one a line; no network


class Source(Protocol):
    """A search engine or a list of pictures.

    Attributes:
        name: as in `collecting.queries` and the ledger.
        access: how it is reached.
        permission: empty if it may be crawled by default; else which licence or terms must be settled first, in words.
    """

    name: str
    access: Access
    permission: str

    def first_request(self, words: str) -> SearchRequest:
        """What to ask first for these words."""
        ...

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """What an answer holds; a malformed one is an outcome, never an exception."""
        ...
