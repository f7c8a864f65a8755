"""Measurements of a collection's pictures, kept beside it so that no picture is measured twice.

`measurements.jsonl` gains a line as soon as a picture is measured: a run that is killed loses at most the pictures in
hand, and the next run goes on. What is kept belongs to the file's content and, for shirts, to the model that found
them.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from tryon.cleaning.pixels import PixelFacts, measure_pixels
from tryon.cleaning.shirts import Finder, ShirtFacts, measure_shirts
from tryon.console import track
from tryon.curating.measuring import PICTURE_MISSING, UNDECODABLE, in_threads
from tryon.errors import DataError
from tryon.formats.ledger import LedgerRow
from tryon.images.files import decode_own
from tryon.outputs import write_text

MEASUREMENTS = "measurements.jsonl"
_VERSION = 2  # of what is measured: raised when a figure is computed in another way
_AT_ONCE = 32  # pictures in memory

logger = logging.getLogger("tryon")


@dataclass(frozen=True)
class Model:
    """Mask R-CNN as cleaning needs it.

    Args:
        find: shows it pictures.
        glance: the same, faster: scores as `find` gives them, masks that may be coarse.
        name: changes with its weights.
    """

    find: Finder
    glance: Finder
    name: str


@dataclass(frozen=True)
class Measured:
    """One picture file of a collection.

    Args:
        content: sha256 of the file's bytes; empty if it is missing.
        fault: why nothing else could be measured, or empty.
        pixels: None for a faulty file.
        shirts: None for a faulty file, and before a model has seen it.
        model: the name of that model.
    """

    content: str
    fault: str = ""
    pixels: PixelFacts | None = None
    shirts: ShirtFacts | None = None
    model: str = ""


def measure_collection(folder: Path, rows: Sequence[LedgerRow], model: Model | None) -> dict[str, Measured]:
    """What is known of the kept pictures of a ledger, by their sha256; only what is new is measured.

    Raises:
        DataError: the file of measurements cannot be read or written.
    """
    path = folder / MEASUREMENTS
    known = _read(path)
    measured: dict[str, Measured] = {}
    try:
        with path.open("a", encoding="utf-8") as file:
            for sha256, one in track(_measure(folder, rows, known, model), f"cleaning {folder.name}", len(rows)):
                measured[sha256] = one
                if one != known.get(sha256):
                    file.write(_line(sha256, one))
                    file.flush()
    except OSError as error:
        raise DataError(
            f"{path} cannot be written", received=error.strerror, remedy="free the disk, run again"
        ) from error
    write_text(path, "".join(_line(sha256, one) for sha256, one in sorted(measured.items())))
    return measured


def _measure(
    folder: Path, rows: Sequence[LedgerRow], known: Mapping[str, Measured], model: Model | None
) -> Iterator[tuple[str, Measured]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _AT_ONCE)):
        found = list(in_threads(lambda row: _pixels(folder / row.file, known.get(row.sha256)), chunk))
        if model is not None:
            found = _with_shirts(folder, chunk, found, model)
        yield from zip((row.sha256 for row in chunk), found, strict=True)


def _pixels(path: Path, known: Measured | None) -> Measured:
    if not path.is_file():
        return Measured("", PICTURE_MISSING)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if known is not None and known.content == digest:
        return known
    try:
        return Measured(digest, pixels=measure_pixels(decode_own(content, path.name)))
    except DataError:
        return Measured(digest, UNDECODABLE)


def _with_shirts(folder: Path, rows: list[LedgerRow], found: list[Measured], model: Model) -> list[Measured]:
    new = [number for number, one in enumerate(found) if not one.fault and one.model != model.name]
    images = [decode_own((folder / rows[number].file).read_bytes(), rows[number].file) for number in new]
    for number, shirts in zip(new, measure_shirts(images, model.find, model.glance), strict=True):
        found[number] = replace(found[number], shirts=shirts, model=model.name)
    return found


def _line(sha256: str, one: Measured) -> str:
    return json.dumps({"version": _VERSION, "sha256": sha256, **asdict(one)}, sort_keys=True) + "\n"


def _read(path: Path) -> dict[str, Measured]:
    """What was measured before. A line that a killed run left half-written is measured again."""
    known: dict[str, Measured] = {}
    if not path.is_file():
        return known
    broken = 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            content = json.loads(line)
            if content.pop("version") == _VERSION:
                sha256 = content.pop("sha256")
                known[sha256] = _measured(content)
        except (ValueError, KeyError, TypeError, AttributeError):
            broken += 1
    if broken:
        logger.warning("%s: %d broken lines; those pictures are measured again", path, broken)
    return known


def _measured(content: dict[str, Any]) -> Measured:
    pixels, shirts = content.pop("pixels"), content.pop("shirts")
    return Measured(
        **content,
        pixels=None if pixels is None else PixelFacts(**pixels),
        shirts=None if shirts is None else ShirtFacts(**shirts),
    )
