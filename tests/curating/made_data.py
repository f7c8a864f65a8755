"""Tiny photo folders and garment collections, made for a test: pictures that look different, with simple outlines."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import GarmentsConfig, PhotosConfig, ValidationConfig
from tryon.images.files import encode_jpeg, write_jpeg

SIDE = 160
SQUARE = [40, 40, 120, 40, 120, 120, 40, 120]

PHOTOS = PhotosConfig(
    path="photos",
    splits={"train": "train", "validation": "validation", "test": "test"},
    validation_fraction=0.0,
    categories=[1],
    viewpoints=[1, 2, 3],
    scales=[1, 2, 3],
    occlusions=[1, 2, 3],
    min_side_px=128,
    max_side_px=2048,
    min_sharpness=5.0,
    exposure=(0.05, 0.98),
    near_duplicate_bits=2,
    max_photos={},
)
GARMENTS = GarmentsConfig(
    path="garments",
    select={"plain": {"pattern": ["plain"]}, "blue": {"pattern": ["plain"], "colour": ["blue"]}},
    views=["flat"],
    validation_fraction=0.0,
    min_side_px=128,
    max_side_px=2048,
    near_duplicate_bits=0,
)
VALIDATION = ValidationConfig(
    min_photos={"train": 2, "validation": 1, "test": 1},
    min_garments_per_pattern=1,
    min_side_px=128,
    categories=[1],
    near_duplicate_bits={"photos": 2, "garments": 0},
    max_split_leaks=0,
    max_invalid_polygons=0.0,
    max_landmarks_outside=0.0,
    max_boxes_off=0.0,
    max_label_doubts=0.0,
    licences=["CC BY", "CC0"],
    drift="fail",
)
SHARED = replace(
    PHOTOS, splits={"train": "train", "validation": "train", "test": "validation"}, validation_fraction=0.5
)


def of_one_pattern(parameters: dict[str, Any], pattern: str, labels: dict[str, list[str]]) -> None:
    """Let the content of a params.yaml select, draw and start from one pattern alone."""
    parameters["patterns"] = [pattern]
    parameters["garments"]["select"] = {pattern: labels}
    parameters["domains"]["source"] = pattern


def picture(seed: int, side: int = SIDE) -> NDArray[np.uint8]:
    """A picture of large random blobs with fine grain: sharp, of medium light, and unlike that of any other seed.

    The square in its middle is as light as before, but redder: an outline has something to follow.
    """
    random = np.random.default_rng(seed)
    blobs = cv2.resize(
        random.uniform(40, 215, (5, 5, 3)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC
    )
    blobs[side // 4 : side * 3 // 4, side // 4 : side * 3 // 4] += (58.7, -29.9, 0)
    return np.clip(blobs + random.normal(0, 8, blobs.shape), 0, 255).astype(np.uint8)


def item(**changes: Any) -> dict[str, Any]:
    """A square short sleeve top with two visible landmarks; `changes` replace its fields."""
    landmarks = [60, 60, 2, 100, 100, 2] + [0] * (75 - 6)
    return {
        "segmentation": [SQUARE],
        "scale": 2,
        "viewpoint": 2,
        "zoom_in": 1,
        "landmarks": landmarks,
        "style": 0,
        "bounding_box": [40, 40, 121, 121],
        "category_id": 1,
        "occlusion": 2,
        "category_name": "short sleeve top",
        **changes,
    }


def trousers(**changes: Any) -> dict[str, Any]:
    """An item of another category."""
    return item(category_id=8, category_name="trousers", landmarks=[0] * 42, **changes)


def annotate(path: Path, *items: dict[str, Any], source: str = "user") -> None:
    """Write an annotation of these items."""
    numbered = {f"item{number}": one for number, one in enumerate(items, start=1)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"source": source, "pair_id": 0, **numbered}))


def add_photo(
    folder: Path, split: str, name: str, *items: dict[str, Any], seed: int | None = None, image: Any = None
) -> Path:
    """Add `split/image/name.jpg` with its annotation (one square top unless items are given); its path."""
    path = folder / split / "image" / f"{name}.jpg"
    write_jpeg(path, picture(int(name) if seed is None else seed) if image is None else image)
    annotate(folder / split / "annos" / f"{name}.json", *(items or (item(),)))
    return path


def add_garment(folder: Path, name: str, *, annotated: bool = True, seed: int | None = None, **labels: str) -> Path:
    """Add `images/name.jpg`, its row in labels.csv (plain, blue, flat, train unless said) and its annotation."""
    path = folder / "images" / f"{name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_jpeg(picture(10_000 + int(name) if seed is None else seed)))
    row = {"file": path.name, "split": "train", "colour": "blue", "pattern": "plain", "view": "flat"} | labels
    table = folder / "labels.csv"
    fresh = not table.exists()
    with table.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if fresh:
            writer.writeheader()
        writer.writerow(row)
    if annotated:
        annotate(folder / "annos" / f"{name}.json", item(viewpoint=1), source="shop")
    return path


def small_set(folder: Path) -> tuple[Path, Path]:
    """A sound photo folder (4 train, 2 validation, 2 test) and a sound collection (3 garments, one of each split)."""
    photos, garments = folder / "photos", folder / "garments"
    for split, first, count in (("train", 1, 4), ("validation", 11, 2), ("test", 21, 2)):
        for number in range(first, first + count):
            add_photo(photos, split, f"{number:06d}")
    for number, split in enumerate(("train", "validation", "test"), start=1):
        add_garment(garments, f"{number:06d}", split=split, colour="blue" if number != 2 else "red")
    return photos, garments


def manifest(folder: Path) -> dict[str, dict[str, str]]:
    """The rows of a manifest by file (for garments by pattern/file)."""
    with (folder / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {f"{row['pattern']}/{row['file']}" if "pattern" in row else row["file"]: row for row in rows}


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files of a folder with their content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
