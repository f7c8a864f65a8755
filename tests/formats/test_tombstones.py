"""What was forgotten: read back as written, refused by row and column where it is malformed."""

from pathlib import Path

import pytest

from tryon.errors import DataError
from tryon.formats.tombstones import (
    Tombstone,
    append_tombstones,
    read_tombstones,
    write_tombstones,
)

SHA = "ab" * 32
TIME = "2026-11-22T15:04:05Z"
BOTH = Tombstone(SHA, "https://example.org/a.jpg", TIME, 'asked, by "post"')


def test_no_file_means_that_nothing_was_forgotten(tmp_path: Path) -> None:
    found = read_tombstones(tmp_path / "forgotten.csv")
    assert (found.rows, found.addresses, found.sha256s) == ((), frozenset(), frozenset())


def test_rows_come_back_as_written_and_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "decisions/forgotten.csv"
    rows = (BOTH, Tombstone("", "https://example.org/never-fetched.jpg", TIME), Tombstone("cd" * 32, "", TIME))
    write_tombstones(path, rows)
    assert read_tombstones(path).rows == rows
    assert path.read_text().splitlines()[0] == "sha256,address,time,reason"
    assert [file.name for file in path.parent.iterdir()] == ["forgotten.csv"]


def test_what_is_unknown_refuses_nothing(tmp_path: Path) -> None:
    write_tombstones(tmp_path / "f.csv", [BOTH, Tombstone("", "u", TIME), Tombstone("cd" * 32, "", TIME)])
    found = read_tombstones(tmp_path / "f.csv")
    assert found.addresses == {"https://example.org/a.jpg", "u"}
    assert found.sha256s == {SHA, "cd" * 32}


def test_forgetting_twice_keeps_the_first_time_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    append_tombstones(path, [BOTH])
    other = Tombstone(SHA, "https://example.org/copy.jpg", TIME)
    append_tombstones(path, [Tombstone(SHA, BOTH.address, "2027-01-01T00:00:00Z", "again"), other, other])
    assert read_tombstones(path).rows == (BOTH, other)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (f"{SHA[:-1]},u,{TIME},", "sha256"),
        (f"{SHA.upper()},u,{TIME},", "sha256"),
        (f",,{TIME},", "names nothing"),
        (f"{SHA},u,yesterday,", "time"),
        (f"{SHA},u,,", "time"),
    ],
)
def test_a_malformed_row_is_named(tmp_path: Path, row: str, column: str) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f"sha256,address,time,reason\n{SHA},u,{TIME},\n{row}\n")
    with pytest.raises(DataError, match=rf"row 3.*{column}"):
        read_tombstones(path)


def test_a_malformed_tombstone_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sha256"):
        append_tombstones(tmp_path / "f.csv", [Tombstone("no hash", "u", TIME)])
    assert not (tmp_path / "f.csv").exists()
