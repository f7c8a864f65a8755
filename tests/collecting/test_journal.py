"""The journal: what was written is there again, cut lines are dropped, damage is named."""

from pathlib import Path

import pytest

from tests.collecting.test_settling import row
from tryon.collecting.journal import NAME, Journal, Plan
from tryon.collecting.searching import Candidate
from tryon.errors import DataError

PLAN = Plan("blue shirt", 3, (("s", Candidate("http://a/1", title="é\ud800")), ("t", Candidate("b", width=3))), ("no",))


def written(folder: Path, count: int = 3) -> Path:
    journal = Journal(folder)
    journal.begin(PLAN)
    for number in range(count):
        journal.add(row(str(number), "1"))
    journal.close()
    return folder / NAME


def test_what_was_written_is_there_again(tmp_path: Path) -> None:
    written(tmp_path / "new")
    again = Journal(tmp_path / "new")
    assert again.plan == PLAN
    assert again.rows == {str(number): row(str(number), "1") for number in range(3)}


def test_every_cut_leaves_the_whole_lines(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = path.read_bytes()
    ends = [place for place, byte in enumerate(content) if byte == 10]
    for cut in [*range(0, len(content), 37), *ends, *(end + 1 for end in ends)]:
        path.write_bytes(content[:cut])
        journal = Journal(tmp_path)
        whole = sum(end < cut for end in ends)
        assert (journal.plan is not None, len(journal.rows)) == (whole > 0, max(0, whole - 1))


def test_after_a_cut_the_next_line_is_whole(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:-5])
    journal = Journal(tmp_path)
    journal.add(row("9", "2"))
    journal.close()
    assert list(Journal(tmp_path).rows) == ["0", "1", "9"]


def test_a_new_plan_starts_anew_and_the_end_removes_it(tmp_path: Path) -> None:
    path = written(tmp_path)
    journal = Journal(tmp_path)
    journal.begin(PLAN)
    assert Journal(tmp_path).rows == {} == journal.rows
    journal.end()
    assert not path.exists()


@pytest.mark.parametrize("damage", [b"{}\n", b"[1]\n", b'{"row": {"file": 1}}\n', b"\xff\n", b'{"plan": {}}\n'])
def test_damage_is_named_with_its_line(tmp_path: Path, damage: bytes) -> None:
    path = written(tmp_path, 1)
    path.write_bytes(path.read_bytes() + damage + b'{"row": 1}\n')
    with pytest.raises(DataError, match=r"journal\.jsonl, line 3") as caught:
        Journal(tmp_path)
    assert caught.value.remedy
