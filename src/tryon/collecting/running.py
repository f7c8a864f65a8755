"""`tryon collect` from beginning to end: which collections, alone on the folder, each one only once in a run."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tryon import outputs
from tryon.collecting.collection import LEDGER, Collection, Elsewhere, Query, Report, Rules
from tryon.collecting.crawling import run_crawl
from tryon.collecting.fetching import Exchange, PoliteClient
from tryon.collecting.guard import Guard
from tryon.collecting.pictures import decode_limits
from tryon.collecting.politeness import Manners
from tryon.collecting.searching import Source
from tryon.config_collections import CollectingConfig
from tryon.errors import ConfigError, DataError, ServiceError, UsageError
from tryon.formats.ledger import read_ledger
from tryon.formats.tombstones import Tombstones
from tryon.images.decode_pool import DecodePool

FindSource = Callable[..., Source]
MEGABYTE = 1_000_000
# What a killed run had finished: the next one does not begin those again.
DONE = ".done.json"
LOCK = ".lock"


def collect(
    root: Path,
    slugs: Sequence[str],
    config: CollectingConfig,
    *,
    find_source: FindSource,
    tombstones: Tombstones,
    guard: Guard,
    manners: Manners | None = None,
) -> list[Report]:
    """A report for each collection of these names, or of all; without those that a killed run had finished.

    Args:
        root: `data/collected`.
        slugs: names of `collecting.queries`.
        config: the section `collecting`.
        find_source: gives a source by its name and settings.
        tombstones: what was forgotten and must not come back.
        guard: which addresses may be asked.
        manners: other ones than the section's, for tests.

    Raises:
        UsageError: there is no such query.
        ConfigError: no contact is given, or a source may not be used.
        ServiceError: another run is at work, or this one was interrupted.
        DataError: the folder cannot be written.
    """
    queries = _queries(slugs or list(config.queries), config, find_source)
    rules = Rules(tuple(config.licences), tombstones, config.max_picture_mb * MEGABYTE)
    manners = manners or manners_of(config)
    reports: list[Report] = []

    async def job(exchange: Exchange) -> None:
        client = PoliteClient(exchange, guard, manners, config.domains)
        await _collect_each(root, queries, rules, client, reports)

    with _alone(root), _writable(root):
        run_crawl(job, guard, contact=config.contact, per_host=manners.per_host)
        (root / DONE).unlink(missing_ok=True)
    return reports


async def _collect_each(
    root: Path, queries: Sequence[Query], rules: Rules, client: PoliteClient, reports: list[Report]
) -> None:
    """One collection after the other, so that each knows what those before it keep."""
    with DecodePool(min(2, os.cpu_count() or 1), decode_limits(rules.max_picture_bytes)) as pool:
        for query in _not_done(root, queries):
            elsewhere = _kept_elsewhere(root, query.slug)
            collection = Collection(root / query.slug, query, rules, elsewhere, client=client, pool=pool)
            reports.append(await collection.run())
            _note_done(root, queries, query.slug)


def manners_of(config: CollectingConfig) -> Manners:
    """The manners that a section asks for."""
    return Manners(
        per_host=config.per_host,
        picture_delay_s=config.picture_delay_s,
        page_delay_s=config.page_delay_s,
        timeout_s=config.timeout_s,
        retries=config.retries,
        max_wait_s=config.max_wait_s,
        max_picture_bytes=config.max_picture_mb * MEGABYTE,
    )


def _queries(slugs: Sequence[str], config: CollectingConfig, find_source: FindSource) -> list[Query]:
    unknown = [slug for slug in slugs if slug not in config.queries]
    if unknown:
        raise UsageError(f"no query {', '.join(unknown)}", needed=f"some of: {', '.join(config.queries) or 'none'}")
    if not config.contact:
        raise ConfigError(
            "collecting.contact is empty: services want to know whom to write to",
            needed="a mail address or a web page of yours, which is sent with every request",
            remedy="set collecting.contact in params.yaml",
        )
    found = []
    for slug in dict.fromkeys(slugs):
        query = config.queries[slug]
        sources = tuple(_permitted(find_source(n, **query.settings.get(n, {})), config) for n in query.sources)
        found.append(Query(slug, query.words, sources, query.pictures))
    return found


def _permitted(source: Source, config: CollectingConfig) -> Source:
    if source.permission and source.name not in config.permitted_sources:
        raise ConfigError(
            f"the source {source.name} may not be used as it is",
            received=source.permission,
            remedy=f"settle that first, then name {source.name} in collecting.permitted_sources; or leave it out",
        )
    return source


def _kept_elsewhere(root: Path, slug: str) -> Elsewhere:
    """What the other collections keep."""
    rows, names = {}, {}
    for path in sorted(root.glob(f"*/{LEDGER}")):
        for row in read_ledger(path) if path.parent.name != slug else ():
            if row.kept:
                rows[row.address], names[row.sha256] = row, path.parent.name
    return Elsewhere(rows, names)


def _not_done(root: Path, queries: Sequence[Query]) -> list[Query]:
    done = _read_done(root, queries)
    return [query for query in queries if query.slug not in done]


def _note_done(root: Path, queries: Sequence[Query], slug: str) -> None:
    done = [*_read_done(root, queries), slug]
    outputs.write_json(root / DONE, {"of": [query.slug for query in queries], "done": done})


def _read_done(root: Path, queries: Sequence[Query]) -> list[str]:
    """What a killed run for the same queries had finished."""
    if not (root / DONE).exists():
        return []
    content = json.loads((root / DONE).read_text())
    return list(content["done"]) if content["of"] == [query.slug for query in queries] else []


@contextmanager
def _writable(root: Path) -> Iterator[None]:
    """A disk that is full, or a folder that is closed, is an expected failure."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{error.filename or root} cannot be written",
            received=error.strerror,
            remedy="make room, then run the same command again: it goes on from here",
        ) from error


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One run at a time in a folder."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ServiceError(f"another run collects into {root}", remedy="wait until it has ended") from error
        yield
