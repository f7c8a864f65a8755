"""What `data/photos` and `data/garments` hold, as tables: read from the files themselves, not from what curation said.

Every row has a `label` that a person can find it by, and rows about a picture have its path. A picture or annotation
that cannot be read is a row that says so; only a folder or manifest that cannot be read at all is an error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tryon.config import ValidationConfig
from tryon.curating.duplicates import NearDuplicates
from tryon.curating.measuring import Measurement, in_threads, measure
from tryon.curating.splitting import SPLITS
from tryon.errors import DataError
from tryon.formats.deepfashion2 import Item, read_annotation
from tryon.formats.tables import read_table
from tryon.geometry import polygons
from tryon.geometry.landmarks import VISIBLE
from tryon.images.hashing import hamming

Row = dict[str, Any]

# Outlines are rounded to whole pixels, so that one along the picture's border may lie just beyond the last column.
OUTLINE_TOLERANCE_PX = 1.0
# DeepFashion2's own example has boxes up to 19 px looser than outlines of 568 px, and one that is a pixel tighter
# (`python benchmarks/annotations.py`): about double that is allowed.
BOX_LOOSER_FRACTION = 0.06
BOX_TIGHTER_PX = 2.0
# Landmarks sit on the outline, which is rounded to whole pixels; hand-set ones miss it by little.
LANDMARK_TOLERANCE_FRACTION = 0.02
# All copies that are smaller, brighter or newly encoded differ in less; 3 % or less of the photos have another one as
# near (`python benchmarks/near_duplicates.py`).
SAME_PICTURE_BITS = 10


@dataclass
class Facts:
    """The tables, by name; each is a list of rows with the same keys (`columns` holds them for an empty table)."""

    tables: dict[str, list[Row]]
    columns: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(TABLE_COLUMNS))


TABLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "photos": (
        "label",
        "picture",
        "file",
        "split",
        "source",
        "listed",
        "decodable",
        "as_curated",
        "annotated",
        "side_px",
        "wanted",
    ),
    "items": ("label", "picture", "item", "filled", "valid", "inside", "box_agrees", "landmarks_inside"),
    "garments": ("label", "picture", "file", "pattern", "split", "listed", "decodable", "as_curated", "side_px"),
    "photo_leaks": ("label", "picture", "other", "bits"),
    "garment_leaks": ("label", "picture", "other", "bits"),
    "counts": ("label", "count", "minimum"),
    "photos_manifest": (),
    "garments_manifest": (),
}


@dataclass(frozen=True)
class _Picture:
    """One picture of a curated folder: what the manifest says of it, and what is in its file."""

    path: Path
    relative: str
    manifest: Mapping[str, str]
    measurement: Measurement


def gather_facts(photos: Path, garments: Path, validation: ValidationConfig) -> Facts:
    """Read both curated folders into tables.

    Raises:
        DataError: a folder or its manifest is missing or is no table.
    """
    photo_rows = _read_manifest(photos, ("file", "split", "source", "kept"))
    garment_rows = _read_manifest(garments, ("file", "pattern", "split", "kept"))
    shots = _pictures(photos, {f"{row['split']}/image/{row['file']}": row for row in photo_rows if row["kept"] == "1"})
    goods = _pictures(garments, {f"{row['pattern']}/{row['file']}": row for row in garment_rows if row["kept"] == "1"})
    described = list(in_threads(lambda picture: _describe(picture, validation), shots))
    bits = validation.near_duplicate_bits
    tables = {
        "photos": [photo for photo, _ in described],
        "items": [item for _, items in described for item in items],
        "garments": [_garment(picture) for picture in goods],
        "photo_leaks": _leaks(shots, bits.get("photos", 0), bits.get("garments", 0)),
        "garment_leaks": _leaks(goods, bits.get("garments", 0), bits.get("garments", 0)),
        "counts": _counts(shots, goods, {row["pattern"] for row in garment_rows}, validation),
        "photos_manifest": [{"label": row["file"], **row} for row in photo_rows],
        "garments_manifest": [{"label": f"{row['pattern']}/{row['file']}", **row} for row in garment_rows],
    }
    return Facts(tables)


def _read_manifest(folder: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    rows = read_table(folder / "manifest.csv", columns)
    if not rows:
        raise DataError(f"{folder / 'manifest.csv'} has no row", needed="one row a candidate", remedy="curate again")
    return rows


def _pictures(folder: Path, kept: Mapping[str, dict[str, str]]) -> list[_Picture]:
    """The pictures that the manifest lists as kept and those that lie in the folder, in the order of their paths."""
    lying = {path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")}
    names = sorted(lying | set(kept))
    measured = in_threads(lambda name: measure(folder / name), names)
    pairs = zip(names, measured, strict=True)
    return [_Picture(folder / name, name, kept.get(name, {}), measurement) for name, measurement in pairs]


def _describe(picture: _Picture, validation: ValidationConfig) -> tuple[Row, list[Row]]:
    """The row of a photo and those of its items; what cannot be known of it is None, which no expectation counts."""
    split, file, measured = picture.relative.split("/")[0], picture.path.name, picture.measurement
    annotation = picture.path.parent.parent / "annos" / f"{picture.path.stem}.json"
    items: Mapping[str, Item] | None = None
    label = f"{split}/{file}"
    try:
        items = read_annotation(annotation).items
    except DataError as error:
        label += f" ({error.what.replace(str(annotation), annotation.name)})"
    row = {
        "label": label,
        "picture": picture.relative,
        "file": file,
        "split": split,
        "source": picture.manifest.get("source"),
        "listed": bool(picture.manifest),
        "decodable": not measured.fault,
        "as_curated": _as_curated(picture),
        "annotated": items is not None,
        "side_px": _side_px(measured),
        "wanted": None if items is None else sum(item.category_id in validation.categories for item in items.values()),
    }
    sound = {} if measured.fault or items is None else items
    return row, [_item(picture, name, item) for name, item in sorted(sound.items())]


def _item(picture: _Picture, name: str, item: Item) -> Row:
    height, width = picture.measurement.height, picture.measurement.width
    points = np.concatenate(item.polygons).astype(float)
    outline = np.concatenate([points.min(axis=0), points.max(axis=0)])  # xyxy
    return {
        "label": f"{picture.relative.split('/')[0]}/{picture.path.name} {name}",
        "picture": picture.relative,
        "item": name,
        "filled": bool(item.mask(height, width).any()),
        "valid": all(polygons.is_valid(polygon) for polygon in item.polygons),
        "inside": all(polygons.overhang(one, height, width) <= OUTLINE_TOLERANCE_PX for one in item.polygons),
        "box_agrees": _box_agrees(item, outline, height, width),
        "landmarks_inside": _landmarks_inside(item, outline, LANDMARK_TOLERANCE_FRACTION * max(height, width)),
    }


def _box_agrees(item: Item, outline: np.ndarray[Any, Any], height: int, width: int) -> bool:
    """Whether no side of the bounding box cuts into the outline's visible box, nor lies far outside of it."""
    visible = np.clip(outline, 0, [width - 1, height - 1] * 2)
    x1, y1, x2, y2 = np.asarray(item.bounding_box, float) - visible
    looser = np.array([-x1, -y1, x2, y2])
    return bool(looser.min() >= -BOX_TIGHTER_PX and looser.max() <= BOX_LOOSER_FRACTION * max(height, width))


def _landmarks_inside(item: Item, outline: np.ndarray[Any, Any], tolerance_px: float) -> bool:
    """Whether all visible landmarks lie within the box of the outline; hidden ones may be beside it."""
    visible = item.landmarks[item.landmarks[:, 2] == VISIBLE][:, :2]
    above, below = visible >= outline[:2] - tolerance_px, visible <= outline[2:] + tolerance_px
    return bool(above.all() and below.all())


def _garment(picture: _Picture) -> Row:
    return {
        "label": picture.relative,
        "picture": picture.relative,
        "file": picture.path.name,
        "pattern": picture.relative.split("/")[0],
        "split": picture.manifest.get("split"),
        "listed": bool(picture.manifest),
        "decodable": not picture.measurement.fault,
        "as_curated": _as_curated(picture),
        "side_px": _side_px(picture.measurement),
    }


def _as_curated(picture: _Picture) -> bool:
    """Whether the picture looks like the one that the manifest describes; one without either is another fault."""
    described = picture.manifest.get("phash", "")
    if not described or picture.measurement.fault:
        return True
    return hamming(int(described, 16), picture.measurement.phash) <= SAME_PICTURE_BITS


def _side_px(measured: Measurement) -> int | None:
    return None if measured.fault else min(measured.width, measured.height)


def _leaks(pictures: Sequence[_Picture], user_bits: int, shop_bits: int) -> list[Row]:
    """Pairs of nearly the same picture, mirrored or not, in two splits."""
    index = NearDuplicates(max(user_bits, shop_bits))
    relative_split = {}
    rows = []
    for picture in pictures:
        if picture.measurement.fault:
            continue
        split = picture.manifest.get("split") or picture.relative.split("/")[0]
        limit = shop_bits if picture.manifest.get("source", "shop") == "shop" else user_bits
        relative_split[picture.relative] = split
        measured = picture.measurement
        for match in index.find(measured.phash, limit, mirrored_hash=measured.mirrored, outside_group=split):
            pair = sorted(((split, picture.relative), (relative_split[match.key], match.key)))
            rows.append(
                {
                    "label": f"{pair[0][1]} ({pair[0][0]}) and {pair[1][1]} ({pair[1][0]}), {match}",
                    "picture": pair[0][1],
                    "other": pair[1][1],
                    "bits": match.bits,
                }
            )
        index.add(picture.relative, measured.phash, group=split, max_bits=limit)
    return rows


def _counts(
    shots: Sequence[_Picture], goods: Sequence[_Picture], patterns: set[str], validation: ValidationConfig
) -> list[Row]:
    """How many pictures there are beside how many there must be."""
    rows = []
    for split in SPLITS:
        count = sum(shot.relative.startswith(f"{split}/") for shot in shots)
        rows.append((f"photos {split}", count, validation.min_photos.get(split, 0)))
    for pattern in sorted(patterns):
        count = sum(good.relative.startswith(f"{pattern}/") for good in goods)
        rows.append((f"garments {pattern}", count, validation.min_garments_per_pattern))
    return [{"label": f"{what}: {n} of {least}", "count": n, "minimum": least} for what, n, least in rows]
