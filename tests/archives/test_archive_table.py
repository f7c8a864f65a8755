"""Every row of the table of dataset archives (Z01 to Z64): refused as a whole with nothing written, or read right.

Rows of the table that are about the place (Z56 to Z62) are in test_unpacking_place.py.
"""

import io
import re
import stat
import struct
import tarfile
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.zip_writer import ZipWriter, deflate, encrypt
from tests.archives.aes_members import add_aes
from tests.archives.made_archives import (
    JPEG,
    PASSWORD,
    WANTED,
    add,
    annotation,
    contents,
    expected,
    files,
    run,
    wide_sizes,
    write_archive,
)
from tryon.archives import directory as directories
from tryon.errors import DataError

Build = Callable[[Path], Path]
FIRST = "train/image/000001.jpg"
SEVENTH = "train/image/000007.jpg", "train/annos/000007.json"
LINK, DEVICE, FIFO = stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o666, stat.S_IFIFO | 0o666


def archive(path: Path, **options: Any) -> Path:
    """An archive of the honest six pairs, with what the options change."""
    return write_archive(path / "train.zip", **options)


def beside(name: str | bytes, content: bytes = b"x" * 40, **fields: Any) -> Build:
    """An honest archive with one member more."""
    return partial(archive, more=lambda writer: add(writer, name, content, **fields))


def changed(name: str, **fields: Any) -> Build:
    """An honest archive one member of which has these fields instead of true ones."""
    return partial(archive, before={name: fields})


def seventh(picture: str | bytes = SEVENTH[0], content: bytes = JPEG[7], **fields: Any) -> Build:
    """An honest archive with a seventh pair, whose picture has this name, content and fields."""

    def more(writer: ZipWriter) -> None:
        add(writer, SEVENTH[1], annotation(7))
        add(writer, picture, content, **fields)

    return partial(archive, more=more)


def bytes_changed(change: Callable[[bytes], bytes], **options: Any) -> Build:
    """An honest archive whose file is changed."""

    def build(path: Path) -> Path:
        target = archive(path, **options)
        target.write_bytes(change(target.read_bytes()))
        return target

    return build


def file_of(content: bytes, name: str = "train.zip") -> Build:
    """A file of these bytes."""

    def build(path: Path) -> Path:
        (path / name).write_bytes(content)
        return path / name

    return build


def tar_of(*members: tarfile.TarInfo, mode: str = "w", name: str = "train.zip") -> Build:
    """A tar archive under a zip's name."""

    def build(path: Path) -> Path:
        with tarfile.open(path / name, mode) as tar:
            for member in members:
                tar.addfile(member)
        return path / name

    return build


def tar_member(name: str, **fields: Any) -> tarfile.TarInfo:
    """A header in a tar archive."""
    member = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(member, key, value)
    return member


def link_then_file(writer: ZipWriter) -> None:
    add(writer, "train/image", b"/etc", mode=LINK)
    add(writer, "train/image/000007.jpg", JPEG[7])


def overlapping(path: Path) -> Path:
    """The seventh picture's entry points to the first one's bytes."""
    return changed("train/image/000006.jpg", directory={"offset": 0})(path)


def many_empty(path: Path) -> Path:
    """The end tells of 10^6 members; that is believed, not tried out."""
    return archive(path, wide=True, here=10**6, count=10**6)


def begins_late(path: Path) -> Path:
    """Bytes before the first member that all offsets know of, as in a self-extracting archive."""
    file = io.BytesIO(b"PK\3\4 and a program")
    file.seek(0, io.SEEK_END)
    writer = ZipWriter(file)
    for name, content in contents().items():
        add(writer, name, content)
    writer.close()
    return file_of(file.getvalue())(path)


def wrong_checksum(path: Path) -> Path:
    return changed(FIRST, directory={"crc": 1}, header={"crc": 1})(path)


def traversal_by_unicode_path(writer: ZipWriter) -> None:
    """The name in Info-ZIP's Unicode field is another one; it is not used."""
    other = b"../../x"
    extra = struct.pack("<HHBL", 0x7075, 5 + len(other), 1, zlib.crc32(SEVENTH[0].encode())) + other
    add(writer, SEVENTH[1], annotation(7))
    add(writer, SEVENTH[0], JPEG[7], extra=extra)


def aes(version: int) -> Build:
    """An archive encrypted as WinZip does it."""

    def build(path: Path) -> Path:
        file = io.BytesIO()
        writer = ZipWriter(file)
        for name, content in contents().items():
            add_aes(writer, name.encode(), content, PASSWORD, version)
        writer.close()
        return file_of(file.getvalue())(path)

    return build


def with_checksum_beside(digits: str) -> Build:
    def build(path: Path) -> Path:
        (path / "train.zip.sha256").write_text(digits + "  train.zip\n")
        return archive(path)

    return build


def grows_beyond(path: Path) -> Path:
    """The picture inflates to more than both headers declare."""
    packed = encrypt([deflate(JPEG[1] * 2)], PASSWORD.encode(), [zlib.crc32(JPEG[1]) >> 24])[0]
    fields = {"size": len(JPEG[1]), "crc": zlib.crc32(JPEG[1]), "flags": 1}

    def more(writer: ZipWriter) -> None:
        add(writer, SEVENTH[1], annotation(7))
        writer.add(SEVENTH[0].encode(), packed, **fields)

    return archive(path, more=more)


def huge_png() -> bytes:
    """The header of a PNG file of 40,000 x 40,000 pixels, and nothing behind it."""
    header = b"IHDR" + struct.pack(">LLBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    chunks = struct.pack(">L", 13) + header + struct.pack(">L", zlib.crc32(header)) + struct.pack(">L", 9) + b"IDAT"
    return b"\x89PNG\r\n\x1a\n" + chunks + bytes(13)


def only(*keep: str, **extra: bytes) -> Build:
    """The honest members whose name holds one of these words."""
    kept = {name: content for name, content in contents().items() if any(word in name for word in keep)}
    return partial(archive, members={**kept, **extra})


REFUSED: dict[str, tuple[Build, str]] = {
    "Z01 ../x": (beside("../x"), "leads out of its folder"),
    "Z02 absolute": (beside("/x"), "leads out of its folder"),
    "Z03 C:\\x": (beside("C:\\x"), "leads out of its folder"),
    "Z03 C:x": (beside("C:x"), "leads out of its folder"),
    "Z04 ..\\x": (beside("..\\x"), "backslash"),
    "Z05 a/../../x": (beside("a/../../x"), "leads out of its folder"),
    "Z06 link, then a file through it": (partial(archive, more=link_then_file), "is a link or a device"),
    "Z07 hard link out": (tar_of(tar_member("a", type=tarfile.LNKTYPE, linkname="/x")), "a tar archive"),
    "Z08 link without a name": (beside("", mode=LINK), "leads out of its folder"),
    "Z08 link": (beside("train/x", b"/etc/passwd", mode=LINK), "is a link or a device"),
    "Z10 device": (beside("train/x", mode=DEVICE), "is a link or a device"),
    "Z10 device in a tar": (tar_of(tar_member("x", type=tarfile.CHRTYPE)), "a tar archive"),
    "Z11 FIFO": (beside("train/x", mode=FIFO), "is a link or a device"),
    "Z14 negative size": (changed(FIRST, directory=wide_sizes(2**64 - 1, 50)), "lie over|more than 33554432"),
    "Z15 sparse 8 EiB": (changed(FIRST, directory=wide_sizes(2**63, 50)), "9223372036854775808 bytes, more than"),
    "Z17 overlapping members": (overlapping, "lie over each other"),
    "Z18 ratio 1000": (seventh(content=bytes(10**6)), "would grow from"),
    "Z19 10^6 empty files": (many_empty, "1000000 members are declared"),
    "Z20 100 GB member": (changed(FIRST, directory=wide_sizes(10**11, 50)), "100000000000 bytes, more than"),
    "Z22 NUL": (seventh(b"train/image/000007.jpg\0.exe"), "a sign that nobody sees"),
    "Z22 newline": (beside("train/image/000007.jpg\n"), "a sign that nobody sees"),
    "Z23 case twins": (seventh("train/image/000001.JPG"), "would be the same file"),
    "Z23 case twins of the folder": (seventh("Train/image/000007.jpg"), "more than one top folder"),
    "Z28 same name twice": (seventh(FIRST), "would be the same file"),
    "Z29 fewer than the directory says": (partial(archive, here=13, count=13), "the directory lists 12"),
    "Z29 more than the directory says": (partial(archive, here=11, count=11), "behind the last member"),
    "Z31 cut": (bytes_changed(lambda content: content[:-400]), "its end is missing"),
    "Z31 cut in the middle": (bytes_changed(lambda content: content[:5000]), "its end is missing"),
    "Z31 a hole": (bytes_changed(lambda content: content[:900] + content[1000:]), "bytes are missing"),
    "Z32 first part of a split archive": (partial(archive, disk=1, here=6), "part of a split archive"),
    "Z32 member in another part": (changed(FIRST, directory={"disk": 2}), "part of a split archive"),
    "Z32 spanning mark": (bytes_changed(lambda content: b"PK\7\x08" + content), "a part of a split archive"),
    "Z33 tail garbage": (bytes_changed(lambda content: content + b"?" * 99), "bytes stand behind its end"),
    "Z34 head garbage": (bytes_changed(lambda content: b"#!/bin/sh\n" + content), "is no zip file"),
    "Z34 head garbage that the offsets know of": (begins_late, "18 bytes stand before its first member"),
    "Z34 another zip before it": (bytes_changed(lambda content: content + content), "stand before its beginning"),
    "Z35 comment that holds an end": (
        partial(archive, comment=struct.pack("<4s4H2LH", b"PK\5\6", *[0] * 7)),
        "two ends",
    ),
    "Z36 zip64: count": (partial(archive, wide=True, count=11, here=11), "behind the last member"),
    "Z36 zip64: contradiction": (partial(archive, wide=True, short_count=11), "contradict the others"),
    "Z36 zip64: end elsewhere": (partial(archive, wide=True, at=2**62), "not where it says"),
    "Z36 zip64: end beyond all numbers": (partial(archive, wide=True, at=2**63 + 5), "not where it says"),
    "Z36 zip64: offset": (partial(archive, wide=True, offset=2**40), "64-bit fields are not true"),
    "Z36 zip64: sizes missing": (changed(FIRST, directory={"size": 0xFFFFFFFF}), "64-bit sizes are missing"),
    "Z39 AES of a future version": (aes(3), "encrypted in an unknown way"),
    "Z40 unknown method": (seventh(method=14), "packed in a way that is not read"),
    "Z40 strong encryption": (seventh(flags=1 << 6), "packed in a way that is not read"),
    "Z41 tar named .zip": (tar_of(tar_member("train/")), "a tar archive"),
    "Z41 compressed tar named .zip": (tar_of(tar_member("train/"), mode="w:gz"), "a compressed tar archive"),
    "Z42 login page": (file_of(b"<!DOCTYPE html><title>Sign in</title>"), "a web page"),
    "Z43 rar": (file_of(b"Rar!\x1a\x07\x01\x00"), "a RAR archive"),
    "Z43 7z": (file_of(b"7z\xbc\xaf\x27\x1c"), "a 7z archive"),
    "Z44 empty file": (file_of(b""), "an empty file"),
    "Z44 no member": (partial(archive, members={}), "0 pictures and 0 annotations"),
    "Z45 only folders": (partial(archive, members={"train/": b"", "train/image/": b""}), "0 pictures"),
    "Z46 no top folder, and the file's name is none": (
        lambda path: write_archive(path / "train (1).zip", contents(top="")),
        "cannot be one",
    ),
    "Z52 fewer pictures": (only("annos", "000001.jpg", "000003.jpg"), "2 pictures and 6 annotations, 2 of them pairs"),
    "Z53 no annos": (only("image"), "6 pictures and 0 annotations"),
    "Z54 sha256 differs": (with_checksum_beside("0" * 64), "is not the file that train.zip.sha256 speaks of"),
    "Z64 1 GB PAX header": (tar_of(tar_member("x", pax_headers={"comment": "y" * 999}, size=0)), "a tar archive"),
}

SIX = WANTED
SEVEN = [*WANTED, 7]
# What is read right, and which kinds of members are left out; a seventh pair is there where its name is of the layout.
READ: dict[str, tuple[Build, list[int], dict[str, int]]] = {
    "Z09 path longer than any system takes": (beside("a/" * 3000 + "x.jpg"), SIX, {".jpg": 1}),
    "Z12 setuid": (seventh(mode=stat.S_IFREG | 0o6777), SEVEN, {}),
    "Z13 odd uid": (seventh(extra=struct.pack("<HHBBLBL", 0x7875, 11, 1, 4, 2**32 - 1, 4, 2**31)), SEVEN, {}),
    "Z07 hard link in a field of PKWARE's": (seventh(extra=struct.pack("<HH", 13, 4) + b"/etc"), SEVEN, {}),
    "Z16 zip in zip": (beside("train/image/more.zip", b"PK\3\4"), SIX, {".zip": 1}),
    "Z21 300 characters": (beside("train/image/" + "1" * 300 + ".jpg"), SIX, {".jpg": 1}),
    "Z22 another name in a Unicode field": (partial(archive, more=traversal_by_unicode_path), SEVEN, {}),
    "Z24 NFC/NFD twins": (
        partial(archive, more=lambda w: [add(w, f"train/image/{one}.jpg", b"x") for one in ("\u00e9", "e\u0301")]),
        SIX,
        {".jpg": 2},
    ),
    "Z25 right to left": (beside("train/image/\u202egpj.000007.exe"), SIX, {".exe": 1}),
    "Z26 CON": (beside("train/image/CON.jpg"), SIX, {".jpg": 1}),
    "Z27 trailing dot": (beside("train/image/000007.jpg."), SIX, {"other": 1}),
    "Z35 64 KiB comment": (partial(archive, comment=b"#" * 65535), SIX, {}),
    "Z36 zip64 that is true": (partial(archive, wide=True), SIX, {}),
    "Z37 not encrypted at all": (partial(archive, password=""), SIX, {}),
    "Z39 AES, version 1": (aes(1), SIX, {}),
    "Z39 AES, version 2": (aes(2), SIX, {}),
    "Z46 no top folder": (partial(archive, members=contents(top="")), SIX, {}),
    "Z47 __MACOSX": (beside("__MACOSX/train/image/._000001.jpg"), SIX, {"__MACOSX": 1}),
    "Z48 Thumbs.db": (beside("train/image/Thumbs.db"), SIX, {".db": 1}),
    "Z49 .JPG": (seventh("train/image/000007.JPG"), SEVEN, {}),
    "Z49 .jfif": (seventh("train/image/000007.jfif"), SEVEN, {}),
    "Z50 .exe": (beside("train/setup.exe", b"MZ"), SIX, {".exe": 1}),
    "Z50 .py": (beside("train/__init__.py", b"raise SystemExit"), SIX, {".py": 1}),
    "Z51 pickle": (beside("train/annos/000007.pkl", b"\x80\x04."), SIX, {".pkl": 1}),
    "Z51 npy": (beside("train/annos/000007.npy", b"\x93NUMPY"), SIX, {".npy": 1}),
    "Z52 two pictures fewer": (only("annos", "1.jpg", "3.jpg", "5.jpg", "6.jpg"), SIX, {"alone": 2}),
    "Z63 date of 1980, day 0": (seventh(time=0), SEVEN, {}),
    "Z63 date of 2107, month 15": (seventh(time=2**32 - 1), SEVEN, {}),
}

# What is set aside: one faulty pair, named with what was found.
FAULTY: dict[str, tuple[Build, str]] = {
    "Z16 zip named .jpg": (seventh(content=b"PK\5\6" + bytes(18)), "is no picture"),
    "Z18 grows beyond what is declared": (grows_beyond, r"more than \d+ bytes"),
    "Z29 another name in the header": (
        changed("train/image/000005.jpg", header={"name": b"train/image/../../x.jpg"}),
        "is damaged: the header of",
    ),
    "Z29 open in the header": (changed("train/image/000005.jpg", header={"flags": 0}), "is damaged: the header of"),
    "Z29 another method in the header": (changed("train/image/000005.jpg", header={"method": 0}), "the header of"),
    "Z30 checksum": (wrong_checksum, "CRC32IntegrityError|IncorrectZipCryptoPasswordError"),
    "Z30 checksum of the directory alone": (changed(FIRST, directory={"crc": 1}), "another checksum"),
    "Z18 picture of 10^9 pixels": (seventh(content=huge_png()), "000007.jpg is (too large|no picture)"),
    "Z51 pickle named .json": (
        partial(archive, members={**contents(), "train/annos/000001.json": b"\x80\x04cos\nsystem\n"}),
        "is not readable JSON",
    ),
    "Z55 size differs": (changed(FIRST, directory={"size": 999}), "more than 999 bytes"),
    "Z55 size differs the other way": (changed(FIRST, directory={"size": 99999}), r"is damaged: \d+ bytes"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_it_is_refused_and_nothing_is_written(row: str, tmp_path: Path) -> None:
    build, words = REFUSED[row]
    path = build(tmp_path)
    there = files(tmp_path)
    with pytest.raises(DataError, match=words) as caught:
        run(path, out=tmp_path / "out")
    assert "remedy:" in str(caught.value)
    assert files(tmp_path) == there and not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("row", READ)
def test_it_is_read_right(row: str, tmp_path: Path) -> None:
    build, numbers, left_out = READ[row]
    path = build(tmp_path)
    there = files(tmp_path)
    (done,) = run(path, out=tmp_path / "out")
    written = files(tmp_path / "out")
    del written["unpacked.json"]
    assert written == expected(numbers) and done.faults == [] and dict(done.left_out) == left_out
    assert files(tmp_path) == there | {f"out/{name}": content for name, content in files(tmp_path / "out").items()}
    modes = {stat.S_IMODE(file.stat().st_mode) & 0o7111 for file in (tmp_path / "out").rglob("*.*")}
    assert modes == {0}, "a permission of the archive went over"


@pytest.mark.parametrize("row", FAULTY)
def test_it_is_set_aside_by_name(row: str, tmp_path: Path) -> None:
    build, words = FAULTY[row]
    (done,) = run(build(tmp_path), out=tmp_path / "out")
    (fault,) = done.faults
    assert re.search(words, fault), fault
    written = files(tmp_path / "out")
    del written["unpacked.json"]
    assert len(written) == 2 * done.kept and written.items() <= expected(SEVEN).items()
    assert {path.name for path in tmp_path.iterdir()} == {"train.zip", "out"}


def test_every_row_of_the_table_is_here_or_with_the_place() -> None:
    place = (Path(__file__).parent / "test_unpacking_place.py").read_text()
    here = {row[:3] for table in (REFUSED, READ, FAULTY) for row in table}
    missing = [row for row in (f"Z{number:02}" for number in range(1, 65)) if row not in here and row not in place]
    assert missing == []


def test_too_many_members_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directories, "MAX_ENTRIES", 11)
    with pytest.raises(DataError, match="12 members are declared"):
        run(archive(tmp_path), out=tmp_path / "out")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.zip cannot be read"):
        run(tmp_path / "nothing.zip", out=tmp_path / "out")
    assert not any(tmp_path.iterdir())
