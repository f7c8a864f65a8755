"""Annotation sets in any of the three formats, read whole: usable pictures, and the faults of the others by name.

A DeepFashion2 folder holds `annos/NAME.json` and `image/NAME.jpg`; COCO and VIA are single JSON files beside their
pictures. A picture file that is there must be the one that was annotated.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tryon.errors import DataError, FaultError
from tryon.formats import coco, deepfashion2, json_files, via, via_memory
from tryon.formats.checking import check_annotation
from tryon.formats.deepfashion2 import Annotation
from tryon.formats.faults import Faults, Sifted
from tryon.formats.json_files import Place
from tryon.images.files import read_size

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class Described:
    """One annotated picture.

    Args:
        name: of the picture's file.
        annotation: its garments.
        place: file and path of the annotation, for messages.
        size: height and width as the set or the picture file says; None: neither does.
        byte_size: of the picture's file as the set says; None: it does not.
    """

    name: str
    annotation: Annotation
    place: str
    size: tuple[int, int] | None = None
    byte_size: int | None = None


def read_deepfashion2(source: Path, images: Path) -> Sifted[Described]:
    """The pictures of a DeepFashion2 folder; a picture without annotation, or the other way round, is a fault."""
    folder = source / "annos"
    if not folder.is_dir():
        raise DataError(
            f"{folder} is missing", needed="a folder of annotations, NAME.json each", remedy="check the path"
        )
    found = sorted(images.iterdir()) if images.is_dir() else []
    pictures = {path.stem: path.name for path in found if path.suffix.lower() in PICTURE_ENDINGS}
    annotations = {path.stem: path for path in sorted(folder.glob("*.json"))}
    sifted: Sifted[Described] = Sifted()
    for stem in sorted(annotations.keys() | pictures.keys()):
        name = pictures.get(stem, f"{stem}.jpg")
        with sifted.collect(name):
            path = annotations.get(stem)
            if path is None:
                raise _lonely(images / name, folder / f"{stem}.json", "annotation", annotations)
            if stem not in pictures:
                raise _lonely(path, images / name, "picture", pictures)
            annotation = deepfashion2.read_annotation(path)
            if not annotation.items:
                raise Place(str(path)).at("item1").fault("no item", "at least one garment", what="is missing")
            sifted.good.append(Described(name, annotation, str(path)))
    return sifted


def read_coco(source: Path) -> Sifted[Described]:
    """The pictures of a COCO file."""
    sifted = coco.sift_coco(json_files.read_json(source), str(source))
    good = [Described(name, annotation, f"{source}: {name}", (h, w)) for name, h, w, annotation in sifted.good]
    return Sifted(good, sifted.bad)


def read_via(source: Path) -> Sifted[Described]:
    """The pictures of a VIA file or project."""
    entries, _ = via.sift_via(json_files.read_json(source), str(source))
    sifted: Sifted[Described] = Sifted(bad=entries.bad)
    for entry in entries.good:
        with sifted.collect(entry.key):
            annotation = via_memory.read_entry(entry, Place(str(source)).at(entry.key))
            byte_size = entry.byte_size if entry.byte_size >= 0 else None
            sifted.good.append(Described(entry.filename, annotation, f"{source}: {entry.key}", byte_size=byte_size))
    return sifted


def check_set(sifted: Sifted[Described], images: Path, *, needed: bool) -> Sifted[Described]:
    """The set again, with what its garments, its names and its picture files must meet checked as well.

    Args:
        sifted: as read.
        images: folder of the picture files.
        needed: whether a missing picture file is a fault; otherwise what needs the file is left unchecked.
    """
    checked: Sifted[Described] = Sifted(bad=dict(sifted.bad))
    for one in _without_doubles(sifted.good, checked):
        with checked.collect(one.name):
            joined = _join(one, images / one.name, needed=needed)
            check_annotation(joined.annotation, joined.place, joined.size)
            checked.good.append(joined)
    return checked


def _without_doubles(found: Iterable[Described], checked: Sifted[Described]) -> list[Described]:
    """The pictures whose names, the ending aside, no other has: annotations are joined to pictures by these."""
    by_stem: dict[str, list[Described]] = defaultdict(list)
    for one in found:
        by_stem[Path(one.name).stem].append(one)
    for same in by_stem.values():
        for one in same if len(same) > 1 else ():
            with checked.collect(one.name):
                raise FaultError(
                    f"{one.place} is not the only picture of its name",
                    reason="name twice",
                    received=", ".join(other.name for other in same[:4]),
                    needed="names that differ in more than folder and ending",
                    remedy="rename the pictures, or keep one of them",
                )
    return [same[0] for same in by_stem.values() if len(same) == 1]


def _join(one: Described, picture: Path, *, needed: bool) -> Described:
    if not picture.is_file():
        if needed:
            raise FaultError(
                f"picture {picture} is missing",
                reason="picture missing",
                received=f"{one.place} without it",
                needed="the picture files: their size is part of the format",
                remedy="name their folder with --images",
            )
        return one
    faults = Faults()
    byte_size = picture.stat().st_size
    if one.byte_size not in (None, byte_size):
        faults.add(_other_file(one, f"{byte_size} bytes", f"{one.byte_size} bytes, as its key says"))
    size = read_size(picture)
    if one.size not in (None, size):
        turned = one.size == size[::-1]
        received = f"{size[1]} x {size[0]} pixels" + (" with the orientation in its EXIF data" if turned else "")
        faults.add(_other_file(one, received, f"{one.size[1]} x {one.size[0]} pixels" if one.size else ""))
    faults.settle(one.place)
    return replace(one, size=size, byte_size=byte_size)


def _other_file(one: Described, received: str, needed: str) -> FaultError:
    return FaultError(
        f"{one.place} is not of the picture {one.name} that is there",
        reason="other picture",
        received=received,
        needed=needed,
        remedy="use the very file that was annotated, or annotate this one",
    )


def _lonely(there: Path, missing: Path, what: str, others: Iterable[str]) -> FaultError:
    """The fault of a picture without annotation or an annotation without picture, with the likely partner named."""
    number = _number(there.stem)
    alike = [other for other in others if number is not None and _number(other) == number]
    remedy = "add the annotation, or remove the picture" if what == "annotation" else "name their folder with --images"
    return FaultError(
        f"{there} has no {what}",
        reason=f"{what} missing",
        received=f"no file {missing}",
        needed=f"a {what} for each {'picture' if what == 'annotation' else 'annotation'}",
        remedy=f"rename it like {alike[0]}: the names must be equal, zeros included" if alike else remedy,
    )


def _number(stem: str) -> int | None:
    return int(stem) if stem.isascii() and stem.isdigit() and len(stem) < 20 else None
