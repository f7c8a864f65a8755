"""Where the candidates come from: folders in DeepFashion2's layout, and garment collections with a table of labels."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tryon.config import GarmentsConfig
from tryon.curating.splitting import SPLITS, Split
from tryon.errors import DataError
from tryon.formats.tables import read_table

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
SHOP_PREFIX = "g"  # 000123.jpg of the garments becomes g000123.jpg among the photos
LABEL_COLUMNS = ("file", "split", "colour", "pattern", "view")
_LAYOUT = "PATH/{train,validation,...}/image/*.jpg with annos/*.json beside image"


@dataclass(frozen=True)
class Candidate:
    """One annotated picture that may be used. With two `splits` the content of its file decides between them."""

    picture: Path
    annotation: Path
    source: str  # user or shop, as in DeepFashion2
    source_path: str  # relative to the folder it comes from
    splits: tuple[Split, ...]
    file: str  # its name in the curated folder
    sha256: str = ""  # by which it is known, if not by its file's own: a collected picture's is the ledger's


def user_candidates(folder: Path, splits: Mapping[Split, str]) -> list[Candidate]:
    """All pictures of the named source folders.

    A photo keeps its name if no other of these folders has a picture of that name (the suffix aside); otherwise each of
    them gets its source folder's name in front: `train_000001.jpg`, `validation_000001.jpg`.

    Raises:
        DataError: a folder is missing or empty, or none of its pictures has an annotation.
    """
    pictures = {name: _annotated_pictures(folder / name) for name in sorted(set(splits.values()))}
    uses = Counter(picture.stem for found in pictures.values() for picture in found)
    candidates = []
    for name, found in pictures.items():
        ours = tuple(split for split in SPLITS if splits.get(split) == name)
        for picture in found:
            stem = picture.stem if uses[picture.stem] == 1 else f"{name.replace('/', '_')}_{picture.stem}"
            candidates.append(
                Candidate(
                    picture=picture,
                    annotation=_annotation_of(picture),
                    source="user",
                    source_path=picture.relative_to(folder).as_posix(),
                    splits=ours,
                    file=f"{stem}.jpg",
                )
            )
    return candidates


def shop_candidates(folder: Path, garments: GarmentsConfig) -> list[Candidate]:
    """The pictures of a garment collection that have an annotation and an allowed view."""
    candidates = []
    for label in read_labels(folder):
        picture = folder / "images" / label["file"]
        annotation = _annotation_of(picture)
        if label["view"] in garments.views and annotation.is_file():
            candidates.append(
                Candidate(
                    picture=picture,
                    annotation=annotation,
                    source="shop",
                    source_path=f"images/{label['file']}",
                    splits=splits_of(label, garments),
                    file=f"{SHOP_PREFIX}{picture.stem}.jpg",
                    sha256=label.get("sha256", ""),
                )
            )
    return candidates


def read_labels(folder: Path, extra_columns: tuple[str, ...] = ()) -> list[dict[str, str]]:
    """The rows of a collection's `labels.csv`, ordered by file.

    Raises:
        DataError: the table or a column is missing, a split or a sha256 is none, or a file stands in it twice.
    """
    table = folder / "labels.csv"
    labels = sorted(read_table(table, [*LABEL_COLUMNS, *extra_columns]), key=lambda label: label["file"])
    for label in labels:
        if label["split"] not in SPLITS:
            raise DataError(
                f"{table}: {label['file']} has an unknown split",
                received=repr(label["split"]),
                needed=", ".join(SPLITS),
                remedy="correct the column `split` of that row",
            )
        if not re.fullmatch(r"(|[0-9a-f]{64})", label.get("sha256", "")):
            raise DataError(
                f"{table}: {label['file']} has no proper sha256",
                received=label["sha256"],
                needed="64 digits 0-9 a-f, or nothing",
                remedy="run `tryon clean` again, or correct that row",
            )
        if Path(label["file"]).name != label["file"]:
            raise DataError(f"{table}: `file` is no plain file name", received=label["file"], remedy="correct that row")
    twice = [stem for stem, count in Counter(Path(label["file"]).stem for label in labels).items() if count > 1]
    if twice:
        raise DataError(
            f"{table} has several rows for {twice[0]}",
            needed="each file once, and names that differ in more than the suffix",
            remedy="remove or rename all but one",
        )
    return labels


def splits_of(label: Mapping[str, str], garments: GarmentsConfig) -> tuple[Split, ...]:
    """The label's own split; train rows are divided if a fraction of them is to become validation."""
    if label["split"] == "train" and garments.validation_fraction > 0:
        return ("train", "validation")
    return (cast(Split, label["split"]),)


def refuse_equal_names(candidates: list[Candidate]) -> None:
    """Raise `DataError` if two candidates would be written to the same file."""
    seen: dict[str, Candidate] = {}
    for candidate in candidates:
        other = seen.setdefault(candidate.file, candidate)
        if other is not candidate:
            raise DataError(
                f"two pictures would both be named {candidate.file}",
                received=f"{other.source} {other.source_path} and {candidate.source} {candidate.source_path}",
                needed="names that differ in more than the suffix",
                remedy="rename one of them together with its annotation",
            )


def _annotated_pictures(folder: Path) -> list[Path]:
    images, annotations = folder / "image", folder / "annos"
    for part in (images, annotations):
        if not part.is_dir():
            raise DataError(f"{part} is missing", needed=_LAYOUT, remedy="correct photos.path and photos.splits")
    pictures = sorted(path for path in images.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    if not pictures:
        raise DataError(f"{images} holds no picture", needed=_LAYOUT, remedy="correct photos.path, or render the data")
    if not any(_annotation_of(picture).is_file() for picture in pictures):
        raise DataError(
            f"{annotations} holds no annotation of the {len(pictures)} pictures in {images}",
            received=f"for {pictures[0].name} there is no {_annotation_of(pictures[0]).name}",
            needed=_LAYOUT,
            remedy="copy the annotations beside the pictures",
        )
    return pictures


def _annotation_of(picture: Path) -> Path:
    return picture.parent.parent / "annos" / f"{picture.stem}.json"
