"""What `data/photos` and `data/garments` hold, as tables: read from the files themselves, not from what curation said.

Every row has a `label` that a person can find it by, and rows about a picture have its path. A picture or annotation
that cannot be read is a row that says so; only a folder or manifest that cannot be read at all is an error.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.config import ValidationConfig
from tryon.curating import labels
from tryon.curating.leaks import LEAK_COLUMNS, Print, leaks_between, leaks_within
from tryon.curating.ledgers import FILE_COLUMNS, LEDGER_COLUMNS
from tryon.curating.measuring import Measurement, examine, in_threads
from tryon.curating.splitting import SPLITS
from tryon.curating.traits import APPEARANCE, ITEM_TRAITS, appearance, item_traits
from tryon.errors import DataError
from tryon.formats.deepfashion2 import Item, read_annotation
from tryon.formats.tables import read_table
from tryon.geometry import polygons
from tryon.geometry.landmarks import VISIBLE
from tryon.geometry.masks import Mask
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
        "allowed",
        "side_px",
        "wanted",
        *APPEARANCE,
    ),
    "items": (
        "label",
        "picture",
        "item",
        "source",
        "filled",
        "valid",
        "inside",
        "box_agrees",
        "landmarks_inside",
        "landmarks_near",
        "landmarks_agree",
        "sides_agree",
        "on_edges",
        "single",
        *ITEM_TRAITS,
    ),
    "garments": (
        "label",
        "picture",
        "file",
        "pattern",
        "split",
        "listed",
        "decodable",
        "as_curated",
        "allowed",
        "side_px",
        *APPEARANCE,
    ),
    "photo_leaks": LEAK_COLUMNS,
    "garment_leaks": LEAK_COLUMNS,
    "cross_leaks": LEAK_COLUMNS,
    "counts": ("label", "count", "minimum"),
    "ledger": LEDGER_COLUMNS,
    "collected_files": FILE_COLUMNS,
    "collection_leaks": LEAK_COLUMNS,
    "near_forgotten": ("label", "picture", "bits"),
    "drift": ("label", "steady", "psi", "chance"),
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
    looks: Row
    items: tuple[Row, ...] = ()
    wanted: int | None = None
    annotation_fault: str = ""

    @property
    def split(self) -> str:
        return self.manifest.get("split") or self.relative.split("/")[0]


def gather_facts(
    photos: Path, garments: Path, validation: ValidationConfig, forgotten: Container[str] = frozenset()
) -> Facts:
    """Read both curated folders into tables.

    Args:
        photos: folder that `curate_photos` wrote.
        garments: folder that `curate_garments` wrote.
        validation: what is expected.
        forgotten: sha256s that must not be there.

    Raises:
        DataError: a folder or its manifest is missing or is no table.
    """
    photo_rows = _read_manifest(photos, ("file", "split", "source", "sha256", "kept"))
    garment_rows = _read_manifest(garments, ("file", "pattern", "split", "sha256", "kept"))
    wanted = frozenset(validation.categories)
    kept = {f"{row['split']}/image/{row['file']}": row for row in photo_rows if row["kept"] == "1"}
    shots = _pictures(photos, kept, wanted)
    goods = _pictures(garments, {f"{row['pattern']}/{row['file']}": row for row in garment_rows if row["kept"] == "1"})
    bits = {"user": validation.near_duplicate_bits.get("photos", 0), "shop": validation.near_duplicate_bits["garments"]}
    shot_prints = [_print(shot, bits[shot.manifest.get("source", "shop")]) for shot in shots]
    good_prints = [_print(good, bits["shop"]) for good in goods]
    tables = {
        "photos": [_photo(shot, forgotten) for shot in shots],
        "items": [item for shot in shots for item in shot.items],
        "garments": [_garment(good, forgotten) for good in goods],
        "photo_leaks": leaks_within(shot_prints),
        "garment_leaks": leaks_within(good_prints),
        "cross_leaks": leaks_between(shot_prints, good_prints),
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


def _pictures(
    folder: Path, kept: Mapping[str, dict[str, str]], categories: frozenset[int] | None = None
) -> list[_Picture]:
    """The pictures that the manifest lists as kept and those that lie in the folder, in the order of their paths.

    With `categories` their annotations are read as well: items of these are looked at closely.
    """
    lying = {path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg")}
    names = sorted(lying | set(kept))
    return list(in_threads(lambda name: _look(folder, name, kept.get(name, {}), categories), names))


def _look(folder: Path, name: str, manifest: Mapping[str, str], categories: frozenset[int] | None) -> _Picture:
    """One picture, read once."""
    measured, image = examine(folder / name)
    picture = _Picture(folder / name, name, manifest, measured, appearance(measured, image))
    if categories is None:
        return picture
    annotation = picture.path.parent.parent / "annos" / f"{picture.path.stem}.json"
    try:
        items = read_annotation(annotation).items
    except DataError as error:
        return replace(picture, annotation_fault=error.what.replace(str(annotation), annotation.name))
    source = manifest.get("source")
    rows = () if image is None else tuple(item_rows(name, items, image, categories, source))
    return replace(picture, items=rows, wanted=sum(item.category_id in categories for item in items.values()))


def _print(picture: _Picture, bits: int) -> Print:
    measured = picture.measurement
    return Print(picture.relative, picture.split, None if measured.fault else measured.phash, measured.mirrored, bits)


def _photo(picture: _Picture, forgotten: Container[str]) -> Row:
    """The row of a photo; what cannot be known of it is None, which no expectation counts."""
    split, file, measured = picture.relative.split("/")[0], picture.path.name, picture.measurement
    fault = picture.annotation_fault
    return {
        "label": f"{split}/{file}" + (f" ({fault})" if fault else ""),
        "picture": picture.relative,
        "file": file,
        "split": split,
        "source": picture.manifest.get("source"),
        "listed": bool(picture.manifest),
        "decodable": not measured.fault,
        "as_curated": _as_curated(picture),
        "annotated": not fault,
        "allowed": _allowed(picture, forgotten),
        "side_px": _side_px(measured),
        "wanted": picture.wanted,
        **picture.looks,
    }


def item_rows(
    where: str,
    items: Mapping[str, Item],
    image: NDArray[np.uint8],
    categories: frozenset[int],
    source: str | None = None,
) -> Iterator[Row]:
    """The rows of a picture's items; only those of the wanted categories are held against the picture itself.

    Args:
        where: path of the picture, `SPLIT/image/NAME.jpg`.
        items: its annotated items.
        image: the picture (H, W, 3).
        categories: wanted ones.
        source: `user` or `shop`.
    """
    item_masks = {name: item.mask(*image.shape[:2]) for name, item in items.items()}
    repeated = labels.repeats(items, item_masks)
    edges = labels.edges_of(image)
    for name, item in sorted(items.items()):
        close, mask = item.category_id in categories, item_masks[name]
        yield {
            "label": f"{where.split('/')[0]}/{where.rpartition('/')[2]} {name}",
            "picture": where,
            "item": name,
            "source": source,
            **_geometry(item, mask),
            "landmarks_near": labels.landmarks_near(item, mask) if close else None,
            "landmarks_agree": labels.landmarks_agree(item, mask) if close else None,
            "sides_agree": labels.sides_agree(item) if close else None,
            "on_edges": labels.on_edges(item, edges) if close else None,
            "single": name not in repeated,
            **item_traits(item, mask),
        }


def _geometry(item: Item, mask: Mask) -> Row:
    height, width = mask.shape
    points = np.concatenate(item.polygons).astype(float)
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])  # xyxy
    return {
        "filled": bool(mask.any()),
        "valid": all(polygons.is_valid(polygon) for polygon in item.polygons),
        "inside": all(polygons.overhang(one, height, width) <= OUTLINE_TOLERANCE_PX for one in item.polygons),
        "box_agrees": _box_agrees(item, box, height, width),
        "landmarks_inside": _landmarks_inside(item, box, LANDMARK_TOLERANCE_FRACTION * max(height, width)),
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


def _garment(picture: _Picture, forgotten: Container[str]) -> Row:
    return {
        "label": picture.relative,
        "picture": picture.relative,
        "file": picture.path.name,
        "pattern": picture.relative.split("/")[0],
        "split": picture.manifest.get("split"),
        "listed": bool(picture.manifest),
        "decodable": not picture.measurement.fault,
        "as_curated": _as_curated(picture),
        "allowed": _allowed(picture, forgotten),
        "side_px": _side_px(picture.measurement),
        **picture.looks,
    }


def _allowed(picture: _Picture, forgotten: Container[str]) -> bool:
    """Whether nobody asked to forget it: neither the file itself nor what it was made from."""
    return picture.measurement.sha256 not in forgotten and picture.manifest.get("sha256") not in forgotten


def _as_curated(picture: _Picture) -> bool:
    """Whether the picture looks like the one that the manifest describes; one without either is another fault."""
    described = picture.manifest.get("phash", "")
    if not described or picture.measurement.fault:
        return True
    return hamming(int(described, 16), picture.measurement.phash) <= SAME_PICTURE_BITS


def _side_px(measured: Measurement) -> int | None:
    return None if measured.fault else min(measured.width, measured.height)


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
