"""The journal on disk: whole lines only, one holder at a time."""

import json
from pathlib import Path

from tryon.tracking.journal import Delivery, Journal


def test_events_come_back_in_order(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, tags={"stage": "train_cyclegan"})
    journal.append("metrics", values={"a": 1.0}, step=2)
    journal.append("end", status="FINISHED")
    assert [event["kind"] for event in journal.events()] == ["start", "metrics", "end"]
    assert journal.events()[1]["values"] == {"a": 1.0}
    journal.close()


def test_a_line_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, tags={})
    with (journal.folder / "events.jsonl").open("a") as file:
        file.write('{"kind": "metrics", "val')
    assert [event["kind"] for event in journal.events()] == ["start"]
    journal.close()


def test_a_file_is_kept_as_it_was(tmp_path: Path) -> None:
    source = tmp_path / "losses.csv"
    source.write_text("epoch 1")
    journal = Journal.create(tmp_path / "journals", tags={})
    journal.keep_file(source, source.name, "curves")
    source.write_text("epoch 2")
    event = journal.events()[-1]
    assert (journal.folder / event["path"]).read_text() == "epoch 1"
    assert event["folder"] == "curves"
    journal.close()


def test_two_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, tags={})
    journal.keep_file(b"one", "grid.png", "blue")
    journal.keep_file(b"two", "grid.png", "striped")
    assert [(journal.folder / event["path"]).read_bytes() for event in journal.events()[1:]] == [b"one", b"two"]
    journal.close()


def test_only_journals_without_a_holder_are_abandoned(tmp_path: Path) -> None:
    held = Journal.create(tmp_path, tags={})
    left = Journal.create(tmp_path, tags={})
    left.close()
    assert [journal.folder for journal in Journal.abandoned(tmp_path)] == [left.folder]
    held.close()
    assert len(list(Journal.abandoned(tmp_path))) == 2


def test_a_journal_without_a_whole_line_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "20260101-000000-00000000"
    folder.mkdir()
    (folder / "events.jsonl").write_text('{"kind": "sta')
    assert list(Journal.abandoned(tmp_path)) == []
    assert not folder.exists()


def test_a_journal_being_made_is_not_taken_for_abandoned(tmp_path: Path) -> None:
    (tmp_path / "new-20260101-000000-00000000").mkdir()
    assert list(Journal.abandoned(tmp_path)) == []


def test_what_was_acknowledged_is_remembered(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, tags={})
    assert journal.delivery == Delivery(None, 0)
    journal.acknowledge("run-1", 3)
    journal.close()
    (again,) = Journal.abandoned(tmp_path)
    assert again.delivery == Delivery("run-1", 3)
    assert json.loads((journal.folder / "delivery.json").read_text())["acknowledged"] == 3
