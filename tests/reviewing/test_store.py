"""No decision is lost: not by a kill, a full disk, a second window, a second program or an edit from outside."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.reviewing.made_collections import keep, key, reject
from tryon.errors import DataError
from tryon.formats.decisions import Decision, read_decisions, write_decisions
from tryon.reviewing.journal import Journal, Step
from tryon.reviewing.store import DecisionStore

FILE = "decisions.csv"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


def journal_of(path: Path) -> Path:
    return path.with_name(FILE + ".journal")


def abandon(store: DecisionStore) -> None:
    """What a kill leaves: the files as they are, the lock gone."""
    os.close(store._journal._handle)


def take(store: DecisionStore, decision: Decision) -> bool:
    now = store.decisions().get(decision.sha256)
    return store.decide([Step(decision.sha256, now, decision)])[0]


def test_a_review_ends_with_its_decisions_in_the_file(path: Path) -> None:
    store = DecisionStore(path)
    assert store.decide([Step(key(1), None, keep(1)), Step(key(2), None, reject(2))]) == [True, True]
    assert not path.exists()
    store.close()
    assert read_decisions(path) == {key(1): keep(1), key(2): reject(2)}
    assert not journal_of(path).exists()


def test_a_review_without_decisions_writes_nothing(path: Path) -> None:
    DecisionStore(path).close()
    assert list(path.parent.iterdir()) == []


def test_decisions_of_other_collections_stay(path: Path) -> None:
    write_decisions(path, [keep(8), reject(9)])
    store = DecisionStore(path)
    take(store, keep(1))
    store.close()
    assert set(read_decisions(path)) == {key(1), key(8), key(9)}


def test_what_was_acknowledged_is_there_after_a_kill(path: Path) -> None:
    """A real `kill -9` of a process that decides as fast as it can."""
    program = textwrap.dedent(f"""
        from pathlib import Path
        from tests.reviewing.made_collections import keep, key
        from tryon.reviewing.journal import Step
        from tryon.reviewing.store import DecisionStore
        store = DecisionStore(Path({str(path)!r}))
        for number in range(100_000):
            store.decide([Step(key(number), None, keep(number))])
            print(number, flush=True)
            if number % 50 == 49:
                store.fold()
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) == 170:
                child.send_signal(signal.SIGKILL)
                break
        acknowledged = [int(line) for line in child.stdout]
    last = max(acknowledged, default=170)
    store = DecisionStore(path)
    assert 0 < store.replayed <= 51
    assert {key(number) for number in range(last + 1)} <= set(store.decisions())
    store.close()
    assert {key(number) for number in range(last + 1)} <= set(read_decisions(path))


def test_half_a_line_was_never_acknowledged_and_does_not_spoil_the_next(path: Path) -> None:
    store = DecisionStore(path)
    take(store, keep(1))
    abandon(store)
    with journal_of(path).open("ab") as file:
        file.write(b'{"time": "2026-11-22T1')
    store = DecisionStore(path)
    assert store.decisions() == {key(1): keep(1)}
    take(store, keep(2))
    abandon(store)
    assert DecisionStore(path).decisions() == {key(1): keep(1), key(2): keep(2)}


@pytest.mark.parametrize("line", [b"nonsense", b'{"sha256": 1}', b"[]", b'{"settled": ["unknown"]}'])
def test_a_damaged_line_is_named_and_nothing_is_touched(path: Path, line: bytes) -> None:
    store = DecisionStore(path)
    take(store, keep(1))
    abandon(store)
    content = journal_of(path).read_bytes() + line + b"\n"
    journal_of(path).write_bytes(content)
    with pytest.raises(DataError, match=r"line 2, is damaged"):
        DecisionStore(path)
    assert journal_of(path).read_bytes() == content


def test_two_programs_do_not_review_at_once(path: Path) -> None:
    store = DecisionStore(path)
    with pytest.raises(DataError, match="another process"):
        DecisionStore(path)
    store.close()
    DecisionStore(path).close()


def test_a_journal_that_was_removed_while_waiting_is_not_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name would be gone, and what is written to it with it."""
    import fcntl

    real, calls = fcntl.flock, []

    def remove_first(handle: int, how: int) -> None:
        if not calls:
            journal_of(path).unlink()
        calls.append(how)
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", remove_first)
    journal = Journal(journal_of(path))
    journal.append([Step(key(1), None, keep(1))])
    assert len(calls) == 2 and key(1) in journal_of(path).read_text()
    journal.close()


@pytest.mark.parametrize("written", [0, 20])
def test_a_full_disk_stores_nothing_and_says_so(path: Path, monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    store = DecisionStore(path)
    take(store, keep(1))
    before = journal_of(path).read_bytes()
    real, room = os.write, [written]

    def write_what_fits(handle: int, content: bytes) -> int:
        fitting, room[0] = content[: room[0]], 0
        if not fitting:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, fitting)

    monkeypatch.setattr(os, "write", write_what_fits)
    with pytest.raises(OSError, match="No space"):
        take(store, keep(2))
    monkeypatch.undo()
    assert journal_of(path).read_bytes() == before
    assert store.decisions() == {key(1): keep(1)}
    assert take(store, keep(2))
    store.close()
    assert set(read_decisions(path)) == {key(1), key(2)}


def test_a_window_that_has_not_seen_the_latest_decision_is_refused(path: Path) -> None:
    store = DecisionStore(path)
    assert store.decide([Step(key(1), None, keep(1, "anna"))]) == [True]
    assert store.decide([Step(key(1), None, reject(1, person="ben"))]) == [False]
    assert store.decisions() == {key(1): keep(1, "anna")}
    assert store.decide([Step(key(1), keep(1, "anna"), reject(1, person="ben"))]) == [True]
    store.close()


def test_a_step_sent_twice_holds_once(path: Path) -> None:
    store = DecisionStore(path)
    steps = [Step(key(1), None, keep(1)), Step(key(1), keep(1), None), Step(key(1), None, reject(1))]
    assert store.decide(steps) == [True, True, True]
    length = journal_of(path).stat().st_size
    assert store.decide(steps[-1:]) == [True]
    assert (store.decisions(), journal_of(path).stat().st_size) == ({key(1): reject(1)}, length)
    store.close()


def test_changes_since_a_revision(path: Path) -> None:
    write_decisions(path, [keep(1)])
    store = DecisionStore(path)
    assert (store.revision, store.changes_since(0)) == (0, {})
    take(store, keep(2))
    seen = store.revision
    store.decide([Step(key(1), keep(1), None)])
    assert store.changes_since(seen) == {key(1): None}
    assert store.changes_since(0) == {key(1): None, key(2): keep(2)}
    store.close()


def test_an_edit_from_outside_is_adopted(path: Path) -> None:
    write_decisions(path, [keep(1), keep(2)])
    store = DecisionStore(path)
    take(store, keep(3))
    write_decisions(path, [reject(1), reject(4, "blurred")])
    store.fold()
    expected = {key(1): reject(1), key(3): keep(3), key(4): reject(4, "blurred")}
    assert store.decisions() == read_decisions(path) == expected
    assert store.changes_since(1) == {key(1): reject(1), key(2): None, key(4): reject(4, "blurred")}
    assert store.contested() == {}
    store.close()


def test_what_both_sides_changed_is_contested_until_a_person_settles_it(path: Path) -> None:
    store = DecisionStore(path)
    take(store, reject(1))
    take(store, keep(2))
    write_decisions(path, [keep(1, "ben")])
    store.fold()
    assert store.contested() == {key(1): reject(1)}
    assert store.decisions() == read_decisions(path) == {key(1): keep(1, "ben"), key(2): keep(2)}
    assert key(1) in store.changes_since(2)
    abandon(store)
    store = DecisionStore(path)  # a restart does not settle it
    assert (store.contested(), store.replayed) == ({key(1): reject(1)}, 1)
    assert store.decide([Step(key(1), None, reject(1))]) == [False]
    assert take(store, reject(1))
    assert store.contested() == {}
    store.close()
    assert read_decisions(path) == {key(1): reject(1), key(2): keep(2)}
    assert not journal_of(path).exists()


@pytest.mark.parametrize("how", ["agreed here", "agreed outside"])
def test_a_contested_picture_is_settled_by_agreeing(path: Path, how: str) -> None:
    store = DecisionStore(path)
    take(store, reject(1))
    write_decisions(path, [keep(1, "ben")])
    store.fold()
    if how == "agreed here":
        assert take(store, keep(1, "ben"))
    else:
        write_decisions(path, [reject(1)])
        store.fold()
    assert store.contested() == {}
    abandon(store)
    store = DecisionStore(path)
    assert store.contested() == {}
    assert store.decisions() == {key(1): keep(1, "ben") if how == "agreed here" else reject(1)}
    store.close()


@pytest.mark.parametrize(
    "content", [None, b"sha256,verdict\n", b"\xff\xfe", b"sha256,verdict,reason,person\nx,keep,,a\n"]
)
def test_a_file_that_is_gone_or_damaged_is_reported_and_loses_nothing(path: Path, content: bytes | None) -> None:
    write_decisions(path, [keep(1)])
    sound = path.read_bytes()
    store = DecisionStore(path)
    take(store, keep(2))
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    store.fold_and_note()
    assert FILE in store.problem
    take(store, keep(3))
    with pytest.raises(DataError):
        store.close()
    assert path.exists() == (content is not None)
    path.write_bytes(sound)
    store = DecisionStore(path)
    store.fold_and_note()
    assert store.problem == ""
    store.close()
    assert read_decisions(path) == {key(number): keep(number) for number in (1, 2, 3)}


def test_the_journal_is_read_by_people_too(path: Path) -> None:
    store = DecisionStore(path)
    take(store, reject(1, "무늬가 다름"))
    entry = json.loads(journal_of(path).read_text())
    assert (entry["sha256"], entry["before"], entry["after"]["reason"]) == (key(1), None, "무늬가 다름")
    assert "무늬가 다름" in journal_of(path).read_text()
    store.close()


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.integers(0, 3), st.integers(0, 2)),
        st.tuples(st.just("edit"), st.integers(0, 3), st.integers(0, 2)),
        st.tuples(st.sampled_from(["fold", "kill"]), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
@example([("decide", 1, 1), ("fold", 0, 0), ("decide", 1, 0), ("decide", 1, 1), ("edit", 1, 0)])
@example([("decide", 2, 2), ("edit", 2, 2), ("kill", 0, 0), ("edit", 2, 0)])
@example([("decide", 0, 1), ("edit", 0, 2), ("fold", 0, 0), ("decide", 0, 2)])
@example([("decide", 0, 2), ("fold", 0, 0), ("decide", 0, 0), ("edit", 0, 0), ("decide", 0, 2)])
def test_no_order_of_events_loses_a_decision(tmp_path_factory: pytest.TempPathFactory, moves: list) -> None:
    """Each side's last word stands in the file, or is contested where both spoke since they last agreed."""
    path = tmp_path_factory.mktemp("reviewed") / FILE
    write_decisions(path, [])
    store = DecisionStore(path)
    ours: dict[int, Decision | None] = {}
    for what, number, choice in moves:
        decision = (None, keep(number), reject(number))[choice]
        if what == "decide":
            now, open_still = store.decisions().get(key(number)), key(number) in store.contested()
            store.decide([Step(key(number), now, decision)])
            if now != decision or open_still:  # repeating what holds is no word of one's own, but for a contested one
                ours[number] = decision
        elif what == "edit":
            others = {sha256: row for sha256, row in read_decisions(path).items() if sha256 != key(number)}
            write_decisions(path, [*others.values(), *([] if decision is None else [decision])])
            if key(number) not in store._journal.steps:
                ours.pop(number, None)  # it stood in the file: they change what they have seen
        elif what == "fold":
            store.fold()
        else:
            abandon(store)
            store = DecisionStore(path)
    store.close()
    written = read_decisions(path)
    for number, decision in ours.items():
        assert written.get(key(number)) == decision or store.contested().get(key(number)) == decision
