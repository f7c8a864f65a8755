"""Tiny folders in the pipeline's layout, of pictures that the stand-in networks of tests/fitting understand."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.fitting.stand_ins import BLUE, RED, garment, photo, shirt_mask
from tryon.formats.deepfashion2 import Annotation, Item, write_annotation
from tryon.formats.tables import write_table
from tryon.geometry.masks import to_polygons
from tryon.images.files import write_jpeg, write_png

GREY = np.full((120, 100, 3), 120, np.uint8)


def write_folders(root: Path, answers: bool = True) -> None:
    """Photos 000001 (test), 000002 (train), 000003 (no shirt); garments 000010 blue, 000011 striped; four pairs."""
    photos = {"000001": ("test", photo(1)), "000002": ("train", photo(2)), "000003": ("test", GREY)}
    for name, (split, picture) in photos.items():
        write_jpeg(root / f"data/photos/{split}/image/{name}.jpg", picture)
        (root / f"data/photos/{split}/annos").mkdir(parents=True, exist_ok=True)
        annotation = Annotation("user", 0, {"item1": _item(), "item2": _legwear()})
        write_annotation(root / f"data/photos/{split}/annos/{name}.json", annotation)
    rows = [{"file": f"{name}.jpg", "split": split, "source": "user", "kept": 1} for name, (split, _) in photos.items()]
    rows.append({"file": "000009.jpg", "split": "test", "source": "user", "kept": 0})
    rows.append({"file": "000010.jpg", "split": "train", "source": "shop", "kept": 1})
    write_table(root / "data/photos/manifest.csv", ("file", "split", "source", "kept"), rows)
    shop = {"000010": ("blue", garment(BLUE)), "000011": ("striped", garment(BLUE, striped=True))}
    for name, (pattern, picture) in shop.items():
        write_jpeg(root / f"data/garments/{pattern}/{name}.jpg", picture)
    write_jpeg(root / "data/garments/cool/000010.jpg", shop["000010"][1])
    listed = [("000010", "blue"), ("000010", "cool"), ("000011", "striped")]
    columns = ("file", "pattern", "split", "kept")
    rows = [{"file": f"{name}.jpg", "pattern": pattern, "split": "test", "kept": 1} for name, pattern in listed]
    write_table(root / "data/garments/manifest.csv", columns, rows)
    _write_pairs(root / "data/rendered/pairs", answers)


def _write_pairs(folder: Path, answers: bool) -> None:
    pairs = [("000001", "000010", "blue"), ("000001", "000011", "striped"), ("000003", "000010", "blue")]
    rows = [
        {"photo": f"{one}.jpg", "garment": f"{two}.jpg", "pattern": pattern, "answer": ""}
        for one, two, pattern in pairs
    ]
    rows.append({"photo": "000009.jpg", "garment": "000010.jpg", "pattern": "blue", "answer": ""})
    if answers:
        light = photo(1).astype(float) / RED[0]
        answer = np.where(shirt_mask()[..., None], np.clip(light[..., :1] * BLUE, 0, 255), photo(1)).astype(np.uint8)
        write_png(folder / "answers/000001__000010.png", answer)
        rows[0]["answer"] = "answers/000001__000010.png"
    write_table(folder / "pairs.csv", ("photo", "garment", "pattern", "answer"), rows)


def _legwear() -> Item:
    """Covers more of the photo than the shirt does."""
    polygon = np.array([[0, 55], [99, 55], [99, 119], [0, 119], [0, 55]])
    return replace(
        _item(),
        polygons=(polygon,),
        category_id=8,
        category_name="trousers",
        bounding_box=np.array([0, 55, 100, 120]),
        landmarks=np.zeros((14, 3), int),
    )


def _item() -> Item:
    return Item(
        polygons=tuple(to_polygons(shirt_mask())),
        category_id=1,
        category_name="short sleeve top",
        bounding_box=np.array([16, 30, 84, 100]),
        landmarks=np.zeros((25, 3), int),
        scale=2,
        occlusion=1,
        zoom_in=1,
        viewpoint=2,
    )
