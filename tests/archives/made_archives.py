"""Tiny archives in DeepFashion2's layout, honest or hostile, made for a test."""

import io
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks.zip_writer import ZipWriter, deflate, encrypt
from tests.curating.made_data import item, picture, trousers
from tryon.archives.unpacking import Unpacked, unpack
from tryon.formats.deepfashion2 import Item
from tryon.images.files import encode_jpeg

PASSWORD = "correct horse 말"
JPEG = {number: encode_jpeg(picture(number, 48)) for number in range(1, 9)}
# What `add_pair` writes; the even ones hold trousers only.
PAIRS = tuple(range(1, 7))
WANTED = [1, 3, 5]


def annotation(number: int) -> bytes:
    """A top for odd numbers, trousers for even ones."""
    one = item() if number % 2 else trousers()
    return json.dumps({"source": "user", "pair_id": number, "item1": one}).encode()


def contents(pairs: tuple[int, ...] = PAIRS, top: str = "train/") -> dict[str, bytes]:
    """Members of an honest archive by name."""
    pictures = {f"{top}image/{number:06d}.jpg": JPEG[number] for number in pairs}
    return pictures | {f"{top}annos/{number:06d}.json": annotation(number) for number in pairs}


def add(writer: ZipWriter, name: str | bytes, content: bytes, *, password: str = PASSWORD, **fields: Any) -> None:
    """One member, deflated, and encrypted unless the password is empty; `fields` as in `ZipWriter.add`."""
    packed = deflate(content) if fields.get("method", 8) == 8 else content
    crc, flags = zlib.crc32(content), fields.pop("flags", 0)
    if password:
        packed, flags = _sealed(packed, password, crc >> 24), flags | 1
    true = {"size": len(content), "crc": crc, "flags": flags}
    writer.add(name if isinstance(name, bytes) else name.encode(), packed, **{**true, **fields})


@cache
def _sealed(packed: bytes, password: str, check: int) -> bytes:
    """The same members stand in most archives."""
    return encrypt([packed], password.encode(), [check])[0]


def write_archive(
    path: Path,
    members: Mapping[str, bytes] | None = None,
    *,
    more: Callable[[ZipWriter], object] = lambda _: None,
    password: str = PASSWORD,
    before: Mapping[str, Mapping[str, Any]] | None = None,
    **end: Any,
) -> Path:
    """An archive of these members and what `more` adds; `before` gives fields of single members, `end` of the end."""
    file = io.BytesIO()
    writer = ZipWriter(file)
    for name, content in (contents() if members is None else members).items():
        add(writer, name, content, **{"password": password, **(before or {}).get(name, {})})
    more(writer)
    writer.close(**end)
    path.write_bytes(file.getvalue())
    return path


def wide_sizes(size: int, packed: int, offset: int | None = None) -> dict[str, Any]:
    """Directory fields of a member that tells its sizes in 64 bits."""
    numbers = [size, packed] + ([] if offset is None else [offset])
    extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
    short = {} if offset is None else {"offset": 0xFFFFFFFF}
    return {"size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "extra": extra, **short}


def is_top(items: Mapping[str, Item]) -> str:
    """The filter of these tests: category 1."""
    return "" if any(one.category_id == 1 for one in items.values()) else "category: 8"


def run(*paths: Path, out: Path, password: str = PASSWORD, **options: Any) -> list[Unpacked]:
    """`unpack` in this process, with the filter of these tests."""
    settings: dict[str, Any] = {"judge": is_top, "conditions": {"categories": [1]}, "workers": 1, **options}
    return unpack(paths, out, password=partial(str, password), **settings)


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def expected(numbers: list[int], top: str = "train") -> dict[str, bytes]:
    """Files that these pairs become."""
    pictures = {f"{top}/image/{number:06d}.jpg": JPEG[number] for number in numbers}
    return pictures | {f"{top}/annos/{number:06d}.json": annotation(number) for number in numbers}
