"""The directory of a zip file: every entry as it stands there, or one refusal that says what is wrong with the file.

Own code, because Python's `zipfile` is made to be lenient: it cuts names at a NUL, and reads on past bytes before and
after the archive, members that lie over each other and counts that are not true. Only what stands in the directory is
read here; the members themselves are read by `stream_unzip` (`tryon.archives.members`).
"""

import hashlib
import os
import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from tryon.errors import DataError

# The training archive has 383,922 files, and may hold folders and the shadow files of a Mac beside them.
MAX_ENTRIES = 1_000_000 - 1
MAX_DIRECTORY_BYTES = 256 * 2**20

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_EXTRA = struct.Struct("<HH")
_END_SIGN, _END_64_SIGN, _LOCATOR_SIGN, _ENTRY_SIGN = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2"
_LOCAL_HEADER_BYTES = 30
_MAX_COMMENT = 0xFFFF
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF  # "see the 64-bit field"
_ZIP64, _AES = 1, 0x9901
AES_METHOD = 99
_AGAIN = "fetch the archive again, and compare its size with the source's"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the directory; nothing in it has been judged.

    Args:
        name: as it stands there; any bytes.
        flags: general purpose bits.
        method: of compression; of an AES entry the one behind the encryption.
        aes: version of the AES entry (1 or 2), or 0.
        crc: CRC-32 of the content.
        packed: bytes in the archive.
        size: bytes of the content.
        mode: Unix file type and permissions; 0 where the archive has none.
        offset: of its local header.
    """

    name: bytes
    flags: int
    method: int
    aes: int
    crc: int
    packed: int
    size: int
    mode: int
    offset: int


@dataclass(frozen=True)
class Directory:
    """Where the directory of an archive lies, and its bytes."""

    name: str
    offset: int
    count: int
    content: bytes

    @property
    def sha256(self) -> str:
        """It changes with any member: their checksums stand in the directory."""
        return hashlib.sha256(self.content).hexdigest()

    def entries(self) -> Iterator[Entry]:
        """The entries in their order, each checked against the directory's bounds; at the end, all against each other.

        Raises:
            DataError: the entries are not as many as declared, or cut, or lie over each other.
        """
        position, spans = 0, (array("Q"), array("Q"))
        for number in range(self.count):
            if len(self.content) - position < _ENTRY.size or self.content[position : position + 4] != _ENTRY_SIGN:
                refuse(self.name, f"{self.count} members are declared, the directory lists {number}")
            entry, position = self._entry(position)
            spans[0].append(min(entry.offset, self.offset))
            spans[1].append(min(entry.offset + _LOCAL_HEADER_BYTES + len(entry.name) + entry.packed, 2**63))
            yield entry
        if position != len(self.content):
            refuse(self.name, f"{len(self.content) - position} bytes stand in its directory behind the last member")
        self._check_spans(*(np.frombuffer(span, np.uint64) for span in spans))

    def _entry(self, start: int) -> tuple[Entry, int]:
        (_, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length, disk, _,
         attributes, offset) = _ENTRY.unpack_from(self.content, start)  # fmt: skip
        name_end = start + _ENTRY.size + name_length
        end = name_end + extra_length + comment_length
        if end > len(self.content):
            refuse(self.name, "its directory is cut off")
        name = self.content[start + _ENTRY.size : name_end]
        extras = dict(self._extras(name_end, name_end + extra_length))
        size, packed, offset, disk = self._in_full((size, packed, offset, disk), extras.get(_ZIP64, b""))
        if disk:
            refuse(self.name, f"{name!a} lies in another part of a split archive", "put the parts together first")
        aes, method = self._aes(extras.get(_AES, b""), name) if method == AES_METHOD else (0, method)
        return Entry(name, flags, method, aes, crc, packed, size, attributes >> 16, offset), end

    def _extras(self, position: int, end: int) -> Iterator[tuple[int, bytes]]:
        while end - position >= _EXTRA.size:
            kind, length = _EXTRA.unpack_from(self.content, position)
            position += _EXTRA.size
            yield kind, self.content[position : min(position + length, end)]
            position += length

    def _in_full(self, fields: tuple[int, int, int, int], extra: bytes) -> list[int]:
        """Size, packed size, offset and disk; those that do not fit are in the 64-bit field, in this order."""
        whole = []
        for value, full, form in zip(fields, (*[_FULL_32] * 3, _FULL_16), ("<Q", "<Q", "<Q", "<L"), strict=True):
            if value == full:
                length = struct.calcsize(form)
                if len(extra) < length:
                    refuse(self.name, "a member's 64-bit sizes are missing")
                (value,), extra = struct.unpack(form, extra[:length]), extra[length:]
            whole.append(value)
        return whole

    def _aes(self, extra: bytes, name: bytes) -> tuple[int, int]:
        if len(extra) < 7 or extra[0] not in (1, 2):
            refuse(self.name, f"{name!a} is encrypted in an unknown way")
        return extra[0], int.from_bytes(extra[5:7], "little")

    def _check_spans(self, starts: "np.ndarray[tuple[int], np.dtype[np.uint64]]", ends: object) -> None:
        order = np.argsort(starts, kind="stable")
        begins, finishes = starts[order], np.asarray(ends)[order]
        if len(begins) and begins[0] != 0:
            refuse(self.name, f"{begins[0]} bytes stand before its first member")
        if np.any(finishes > np.append(begins[1:], np.uint64(self.offset))):
            refuse(self.name, "its members lie over each other, or over its directory")


def read_directory(file: int, name: str) -> Directory:
    """The directory of an opened zip file; `name` is used in messages.

    Raises:
        DataError: the file is no whole, single zip file, or its directory is too large to be one of pictures.
    """
    size = os.fstat(file).st_size
    _check_start(os.pread(file, 512, 0), name)
    end, disk_fields, count, length, offset = _find_end(file, size, name)
    if any(disk_fields):
        refuse(name, "it is one part of a split archive", "put the parts together first: zip -s 0 PART --out WHOLE.zip")
    if offset + length != end:
        what = f"its directory should end at byte {offset + length} and ends at {end}"
        refuse(name, what + ": bytes are missing, stand before its beginning, or its 64-bit fields are not true")
    if count > MAX_ENTRIES or length > MAX_DIRECTORY_BYTES:
        refuse(name, f"{count} members are declared in a directory of {length} bytes", "this is not DeepFashion2")
    return Directory(name, offset, count, os.pread(file, length, offset))


def _find_end(file: int, size: int, name: str) -> tuple[int, tuple[int, int], int, int, int]:
    """Where the directory must end; disks, count, length and offset of the directory."""
    tail_start = max(0, size - _END.size - _MAX_COMMENT)
    tail = os.pread(file, size - tail_start, tail_start)
    starts = [at for at in _all(tail, _END_SIGN) if len(tail) - at >= _END.size]
    fitting = [at for at in starts if at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail)]
    if len(fitting) != 1:
        what = "it has two ends" if fitting else "bytes stand behind its end" if starts else "its end is missing"
        refuse(name, what)
    end = tail_start + fitting[0]
    _, disk, directory_disk, here, count, length, offset, _ = _END.unpack_from(tail, fitting[0])
    locator = os.pread(file, _LOCATOR_64.size, end - _LOCATOR_64.size) if end >= _LOCATOR_64.size else b""
    if locator[:4] != _LOCATOR_SIGN:
        return end, (disk, directory_disk or here != count), count, length, offset
    return _find_end_64(file, name, _LOCATOR_64.unpack(locator), (disk, directory_disk, here, count, length, offset))


def _find_end_64(
    file: int, name: str, locator: tuple[bytes, int, int, int], short: tuple[int, ...]
) -> tuple[int, tuple[int, int], int, int, int]:
    """The same from the 64-bit end record, which must agree with each field of the short one that is not full."""
    _, _, at, disks = locator
    content = os.pread(file, _END_64.size, at) if at < 2**63 else b""
    if len(content) < _END_64.size or content[:4] != _END_64_SIGN:
        refuse(name, "its 64-bit end is not where it says")
    wide = _END_64.unpack(content)[4:]
    for value, true, full in zip(short, wide, (*[_FULL_16] * 4, *[_FULL_32] * 2), strict=True):
        if value not in (full, true):
            refuse(name, "its 64-bit fields contradict the others")
    disk, directory_disk, here, count, length, offset = wide
    return at, (disk or disks > 1, directory_disk or here != count), count, length, offset


def _check_start(head: bytes, name: str) -> None:
    if head[:4] in (b"PK\3\4", _END_SIGN):
        return
    kinds = {
        "an empty file": not head,
        "a tar archive": head[257:262] == b"ustar",
        "a compressed tar archive": head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")),
        "a RAR archive": head.startswith(b"Rar!"),
        "a 7z archive": head.startswith(b"7z\xbc\xaf\x27\x1c"),
        "a web page, such as the form before the download": head.lstrip().lower().startswith((b"<!doctype", b"<html")),
        "a part of a split archive": head.startswith(b"PK\7\x08"),
    }
    what = next((kind for kind, met in kinds.items() if met), f"something that begins with {head[:8]!r}")
    raise DataError(
        f"{name} is no zip file",
        received=what,
        needed="a zip file as DeepFashion2 publishes it; tar, RAR and 7z are not read",
        remedy=_AGAIN + "; or pack the folder anew: zip -r train.zip train",
    )


def _all(content: bytes, sign: bytes) -> Iterator[int]:
    at = content.find(sign)
    while at >= 0:
        yield at
        at = content.find(sign, at + 1)


def refuse(name: str, what: str, remedy: str = _AGAIN) -> NoReturn:
    """Raise the `DataError` of an archive that is not used at all."""
    raise DataError(f"{name} is refused: {what}", needed="a whole, single zip file", remedy=remedy)
