"""`tryon convert`: annotations from one format to another, by way of DeepFashion2's model.

A DeepFashion2 folder holds `annos/NAME.json` and `image/NAME.jpg`; COCO and VIA are single JSON files. Picture and
byte sizes, which the formats do not all keep, are read from the picture files.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from tryon.errors import DataError, UsageError
from tryon.formats import coco, deepfashion2, via, via_garments
from tryon.formats.deepfashion2 import Annotation
from tryon.images.files import read_size
from tryon.outputs import new_folder

Named = list[tuple[str, Annotation]]
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


class Format(StrEnum):
    """The annotation formats that can be read and written."""

    DEEPFASHION2 = "deepfashion2"
    COCO = "coco"
    VIA = "via"


def convert(source: Path, target: Path, *, from_format: Format, to_format: Format, images: Path | None = None) -> int:
    """Convert annotations and return how many pictures they describe.

    Args:
        source: a folder with `annos` (DeepFashion2) or a JSON file.
        target: a folder whose `annos` is written, or a JSON file; what was there is replaced.
        from_format: what `source` is.
        to_format: what `target` becomes.
        images: where the picture files lie; by default `image` in a DeepFashion2 folder, else beside the file.

    Raises:
        DataError: the source is malformed, or a picture that is needed for its size is missing.
    """
    if from_format == to_format:
        raise UsageError("--from and --to name the same format", received=from_format.value)
    named = _READERS[from_format](source)
    if not named:
        raise DataError(f"{source} describes no picture", needed=f"{from_format.value} annotations")
    folder = images or (source / "image" if from_format is Format.DEEPFASHION2 else source.parent)
    _WRITERS[to_format](target, named, folder)
    return len(named)


def _read_deepfashion2(source: Path) -> Named:
    folder = source / "annos"
    if not folder.is_dir():
        raise DataError(
            f"{folder} is missing", needed="a folder of annotations, NAME.json each", remedy="check the path"
        )
    paths = sorted(folder.glob("*.json"))
    pictures = {path.stem: path.name for path in sorted((source / "image").glob("*")) if path.suffix in PICTURE_ENDINGS}
    return [(pictures.get(path.stem, f"{path.stem}.jpg"), deepfashion2.read_annotation(path)) for path in paths]


def _read_coco(source: Path) -> Named:
    return [(name, annotation) for name, _, _, annotation in coco.read_coco(source)]


def _read_via(source: Path) -> Named:
    return [(name, annotation) for name, _, annotation in via_garments.from_via(via.read_via(source))]


def _write_deepfashion2(target: Path, named: Named, images: Path) -> None:
    with new_folder(target / "annos") as folder:
        for name, annotation in named:
            deepfashion2.write_annotation(folder / f"{Path(name).stem}.json", annotation)


def _write_coco(target: Path, named: Named, images: Path) -> None:
    pictures = [(name, *read_size(_picture(images, name)), annotation) for name, annotation in named]
    coco.write_coco(target, pictures)


def _write_via(target: Path, named: Named, images: Path) -> None:
    pictures = [(name, _picture(images, name).stat().st_size, annotation) for name, annotation in named]
    via.write_via(target, via_garments.to_via(pictures))


def _picture(images: Path, name: str) -> Path:
    path = images / name
    if not path.is_file():
        raise DataError(
            f"picture {path} is missing",
            needed="the picture files: their size is part of the format",
            remedy="name their folder with --images",
        )
    return path


_READERS: dict[Format, Callable[[Path], Named]] = {
    Format.DEEPFASHION2: _read_deepfashion2,
    Format.COCO: _read_coco,
    Format.VIA: _read_via,
}
_WRITERS: dict[Format, Callable[[Path, Named, Path], None]] = {
    Format.DEEPFASHION2: _write_deepfashion2,
    Format.COCO: _write_coco,
    Format.VIA: _write_via,
}
