"""What is reviewed: the kept pictures of a collection with its ledger and cleaning, or the pictures of any folder."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tryon.console import track
from tryon.curating.candidates import PICTURE_SUFFIXES
from tryon.errors import DataError
from tryon.formats.ledger import LedgerRow, read_ledger
from tryon.formats.tables import read_table

PASSED = "passed"
_CLEANING_COLUMNS = ("sha256", "kept", "reason", "doubt")
_BLOCK = 2**20


@dataclass(frozen=True)
class Picture:
    """A picture under review.

    Args:
        sha256: the key of its decision: the ledger's, else of its file.
        path: of the file that is shown.
        name: for people; relative to the folder.
        cleaning: `passed`, or `kind: detail` of what cleaning refused it for; empty if it was not cleaned.
        doubt: of cleaning, 0 to 1; None if it was not cleaned.
        details: what the ledger says of it, by words for people.
    """

    sha256: str
    path: Path
    name: str
    cleaning: str = ""
    doubt: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Collection:
    """The pictures of a folder, each content once.

    Args:
        folder: where they lie.
        pictures: ordered by name.
        ours: whether the files were written by this project (`tryon.reviewing.previews` says what follows).
    """

    folder: Path
    pictures: tuple[Picture, ...]
    ours: bool


def read_collection(folder: Path) -> Collection:
    """The pictures of a collection (`ledger.csv`, and `cleaning.csv` where there is one), else of all of a folder.

    Raises:
        DataError: the folder holds no picture, or one of its tables is damaged or leads out of the folder.
    """
    folder = Path(folder)
    ours = (folder / "ledger.csv").is_file()
    found = _collected(folder) if ours else _lying_in(folder)
    pictures: dict[str, Picture] = {}
    for picture in found:
        pictures.setdefault(picture.sha256, picture)
    if not pictures:
        raise DataError(
            f"{folder} holds no picture to review",
            needed="a collection with ledger.csv, or a folder with JPEG, PNG or WebP files",
            remedy="check the path, or collect pictures first (`tryon collect`)",
        )
    return Collection(folder, tuple(sorted(pictures.values(), key=lambda picture: picture.name)), ours)


def _collected(folder: Path) -> Iterator[Picture]:
    cleaned = _read_cleaning(folder / "cleaning.csv")
    inside = folder.resolve()
    for number, row in enumerate(read_ledger(folder / "ledger.csv"), start=2):
        if not row.kept:
            continue
        path = folder / row.file
        if not row.sha256 or not path.resolve().is_relative_to(inside) or path.resolve() == inside:
            raise DataError(
                f"ledger {folder / 'ledger.csv'}, row {number}, names no picture of its folder",
                received=f"file {row.file or 'nothing'}, sha256 {row.sha256 or 'nothing'}",
                needed="a file within the folder and its sha256, as the row's verdict is `kept`",
                remedy="correct that row, or collect again",
            )
        cleaning, doubt = cleaned.get(row.sha256, ("", None))
        yield Picture(row.sha256, path, row.file, cleaning, doubt, _details(row))


def _lying_in(folder: Path) -> Iterator[Picture]:
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder", remedy="check the path")
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file() and not path.name.startswith(".")
    ]
    for path in track(files, "hashing"):
        yield Picture(_sha256(path), path, path.relative_to(folder).as_posix())


def _read_cleaning(path: Path) -> dict[str, tuple[str, float | None]]:
    """What cleaning says of each picture, by sha256; empty where the collection was not cleaned."""
    if not path.is_file():
        return {}
    cleaned: dict[str, tuple[str, float | None]] = {}
    for number, row in enumerate(read_table(path, _CLEANING_COLUMNS), start=2):
        if row["kept"] not in ("0", "1") or (row["kept"] == "0") != bool(row["reason"]):
            raise DataError(
                f"cleaning {path}, row {number}, kept and reason",
                received=f"{row['kept'] or 'nothing'}, {row['reason'] or 'nothing'}",
                needed="1 without a reason, or 0 with one",
                remedy="run `tryon clean` again",
            )
        cleaned[row["sha256"]] = (row["reason"] or PASSED, _doubt(row["doubt"], f"cleaning {path}, row {number}"))
    return cleaned


def _doubt(text: str, where: str) -> float:
    try:
        doubt = float(text)
    except ValueError:
        doubt = float("nan")
    if not 0 <= doubt <= 1:
        raise DataError(f"{where}, doubt", received=text or "nothing", needed="a number from 0 to 1")
    return doubt


def _details(row: LedgerRow) -> dict[str, str]:
    size = f"{row.width} x {row.height}" if row.width else ""
    said = {
        "title": row.title,
        "query": row.query,
        "source": row.source,
        "licence": row.licence,
        "author": row.author,
        "size": size,
        "page": row.page,
    }
    return {word: text for word, text in said.items() if text}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise DataError(f"picture {path} cannot be read", received=error.strerror, remedy="check its rights") from error
    return digest.hexdigest()
