"""The ledger depends on what was found, not on when."""

import itertools
from dataclasses import replace

import pytest

from tryon.collecting.pictures import file_of
from tryon.collecting.settling import is_final, settle
from tryon.formats.ledger import LedgerRow
from tryon.formats.tombstones import Tombstone, Tombstones

NONE = Tombstones()


def row(address: str, content: str = "", verdict: str = "kept", **fields: str) -> LedgerRow:
    """A row whose sha256 is one digit, again and again."""
    told = {"file": "", "page": "", "title": "", "licence": "CC0", "author": "", "time": "", "robots": "allowed"}
    numbers = {"status": 200, "width": 9, "height": 9}
    given = told | {"sha256": content * 64, "phash": "", "query": "q", "source": "s"} | fields
    return LedgerRow(address=address, verdict=verdict, **numbers, **given)  # type: ignore[arg-type]


def told(rows: list[LedgerRow]) -> list[tuple[str, str, str]]:
    return [(row.address, row.verdict, row.file) for row in rows]


def test_of_equal_pictures_the_first_in_order_is_kept_whenever_it_came() -> None:
    planned = ["a", "b", "c", "d"]
    found = [row("a", "1"), row("b", "2"), row("c", "1"), row("d", "", "timed_out")]
    wanted = [
        ("a", "kept", file_of("1" * 64)), ("b", "kept", file_of("2" * 64)), ("c", "duplicate", ""),
        ("d", "timed_out", ""),
    ]  # fmt: skip
    for order in itertools.permutations(found):
        assert told(settle([], planned, {r.address: r for r in order}, {}, NONE)) == wanted


def test_what_is_not_finished_has_no_row_yet() -> None:
    assert told(settle([], ["a", "b"], {"b": row("b", "1")}, {}, NONE)) == [("b", "kept", file_of("1" * 64))]


def test_earlier_rows_come_first_and_keep_their_pictures() -> None:
    known = [row("x", "1", file=file_of("1" * 64)), row("y", "", "timed_out"), row("z", "", "gone")]
    done = {"a": row("a", "1"), "y": row("y", "2")}
    rows = settle(known, ["a", "y"], done, {}, NONE)
    assert told(rows) == [
        ("x", "kept", file_of("1" * 64)),
        ("y", "kept", file_of("2" * 64)),
        ("z", "gone", ""),
        ("a", "duplicate", ""),
    ]
    assert rows[3].reason == f"the same bytes are kept as {file_of('1' * 64)}"


def test_what_another_collection_keeps_is_a_duplicate() -> None:
    (settled,) = settle([], ["a"], {"a": row("a", "1")}, {"1" * 64: "blue_t_shirt"}, NONE)
    assert (settled.verdict, settled.file, settled.reason) == (
        "duplicate",
        "",
        "the same bytes are kept in blue_t_shirt",
    )


@pytest.mark.parametrize("stone", [Tombstone("1" * 64, "", "t"), Tombstone("", "a", "t")])
def test_what_was_forgotten_is_refused_now_and_then(stone: Tombstone) -> None:
    for known, done in (([row("a", "1", file="f")], {}), ([], {"a": row("a", "1")})):
        rows = settle(known, ["a", "b"], done | {"b": row("b", "2")}, {}, Tombstones((stone,)))
        assert [(r.verdict, bool(r.file)) for r in rows] == [("forgotten", False), ("kept", True)]


def test_settling_twice_changes_nothing() -> None:
    done = {name: row(name, content) for name, content in zip("abcd", "1213", strict=True)}
    once = settle([], list("abcd"), done, {}, NONE)
    assert settle(once, [], {}, {}, NONE) == once


def test_what_is_asked_for_again() -> None:
    kept = row("a", "1", file="images/1.jpg")
    assert is_final(kept, ["images/1.jpg"]) and not is_final(kept, [])
    for verdict in ("duplicate", "gone", "http_error", "no_licence", "opted_out", "not_a_picture", "private_address"):
        assert is_final(row("a", "", verdict), [])
    for verdict in ("timed_out", "cut_off", "unreachable", "server_error", "rate_limited", "host_stopped"):
        assert not is_final(row("a", "", verdict), [])
    assert is_final(row("a", "", "robots", robots="disallowed"), [])
    assert not is_final(replace(row("a", "", "robots"), robots="unreachable"), [])
