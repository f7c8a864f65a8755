"""The content of single members: decrypted, inflated, held to the declared size and compared with the checksum.

The decryption of Python's `zipfile` is written in Python and thirty times slower than that of `stream_unzip`
(`python benchmarks/archives.py`).
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import stream_unzip

from tryon.archives.layout import Member
from tryon.errors import DataError

_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_SIGN = b"PK\3\4"
_SIGN_OF_NEXT = 4
_DESCRIPTOR_BYTES = 24
_DESCRIPTOR_FOLLOWS = 1 << 3
_USUAL_EXTRA_BYTES = 128
_COMPARED_FLAGS = ~(1 << 11)  # whether the name is UTF-8 may differ: the names are compared themselves
_AES = (stream_unzip.AE_1, stream_unzip.AE_2, stream_unzip.AES_128, stream_unzip.AES_192, stream_unzip.AES_256)


@dataclass(frozen=True)
class Archive:
    """An archive file as it was when it was first opened; goes to child processes as it is.

    Args:
        identity: device, inode, size and time of the last change.
        password: of its encrypted members, if it has any.
    """

    path: Path
    identity: tuple[int, int, int, int]
    password: bytes | None = field(default=None, repr=False)

    @contextmanager
    def opened(self) -> Iterator[int]:
        """The opened file, which is still the one that was there at first, before and after it is read.

        Raises:
            DataError: it cannot be read, or another file has taken its place.
        """
        with opened(self.path) as file:
            self._check(file)
            yield file
            self._check(file)

    def _check(self, file: int) -> None:
        try:
            replaced = identity_of(file) != self.identity or self.path.stat().st_ino != self.identity[1]
        except FileNotFoundError:
            replaced = True
        if replaced:
            raise DataError(
                f"{self.path} was replaced while it was read",
                needed="the same file from the beginning to the end",
                remedy="run again when nobody writes it; nothing of the old one is mixed with the new one",
            )


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A file opened for `os.pread`."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise DataError(f"{path} cannot be read", received=error.strerror, remedy="check the path") from error
    try:
        yield file
    finally:
        os.close(file)


def identity_of(file: int) -> tuple[int, int, int, int]:
    """What tells one state of a file from another."""
    state = os.fstat(file)
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


def read_member(file: int, member: Member, password: bytes | None) -> bytes:
    """The content of a member.

    Raises:
        DataError: it does not decrypt or inflate, or is not what the directory declares.
    """
    try:
        content = _content(file, member, password)
    except stream_unzip.UnzipError as error:
        raise _fault(member, type(error).__name__) from error
    if len(content) != member.size:
        raise _fault(
            member, f"more than {member.size} bytes" if len(content) > member.size else f"{len(content)} bytes"
        )
    if member.crc is not None and zlib.crc32(content) != member.crc:
        raise _fault(member, "another checksum")
    return content


def opens(file: int, member: Member, password: bytes) -> bool:
    """Whether a member can be read with this password."""
    try:
        read_member(file, member, password)
    except DataError:
        return False
    return True


def _content(file: int, member: Member, password: bytes | None) -> bytes:
    """The bytes of a member, at most one piece more than declared."""
    allowed = _AES if member.aes else (stream_unzip.ZIP_CRYPTO,) if member.encrypted else (stream_unzip.NO_ENCRYPTION,)
    packed = _packed(file, member)
    _, _, pieces = next(stream_unzip.stream_unzip([packed], password=password, allowed_encryption_mechanisms=allowed))
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > member.size:
            break
    return bytes(content)


def _packed(file: int, member: Member) -> bytes:
    """The member's bytes in the archive, from its local header on; they may reach into the next one's header."""
    least = _LOCAL.size + len(member.name) + member.packed
    content = os.pread(file, least + _USUAL_EXTRA_BYTES, member.offset)
    if len(content) < _LOCAL.size:
        raise _fault(member, "nothing at its place")
    sign, _, flags, method, _, _, _, _, _, name_length, extra_length = _LOCAL.unpack_from(content)
    name = content[_LOCAL.size : _LOCAL.size + name_length]
    same_method = method == (99 if member.aes else member.method)
    if sign != _LOCAL_SIGN or name != member.name or not same_method or (flags ^ member.flags) & _COMPARED_FLAGS:
        raise _fault(member, f"the header of {name[:60]!a}")
    length = least + extra_length
    if flags & _DESCRIPTOR_FOLLOWS:
        length += _DESCRIPTOR_BYTES + _SIGN_OF_NEXT
    return content[:length] if len(content) >= length else os.pread(file, length, member.offset)


def _fault(member: Member, received: str) -> DataError:
    return DataError(
        f"{member.name.decode()} is damaged",
        received=received,
        needed="the content that the archive's directory declares",
        remedy="fetch the archive again",
    )
