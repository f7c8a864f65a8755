"""Small annotated sets on disk to damage: a DeepFashion2 folder, a COCO file and a VIA file beside its pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.formats.annotation_strategies import SIDE, photo, top
from tryon.formats import coco, via, via_garments
from tryon.formats.deepfashion2 import parse_annotation
from tryon.formats.json_files import write_json
from tryon.images.files import write_jpeg

NAMES = ("000001", "000002", "000003")
# An outline of its own for each, so that no test passes by mixing the pictures up.
OUTLINE = [[2, 2, 30, 2, 30, 30, 2, 30]]


def content(number: int) -> dict[str, Any]:
    return photo(pair_id=number, item1=top(segmentation=OUTLINE))


def write_picture(path: Path, shade: int = 90) -> Path:
    write_jpeg(path, np.full((SIDE, SIDE, 3), shade, np.uint8))
    return path


def deepfashion2_folder(folder: Path) -> Path:
    """`annos` and `image` of three pictures."""
    for number, name in enumerate(NAMES, start=1):
        write_json(folder / "annos" / f"{name}.json", content(number))
        write_picture(folder / "image" / f"{name}.jpg", number)
    return folder


def coco_file(folder: Path) -> Path:
    """`set.json` beside its three pictures."""
    pictures = []
    for number, name in enumerate(NAMES, start=1):
        write_picture(folder / f"{name}.jpg", number)
        pictures.append((f"{name}.jpg", SIDE, SIDE, parse_annotation(content(number), name)))
    coco.write_coco(folder / "set.json", pictures)
    return folder / "set.json"


def via_file(folder: Path) -> Path:
    """`set.json` beside its three pictures."""
    pictures = []
    for number, name in enumerate(NAMES, start=1):
        size = write_picture(folder / f"{name}.jpg", number).stat().st_size
        pictures.append((f"{name}.jpg", size, parse_annotation(content(number), name)))
    via.write_via(folder / "set.json", via_garments.to_via(pictures))
    return folder / "set.json"


def change(path: Path, edit: Callable[[Any], Any]) -> None:
    """Edit the JSON value in a file; an edit that returns something replaces it."""
    value = json.loads(path.read_text())
    replaced = edit(value)
    path.write_text(json.dumps(value if replaced is None else replaced))
