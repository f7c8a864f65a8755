"""What the ledgers of collections claim, beside what lies in them: a row for each kept picture and for each file.

Read as text, so that a malformed cell is a finding about its row and not an error that hides the others.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tryon.curating.candidates import PICTURE_SUFFIXES
from tryon.curating.duplicates import NearDuplicates
from tryon.curating.leaks import Print, leaks_within
from tryon.curating.measuring import Measurement, in_threads, measure
from tryon.formats.decisions import Decision
from tryon.formats.ledger import KEPT, LedgerRow
from tryon.formats.tables import read_table
from tryon.formats.tombstones import Tombstones
from tryon.images.hashing import hamming

LEDGER = "ledger.csv"
UNKNOWN = "unknown"  # in `validation.licences`: pictures whose source names no licence are taken
# All copies of a picture differ in less (`python benchmarks/near_duplicates.py`): the file is the one that was fetched.
SAME_PICTURE_BITS = 10
LEDGER_COLUMNS = (
    "label",
    "picture",
    "sha256",
    "phash",
    "sha256_formed",
    "phash_formed",
    "there",
    "as_collected",
    "licence_given",
    "licence_allowed",
    "attributed",
    "origin",
    "dated",
    "robots_allowed",
    "allowed",
)
FILE_COLUMNS = ("label", "picture", "listed")
_FIELDS = tuple(LedgerRow.__dataclass_fields__)
_WEB = re.compile(r"https?://\S+")
_TIME = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\dZ")
_BRACKET = re.compile(r"\s*\([^()]*\)$")  # the licence's address, as the collector adds it
_NO_AUTHOR_NEEDED = ("cc0", "public domain", "pdm")


@dataclass(frozen=True)
class LedgerRules:
    """What ledgers are held against.

    Args:
        licences: that are accepted, in any version, as `validation.licences` has them.
        tombstones: what was forgotten.
        decisions: by which a person has settled near-duplicates of forgotten pictures.
    """

    licences: Sequence[str]
    tombstones: Tombstones = field(default_factory=Tombstones)
    decisions: Mapping[str, Decision] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kept:
    """A kept row with its file."""

    folder: Path
    number: int
    row: Mapping[str, str]
    measurement: Measurement
    cleaned: bool  # cleaning lets it pass, or was not there yet
    split: str


def collections_of(sources: Iterable[Path]) -> list[Path]:
    """Those of the source folders, and of the folders in them, that are collections: they have a ledger."""
    found = {source for source in sources if (source / LEDGER).is_file()}
    found |= {path.parent for source in sources for path in source.glob(f"*/{LEDGER}")}
    return sorted(found)


def gather_ledgers(folders: Sequence[Path], rules: LedgerRules) -> dict[str, list[dict[str, Any]]]:
    """The tables `ledger`, `collected_files`, `collection_leaks` and `near_forgotten` of some collections.

    Raises:
        DataError: a ledger is no table or lacks a column.
    """
    ledgers = {folder: read_table(folder / LEDGER, _FIELDS) for folder in folders}
    kept = [one for folder, rows in ledgers.items() for one in _kept(folder, rows)]
    return {
        "ledger": [_judge(one, rules) for one in kept],
        "collected_files": [row for folder, rows in ledgers.items() for row in _files(folder, rows)],
        "collection_leaks": leaks_within([_print(one) for one in kept if one.split and one.cleaned]),
        "near_forgotten": _near_forgotten(kept, ledgers, rules),
    }


def is_licensed(licence: str, accepted: Sequence[str]) -> bool:
    """Whether a licence is one of those that are accepted, in any version: `CC BY` accepts `CC BY 4.0 (address)`."""
    name = _BRACKET.sub("", licence).strip().lower()
    if not name:
        return UNKNOWN in accepted
    return any(name == word.lower() or name.startswith(word.lower() + " ") for word in accepted)


def _kept(folder: Path, rows: Sequence[Mapping[str, str]]) -> list[_Kept]:
    kept = [(number, row) for number, row in enumerate(rows, start=2) if row["verdict"] == KEPT]
    measured = in_threads(measure, [folder / row["file"] for _, row in kept])
    dropped = {row["sha256"] for row in _beside(folder, "cleaning.csv") if row.get("kept") == "0"}
    splits = {row.get("sha256") or row["file"]: row.get("split", "") for row in _beside(folder, "labels.csv")}
    return [
        _Kept(
            folder,
            number,
            row,
            measurement,
            cleaned=row["sha256"] not in dropped,
            split=splits.get(row["sha256"]) or splits.get(Path(row["file"]).name, ""),
        )
        for (number, row), measurement in zip(kept, measured, strict=True)
    ]


def _beside(folder: Path, name: str) -> list[dict[str, str]]:
    return read_table(folder / name, ["file"]) if (folder / name).is_file() else []


def _judge(one: _Kept, rules: LedgerRules) -> dict[str, Any]:
    row, measured = one.row, one.measurement
    sha256_formed = bool(re.fullmatch(r"[0-9a-f]{64}", row["sha256"]))
    phash_formed = bool(re.fullmatch(r"[0-9a-f]{16}", row["phash"]))
    web = bool(_WEB.fullmatch(row["address"]))
    licence = _BRACKET.sub("", row["licence"]).strip()
    return {
        "label": f"{one.folder.name}/{row['file'] or 'no file'} (row {one.number})",
        "picture": (one.folder / row["file"]).as_posix(),
        "sha256": row["sha256"] if sha256_formed else None,
        "phash": row["phash"] if phash_formed and one.cleaned else None,
        "sha256_formed": sha256_formed,
        "phash_formed": phash_formed,
        "there": not measured.fault,
        "as_collected": _as_collected(row["phash"], measured) if phash_formed else None,
        "licence_given": bool(licence) or UNKNOWN in rules.licences,
        "licence_allowed": is_licensed(licence, rules.licences) if licence else None,
        "attributed": bool(row["author"].strip()) or licence.lower().startswith(_NO_AUTHOR_NEEDED),
        # A file of a local folder has neither a page nor a robots.txt.
        "origin": bool(row["source"] and row["address"]) and (not web or bool(_WEB.fullmatch(row["page"]))),
        "dated": bool(_TIME.fullmatch(row["time"])),
        "robots_allowed": row["robots"] == "allowed" if web else None,
        "allowed": _allowed(row, measured, rules.tombstones.sha256s, rules.tombstones.addresses),
    }


def _as_collected(phash: str, measured: Measurement) -> bool | None:
    return None if measured.fault else hamming(int(phash, 16), measured.phash) <= SAME_PICTURE_BITS


def _allowed(row: Mapping[str, str], measured: Measurement, sha256s: Container[str], addresses: Container[str]) -> bool:
    return row["sha256"] not in sha256s and measured.sha256 not in sha256s and row["address"] not in addresses


def _files(folder: Path, rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    listed = {row["file"] for row in rows if row["verdict"] == KEPT}
    files = sorted(path for path in folder.glob("images/*") if path.suffix.lower() in PICTURE_SUFFIXES)
    names = [path.relative_to(folder).as_posix() for path in files]
    return [
        {"label": f"{folder.name}/{name}", "picture": (folder / name).as_posix(), "listed": name in listed}
        for name in names
    ]


def _print(one: _Kept) -> Print:
    measured = one.measurement
    return Print(
        (one.folder / one.row["file"]).as_posix(),
        one.split,
        None if measured.fault else measured.phash,
        measured.mirrored,
        bits=0,  # flat shirts on plain grounds look alike to a hash: docs/reference/curation.md
    )


def _near_forgotten(
    kept: Sequence[_Kept], ledgers: Mapping[Path, Sequence[Mapping[str, str]]], rules: LedgerRules
) -> list[dict[str, Any]]:
    """Kept pictures that look nearly like a forgotten one, until a person has decided about them."""
    index = NearDuplicates(SAME_PICTURE_BITS)
    for row in (row for rows in ledgers.values() for row in rows):
        if row["sha256"] in rules.tombstones.sha256s and re.fullmatch(r"[0-9a-f]{16}", row["phash"]):
            index.add(row["sha256"][:12], int(row["phash"], 16))
    rows = []
    for one in kept:
        settled = one.row["sha256"] in rules.decisions or one.measurement.fault
        for match in [] if settled else index.find(one.measurement.phash, SAME_PICTURE_BITS)[:1]:
            picture = (one.folder / one.row["file"]).as_posix()
            rows.append(
                {
                    "label": f"{one.folder.name}/{one.row['file']} and the forgotten {match.key}, {match}",
                    "picture": picture,
                    "bits": match.bits,
                }
            )
    return rows
