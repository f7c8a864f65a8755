"""Garments in VIA files: DeepFashion2 annotations as VIA regions and back without loss.

Each polygon is a region; the regions of one garment share the attribute `item`, and the first that is no point speaks
for the garment. VIA knows attributes of text only: numbers are written so that they read back equal, landmarks as
`x,y,v x,y,v ...`. A landmark may as well be a region of its own: a point with the attributes `item`, `landmark` (its
name) and `visibility`, which a person can move.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.formats.deepfashion2 import (
    ATTRIBUTES,
    CATEGORIES,
    ITEM_KEY,
    LANDMARK_COUNTS,
    Annotation,
    Item,
    parse_item,
    parse_landmarks,
    to_array,
)
from tryon.formats.faults import Faults
from tryon.formats.json_files import Place, need_mapping, parse_json
from tryon.formats.via import ViaFile, ViaProject, ViaRegion, region_polygon
from tryon.geometry.landmarks import ABSENT, SHORT_SLEEVE_TOP, VISIBLE

MEMORY = "via_entry"
CATEGORY_IDS = {name: number for number, name in CATEGORIES.items()}
_IN_VIA = "run convert_annotations again, or correct the attribute in VIA"


def to_via(pictures: Iterable[tuple[str, int, Annotation]]) -> ViaProject:
    """VIA 2.x entries of pictures given as (file name, size of the file in bytes, annotation)."""
    entries = [to_entry(name, size, annotation) for name, size, annotation in pictures]
    return ViaProject({entry.key: entry for entry in entries})


def from_via(via: ViaProject) -> list[tuple[str, int, Annotation]]:
    """The pictures that `to_via` was given.

    Raises:
        DataError: a region lacks an attribute, or one does not hold what it should; names entry, item and attribute.
    """
    return [(entry.filename, entry.byte_size, from_entry(entry, Place(key))) for key, entry in via.files.items()]


def to_entry(name: str, size: int, annotation: Annotation) -> ViaFile:
    """The VIA entry of one picture, its file given by name and size in bytes."""
    attributes = {"source": annotation.source, "pair_id": str(annotation.pair_id)}
    if extra := forget(annotation).extra:
        attributes["extra"] = json.dumps(dict(extra), ensure_ascii=False)
    regions = [
        ViaRegion(_to_shape(polygon), _to_attributes(item_name, item, annotation.source))
        for item_name, item in annotation.items.items()
        for polygon in item.polygons
    ]
    return ViaFile(name, size, tuple(regions), attributes)


def from_entry(entry: ViaFile, place: Place) -> Annotation:
    """The annotation that the entry of one picture stands for; `place` is used in messages.

    A garment that DeepFashion2 could not name (`item1`, `item2`, ...) gets the first number that is free.
    """
    attributes = entry.file_attributes or {}
    faults, items = Faults(), {}
    groups = _with_landmarks(group_items(entry))
    for name, (group, regions) in zip(_item_names(groups), groups.items(), strict=True):
        with faults:
            items[name] = _from_regions(regions, place.at(group))
    with faults:
        source = _attribute(attributes, "source", place)
    with faults:
        pair_id = read_numbers(_attribute(attributes, "pair_id", place), place.at("pair_id"))[0]
    with faults:
        extra = _extra(attributes, place)
    faults.settle(str(place))
    return Annotation(source, int(pair_id), items, extra)


def forget(annotation: Annotation) -> Annotation:
    """The annotation without the VIA entry that it may remember (`tryon.formats.via_memory`)."""
    if not isinstance(annotation.extra.get(MEMORY), dict):
        return annotation
    return replace(annotation, extra={key: value for key, value in annotation.extra.items() if key != MEMORY})


def group_items(entry: ViaFile) -> dict[str, list[ViaRegion]]:
    """The regions of each garment by its `item` attribute; a region without one is a garment of its own (`regionN`)."""
    items: dict[str, list[ViaRegion]] = {}
    for number, region in enumerate(entry.regions, start=1):
        items.setdefault(region.attribute("item") or f"region{number}", []).append(region)
    return items


def item_polygons(regions: Iterable[ViaRegion]) -> list[NDArray[np.float64]]:
    """The outlines of a garment's regions; points, which enclose nothing, are left out."""
    return [region_polygon(region) for region in regions if not is_point(region)]


def speaker(regions: Sequence[ViaRegion]) -> ViaRegion:
    """The region whose attributes are the garment's: the first that is no point."""
    return next((region for region in regions if not is_point(region)), regions[0])


def short_sleeve_landmarks(regions: Sequence[ViaRegion], place: Place) -> NDArray[np.float64]:
    """The 25 landmarks (25, 3) of a garment's regions, as in `tryon.geometry.landmarks`.

    All are absent where the file has none, as one that was drawn by hand, or where the garment is no short sleeve top.

    Raises:
        DataError: the attribute does not hold 25 points with visibilities of 0, 1 or 2; names `place`.
    """
    absent = np.zeros((len(SHORT_SLEEVE_TOP), 3))
    if speaker(regions).attribute("name") != CATEGORIES[1]:
        return absent
    landmarks = parse_landmarks(_read_landmarks(regions, 1, place), place.at("landmarks"), len(SHORT_SLEEVE_TOP))
    return np.where(landmarks[:, 2:] != ABSENT, landmarks.astype(np.float64), absent)


def item_box(regions: Sequence[ViaRegion], place: Place) -> NDArray[np.float64]:
    """The box (4,) that was annotated for a garment, often looser than its outlines; theirs where there is none.

    Raises:
        DataError: the attribute does not hold four numbers; names `place`.
    """
    outlines = [_outline(region) for region in regions if not is_point(region)]
    box = _bounding_box(speaker(regions).region_attributes or {}, outlines, place)
    if len(box) != 4:
        raise place.at("bounding_box").fault(len(box), "4 numbers", _IN_VIA)
    return np.array(box, np.float64)


def item_extra(regions: Sequence[ViaRegion], place: Place) -> dict[str, Any]:
    """What a garment's annotation says beyond DeepFashion2's keys.

    Raises:
        DataError: the attribute holds no object; names `place`.
    """
    return _extra(speaker(regions).region_attributes or {}, place)


def landmark_names(category_id: int) -> tuple[str, ...]:
    """What the landmarks of a category are called in point regions."""
    if category_id == 1:
        return SHORT_SLEEVE_TOP
    return tuple(f"landmark_{number}" for number in range(1, LANDMARK_COUNTS[category_id] + 1))


def _to_shape(polygon: NDArray[np.number]) -> dict[str, Any]:
    return {"name": "polygon", "all_points_x": polygon[:, 0].tolist(), "all_points_y": polygon[:, 1].tolist()}


def _to_attributes(item_name: str, item: Item, source: str) -> dict[str, str]:
    attributes = {"name": item.category_name, "item": item_name, "source": source}
    attributes |= {key: str(getattr(item, key)) for key in (*ATTRIBUTES, "style")}
    attributes["bounding_box"] = join_numbers(item.bounding_box.tolist())
    attributes["landmarks"] = " ".join(join_numbers(point) for point in item.landmarks.tolist())
    if item.extra:
        attributes["extra"] = json.dumps(dict(item.extra), ensure_ascii=False)
    return attributes


def _with_landmarks(groups: dict[str, list[ViaRegion]]) -> dict[str, list[ViaRegion]]:
    """The groups with landmarks that name no garment given to the picture's only one, if it has one only."""
    loose = [name for name, regions in groups.items() if all(_is_landmark(region) for region in regions)]
    garments = [name for name in groups if name not in loose]
    if len(garments) != 1:
        return groups
    unnamed = [region for name in loose for region in groups[name] if not region.attribute("item")]
    kept = {name: regions for name, regions in groups.items() if name not in loose or regions[0].attribute("item")}
    return kept | {garments[0]: groups[garments[0]] + unnamed}


def _item_names(groups: Iterable[str]) -> list[str]:
    groups = list(groups)
    taken = {name for name in groups if ITEM_KEY.fullmatch(name)}
    free = (name for number in range(1, 2 * len(groups) + 2) if (name := f"item{number}") not in taken)
    return [name if name in taken else next(free) for name in groups]


def _from_regions(regions: Sequence[ViaRegion], place: Place) -> Item:
    outlines = [_outline(region) for region in regions if not is_point(region)]
    if not outlines:
        raise place.fault(
            f"{len(regions)} points",
            "an outline: polygon, polyline, rectangle, circle or ellipse",
            "draw the outline in VIA; a landmark names its garment under `item`",
        )
    if strays := sum(is_point(region) and not _is_landmark(region) for region in regions):
        raise place.fault(f"{strays} points", "points with the attribute `landmark`", "name the landmark in VIA")
    attributes = speaker(regions).region_attributes or {}
    name = _attribute(attributes, "name", place)
    if name not in CATEGORY_IDS:
        raise place.at("name").fault(name, "one of " + ", ".join(CATEGORY_IDS), _IN_VIA)
    faults = Faults()
    content: dict[str, Any] = {}
    for key in (*ATTRIBUTES, "style"):
        with faults:
            content[key] = read_numbers(_attribute(attributes, key, place), place.at(key))[0]
    with faults:
        content["landmarks"] = _read_landmarks(regions, CATEGORY_IDS[name], place)
    with faults:
        content["bounding_box"] = _bounding_box(attributes, outlines, place)
    with faults:
        content = _extra(attributes, place) | content
    faults.settle(str(place))
    category = {"category_id": CATEGORY_IDS[name], "category_name": name}
    return parse_item({**content, **category, "segmentation": outlines}, place)


def _read_landmarks(regions: Sequence[ViaRegion], category_id: int, place: Place) -> list[float]:
    """x, y, visibility, ... of all landmarks: from the attribute, then from point regions; without either absent."""
    text = speaker(regions).attribute("landmarks")
    count = LANDMARK_COUNTS[category_id]
    numbers: list[float] = read_numbers(text, place.at("landmarks")) if text.strip() else [0] * (3 * count)
    names = landmark_names(category_id)
    for region in regions:
        if is_point(region) and _is_landmark(region):
            name, shape = region.attribute("landmark"), region.shape_attributes
            if name not in names:
                raise place.at("landmark").fault(name, "one of " + ", ".join(names), _IN_VIA)
            visibility = read_numbers(region.attribute("visibility") or str(VISIBLE), place.at("visibility"))[0]
            first = 3 * names.index(name)
            numbers[first : first + 3] = [shape["cx"], shape["cy"], visibility]
    return numbers


def _bounding_box(attributes: Mapping[str, Any], outlines: Sequence[Sequence[float]], place: Place) -> list[float]:
    """The box in the attribute; without one the box round the outlines."""
    if text := str(attributes.get("bounding_box", "")).strip():
        return read_numbers(text, place.at("bounding_box"))
    xs = [x for outline in outlines for x in outline[::2]]
    ys = [y for outline in outlines for y in outline[1::2]]
    return [min(xs), min(ys), max(xs) + 1, max(ys) + 1]


def is_point(region: ViaRegion) -> bool:
    """Whether the region encloses nothing."""
    return bool(region.shape_attributes["name"] == "point")


def _is_landmark(region: ViaRegion) -> bool:
    return is_point(region) and bool(region.attribute("landmark"))


def _outline(region: ViaRegion) -> list[float]:
    shape = region.shape_attributes
    if shape["name"] in ("polygon", "polyline"):
        pairs = zip(shape["all_points_x"], shape["all_points_y"], strict=True)
        return [number for pair in pairs for number in pair]
    return list(region_polygon(region).reshape(-1).tolist())


def _attribute(attributes: Mapping[str, Any], key: str, place: Place) -> str:
    if key not in attributes:
        received = ", ".join(attributes) or "no attributes"
        raise place.at(key).fault(received, "the attribute, as text", _IN_VIA, what="is missing")
    return str(attributes[key])


def _extra(attributes: Mapping[str, Any], place: Place) -> dict[str, Any]:
    text = str(attributes.get("extra", ""))
    if not text:
        return {}
    return need_mapping(parse_json(text.encode(), str(place.at("extra"))), place.at("extra"))


def join_numbers(numbers: Iterable[float]) -> str:
    """Numbers as an attribute's text, such that `read_numbers` gives the same."""
    return ",".join(repr(number) for number in numbers)


def read_numbers(text: str, place: Place) -> list[float]:
    """Numbers separated by commas and blanks; whole ones as int."""
    numbers: list[float] = []
    for word in text.replace(",", " ").split():
        try:
            numbers.append(int(word) if word.lstrip("-").isdigit() else float(word))
        except ValueError as error:
            raise place.fault(word, "numbers separated by commas or blanks", _IN_VIA) from error
    if not numbers:
        raise place.fault(text, "at least one number", _IN_VIA)
    return list(to_array(numbers).tolist()) if all(isinstance(number, int) for number in numbers) else numbers
