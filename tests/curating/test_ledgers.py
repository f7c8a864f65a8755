"""Ledgers: each claim that is not kept is one value in one row, and nothing else complains."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.curating.made_data import picture
from tests.forgetting import scratch
from tests.forgetting.scratch import address, sha256
from tryon.curating.ledgers import (
    FILE_COLUMNS,
    LEDGER_COLUMNS,
    LedgerRules,
    collections_of,
    gather_ledgers,
    is_licensed,
)
from tryon.errors import DataError
from tryon.formats.decisions import Decision
from tryon.formats.ledger import read_ledger, write_ledger
from tryon.formats.tables import read_table, write_table
from tryon.formats.tombstones import Tombstone, Tombstones
from tryon.images.files import write_jpeg

RULES = LedgerRules(["CC BY", "CC0"])


@pytest.fixture
def shirts(tmp_path: Path) -> Path:
    folder = tmp_path / "shirts"
    scratch.collect(folder)
    return folder


def false_values(shirts: Path, rules: LedgerRules = RULES) -> dict[str, list[str]]:
    """The columns that are False, by label."""
    tables = gather_ledgers([shirts], rules)
    rows = [*tables["ledger"], *tables["collected_files"]]
    found = {row["label"]: [name for name, value in row.items() if value is False] for row in rows}
    return {label: names for label, names in found.items() if names}


def test_a_sound_collection_has_no_fault(shirts: Path) -> None:
    tables = gather_ledgers([shirts], RULES)
    assert false_values(shirts) == {}
    assert len(tables["ledger"]) == len(tables["collected_files"]) == 5, "what was refused is not looked at"
    assert tuple(tables["ledger"][0]) == LEDGER_COLUMNS
    assert tuple(tables["collected_files"][0]) == FILE_COLUMNS
    assert tables["near_forgotten"] == []


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"licence": ""}, "licence_given"),
        ({"licence": "CC BY-NC 4.0"}, "licence_allowed"),
        ({"licence": "all rights reserved (CC BY)"}, "licence_allowed"),
        ({"author": " "}, "attributed"),
        ({"page": ""}, "origin"),
        ({"source": ""}, "origin"),
        ({"address": ""}, "origin"),
        ({"time": "yesterday"}, "dated"),
        ({"robots": "disallowed"}, "robots_allowed"),
        ({"robots": ""}, "robots_allowed"),
        ({"phash": "ffffffffffffffff"}, "as_collected"),
        ({"phash": ""}, "phash_formed"),
        ({"sha256": "12"}, "sha256_formed"),
    ],
)
def test_each_fault_of_a_row_shows_in_its_own_column(shirts: Path, change: dict[str, str], column: str) -> None:
    table = read_table(shirts / "ledger.csv", [])
    write_table(shirts / "ledger.csv", list(table[0]), [table[0] | change, *table[1:]])
    assert false_values(shirts) == {f"shirts/{table[0]['file']} (row 2)": [column]}


def test_public_domain_needs_no_author_and_a_local_file_no_page(shirts: Path) -> None:
    rows = read_ledger(shirts / "ledger.csv")
    local = replace(rows[1], address="shirts/1.jpg", page="", robots="", status=0)
    write_ledger(shirts / "ledger.csv", [replace(rows[0], licence="CC0 1.0", author=""), local, *rows[2:]])
    assert false_values(shirts) == {}


def test_a_picture_without_a_row_and_a_row_without_its_picture(shirts: Path) -> None:
    rows = read_ledger(shirts / "ledger.csv")
    (shirts / rows[1].file).unlink()
    write_jpeg(shirts / "images/stranger.jpg", picture(77))
    assert false_values(shirts) == {
        f"shirts/{rows[1].file} (row 3)": ["there"],
        "shirts/images/stranger.jpg": ["listed"],
    }


def test_what_was_forgotten_is_found_by_content_and_by_address(shirts: Path) -> None:
    stones = (Tombstone(sha256(0), "", "2026-11-22T15:04:05Z"), Tombstone("", address(1), "2026-11-22T15:04:05Z"))
    found = false_values(shirts, LedgerRules(RULES.licences, Tombstones(stones)))
    assert list(found.values()) == [["allowed"], ["allowed"]]
    assert [label.rpartition("(")[2] for label in found] == ["row 2)", "row 3)"]


def test_what_looks_like_a_forgotten_picture_waits_for_a_person(shirts: Path) -> None:
    """The fifth picture is nearly the first."""
    rows = read_ledger(shirts / "ledger.csv")
    (shirts / rows[0].file).unlink()
    write_ledger(shirts / "ledger.csv", [replace(rows[0], file="", verdict="forgotten"), *rows[1:]])
    stones = Tombstones((Tombstone(sha256(0), address(0), "2026-11-22T15:04:05Z"),))
    [near] = gather_ledgers([shirts], replace(RULES, tombstones=stones))["near_forgotten"]
    assert near["label"] == f"shirts/{rows[4].file} and the forgotten {sha256(0)[:12]}, 2 bits"
    decided = {sha256(4): Decision(sha256(4), "keep", "another shirt", "ada")}
    assert gather_ledgers([shirts], LedgerRules(RULES.licences, stones, decided))["near_forgotten"] == []


def test_twins_in_two_splits_of_two_collections_are_a_leak(shirts: Path, tmp_path: Path) -> None:
    other = tmp_path / "others"
    shutil.copytree(shirts, other)
    assert gather_ledgers([shirts, other], RULES)["collection_leaks"] == []
    labels = read_table(other / "labels.csv", [])
    write_table(other / "labels.csv", list(labels[0]), [labels[0] | {"split": "test"}, *labels[1:]])
    leaks = gather_ledgers([shirts, other], RULES)["collection_leaks"]
    assert [leak["label"].count(labels[0]["file"]) for leak in leaks] == [2]


def test_only_what_passed_cleaning_must_look_different(shirts: Path) -> None:
    cleaning = read_table(shirts / "cleaning.csv", [])
    write_table(shirts / "cleaning.csv", list(cleaning[0]), [cleaning[0] | {"kept": "0"}, *cleaning[1:]])
    hashes = [row["phash"] for row in gather_ledgers([shirts], RULES)["ledger"]]
    assert hashes[0] is None
    assert None not in hashes[1:]


def test_a_ledger_that_is_no_table_is_an_error(shirts: Path) -> None:
    (shirts / "ledger.csv").write_text("file,sha256\n")
    with pytest.raises(DataError, match="columns"):
        gather_ledgers([shirts], RULES)


def test_collections_are_sources_with_a_ledger_or_folders_of_such(shirts: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert collections_of([shirts, tmp_path / "plain", tmp_path / "gone"]) == [shirts]
    assert collections_of([tmp_path]) == [shirts]


@pytest.mark.parametrize(
    ("licence", "accepted", "verdict"),
    [
        ("CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)", ["CC BY"], True),
        ("cc by 2.0", ["CC BY"], True),
        ("CC BY-SA 4.0", ["CC BY"], False),
        ("CC BYE", ["CC BY"], False),
        ("", ["CC BY"], False),
        ("", ["unknown"], True),
    ],
)
def test_licences_count_in_any_version(licence: str, accepted: list[str], verdict: bool) -> None:
    assert is_licensed(licence, accepted) is verdict
