"""Zip files written field by field, for trials and tests: encrypted traditionally, and with lies where they are wanted.

Python's `zipfile` writes neither.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

ENCRYPTION_BYTES = 12
NOON = 0x58216000  # of 1 January 2024, as DOS counts


def _crc_table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0xEDB88320), table >> 1)
    return table.astype(np.uint32)


_CRC = _crc_table()
_ODD = np.arange(65536, dtype=np.uint32) | 2
_STREAM = ((_ODD * (_ODD ^ 1)) >> 8 & 0xFF).astype(np.uint8)


def encrypt(contents: Sequence[bytes], password: bytes, checks: Sequence[int]) -> list[bytes]:
    """Packed contents as ZipCrypto encrypts them, all in lockstep, byte by byte (PKWARE's APPNOTE, 6.1).

    Args:
        checks: for each content the byte by which a reader knows the password.
    """
    plain = [
        bytes(range(ENCRYPTION_BYTES - 1)) + bytes([check]) + one for one, check in zip(contents, checks, strict=True)
    ]
    order = sorted(range(len(plain)), key=lambda index: -len(plain[index]))
    lengths = np.array([len(plain[index]) for index in order])
    block = np.zeros((lengths.max(), len(plain)), np.uint8)
    for column, index in enumerate(order):
        block[: lengths[column], column] = np.frombuffer(plain[index], np.uint8)
    keys = [np.full(len(plain), key, np.uint32) for key in _keys(password)]
    for row, active in zip(block, np.searchsorted(-lengths, -np.arange(len(block))), strict=True):
        keys = [key[:active] for key in keys]
        letters = row[:active].copy()
        row[:active] ^= _STREAM[keys[2] & 0xFFFF]
        keys = _turn(keys, letters)
    encrypted = [b""] * len(plain)
    for column, index in enumerate(order):
        encrypted[index] = block[: lengths[column], column].tobytes()
    return encrypted


def _keys(password: bytes) -> list[np.uint32]:
    keys = [np.array([start], np.uint32) for start in (0x12345678, 0x23456789, 0x34567890)]
    for letter in password:
        keys = _turn(keys, np.array([letter], np.uint8))
    return [key[0] for key in keys]


def _turn(keys: list[NDArray[np.uint32]], letters: NDArray[np.uint8]) -> list[NDArray[np.uint32]]:
    first = _CRC[(keys[0] ^ letters) & 0xFF] ^ (keys[0] >> 8)
    second = (keys[1] + (first & 0xFF)) * np.uint32(134775813) + np.uint32(1)
    return [first, second, _CRC[(keys[2] ^ (second >> 24)) & 0xFF] ^ (keys[2] >> 8)]


def deflate(content: bytes) -> bytes:
    """The content as method 8 packs it."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


@dataclass
class ZipWriter:
    """Writes a zip file into an opened one; `header`, `directory` and `end` replace single fields of what is true."""

    file: BinaryIO
    records: list[bytes] = field(default_factory=list)

    def add(
        self,
        name: bytes,
        packed: bytes,
        *,
        size: int,
        crc: int,
        method: int = 8,
        flags: int = 0,
        mode: int = 0o100644,
        extra: bytes = b"",
        time: int = NOON,
        header: Mapping[str, int | bytes] | None = None,
        directory: Mapping[str, int | bytes] | None = None,
    ) -> None:
        """One member; fields to be replaced are name, flags, method, crc, packed, size, extra, disk, mode, offset."""
        true: dict[str, int | bytes] = {
            "name": name,
            "flags": flags,
            "method": method,
            "crc": crc,
            "packed": len(packed),
            "size": size,
        }
        true |= {"extra": extra, "disk": 0, "mode": mode, "offset": self.file.tell(), "time": time}
        self.file.write(_local({**true, **(header or {})}) + packed)
        self.records.append(_record({**true, **(directory or {})}))

    def close(self, comment: bytes = b"", *, wide: bool = False, **end: int) -> None:
        """The directory and the end; `wide` adds the 64-bit end. `end`: here, count, length, offset, disk, at."""
        start, content = self.file.tell(), b"".join(self.records)
        true = {
            "disk": 0,
            "here": len(self.records),
            "count": len(self.records),
            "length": len(content),
            "offset": start,
        }
        told = true | end
        self.file.write(content)
        if wide:
            at = self.file.tell()
            numbers = (told["disk"], 0, told["here"], told["count"], told["length"], told["offset"])
            self.file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, *numbers))
            self.file.write(struct.pack("<4sLQL", b"PK\6\7", 0, told.get("at", at), 1))
            true |= {"here": 0xFFFF, "count": 0xFFFF, "length": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
            told = true | {key: value for key, value in end.items() if key == "short_count"}
            told["count"] = told.pop("short_count", told["count"])
        numbers = (told["disk"], 0, told["here"], told["count"], told["length"], told["offset"])
        self.file.write(struct.pack("<4s4H2LH", b"PK\5\6", *numbers, len(comment)) + comment)


def _local(fields: Mapping[str, int | bytes]) -> bytes:
    name, extra = bytes(fields["name"]), bytes(fields["extra"])
    numbers = [fields[key] for key in ("crc", "packed", "size")]
    head = struct.pack(
        "<4s3H4L2H", b"PK\3\4", 20, fields["flags"], fields["method"], fields["time"], *numbers, len(name), len(extra)
    )
    return head + name + extra


def _record(fields: Mapping[str, int | bytes]) -> bytes:
    name, extra = bytes(fields["name"]), bytes(fields["extra"])
    numbers = [fields[key] for key in ("crc", "packed", "size")]
    head = struct.pack(
        "<4s4H4L5H2L", b"PK\1\2", 0x031E, 20, fields["flags"], fields["method"], fields["time"], *numbers,
        len(name), len(extra), 0, fields["disk"], 0, int(fields["mode"]) << 16, fields["offset"],
    )  # fmt: skip
    return head + name + extra
