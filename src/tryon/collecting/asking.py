"""Asks a source page by page, through the polite client, until it has offered enough or has no more."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tryon.collecting.addresses import canonical
from tryon.collecting.fetching import PoliteClient
from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchRequest, Source
from tryon.collecting.verdicts import RefusedError

# A step on the way (a token, a part to be merged) brings nothing new; a calendar without end brings nothing new either.
BARREN_PAGES = 10
MAX_LOCAL_BYTES = 50_000_000
OK, NOT_FOUND = 200, 404


async def ask_source(source: Source, words: str, wanted: int, client: PoliteClient) -> tuple[list[Candidate], str]:
    """What a source offers, and what went wrong in words; empty if nothing did.

    Args:
        source: to be asked.
        words: to search for.
        wanted: candidates at most.
        client: sends the requests.
    """
    found: dict[str, Candidate] = {}
    request: SearchRequest | None = source.first_request(words)
    barren = 0
    while request and len(found) < wanted and barren < BARREN_PAGES:
        try:
            answer = await _answer(source, request, client)
        except RefusedError as refused:
            return list(found.values()), f"{source.name}: {refused}"
        page = source.read(request, answer)
        new = {candidate.address: candidate for candidate in map(_tidy, page.candidates)}
        new = {address: candidate for address, candidate in new.items() if address and address not in found}
        found |= new
        barren = 0 if new else barren + 1
        if page.outcome not in (Outcome.RESULTS, Outcome.EMPTY):
            return list(found.values())[:wanted], f"{source.name}: {page.outcome}: {page.detail}"
        request = page.following
    return list(found.values())[:wanted], ""


async def _answer(source: Source, request: SearchRequest, client: PoliteClient) -> SearchAnswer:
    if source.access is Access.LOCAL:
        return await asyncio.to_thread(_read_local, request.address)
    documented = source.access is Access.API
    answer = await client.fetch_page(request.address, request.headers, documented=documented)
    return SearchAnswer(answer.address, answer.status, answer.headers, answer.body)


def _read_local(address: str) -> SearchAnswer:
    """A file's content, or the names of the files below a folder (no links), one a line."""
    path = Path(address)
    try:
        if path.is_dir():
            files = (file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
            names: Sequence[str] = sorted(file.relative_to(path).as_posix() for file in files)
            return SearchAnswer(address, OK, {}, "\n".join(names).encode("utf-8", "surrogateescape"))
        with path.open("rb") as file:
            return SearchAnswer(address, OK, {}, file.read(MAX_LOCAL_BYTES))
    except OSError as error:
        return SearchAnswer(address, NOT_FOUND, {}, (error.strerror or "cannot be read").encode())


def _tidy(candidate: Candidate) -> Candidate:
    """A candidate in one spelling of its address, its texts fit for a table."""
    try:
        address = canonical(candidate.address) if "://" in candidate.address else candidate.address
    except RefusedError:
        address = candidate.address
    return replace(
        candidate,
        address=plain(address),
        page=plain(candidate.page),
        title=plain(candidate.title),
        licence=plain(candidate.licence),
        licence_address=plain(candidate.licence_address),
        author=plain(candidate.author),
    )


def plain(text: str) -> str:
    """A text without what no table and no file can hold: line ends, NUL, halves of signs."""
    return " ".join(text.encode("utf-8", "replace").decode().replace("\0", "").split())
