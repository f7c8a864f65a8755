"""DeepFashion2 annotations: one JSON file for each picture, `annos/000001.json` for `image/000001.jpg`.

A file holds `source`, `pair_id` and `item1`, `item2`, ... in any order; keys that are not known are kept. Polygons and
landmarks are in pixels of the picture, the bounding box is `xyxy`. The polygons of one item overlap: its mask is their
union.
Reading and writing again loses nothing: order of the items, unknown keys, whole numbers as whole numbers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.formats import json_files
from tryon.formats.faults import Faults
from tryon.formats.json_files import Place, need_key, need_list, need_mapping, need_numbers, need_text, need_whole
from tryon.geometry import masks, polygons
from tryon.geometry.landmarks import ABSENT, PERSON

Numbers = NDArray[np.number]

CATEGORIES = {
    1: "short sleeve top",
    2: "long sleeve top",
    3: "short sleeve outwear",
    4: "long sleeve outwear",
    5: "vest",
    6: "sling",
    7: "shorts",
    8: "trousers",
    9: "skirt",
    10: "short sleeve dress",
    11: "long sleeve dress",
    12: "vest dress",
    13: "sling dress",
}
LEGWEAR = (7, 8, 9)
LANDMARK_COUNTS = {1: 25, 2: 33, 3: 31, 4: 39, 5: 15, 6: 15, 7: 10, 8: 14, 9: 8, 10: 29, 11: 37, 12: 19, 13: 19}
SOURCES = ("user", "shop")
# The four judgements of an item, each 1 to 3.
ATTRIBUTES = ("scale", "occlusion", "zoom_in", "viewpoint")

# A key of ours: the wearer's 17 keypoints as COCO orders them, in pixels of the picture.
PERSON_KEYPOINTS = "person_keypoints"
ITEM_KEY = re.compile(r"item\d+")
_ITEM_FIELDS = ("category_id", "category_name", "segmentation", *ATTRIBUTES, "landmarks", "style", "bounding_box")
_BY_CATEGORY = ("category_name", "landmarks")
# A contour along the pixels of a 2,000 px picture has fewer; more would only cost time.
_MAX_POINTS = 10_000
_MAX_ID = 2**53


@dataclass(frozen=True, eq=False)
class Item:
    """One garment of a picture.

    Args:
        polygons: outlines (P, 2) whose union is the mask; integers where the file has whole numbers.
        category_id: 1 to 13, see `CATEGORIES`.
        category_name: the words that belong to it.
        bounding_box: (4,) x1, y1, x2, y2; often looser than the polygons.
        landmarks: (n, 3) x, y, visibility; n as in `LANDMARK_COUNTS`.
        scale: 1 small, 2 modest, 3 large.
        occlusion: 1 slight, 2 medium, 3 heavy.
        zoom_in: 1 none, 2 medium, 3 large.
        viewpoint: 1 not worn, 2 frontal, 3 side or back.
        style: number of the style within the pair; 0 if the item is not part of a pair.
        extra: keys that DeepFashion2 does not know, as they were; the wearer's keypoints among them.
    """

    polygons: tuple[Numbers, ...]
    category_id: int
    category_name: str
    bounding_box: Numbers
    landmarks: Numbers
    scale: int
    occlusion: int
    zoom_in: int
    viewpoint: int
    style: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    def mask(self, height: int, width: int) -> NDArray[np.bool_]:
        """The garment's mask (H, W): the union of its polygons."""
        return masks.from_polygons(self.polygons, height, width)


@dataclass(frozen=True, eq=False)
class Annotation:
    """All garments of one picture, by their names `item1`, `item2`, ... in the file's order."""

    source: str
    pair_id: int
    items: Mapping[str, Item]
    extra: Mapping[str, Any] = field(default_factory=dict)


def read_annotation(path: Path) -> Annotation:
    """Read the annotation of one picture.

    Raises:
        DataError: names file, item and field of every fault.
    """
    return parse_annotation(json_files.read_json(path, json_files.MAX_PICTURE_FILE_BYTES), str(path))


def write_annotation(path: Path, annotation: Annotation) -> None:
    """Write the annotation of one picture."""
    json_files.write_json(path, annotation_to_dict(annotation))


def parse_annotation(content: Any, name: str) -> Annotation:
    """An annotation from the JSON value of its file; `name` is used in messages.

    Raises:
        DataError: the one fault, or a `FaultsError` of all of them.
    """
    place = Place(name)
    mapping = need_mapping(content, place)
    faults, items = Faults(), {}
    for key, value in mapping.items():
        if ITEM_KEY.fullmatch(key):
            with faults:
                items[key] = parse_item(value, place.at(key))
    with faults:
        source = need_text(need_key(mapping, "source", place), place.at("source"), SOURCES)
    with faults:
        pair_id = need_whole(need_key(mapping, "pair_id", place), place.at("pair_id"), -_MAX_ID, _MAX_ID)
    faults.settle(name)
    extra = {key: value for key, value in mapping.items() if key not in items and key not in ("source", "pair_id")}
    return Annotation(source, pair_id, items, extra)


def annotation_to_dict(annotation: Annotation) -> dict[str, Any]:
    """The JSON value of an annotation's file."""
    items = {name: item_to_dict(item) for name, item in annotation.items.items()}
    return {"source": annotation.source, "pair_id": annotation.pair_id, **items, **annotation.extra}


def parse_item(content: Any, place: Place) -> Item:
    """One item from its JSON value; `place` is used in messages.

    Raises:
        DataError: the one fault, or a `FaultsError` of all of them.
    """
    mapping = need_mapping(content, place)
    faults = Faults()
    parsed: dict[str, Any] = {}
    for key in _ITEM_FIELDS:
        with faults:
            value = need_key(mapping, key, place)
            # What a name and landmarks must be depends on the category: without one they cannot be judged.
            if key not in _BY_CATEGORY or "category_id" in parsed:
                parsed[key] = _parse_field(key, value, parsed.get("category_id", 0), place.at(key))
    faults.settle(str(place))
    polygons = parsed.pop("segmentation")
    extra = {key: value for key, value in mapping.items() if key not in _ITEM_FIELDS}
    read_keypoints(extra, place)
    return Item(polygons=polygons, extra=extra, **parsed)


def item_to_dict(item: Item) -> dict[str, Any]:
    """The JSON value of an item."""
    return {
        "segmentation": [polygon.reshape(-1).tolist() for polygon in item.polygons],
        "scale": item.scale,
        "viewpoint": item.viewpoint,
        "zoom_in": item.zoom_in,
        "landmarks": item.landmarks.reshape(-1).tolist(),
        "style": item.style,
        "bounding_box": item.bounding_box.tolist(),
        "category_id": item.category_id,
        "occlusion": item.occlusion,
        "category_name": item.category_name,
        **item.extra,
    }


def check_inside(annotation: Annotation, height: int, width: int, tolerance_px: float, name: str) -> None:
    """Check that no outline of any item leaves the picture by more than `tolerance_px`.

    Raises:
        DataError: names file, item and polygon of those that do.
    """
    faults = Faults()
    for item_name, item in annotation.items.items():
        for number, polygon in enumerate(item.polygons):
            beyond = polygons.overhang(polygon, height, width)
            if beyond > tolerance_px:
                faults.add(
                    Place(name, (item_name, "segmentation", number)).fault(
                        f"a point {beyond:g} px beyond a picture of {width} x {height} px",
                        f"all points inside, or at most {tolerance_px:g} px beyond",
                        "correct the outline, or check that the annotation belongs to this picture and this size",
                        what="lies outside of its picture",
                    )
                )
    faults.settle(name)


def parse_polygons(content: Any, place: Place) -> tuple[Numbers, ...]:
    """Outlines from lists x, y, x, y, ...; each needs at least three points."""
    outlines = need_list(content, place)
    if not outlines:
        raise place.fault(outlines, "at least one polygon")
    parsed, faults = [], Faults()
    for number, outline in enumerate(outlines):
        with faults:
            parsed.append(_parse_polygon(outline, place.at(number)))
    faults.settle(str(place))
    return tuple(parsed)


def to_array(numbers: list[Any]) -> Numbers:
    """Whole numbers as int64, else float64: the file's own numbers come back when they are written again."""
    return np.array(numbers, np.int64 if all(isinstance(number, int) for number in numbers) else np.float64)


def _parse_field(key: str, value: Any, category_id: int, place: Place) -> Any:
    match key:
        case "segmentation":
            return parse_polygons(value, place)
        case "category_id":
            return need_whole(value, place, 1, len(CATEGORIES))
        case "category_name":
            return need_text(value, place, (CATEGORIES[category_id],))
        case "landmarks":
            return parse_landmarks(value, place, LANDMARK_COUNTS[category_id])
        case "bounding_box":
            return _parse_box(value, place)
        case "style":
            return need_whole(value, place, 0, _MAX_ID)
        case _:
            return need_whole(value, place, 1, 3)


def _parse_polygon(outline: Any, place: Place) -> Numbers:
    numbers = need_numbers(outline, place)
    if len(numbers) % 2 or not 6 <= len(numbers) <= 2 * _MAX_POINTS:
        raise place.fault(f"{len(numbers)} numbers", f"x, y, x, y, ... of three to {_MAX_POINTS} points")
    return to_array(numbers).reshape(-1, 2)


def _parse_box(content: Any, place: Place) -> Numbers:
    box = need_numbers(content, place, 4)
    if not (box[0] < box[2] and box[1] < box[3]):
        raise place.fault(box, "x1, y1, x2, y2 with x1 < x2 and y1 < y2 (not width and height)")
    return to_array(box)


def read_keypoints(extra: Mapping[str, Any], place: Place) -> Numbers | None:
    """The keypoints (17, 3) of a garment's wearer, in COCO's order, among the garment's further keys; None where nobody
    placed any, which COCO writes as zeros, too.

    Raises:
        DataError: they are no 17 points with visibilities of 0, 1 or 2; names `place`.
    """
    if PERSON_KEYPOINTS not in extra:
        return None
    keypoints = parse_landmarks(extra[PERSON_KEYPOINTS], place.at(PERSON_KEYPOINTS), len(PERSON))
    return keypoints if (keypoints[:, 2] != ABSENT).any() else None


def parse_landmarks(content: Any, place: Place, count: int) -> Numbers:
    """The `count` landmarks (count, 3) in a flat list of x, y, visibility."""
    numbers = need_numbers(content, place, count * 3)
    for index in range(2, len(numbers), 3):
        if numbers[index] not in (0, 1, 2):
            raise place.at(index).fault(numbers[index], "a visibility: 0 absent, 1 hidden or 2 visible")
    return to_array(numbers).reshape(-1, 3)
