"""Collections from beginning to end: several at once, again, with what was forgotten, from this machine."""

import asyncio
import dataclasses
import errno
import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.collecting_child import find_source
from benchmarks.misbehaving_server import Reply, Server, candidate, listing, picture
from tests.collecting.test_crawler_answers import MANNERS, ROOT, run_child
from tryon.collecting import running
from tryon.collecting.collection import is_licensed
from tryon.collecting.guard import Guard
from tryon.collecting.journal import Journal
from tryon.collecting.running import collect, manners_of
from tryon.config import load_params
from tryon.config_collections import CollectingConfig
from tryon.errors import ConfigError, DataError, ServiceError, UsageError
from tryon.formats.ledger import read_ledger
from tryon.formats.tombstones import Tombstone, Tombstones, write_tombstones
from tryon.images.files import read_image


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.slow
def test_collections_know_of_each_other_and_of_what_was_forgotten(tmp_path: Path) -> None:
    """Two queries share a picture; one picture's content and one address were forgotten; a folder is a source, too."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.png").write_bytes(picture(8, format_name="PNG"))
    (own / "list.json").write_text(
        json.dumps(
            {"candidates": [candidate(str(own / "mine.png")), candidate(str(own / "none.png"))], "following": ""}
        )
    )
    with Server() as server:
        home = f"http://a.bad.test:{server.port}"
        write_tombstones(
            tmp_path / "forgotten.csv",
            [
                Tombstone(sha256(picture(3)), "", "2026-11-22T15:04:05Z"),
                Tombstone("", f"{home}/4.jpg", "2026-11-22T15:04:05Z"),
            ],
        )
        server.routes = {f"a.bad.test/{n}.jpg": Reply(picture(n, *((2_500, 700) if n == 1 else ()))) for n in range(6)}
        server.routes |= {
            f"a.bad.test/{name}": listing([candidate(f"{home}/{n}.jpg") for n in numbers])
            for name, numbers in (("one", (1, 2, 3, 4)), ("two", (2, 5)))
        }
        bases = {"one": f"{home}/one", "two": f"{home}/two"}
        job: dict[str, Any] = {
            "queries": {name: {"settings": {"listed": {"base": base}}} for name, base in bases.items()}
            | {"own": {"settings": {"listed": {"base": str(own / "list.json"), "access": "local"}}}},
            "loopback": [f"a.bad.test:{server.port}"],
            "manners": MANNERS,
            "forgotten": str(tmp_path / "forgotten.csv"),
        }
        done = run_child(tmp_path, job)
        assert done.returncode == 0, done.stderr
        asked = [seen.path for seen in server.requests("a.bad.test")]
        assert sorted(asked) == ["/1.jpg", "/2.jpg", "/3.jpg", "/5.jpg", "/one", "/two"]
        again = run_child(tmp_path, job)
        asked = [seen.path for seen in server.requests("a.bad.test")][len(asked) :]
        assert (again.returncode, sorted(asked)) == (0, ["/one", "/two"]), "nothing is fetched twice"
    collected = tmp_path / "collected"
    rows = {name: read_ledger(collected / f"{name}/ledger.csv") for name in ("one", "two", "own")}
    assert [row.verdict for row in rows["one"]] == ["kept", "kept", "forgotten", "forgotten"]
    assert [(row.verdict, row.reason) for row in rows["two"]] == [
        ("duplicate", "the same bytes are kept in one"),
        ("kept", ""),
    ]
    assert [(row.verdict, row.robots, row.status) for row in rows["own"]] == [("kept", "", 0), ("unreachable", "", 0)]
    large = rows["one"][0]
    assert (large.sha256, large.width) == (sha256(picture(1, 2_500, 700)), 2_048)
    assert read_image(collected / "one" / large.file).shape == (large.height, large.width, 3)
    assert [report["verdicts"] for report in json.loads(again.stdout)] == [
        {"kept": 2, "forgotten": 2}, {"duplicate": 1, "kept": 1}, {"kept": 1, "unreachable": 1},
    ]  # fmt: skip
    assert sorted(path.name for path in collected.rglob("*") if path.is_file() and path.suffix != ".jpg") == [
        ".lock", "ledger.csv", "ledger.csv", "ledger.csv",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_that_it_goes_on(tmp_path: Path, sent: signal.Signals) -> None:
    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    with Server() as server:
        home = f"http://a.bad.test:{server.port}"
        server.routes = {"a.bad.test/1.jpg": Reply(picture(1)), "a.bad.test/2.jpg": Reply(behave=silent)}
        server.routes["a.bad.test/s"] = listing([candidate(f"{home}/{n}.jpg") for n in (1, 2)])
        job = {
            "root": str(tmp_path), "config": {"timeout_s": 60.0}, "loopback": [f"a.bad.test:{server.port}"],
            "queries": {"x": {"settings": {"listed": {"base": f"{home}/s"}}}},
        }  # fmt: skip
        (tmp_path / "job.json").write_text(json.dumps(job))
        command = [sys.executable, "benchmarks/collecting_child.py", str(tmp_path / "job.json")]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as child:
            journal = tmp_path / "x/journal.jsonl"
            while not journal.exists() or journal.read_bytes().count(b"\n") < 2:
                assert child.poll() is None
                time.sleep(0.05)
            child.send_signal(sent)
            said = child.communicate(timeout=60)[1]
        assert child.returncode == 1
        assert "the collection was interrupted\n  remedy: run the same command again" in said
        assert "Traceback" not in said and len(Journal(tmp_path / "x").rows) == 1


@pytest.fixture
def config() -> CollectingConfig:
    """The repository's own section with a contact."""
    return dataclasses.replace(load_params(ROOT / "params.yaml").collecting, contact="me@example.org")


def run(tmp_path: Path, config: CollectingConfig, *slugs: str, source: Any = find_source) -> None:
    collect(tmp_path, slugs, config, find_source=source, tombstones=Tombstones(), guard=Guard())


def test_nobody_is_asked_without_a_contact(tmp_path: Path, config: CollectingConfig) -> None:
    with pytest.raises(ConfigError, match="contact is empty") as caught:
        run(tmp_path, dataclasses.replace(config, contact=""))
    assert "params.yaml" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_query_that_is_not_there_is_named(tmp_path: Path, config: CollectingConfig) -> None:
    with pytest.raises(UsageError, match="no query red_t_shirt") as caught:
        run(tmp_path, config, "red_t_shirt")
    assert "blue_t_shirt, striped_t_shirt" in caught.value.needed


def test_a_source_that_needs_a_permission_is_refused_without_it(tmp_path: Path, config: CollectingConfig) -> None:
    class Closed:
        name = "closed"
        permission = "its terms forbid robots"

    with pytest.raises(ConfigError, match="its terms forbid robots") as caught:
        run(tmp_path, config, source=lambda name: Closed())
    assert "collecting.permitted_sources" in caught.value.remedy
    permitted = dataclasses.replace(config, permitted_sources=["closed"])
    assert running._permitted(Closed(), permitted).name == "closed"  # type: ignore[arg-type]


def test_a_full_disk_is_one_message(tmp_path: Path, config: CollectingConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "ledger.csv.tmp")

    monkeypatch.setattr(running, "run_crawl", full)
    with pytest.raises(DataError, match=r"ledger\.csv\.tmp cannot be written") as caught:
        run(tmp_path, config, source=lambda name: find_source("listed"))
    assert "run the same command again" in caught.value.remedy


def test_one_run_at_a_time(tmp_path: Path, config: CollectingConfig) -> None:
    with running._alone(tmp_path), pytest.raises(ServiceError, match="another run"):
        run(tmp_path, config, source=lambda name: find_source("listed"))


def test_what_a_killed_run_had_finished_is_not_begun_again(tmp_path: Path) -> None:
    queries = [running.Query(slug, "w", (), 1) for slug in ("a", "b", "c")]
    running._note_done(tmp_path, queries, "a")
    running._note_done(tmp_path, queries, "b")
    assert [query.slug for query in running._not_done(tmp_path, queries)] == ["c"]
    assert running._not_done(tmp_path, queries[:2]) == queries[:2], "another choice of queries is another run"


def test_the_manners_are_those_of_the_section(config: CollectingConfig) -> None:
    manners = manners_of(config)
    assert (manners.per_host, manners.max_picture_bytes, manners.max_wait_s) == (2, 15_000_000, 600)


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("CC BY 4.0", True), ("cc by-sa 2.5", True), ("CC0", True), ("CC0 1.0", True), ("Public domain", True),
        ("CC BY-NC 4.0", False), ("CC BY-ND", False), ("CC", False), ("All rights reserved", False), ("", False),
    ],
)  # fmt: skip
def test_licences(licence: str, accepted: bool) -> None:
    assert is_licensed(licence, ["CC0", "CC BY", "CC BY-SA", "Public domain"]) is accepted


def test_pictures_without_a_licence_are_taken_only_if_that_is_said() -> None:
    assert is_licensed("", ["CC0", "unknown"]) and not is_licensed("CC BY-NC 4.0", ["CC0", "unknown"])
