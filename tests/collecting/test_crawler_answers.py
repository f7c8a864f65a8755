"""Each bad answer a crawler can meet, from a real server: what the ledger says, and how often the server was asked."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.misbehaving_server import Reply, Seen, Server, candidate, listing
from tests.collecting.certificates import Authority
from tests.collecting.crawler_answers import JPEG, LOOKUPS, Case, cases, redirect
from tryon.formats.ledger import LedgerRow, read_ledger

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
CASES = cases()
MANNERS = {
    "retries": 3, "backoff_s": 0.05, "timeout_s": 3.0, "picture_delay_s": 0.01, "page_delay_s": 0.01,
    "max_picture_bytes": 1_000_000, "max_page_bytes": 2_000_000,
}  # fmt: skip
# Told elsewhere: names that change their mind in test_guard.py and test_fetching.py, the others below.
ELSEWHERE = {"C28", "C29", "C30", "C34", "C35", "C36", "C37", "C38", "C57"}


def run_child(folder: Path, job: dict[str, Any], **environment: str) -> "subprocess.CompletedProcess[str]":
    """Collect in a child process."""
    path = folder / "job.json"
    path.write_text(json.dumps({"root": str(folder / "collected"), "config": {}} | job))
    command = [sys.executable, "benchmarks/collecting_child.py", str(path)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, env=os.environ | environment, check=False
    )


@dataclass
class Crawl:
    """What a crawl of all cases left."""

    folder: Path
    rows: dict[str, list[LedgerRow]]
    server: Server
    again: list[Seen]


def address(port: int, name: str, path: str) -> str:
    return path if "://" in path else f"http://{name.lower()}.bad.test:{port}{path}"


def put_up(server: Server) -> dict[str, Any]:
    """The routes of all cases; returns the job for them."""
    hosts = [f"{name.lower()}.bad.test" for name in CASES]
    offered = []
    for name, case in CASES.items():
        host = f"{name.lower()}.bad.test"
        for path, route in case.routes.items():
            if isinstance(route, Reply) and "PORT" in route.headers.get("Location", ""):
                route.headers["Location"] = route.headers["Location"].replace("PORT", str(server.port))
            server.routes[host + path] = route
        offered += [candidate(address(server.port, name, path), **fields) for path, fields in case.candidates]
    server.routes["search.bad.test/"] = listing(offered)
    return {
        "queries": {"answers": {"settings": {"listed": {"base": f"http://search.bad.test:{server.port}/"}}}},
        "loopback": [f"{host}:{server.port}" for host in [*hosts, "search.bad.test"]],
        "lookups": LOOKUPS,
        "manners": MANNERS,
    }


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    """All cases in one crawl; then a second run, which asks again for what may have passed."""
    folder = tmp_path_factory.mktemp("crawl")
    with Server() as server:
        job = put_up(server)
        done = run_child(folder, job)
        assert done.returncode == 0, done.stderr
        rows: dict[str, list[LedgerRow]] = {name: [] for name in CASES}
        for row in read_ledger(folder / "collected/answers/ledger.csv"):
            rows[row.address.split("//")[1].split(".")[0].capitalize()].append(row)
        first = list(server.seen)
        server.seen.clear()
        done = run_child(folder, job | {"manners": MANNERS | {"retries": 0}})
        assert done.returncode == 0, done.stderr
        again, server.seen = server.seen, first
        yield Crawl(folder / "collected/answers", rows, server, again)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_has_its_verdict(crawl: Crawl, name: str) -> None:
    case: Case = CASES[name]
    rows = crawl.rows[name]
    assert [row.verdict for row in rows] == case.verdicts or _only_order_differs(name, rows, case), rows
    assert case.reason in rows[0].reason
    assert rows[0].kept or rows[0].verdict == "duplicate" or rows[0].reason
    assert case.robots is None or rows[0].robots == case.robots
    asked = crawl.server.requests(f"{name.lower()}.bad.test", "/p.jpg")
    assert case.requests is None or len(asked) == case.requests


def _only_order_differs(name: str, rows: list[LedgerRow], case: Case) -> bool:
    """The same picture serves many cases: the first row of the ledger keeps it, the others are its duplicates."""
    told = ["kept" if row.verdict == "duplicate" and row.sha256 else row.verdict for row in rows]
    return told == [verdict.replace("duplicate", "kept") for verdict in case.verdicts]


def test_all_rows_of_the_table_are_tested() -> None:
    told = {name[:3] for name in CASES} | ELSEWHERE
    assert told == {f"C{number:02}" for number in range(1, 73)}


def test_the_folder_holds_what_the_ledger_keeps_and_nothing_else(crawl: Crawl) -> None:
    kept = sorted(row.file for rows in crawl.rows.values() for row in rows if row.kept)
    there = sorted(path.relative_to(crawl.folder).as_posix() for path in crawl.folder.rglob("*") if path.is_file())
    assert there == sorted([*kept, "ledger.csv"]) and len(kept) == len(set(kept)) == 5


def test_retry_after_is_obeyed(crawl: Crawl) -> None:
    for name, seconds in (("c42", 1.0), ("c43", 0.5)):
        first, second = crawl.server.requests(f"{name}.bad.test", "/p.jpg")
        assert second.began - first.began >= seconds


def test_the_delay_of_robots_txt_is_kept(crawl: Crawl) -> None:
    first, second = crawl.server.requests("c54.bad.test")
    assert second.began - first.began >= 0.99


def test_at_most_five_redirects_are_followed(crawl: Crawl) -> None:
    assert len(crawl.server.requests("c18.bad.test")) == 6


def test_what_is_for_good_is_not_asked_again(crawl: Crawl) -> None:
    asked = {seen.host.partition(".")[0] for seen in crawl.again if seen.path != "/robots.txt"} - {"search"}
    assert asked == {"c04", "c09", "c10", "c33", "c39", "c40", "c45"}


def test_we_say_who_we_are_and_send_no_cookie(crawl: Crawl) -> None:
    assert {seen.headers["user-agent"] for seen in crawl.server.seen} == {"tryon/0.1.0 (+tests@example.org)"}
    assert not any("cookie" in seen.headers or "referer" in seen.headers for seen in crawl.server.seen)


def test_a_table_cell_cannot_be_broken(crawl: Crawl) -> None:
    assert (crawl.rows["C68"][0].title, crawl.rows["C68"][0].author) == ("ab", "c d")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, LedgerRow], dict[str, Server], str]]:
    """Servers whose certificates are good (C28), expired, another's, their own, or never come; and what was logged."""
    folder = tmp_path_factory.mktemp("secure")
    authority = Authority(folder)
    hosts = [f"c{number}.bad.test" for number in (28, 35, 36, 37, 38)]
    contexts = {  # C38 speaks no TLS: it waits for a request that never comes
        "c28.bad.test": authority.context("c28.bad.test"),
        "c35.bad.test": authority.context("c35.bad.test", expired=True),
        "c36.bad.test": authority.context("other.bad.test"),
        "c37.bad.test": authority.context("c37.bad.test", by_itself=True),
    }
    with ExitStack() as stack:
        servers = {host: stack.enter_context(Server(context=contexts.get(host))) for host in hosts}
        plain = stack.enter_context(Server())

        offered = [candidate(f"https://{host}:{server.port}/p.jpg") for host, server in servers.items()]
        offered.append(candidate(f"http://c29.bad.test:{plain.port}/p.jpg"))
        page = f"http://plain.bad.test:{plain.port}/"
        servers["c28.bad.test"].routes = {
            "c28.bad.test/search": redirect(page),
            "c28.bad.test/p.jpg": Reply(JPEG),
        }
        cookie = {"Location": f"http://plain.bad.test:{plain.port}/p.jpg", "Set-Cookie": "a=b; Domain=bad.test"}
        plain.routes = {
            "plain.bad.test/": listing(offered),
            "plain.bad.test/p.jpg": Reply(JPEG),
            "c29.bad.test/p.jpg": Reply(status=302, headers=cookie),
        }
        base = f"https://c28.bad.test:{servers['c28.bad.test'].port}/search"
        job = {
            "queries": {
                "secure": {"settings": {"listed": {"base": base, "access": "api", "headers": {"Authorization": "s"}}}}
            },
            "loopback": [f"{host}:{server.port}" for host, server in servers.items()]
            + [f"{host}:{plain.port}" for host in ("plain.bad.test", "c29.bad.test")],
            "manners": MANNERS | {"retries": 0},
        }
        done = run_child(folder, job, SSL_CERT_FILE=str(authority.path))
        assert done.returncode == 0, done.stderr
        rows = {row.address.split("//")[1][:3]: row for row in read_ledger(folder / "collected/secure/ledger.csv")}
        yield rows, servers | {"plain": plain}, done.stderr


@pytest.mark.parametrize(
    ("name", "why"),
    [("c35", "certificate"), ("c36", "certificate"), ("c37", "certificate"), ("c38", "in time")],
    ids=["C35", "C36", "C37", "C38"],
)
def test_a_server_that_does_not_prove_who_it_is_gets_no_request(secure: Any, name: str, why: str) -> None:
    rows, servers, _ = secure
    assert (rows[name].verdict, rows[name].robots, rows[name].status) == ("robots", "unreachable", 0), rows[name]
    assert why in rows[name].reason
    assert servers[f"{name}.bad.test"].seen == []


def test_c28_credentials_are_not_sent_on_to_another_origin(secure: Any) -> None:
    rows, servers, _ = secure
    asked = servers["c28.bad.test"].requests("c28.bad.test", "/search")
    assert [seen.headers.get("authorization") for seen in asked] == ["s"]
    passed_on = servers["plain"].requests("plain.bad.test", "/")
    assert [seen.headers.get("authorization") for seen in passed_on] == [None]
    assert rows["c28"].verdict == "kept"


def test_c29_cookies_are_neither_kept_nor_sent(secure: Any) -> None:
    rows, servers, _ = secure
    assert rows["c29"].verdict == "duplicate"
    assert not any("cookie" in seen.headers for server in servers.values() for seen in server.seen)


def test_c57_a_calendar_without_end_ends(tmp_path: Path) -> None:
    """Pages that always name a next one: with the same picture, and with new ones."""
    with Server() as server:
        home = f"http://c57.bad.test:{server.port}"

        def answer(host: str, path: str) -> Reply:
            kind, _, number = path.strip("/").partition("/")
            if kind not in ("same", "new"):
                return Reply(JPEG) if "jpg" in path else Reply(b"no", 404)
            offered = [candidate(f"{home}/x.jpg?{number if kind == 'new' else ''}")]
            return listing(offered, f"{home}/{kind}/{int(number) + 1}")

        server._answer = answer
        queries = {kind: {"settings": {"listed": {"base": f"{home}/{kind}/0"}}} for kind in ("same", "new")}
        queries["new"]["pictures"] = 15  # type: ignore[assignment]
        done = run_child(
            tmp_path, {"queries": queries, "loopback": [f"c57.bad.test:{server.port}"], "manners": MANNERS}
        )
        assert done.returncode == 0, done.stderr
        asked = [seen.path.split("/")[1] for seen in server.requests("c57.bad.test") if "jpg" not in seen.path]
        assert (asked.count("same"), asked.count("new")) == (11, 15)
        assert len(read_ledger(tmp_path / "collected/new/ledger.csv")) == 15
