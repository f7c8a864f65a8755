"""One collection, `data/collected/SLUG`: its candidates, their downloads, its ledger."""

import asyncio
import logging
import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tryon.collecting.addresses import canonical
from tryon.collecting.asking import ask_source
from tryon.collecting.fetching import Answer, PoliteClient
from tryon.collecting.journal import Journal, Plan
from tryon.collecting.pictures import IMAGES, NOTHING, PictureStore, Stored, came
from tryon.collecting.progress import Progress
from tryon.collecting.searching import Access, Candidate, Source
from tryon.collecting.settling import is_final, settle
from tryon.collecting.verdicts import RefusedError, Verdict
from tryon.formats.ledger import LedgerRow, read_ledger, write_ledger
from tryon.formats.tombstones import Tombstones
from tryon.images.decode_pool import DecodePool

LEDGER = "ledger.csv"
LEDGER_INTERVAL_S = 30.0
# Hosts that are asked side by side: with two pictures in hand of each, what is in memory at once is bounded.
MAX_HOSTS = 16
UNKNOWN_LICENCE = "unknown"  # in `collecting.licences`: take candidates that name none

logger = logging.getLogger("tryon")


@dataclass(frozen=True)
class Query:
    """What to collect: slug (name of the folder), words, sources in their order, candidates of each at most."""

    slug: str
    words: str
    sources: tuple[Source, ...]
    pictures: int


@dataclass(frozen=True)
class Rules:
    """What holds for every collection: licences that are accepted, what was forgotten, longest file of a picture."""

    licences: tuple[str, ...]
    tombstones: Tombstones
    max_picture_bytes: int


@dataclass(frozen=True)
class Elsewhere:
    """What other collections keep: rows by address, names of the collections by sha256."""

    rows: Mapping[str, LedgerRow]
    names: Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """What a collection holds after a run: rows by verdict, and which sources did not answer as they should."""

    slug: str
    verdicts: Mapping[str, int]
    troubles: tuple[str, ...]


class Collection:
    """A run for one query, from the beginning or from where an earlier one was killed.

    Args:
        folder: `data/collected/SLUG`.
        query: what to collect.
        rules: what may be kept.
        elsewhere: what other collections keep.
        client: sends the requests.
        pool: decodes the pictures.
    """

    def __init__(
        self,
        folder: Path,
        query: Query,
        rules: Rules,
        elsewhere: Elsewhere,
        *,
        client: PoliteClient,
        pool: DecodePool,
    ) -> None:
        self._folder = folder
        self._query = query
        self._rules = rules
        self._elsewhere = elsewhere
        self._client = client
        self._store = PictureStore(folder, pool, rules.tombstones.sha256s)
        self._journal = Journal(folder)
        ledger = folder / LEDGER
        self._known = read_ledger(ledger) if ledger.exists() else []

    async def run(self) -> Report:
        """Search, download, write the ledger."""
        plan = await self._plan()
        self._known = self._known[: plan.known]
        files = {path.relative_to(self._folder).as_posix() for path in (self._folder / IMAGES).glob("*.jpg")}
        final = {row.address for row in self._known if is_final(row, files)} | set(self._journal.rows)
        waiting = [(source, candidate) for source, candidate in plan.candidates if candidate.address not in final]
        progress = Progress(self._query.slug, len(plan.candidates), len(plan.candidates) - len(waiting))
        over = asyncio.Event()
        writing = asyncio.create_task(self._write_now_and_then(plan, over))
        try:
            await self._fetch_all(waiting, progress)
        finally:
            over.set()
            await writing
        rows = await asyncio.to_thread(self._finish, plan)
        return Report(self._query.slug, dict(Counter(row.verdict for row in rows)), plan.troubles)

    async def _plan(self) -> Plan:
        """The journal's plan, or a new one from a search of every source."""
        if self._journal.plan:
            logger.info("%s: going on, %d candidates are done", self._query.slug, len(self._journal.rows))
            return self._journal.plan
        candidates: dict[str, tuple[str, Candidate]] = {}
        troubles = []
        for source in self._query.sources:
            found, trouble = await ask_source(source, self._query.words, self._query.pictures, self._client)
            logger.info("%s: %d candidates from %s", self._query.slug, len(found), source.name)
            for candidate in found:
                candidates.setdefault(candidate.address, (source.name, candidate))
            if trouble:
                logger.warning("%s: %s", self._query.slug, trouble)
                troubles.append(trouble)
        plan = Plan(self._query.words, len(self._known), tuple(candidates.values()), tuple(troubles))
        await asyncio.to_thread(self._journal.begin, plan)
        return plan

    async def _fetch_all(self, waiting: Sequence[tuple[str, Candidate]], progress: Progress) -> None:
        """Settle all candidates: those of one host one after the other in as many rows as it bears, hosts beside it."""
        queues: dict[str, deque[tuple[str, Candidate]]] = defaultdict(deque)
        local = {source.name for source in self._query.sources if source.access is Access.LOCAL}
        for name, candidate in waiting:
            queues[self._queue_of(name, candidate, local)].append((name, candidate))
        places = asyncio.Semaphore(MAX_HOSTS)

        async def work(queue: deque[tuple[str, Candidate]]) -> None:
            while queue:
                name, candidate = queue.popleft()
                row = await self._settle_one(name, candidate, name in local)
                await asyncio.to_thread(self._journal.add, row)
                progress.count(row.kept)

        async def serve(queue: deque[tuple[str, Candidate]]) -> None:
            async with places, asyncio.TaskGroup() as workers:
                for _ in range(self._client.per_host):
                    workers.create_task(work(queue))

        async with asyncio.TaskGroup() as hosts:
            for queue in queues.values():
                hosts.create_task(serve(queue))

    def _queue_of(self, source: str, candidate: Candidate, local: set[str]) -> str:
        """Name of the host; one for all candidates that reach none."""
        if source in local and "://" not in candidate.address:
            return ""
        try:
            return self._client.host_of(candidate.address).name
        except RefusedError:
            return ""

    async def _settle_one(self, source: str, candidate: Candidate, local: bool) -> LedgerRow:
        """The row of a candidate; `kept` if it was decoded, duplicate or not."""
        answer: Answer | None = None
        try:
            self._refuse_unasked(candidate)
            if known := self._elsewhere.rows.get(candidate.address):  # the same address need not be asked twice
                answer = Answer(known.address, known.status, {}, b"", known.robots)
                return self._row(
                    source, candidate, answer, Stored(known.sha256, known.phash, known.width, known.height)
                )
            answer = await self._get(candidate.address, local)
            stored = await asyncio.to_thread(self._store.store, answer.body)
        except RefusedError as refused:
            return self._row(source, candidate, answer, NOTHING if answer is None else came(answer.body), refused)
        return self._row(source, candidate, answer, stored)

    def _refuse_unasked(self, candidate: Candidate) -> None:
        """Refuse what is known to be refused before anybody is asked."""
        if candidate.address in self._rules.tombstones.addresses:
            raise RefusedError(Verdict.FORGOTTEN, "this address was forgotten")
        if not is_licensed(candidate.licence, self._rules.licences):
            words = f"{candidate.licence} is none of" if candidate.licence else "the source names none of"
            raise RefusedError(Verdict.NO_LICENCE, f"{words} {', '.join(self._rules.licences)}")

    async def _get(self, address: str, local: bool) -> Answer:
        if local and "://" not in address:
            return await asyncio.to_thread(_read_local_picture, Path(address), self._rules.max_picture_bytes)
        return await self._client.fetch_picture(canonical(address))

    def _row(
        self,
        source: str,
        candidate: Candidate,
        answer: Answer | None,
        stored: Stored,
        refused: RefusedError | None = None,
    ) -> LedgerRow:
        bracket = f" ({candidate.licence_address})" if candidate.licence and candidate.licence_address else ""
        return LedgerRow(
            file="",
            sha256=stored.sha256,
            phash=stored.phash,
            query=self._query.words,
            source=source,
            address=candidate.address,
            page=candidate.page,
            title=candidate.title,
            licence=candidate.licence + bracket,
            author=candidate.author,
            time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            robots=(refused.robots if refused else "") or (answer.robots if answer else ""),
            status=(refused.status if refused else 0) or (answer.status if answer else 0),
            width=stored.width,
            height=stored.height,
            verdict=(refused.verdict if refused else Verdict.KEPT).value,
            reason=refused.reason if refused else "",
        )

    def _settled(self, plan: Plan) -> list[LedgerRow]:
        addresses = [candidate.address for _, candidate in plan.candidates]
        return settle(self._known, addresses, dict(self._journal.rows), self._elsewhere.names, self._rules.tombstones)

    async def _write_now_and_then(self, plan: Plan, over: asyncio.Event) -> None:
        """Show onlookers the ledger as far as it is."""
        while not over.is_set():
            try:
                await asyncio.wait_for(over.wait(), LEDGER_INTERVAL_S)
            except TimeoutError:
                await asyncio.to_thread(write_ledger, self._folder / LEDGER, self._settled(plan))

    def _finish(self, plan: Plan) -> list[LedgerRow]:
        """Write the ledger whole and leave no picture of ours in the folder that it does not keep."""
        rows = self._settled(plan)
        write_ledger(self._folder / LEDGER, rows)
        kept = {row.file for row in rows if row.kept}
        for path in (self._folder / IMAGES).glob("*"):
            ours = re.fullmatch(r"[0-9a-f]{20}\.jpg(\.tmp)?", path.name)
            if ours and path.relative_to(self._folder).as_posix() not in kept:
                path.unlink()
        self._journal.end()
        return rows


def is_licensed(licence: str, accepted: Sequence[str]) -> bool:
    """Whether a licence is one of those that are accepted, in any version; `unknown` accepts none at all."""
    name = licence.strip().lower()
    if not name:
        return UNKNOWN_LICENCE in accepted
    return any(name == word.lower() or name.startswith(word.lower() + " ") for word in accepted)


def _read_local_picture(path: Path, max_bytes: int) -> Answer:
    try:
        with path.open("rb") as file:
            return Answer(str(path), 0, {}, file.read(max_bytes + 1))
    except OSError as error:
        raise RefusedError(Verdict.UNREACHABLE, f"cannot be read: {error.strerror}") from error
