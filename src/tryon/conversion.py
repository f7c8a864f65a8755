"""`tryon convert`: annotations from one format to another, by way of DeepFashion2's model.

What COCO or VIA cannot be told by the annotation alone, picture and byte sizes, is read from the picture files. Faults
of a set are reported together, and nothing is written; on request a few faulty pictures are left out instead.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from tryon.curating.copying import copy_picture
from tryon.errors import DataError, FaultsError, UsageError
from tryon.formats import annotation_sets, coco, deepfashion2, via, via_memory
from tryon.formats.annotation_sets import Described
from tryon.formats.faults import Sifted, count_reasons
from tryon.formats.moving import move_annotation
from tryon.outputs import new_folder

# More faulty pictures than this say that the set itself is not what it should be.
MAX_SKIPPED = 0.01

logger = logging.getLogger("tryon")


class Format(StrEnum):
    """The annotation formats that can be read and written."""

    DEEPFASHION2 = "deepfashion2"
    COCO = "coco"
    VIA = "via"


@dataclass(frozen=True)
class Converted:
    """How many pictures were written, and how many were left out for which reason."""

    pictures: int
    skipped: Counter[str] = field(default_factory=Counter)


def convert(
    source: Path,
    target: Path,
    *,
    from_format: Format,
    to_format: Format,
    images: Path | None = None,
    skip_bad: bool = False,
    max_side_px: int | None = None,
) -> Converted:
    """Convert annotations.

    Args:
        source: a folder with `annos` (DeepFashion2) or a JSON file.
        target: a folder whose `annos` is written, or a JSON file; what was there is replaced.
        from_format: what `source` is.
        to_format: what `target` becomes.
        images: where the picture files lie; by default `image` in a DeepFashion2 folder, else beside the file. Pictures
            that are there are checked; all of them must be where the target needs them or `images` is given.
        skip_bad: leave out faulty pictures, at most 1 %.
        max_side_px: copy the pictures as well, into `image` of a DeepFashion2 folder; larger ones are made smaller, and
            their annotations with them.

    Raises:
        DataError: the source is malformed, or a picture that is needed is missing; says all faults, a line each.
    """
    if from_format == to_format:
        raise UsageError("--from and --to name the same format", received=from_format.value)
    if max_side_px is not None and to_format is not Format.DEEPFASHION2:
        raise UsageError(
            "only a DeepFashion2 folder holds its pictures",
            received=f"--max-side with --to {to_format.value}",
            remedy="convert to deepfashion2 first, and from there",
        )
    folder = images or (source / "image" if from_format is Format.DEEPFASHION2 else source.parent)
    needed = (
        images is not None
        or max_side_px is not None
        or from_format is Format.DEEPFASHION2
        or to_format is not Format.DEEPFASHION2
    )
    if max_side_px is not None and (target / "image").resolve() == folder.resolve():
        raise UsageError("the pictures would take their own place", received=target, remedy="name another folder")
    checked = annotation_sets.check_set(_read(source, from_format, folder), folder, needed=needed)
    total = len(checked.good) + len(checked.bad)
    if not total:
        raise DataError(f"{source} describes no picture", needed=f"{from_format.value} annotations")
    if not skip_bad:
        checked.all_good(str(source))
    elif len(checked.bad) > MAX_SKIPPED * total:
        faults = checked.faults()
        raise FaultsError(
            f"{source}: {len(checked.bad)} of {total} pictures are faulty, more than {MAX_SKIPPED:.0%}",
            faults.found,
            faults.count,
            remedy="correct the set: so many faults are no accidents",
        )
    pictures = checked.good if max_side_px is None else _copied(checked.good, folder, target / "image", max_side_px)
    written = _WRITERS[to_format](target, pictures)
    return Converted(written, count_reasons(checked.bad))


def _read(source: Path, from_format: Format, images: Path) -> Sifted[Described]:
    if from_format is Format.DEEPFASHION2:
        return annotation_sets.read_deepfashion2(source, images)
    return annotation_sets.read_coco(source) if from_format is Format.COCO else annotation_sets.read_via(source)


def _copied(pictures: list[Described], images: Path, target: Path, max_side_px: int) -> list[Described]:
    """The pictures with annotations moved to their copies, which take the place of `target`."""
    copied = []
    with new_folder(target) as folder:
        for one in (one for one in pictures if one.size is not None and one.annotation.items):
            path = folder / f"{Path(one.name).stem}.jpg"
            motion = copy_picture(images / one.name, path, max(one.size or ()), max_side_px)
            annotation = one.annotation if motion is None else move_annotation(one.annotation, motion)
            copied.append(replace(one, name=path.name, annotation=annotation))
    return copied


def _write_deepfashion2(target: Path, pictures: list[Described]) -> int:
    """DeepFashion2 has no form for a picture without garments: such ones are left out."""
    filled = [one for one in pictures if one.annotation.items]
    if len(filled) < len(pictures):
        logger.warning("%d pictures without a garment are left out: DeepFashion2 has none", len(pictures) - len(filled))
    with new_folder(target / "annos") as folder:
        for one in filled:
            deepfashion2.write_annotation(folder / f"{Path(one.name).stem}.json", one.annotation)
    return len(filled)


def _write_coco(target: Path, pictures: list[Described]) -> int:
    sized = [(one.name, *one.size, one.annotation) for one in pictures if one.size is not None]
    coco.write_coco(target, sized)
    return len(sized)


def _write_via(target: Path, pictures: list[Described]) -> int:
    sized = [(one, one.byte_size) for one in pictures if one.byte_size is not None]
    entries = [via_memory.write_entry(one.name, size, one.annotation) for one, size in sized]
    via.write_via(target, via.ViaProject({entry.key: entry for entry in entries}))
    return len(entries)


_WRITERS: dict[Format, Callable[[Path, list[Described]], int]] = {
    Format.DEEPFASHION2: _write_deepfashion2,
    Format.COCO: _write_coco,
    Format.VIA: _write_via,
}
