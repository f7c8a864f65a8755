"""A collection as a child process, for the collecting benchmark and the tests: a reactor runs once in a process.

What to do stands in a JSON file: `root`, `queries`, `config` (other values of the section), `loopback`, `lookups` (what
names resolve to), `manners`, `slugs`, `forgotten`.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from tryon.collecting.guard import Guard
from tryon.collecting.politeness import Manners
from tryon.collecting.running import collect
from tryon.collecting.searching import Access, Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest, Source
from tryon.config_collections import CollectingConfig
from tryon.console import run_command, set_up_logging
from tryon.formats.tombstones import read_tombstones

QUERY = {"words": "shirts", "sources": ["listed"], "pictures": 10_000, "labels": {}}


class Listed:
    """Candidates as JSON: `{"candidates": [...], "following": address}`."""

    name = "listed"
    permission = ""

    def __init__(self, base: str = "", access: str = "pages", headers: dict[str, str] | None = None) -> None:
        self.access = Access(access)
        self._base = base
        self._headers = headers or {}

    def first_request(self, words: str) -> SearchRequest:
        """The first page."""
        return SearchRequest(self._base, headers=self._headers)

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        """A page."""
        if answer.status != 200:
            return SearchPage(Outcome.ERROR, detail=f"HTTP status {answer.status}")
        content = json.loads(answer.body)
        following = SearchRequest(content["following"], headers=self._headers) if content["following"] else None
        return SearchPage(
            Outcome.RESULTS, tuple(Candidate(**candidate) for candidate in content["candidates"]), following
        )


def find_source(name: str, **settings: Any) -> Source:
    """The one source."""
    assert name == "listed"
    return Listed(**settings)


def main(argv: Sequence[str]) -> None:
    """Collect what the file says and print the reports as JSON."""
    job = json.loads(Path(argv[0]).read_text())
    config = {
        "contact": "tests@example.org", "queries": {}, "permitted_sources": [], "licences": ["CC0"],
        "domains": ["bad.test"], "per_host": 2, "picture_delay_s": 0.01, "page_delay_s": 0.01, "timeout_s": 1.0,
        "retries": 3, "max_wait_s": 600.0, "max_picture_mb": 1,
    } | job["config"]  # fmt: skip
    queries = {slug: QUERY | query for slug, query in job["queries"].items()}
    lookups = job.get("lookups", {})

    def lookup(name: str) -> Sequence[str]:
        if name not in lookups:
            raise OSError(-2, "Name or service not known")
        return list(lookups[name])

    manners = Manners(**job["manners"]) if "manners" in job else None
    reports = collect(
        Path(job["root"]),
        job.get("slugs", []),
        TypeAdapter(CollectingConfig).validate_python(config | {"queries": queries}),
        find_source=find_source,
        tombstones=read_tombstones(Path(job.get("forgotten", "nothing.csv"))),
        guard=Guard(lookup, job["loopback"]),
        manners=manners,
    )
    print(json.dumps([asdict(report) for report in reports]))


if __name__ == "__main__":
    set_up_logging()
    sys.exit(run_command("collecting_child", main))
