"""What a DeepFashion2 archive must hold: `TOP/image/NNNNNN.jpg` with `TOP/annos/NNNNNN.json`, and what may lie beside.

A name decides what becomes of a member. One that leads out of a folder, hides something or stands twice makes the
whole archive unfit: somebody built it so. Any other name that is not of this layout is left out: such a member is never
read. No name of the archive is ever used for a file: numbers are.
"""

import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tryon.archives.directory import Directory, Entry, refuse
from tryon.errors import DataError

MAX_BYTES = {"image": 32 * 2**20, "annos": 4 * 2**20}  # of one picture, of one annotation
# Real annotations shrink to a quarter, pictures hardly at all; deflate itself could reach 1032.
MAX_RATIO = 100
# Of the pairs, as in curation: more faulty ones, and the rest is not to be trusted either.
MAX_FAULT_FRACTION = 0.01
MAX_FAULTS = 2

_WANTED = re.compile(
    rb"(?:(?P<top>[A-Za-z0-9][A-Za-z0-9_-]{0,63})/)?"
    rb"(?:(?P<image>image)/(?P<picture>[0-9]{6})\.(?i:jpg|jpeg|jfif)|(?P<annos>annos)/(?P<annotation>[0-9]{6})\.json)"
)
_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f\\]")
_DRIVE = re.compile(rb"[A-Za-z]:")
_METHODS = {0: "stored", 8: "deflated"}
_ENCRYPTED, _PATCHED, _STRONG, _MASKED = 1, 1 << 5, 1 << 6, 1 << 13
_LAYOUT = "TOP/image/NNNNNN.jpg with TOP/annos/NNNNNN.json"


@dataclass(frozen=True, slots=True)
class Member:
    """A picture or an annotation in an archive.

    Args:
        name: in the archive, for messages and to be compared with the name in front of the content.
        offset: of its local header.
        packed: bytes in the archive, those of the encryption included.
        size: bytes of the content.
        crc: CRC-32 of the content; None where the archive keeps none (AES of version 2 has its own seal).
        flags, method: as in the directory.
        aes: whether it is encrypted with AES.
    """

    name: bytes
    offset: int
    packed: int
    size: int
    crc: int | None
    flags: int
    method: int
    aes: bool

    @property
    def encrypted(self) -> bool:
        return bool(self.flags & _ENCRYPTED)


@dataclass
class Contents:
    """The members of one archive, by number.

    Args:
        folder: the name of its top folder, which becomes the name of the folder that is written.
        left_out: how many members are never read, by kind.
    """

    folder: str
    sha256: str
    pictures: dict[int, Member] = field(default_factory=dict)
    annotations: dict[int, Member] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def pairs(self) -> list[int]:
        """Numbers of the pictures that have an annotation, in order."""
        return sorted(self.pictures.keys() & self.annotations.keys())


def read_contents(directory: Directory, path: Path) -> Contents:
    """The members of an archive that are of DeepFashion2.

    Raises:
        DataError: the archive is hostile, or not of this layout, or too much of it is missing.
    """
    contents = Contents("", directory.sha256)
    tops: dict[str, bytes] = {}
    for entry in directory.entries():
        _refuse_hostile(directory.name, entry)
        match = _WANTED.fullmatch(entry.name)
        if match is None:
            contents.left_out[_kind(entry.name)] += 1
            continue
        tops.setdefault((match["top"] or b"").decode(), entry.name)
        part = "image" if match["image"] else "annos"
        number = int(match["picture"] or match["annotation"])
        members = contents.pictures if match["image"] else contents.annotations
        if number in members:
            refuse(directory.name, f"{_show(members[number].name)} and {_show(entry.name)} would be the same file")
        members[number] = _member(directory.name, entry, MAX_BYTES[part])
    contents.folder = _folder(directory.name, tops, path)
    _check_pairs(contents, directory.name)
    return contents


def refuse_many_faults(faults: list[str], read: int, name: str) -> None:
    """Raise `DataError` if more than one pair in a hundred (and more than two) are faulty, or all of them."""
    allowed = max(MAX_FAULTS, int(MAX_FAULT_FRACTION * read))
    if faults and (len(faults) > allowed or len(faults) >= read):
        raise DataError(
            f"{name}: {len(faults)} of {read} pictures or annotations cannot be used",
            received="; ".join(faults[:3]),
            needed=f"at most {allowed}, and one sound picture",
            remedy="fetch the archive again; what has been written is kept, and the same command goes on",
        )


def _refuse_hostile(name: str, entry: Entry) -> None:
    parts = entry.name.rstrip(b"/").split(b"/")
    if not entry.name or b"." in parts or b".." in parts or entry.name.startswith(b"/") or _DRIVE.match(entry.name):
        refuse(name, f"the name {_show(entry.name)} leads out of its folder", "do not use this file")
    if _CONTROL.search(entry.name):
        refuse(
            name, f"the name {_show(entry.name)} holds a backslash or a sign that nobody sees", "do not use this file"
        )
    kind = stat.S_IFMT(entry.mode)
    if kind not in (0, stat.S_IFREG) and not (kind == stat.S_IFDIR and entry.name.endswith(b"/")):
        refuse(name, f"{_show(entry.name)} is a link or a device, not a file", "do not use this file")


def _member(name: str, entry: Entry, max_bytes: int) -> Member:
    if entry.size > max_bytes or entry.packed > 2 * max_bytes:
        refuse(name, f"{_show(entry.name)} has {entry.size} bytes, more than {max_bytes}", "do not use this file")
    if entry.size > MAX_RATIO * entry.packed:
        refuse(
            name, f"{_show(entry.name)} would grow from {entry.packed} to {entry.size} bytes", "do not use this file"
        )
    if entry.method not in _METHODS or entry.flags & (_PATCHED | _STRONG | _MASKED):
        raise DataError(
            f"{name} is refused: {_show(entry.name)} is packed in a way that is not read",
            received=f"method {entry.method}, flags {entry.flags:#06x}",
            needed="stored or deflated members; open, or encrypted traditionally (ZipCrypto) or with WinZip's AES",
            remedy="unpack it with another program and pack it anew: zip -r train.zip train",
        )
    crc = None if entry.aes == 2 else entry.crc
    return Member(
        entry.name, entry.offset, entry.packed, entry.size, crc, entry.flags, entry.method, aes=bool(entry.aes)
    )


def _folder(name: str, tops: dict[str, bytes], path: Path) -> str:
    if len(tops) > 1:
        shown = " and ".join(_show(example) for example in list(tops.values())[:2])
        refuse(name, f"it has more than one top folder: {shown}", "pack each split as an archive of its own")
    folder = next(iter(tops), "") or path.stem
    if not _FOLDER_NAME.fullmatch(folder):
        refuse(name, f"it has no top folder, and {path.stem!r} cannot be one", "rename the archive, to train.zip say")
    return folder


def _check_pairs(contents: Contents, name: str) -> None:
    pictures, annotations = len(contents.pictures), len(contents.annotations)
    paired = len(contents.pairs())
    unpaired = pictures + annotations - 2 * paired
    allowed = max(MAX_FAULTS, int(MAX_FAULT_FRACTION * (pictures + annotations)))
    if not paired or unpaired > allowed:
        raise DataError(
            f"{name} holds {pictures} pictures and {annotations} annotations, {paired} of them pairs",
            received=f"members beside them: {dict(contents.left_out) or 'none'}",
            needed=f"{_LAYOUT}, at most {allowed} of them alone",
            remedy="fetch the archive again; of DeepFashion2's test pictures no annotations are published",
        )
    if unpaired:
        contents.left_out["alone"] += unpaired


def _kind(name: bytes) -> str:
    """What a member is that is never read, in a word for the report."""
    if name.startswith(b"__MACOSX/"):
        return "__MACOSX"
    if name.endswith(b"/"):
        return "folder"
    suffix = name.rpartition(b"/")[2].rpartition(b".")[2] if b"." in name.rpartition(b"/")[2] else b""
    return "." + suffix.decode().lower() if re.fullmatch(rb"[A-Za-z0-9]{1,8}", suffix) else "other"


def _show(name: bytes) -> str:
    shown = ascii(name)[1:]
    return shown if len(shown) <= 60 else shown[:40] + "..." + shown[-16:]
