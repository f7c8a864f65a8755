"""Which files of a folder hold a picture, whole or in part: read from the files themselves and the tables beside them.

Where a folder does not say which picture a file shows (a sheet, a grid, an animation), the file counts as holding it:
what is removed too much is made again by the next `dvc repro`, what is removed too little stays for good.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from tryon.forgetting.picture import Picture

_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp"})
_TEXTS = frozenset({".json", ".html"})
_BETWEEN_NAMES = "__"  # as in PHOTO__GARMENT.png
_EMBEDDED = "data:image"


@dataclass(frozen=True)
class Folder:
    """A folder's files, or a single file: path -> md5, and a reader of their content by path."""

    files: Mapping[str, str]
    read: Callable[[str], bytes]


def copies(folder: Folder, picture: Picture) -> set[str]:
    """The files that are the picture, by content or by the sha256 in a table of the folder, and their annotations."""
    held = {name for name, md5 in folder.files.items() if md5 in picture.md5s}
    named = {
        PurePosixPath(row["file"]).name
        for rows in _tables(folder).values()
        for row in rows
        if row.get("sha256") in picture.sha256s and row.get("file")
    }
    held |= {name for name in folder.files if PurePosixPath(name).name in named}
    stems = stems_of(held)
    return held | {
        name for name in folder.files if PurePosixPath(name).stem in stems and PurePosixPath(name).suffix == ".json"
    }


def derived(folder: Folder, stems: frozenset[str]) -> set[str]:
    """The files that were made from a picture of one of these names: named after it, listing it, or showing it."""
    listed, told = _told_by_tables(folder, stems)
    held = set(listed)
    for name in set(folder.files) - held:
        if name in told:
            continue
        suffix = PurePosixPath(name).suffix.lower()
        if _names(name) & stems:
            held.add(name)
        elif suffix in _PICTURES:
            held |= set() if _names(name) <= told else {name}
        elif suffix == ".npz":
            held |= {name} if _lists(folder.read(name), stems) else set()
        elif suffix in _TEXTS:
            text = folder.read(name).decode("utf-8", errors="replace")
            shows = suffix == ".html" and _EMBEDDED in text
            held |= {name} if shows or any(f"{stem}." in text for stem in stems) else set()
    return held


def _told_by_tables(folder: Folder, stems: frozenset[str]) -> tuple[set[str], set[str]]:
    """The files in table rows that speak of the picture, and all that tables speak of: whole paths, and bare names.

    A row's own path is no mention: the files of a domain are numbered, as photos are.
    """
    by_name: dict[str, set[str]] = defaultdict(set)
    for name in folder.files:
        by_name[PurePosixPath(name).name].add(name)
    listed: set[str] = set()
    told: set[str] = set()
    for rows in _tables(folder).values():
        for row in rows:
            paths = {cell for cell in row.values() if "/" in cell and cell in folder.files}
            cells = {cell for cell in row.values() if cell} - paths
            names = {name for cell in cells for name in _names(cell)}
            told |= paths | names
            if names & stems:
                listed |= paths.union(*(by_name.get(cell, set()) for cell in cells))
    return listed, told


def stems_of(names: Iterable[str]) -> frozenset[str]:
    """The names of pictures without folder and suffix: what everything made from them is called."""
    return frozenset(PurePosixPath(name).stem for name in names)


def _names(name: str) -> set[str]:
    """The pictures that a file's name speaks of; a result speaks of two."""
    return set(PurePosixPath(name).stem.split(_BETWEEN_NAMES)) if re.search(r"\w", name) else set()


def _tables(folder: Folder) -> dict[str, list[dict[str, str]]]:
    tables = {}
    for name in folder.files:
        if name.endswith(".csv"):
            text = folder.read(name).decode("utf-8-sig", errors="replace")
            tables[name] = [{key: value for key, value in row.items() if isinstance(value, str)} for row in _rows(text)]
    return tables


def _rows(text: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(io.StringIO(text, newline=""))


def _lists(content: bytes, stems: frozenset[str]) -> bool:
    """Whether a set of cut-outs lists one of the pictures; a set without names might hold any."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return "names" not in arrays or not stems.isdisjoint(stems_of(str(name) for name in arrays["names"]))
