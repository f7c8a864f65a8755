"""Asking a source: pages until enough, troubles in words, local files, and candidates fit for a table."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.collecting_child import Listed
from tests.collecting.test_fetching import QUICK, Played, ok
from tryon.collecting.asking import BARREN_PAGES, ask_source
from tryon.collecting.fetching import PoliteClient
from tryon.collecting.guard import Guard
from tryon.collecting.searching import Candidate, Outcome, SearchAnswer, SearchPage, SearchRequest
from tryon.collecting.verdicts import RefusedError, Verdict

BASE = "http://a.org/1"


def ask(source: Any, played: Played, wanted: int = 100) -> tuple[list[Candidate], str]:
    client = PoliteClient(played, Guard(lambda name: ["8.8.8.8"]), QUICK, [])
    return asyncio.run(ask_source(source, "shirts", wanted, client))


def listing(*addresses: str, following: str = "", **fields: str) -> Any:
    offered = [{"address": address, **fields} for address in addresses]
    return ok(json.dumps({"candidates": offered, "following": following}).encode())


def test_pages_follow_one_another_until_there_are_enough() -> None:
    played = Played().say(BASE, listing("http://x/1", "http://x/2", following="http://a.org/2"))
    played.say("http://a.org/2", listing("http://x/2", "http://x/3", "http://x/4", following="http://a.org/3"))
    found, trouble = ask(Listed(BASE), played, 3)
    assert ([candidate.address for candidate in found], trouble) == (["http://x/1", "http://x/2", "http://x/3"], "")
    assert "http://a.org/3" not in played.addresses


def test_pages_that_bring_nothing_new_come_to_an_end() -> None:
    played = Played().say(BASE, listing("http://x/1", following=BASE))
    found, _ = ask(Listed(BASE), played)
    assert len(found) == 1 and played.addresses.count(BASE) == 1 + BARREN_PAGES


class Blocked(Listed):
    """Takes us for a robot at the second page."""

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        if request.address.endswith("2"):
            return SearchPage(Outcome.BLOCKED, detail="unusual traffic")
        return super().read(request, answer)


def test_what_a_source_says_instead_of_results_is_told_and_what_came_before_is_kept() -> None:
    played = Played().say(BASE, listing("http://x/1", following="http://a.org/2")).say("http://a.org/2", ok())
    found, trouble = ask(Blocked(BASE), played)
    assert (len(found), trouble) == (1, "listed: blocked: unusual traffic")


def test_a_service_that_cannot_be_reached_is_told() -> None:
    played = Played().say(BASE, RefusedError(Verdict.UNREACHABLE, "connection refused"))
    assert ask(Listed(BASE), played) == ([], "listed: unreachable: connection refused")


def test_what_a_source_says_is_made_fit_for_a_table() -> None:
    played = Played().say(BASE, listing(" http://X.org/é\u0301#a", title="a\0\n b\ud800", author="\tme "))
    (found,) = ask(Listed(BASE), played)[0]
    assert (found.address, found.title, found.author) == ("http://x.org/%C3%A9%CC%81", "a b?", "me")


def test_an_address_that_is_none_stays_a_candidate() -> None:
    played = Played().say(BASE, listing("http://[::1", "", "mailto:x"))
    assert [candidate.address for candidate in ask(Listed(BASE), played)[0]] == ["http://[::1", "mailto:x"]


class Named(Listed):
    """Hands over what was read as the title of one candidate."""

    def read(self, request: SearchRequest, answer: SearchAnswer) -> SearchPage:
        return SearchPage(Outcome.RESULTS, (Candidate("x", title=f"{answer.status} {answer.body.decode()}"),))


def test_a_local_source_is_handed_a_files_content_or_a_folders_names(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2.jpg", "a.jpg"):
        (tmp_path / name).write_text("hello")
    (tmp_path / "link.jpg").symlink_to("/etc/hostname")
    played = Played()
    titles = [
        ask(Named(str(path), "local"), played)[0][0].title for path in (tmp_path, tmp_path / "a.jpg", tmp_path / "none")
    ]
    assert titles == ["200 a.jpg b/2.jpg", "200 hello", "404 No such file or directory"]
    assert played.asked == []


@pytest.mark.parametrize("access", ["pages", "api"])
def test_a_path_of_this_machine_is_no_page(access: str) -> None:
    found, trouble = ask(Listed("/etc/passwd", access), Played())
    assert found == [] and "bad_address" in trouble
