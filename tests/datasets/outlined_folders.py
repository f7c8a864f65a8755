"""Small folders as curation and conversion leave them: photos of ellipses and the VIA files that outline them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests.models.mask_rcnn.mask_rcnn_cases import ellipse_pictures, rim_landmarks
from tryon.formats.deepfashion2 import CATEGORIES, LANDMARK_COUNTS
from tryon.formats.via import ViaFile, ViaProject, ViaRegion, write_via
from tryon.geometry.masks import to_polygons
from tryon.images.files import write_png

SLICES = {"scale": "2", "occlusion": "1", "zoom_in": "1", "viewpoint": "2"}


def region(polygon: np.ndarray, **attributes: str) -> ViaRegion:
    shape = {"name": "polygon", "all_points_x": polygon[:, 0].tolist(), "all_points_y": polygon[:, 1].tolist()}
    return ViaRegion(shape, {"name": "short sleeve top", "item": "item1", **SLICES, **attributes})


def write_split(
    root: Path, split: str, count: int, *, side: int = 64, seed: int = 0, source: str = "user"
) -> list[np.ndarray]:
    """Write `photos/SPLIT/image/*.png` and `annotations/SPLIT/via_region_data.json`, with landmarks round each ellipse;
    returns the masks."""
    pictures, masks, boxes = ellipse_pictures(count, side, seed)
    files: dict[str, ViaFile] = {}
    for index, (picture, mask) in enumerate(zip(pictures, masks, strict=True)):
        path = root / "photos" / split / "image" / f"{seed:03d}{index:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(path, picture)
        points = " ".join(f"{x},{y},{int(v)}" for x, y, v in rim_landmarks(boxes[index]).tolist())
        regions = tuple(region(polygon, landmarks=points) for polygon in to_polygons(mask))
        entry = ViaFile(path.name, path.stat().st_size, regions, {"source": source})
        files[entry.key] = entry
    write_via_file(root, split, files)
    return list(masks)


def write_via_file(root: Path, split: str, files: dict[str, Any]) -> None:
    path = root / "annotations" / split / "via_region_data.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_via(path, ViaProject(files))


def item(category: int, x1: int, y1: int, x2: int, y2: int) -> dict[str, object]:
    """An annotated rectangle whose last column and row are x2 and y2."""
    return {
        "segmentation": [[x1, y1, x2, y1, x2, y2, x1, y2]], "bounding_box": [x1, y1, x2, y2], "category_id": category,
        "category_name": CATEGORIES[category], "landmarks": [0, 0, 0] * LANDMARK_COUNTS[category],
        "scale": 2, "occlusion": 1, "zoom_in": 1, "viewpoint": 2, "style": 0,
    }  # fmt: skip


def annotate(root: Path, *items: dict[str, object], split: str = "train") -> None:
    """Give every photo of a split the same annotation."""
    folder = root / "photos" / split / "annos"
    folder.mkdir()
    content = {"source": "user", "pair_id": 1, **{f"item{place}": one for place, one in enumerate(items, start=1)}}
    for path in (root / "photos" / split / "image").iterdir():
        (folder / f"{path.stem}.json").write_text(json.dumps(content))
