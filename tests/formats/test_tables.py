"""Tables, decisions and ledger: every cell comes back, no cell runs as a formula, faulty rows are named."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tryon.errors import DataError
from tryon.formats.decisions import Decision, read_decisions, write_decisions
from tryon.formats.ledger import LedgerRow, read_ledger, write_ledger
from tryon.formats.tables import read_table, write_table
from tryon.formats.tombstones import read_tombstones

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
dangerous = st.sampled_from(
    ["=1+1", "'=1", "''", "'", "-1", "-1e5", "+x", "@a", "\t=", "-", "'-3", 'a"b', "a,b", "a\nb"]
)


@given(st.lists(st.tuples(cells | dangerous, cells | dangerous), max_size=5))
@settings(max_examples=150, deadline=None)
def test_every_cell_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("tables") / "table.csv"
    write_table(path, ["a", "b"], [{"a": a, "b": b} for a, b in rows])
    assert read_table(path, ["b"]) == [{"a": a, "b": b} for a, b in rows]
    with path.open(newline="", encoding="utf-8") as file:
        for row in list(csv.reader(file))[1:]:
            for cell in row:
                assert not cell.startswith(("=", "@", "\t", "\r"))
                assert not cell.startswith(("+", "-")) or float(cell) is not None


def test_numbers_stay_as_they_are_and_none_is_empty(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", ["x", "y"], [{"x": -3.5, "y": None}, {"x": "+1", "y": "=SUM(A1)"}, {"x": 1}])
    assert (tmp_path / "t.csv").read_text() == "x,y\n-3.5,\n+1,'=SUM(A1)\n1,\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not have the columns"),
        (b"a,c\n1,2\n", "add the column 'b'"),
        (b"a,b,b\n1,2,3\n", "each once"),
        (b"a,b\n1\n", "row 2"),
        (b"a,b\n1,2\n1,2,3\n", "row 3"),
        (b'a,b\n"1,2\n', "not CSV|row 2"),
        ("a,b\nä,2\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_faulty_tables_are_named(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        read_table(path, ["a", "b"])
    assert str(path) in str(caught.value)


def test_missing_table_and_unknown_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "t.csv", ["a"])
    with pytest.raises(DataError, match="no column 'z'"):
        write_table(tmp_path / "t.csv", ["a"], [{"a": 1, "z": 2}])
    assert not list(tmp_path.iterdir())


def test_byte_order_mark_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n")
    assert read_table(tmp_path / "t.csv", ["a", "b"]) == [{"a": "1", "b": "2"}]


HASH = "0123456789abcdef" * 4
DECISION = Decision(HASH, "reject", "cut off at the neck", "mira")


def test_decisions_there_and_back_sorted(tmp_path: Path) -> None:
    other = Decision("0" * 64, "keep", "", "mira")
    write_decisions(tmp_path / "d.csv", [DECISION, other])
    decisions = read_decisions(tmp_path / "d.csv")
    assert list(decisions) == ["0" * 64, HASH] and decisions[HASH] == DECISION
    assert decisions["0" * 64].keep and not DECISION.keep


def test_the_repositorys_own_decisions_can_be_read() -> None:
    folder = Path(__file__).parents[2] / "decisions"
    assert {path.name for path in folder.glob("*.csv")} == {"photos.csv", "garments.csv", "forgotten.csv"}
    for name in ("photos.csv", "garments.csv"):
        read_decisions(folder / name)
    read_tombstones(folder / "forgotten.csv")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sha256": "abc"}, "row 2, sha256"),
        ({"sha256": HASH.upper()}, "row 2, sha256"),
        ({"verdict": "maybe"}, "row 2, verdict"),
        ({"reason": ""}, "row 2, reason"),
        ({"person": " "}, "row 2, person"),
    ],
)
def test_faulty_decisions_are_named(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    row = {"sha256": HASH, "verdict": "reject", "reason": "blurred", "person": "mira", **changes}
    write_table(tmp_path / "d.csv", list(row), [row])
    with pytest.raises(DataError, match=words):
        read_decisions(tmp_path / "d.csv")


def test_a_picture_decided_twice_and_a_faulty_one_written(tmp_path: Path) -> None:
    write_decisions(tmp_path / "d.csv", [DECISION, DECISION])
    with pytest.raises(DataError, match="row 3, sha256: the picture stands there twice"):
        read_decisions(tmp_path / "d.csv")
    with pytest.raises(DataError, match="verdict"):
        write_decisions(tmp_path / "e.csv", [replace(DECISION, verdict="no")])
    assert not (tmp_path / "e.csv").exists()


ROW = LedgerRow(
    file="000001.jpg",
    sha256=HASH,
    phash="00ff00ff00ff00ff",
    query="blue t-shirt",
    source="openverse",
    address="https://example.org/a.jpg",
    page="https://example.org/a",
    title='=HYPERLINK("x")',
    licence="cc0",
    author="A. Person",
    time="2026-11-22T15:04:05Z",
    robots="allowed",
    status=200,
    width=400,
    height=533,
    verdict="kept",
)


def test_ledger_there_and_back_in_order(tmp_path: Path) -> None:
    refused = replace(ROW, file="", sha256="", width=0, height=0, verdict="undecodable", reason="cut off")
    write_ledger(tmp_path / "ledger.csv", [ROW, refused])
    assert read_ledger(tmp_path / "ledger.csv") == [ROW, refused]
    assert ",\"'=HYPERLINK" in (tmp_path / "ledger.csv").read_text()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",400,", ",wide,", "row 2, width"),
        (HASH, "12", "row 2, sha256"),
        (",allowed,", ",perhaps,", "row 2, robots"),
        ("00ff00ff00ff00ff", "ff", "row 2, phash"),
    ],
)
def test_faulty_ledger_rows_are_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "ledger.csv"
    write_ledger(path, [ROW])
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=words):
        read_ledger(path)
