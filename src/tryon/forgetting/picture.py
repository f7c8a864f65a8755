"""The picture to forget: where it lies among the sources, and everything that it can be recognised by."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tryon.config import load_params
from tryon.curating.candidates import PICTURE_SUFFIXES
from tryon.curating.duplicates import NearDuplicates
from tryon.errors import UsageError
from tryon.formats.ledger import LedgerRow, read_ledger
from tryon.formats.tombstones import read_tombstones

TOMBSTONES = Path("decisions/forgotten.csv")
COLLECTED = Path("data/collected")
# Two pictures of the sources that differ in no more are likely the same one, cut or scaled by somebody else.
NEAR_BITS = 10
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Picture:
    """What a picture is recognised by.

    Args:
        sha256s: of the bytes as they came, and of the file that was stored in their place.
        addresses: all from which the same bytes came.
        md5s: of the files that hold it among the sources: DVC names its copies by them.
        phashes: perceptual hashes as the ledgers have them.
        files: pictures and their annotations among the sources, relative to the checkout.
    """

    sha256s: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    md5s: frozenset[str] = frozenset()
    phashes: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def __or__(self, other: "Picture") -> "Picture":
        return Picture(*(getattr(self, name) | getattr(other, name) for name in self.__dataclass_fields__))


def find_picture(root: Path, target: str) -> Picture:
    """The picture behind an address or sha256; one that no source has is known by its target alone.

    Raises:
        UsageError: the target is neither.
    """
    if not _SHA256.fullmatch(target) and not _ADDRESS.fullmatch(target):
        raise UsageError(
            "that names no picture",
            received=target,
            needed="an address (https://...) or a sha256 (64 digits 0-9 a-f)",
            remedy="look it up in ledger.csv of its collection, or run sha256sum on the file",
        )
    rows = [row for ledger in ledgers(root) for row in read_ledger(ledger)]
    stones = [(stone.sha256, stone.address) for stone in read_tombstones(root / TOMBSTONES).rows]
    pairs = [(row.sha256, row.address) for row in rows] + stones
    sha256s = {target} if _SHA256.fullmatch(target) else {sha256 for sha256, address in pairs if address == target}
    sha256s.discard("")
    addresses = {address for sha256, address in pairs if sha256 in sha256s}
    addresses |= set() if _SHA256.fullmatch(target) else {target}
    phashes = {row.phash for row in rows if row.sha256 in sha256s}
    files = {path for ledger in ledgers(root) for path in _stored(ledger, sha256s, target)}
    sha256s |= {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    files |= set(_with_content(_plain_sources(root), sha256s))
    contents = [path.read_bytes() for path in files]
    return Picture(
        sha256s=frozenset(sha256s),
        addresses=frozenset(addresses - {""}),
        md5s=frozenset(hashlib.md5(content, usedforsecurity=False).hexdigest() for content in contents),
        phashes=frozenset(phashes - {""}),
        files=frozenset(_shown(root, path) for file in files for path in (file, _annotation(file)) if path.exists()),
    )


def near_pictures(root: Path, picture: Picture) -> list[str]:
    """Kept pictures of the collections that look nearly like it: a person decides about each."""
    index = NearDuplicates(NEAR_BITS)
    for phash in picture.phashes:
        index.add(phash, int(phash, 16))
    near = []
    for ledger in ledgers(root):
        for row in read_ledger(ledger):
            if row.kept and row.phash and row.sha256 not in picture.sha256s:
                matches = index.find(int(row.phash, 16), NEAR_BITS)
                near += [f"{_shown(root, ledger.parent / row.file)} ({matches[0]})"] if matches else []
    return near


def ledgers(root: Path) -> list[Path]:
    """The ledgers of all collections: those of `data/collected`, and those of the sources that params.yaml names."""
    found = {path.resolve() for path in (root / COLLECTED).glob("*/ledger.csv")}
    found |= {(folder / "ledger.csv").resolve() for folder in _sources(root) if (folder / "ledger.csv").is_file()}
    return sorted(found)


def is_of(row: LedgerRow, picture: Picture) -> bool:
    """Whether a row of a ledger is about the picture."""
    return row.sha256 in picture.sha256s or row.address in picture.addresses


def _stored(ledger: Path, sha256s: Iterable[str], address: str) -> Iterator[Path]:
    """The files that a collection keeps the picture in; named by its sha256, also where the row lost its file."""
    for row in read_ledger(ledger):
        if row.file and (row.sha256 in sha256s or row.address == address) and (ledger.parent / row.file).is_file():
            yield ledger.parent / row.file
    for sha256 in sha256s:
        yield from (ledger.parent / "images").glob(f"{sha256[:20]}.*")


def _plain_sources(root: Path) -> list[Path]:
    return [folder for folder in _sources(root) if not (folder / "ledger.csv").is_file()]


def _sources(root: Path) -> list[Path]:
    params = load_params(root / "params.yaml")
    return [root / params.photos.path, root / params.garments.path]


def _with_content(folders: Iterable[Path], sha256s: Iterable[str]) -> Iterator[Path]:
    """Pictures of sources without a ledger, found by what is in them; the whole source is read for it."""
    wanted = set(sha256s)
    for folder in folders:
        for path in sorted(folder.rglob("*")) if wanted else []:
            if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file():
                with path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() in wanted:
                        yield path


def _annotation(picture: Path) -> Path:
    return picture.parent.parent / "annos" / f"{picture.stem}.json"


def _shown(root: Path, path: Path) -> str:
    """Relative to the checkout, or the whole path of a source that lies elsewhere."""
    path, root = path.resolve(), root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
