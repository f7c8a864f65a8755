"""Garments in VIA files: DeepFashion2 annotations as VIA regions and back without loss.

Each polygon is a region; the regions of one garment share the attribute `item`. VIA knows attributes of text only:
numbers are written so that they read back equal, landmarks as `x,y,v x,y,v ...`.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.formats.deepfashion2 import ATTRIBUTES, CATEGORIES, Annotation, Item, parse_item, parse_landmarks, to_array
from tryon.formats.json_files import Place, parse_json
from tryon.formats.via import ViaFile, ViaProject, ViaRegion, region_polygon
from tryon.geometry.landmarks import ABSENT, SHORT_SLEEVE_TOP

_CATEGORY_IDS = {name: number for number, name in CATEGORIES.items()}


def to_via(pictures: Iterable[tuple[str, int, Annotation]]) -> ViaProject:
    """VIA 2.x entries of pictures given as (file name, size of the file in bytes, annotation)."""
    entries = [_to_file(name, size, annotation) for name, size, annotation in pictures]
    return ViaProject({entry.key: entry for entry in entries})


def from_via(via: ViaProject) -> list[tuple[str, int, Annotation]]:
    """The pictures that `to_via` was given.

    Raises:
        DataError: a region lacks an attribute, or one does not hold what it should; names entry, item and attribute.
    """
    return [(entry.filename, entry.byte_size, _from_file(entry)) for entry in via.files.values()]


def group_items(entry: ViaFile) -> dict[str, list[ViaRegion]]:
    """The regions of each garment by its `item` attribute; a region without one is a garment of its own (`regionN`)."""
    items: dict[str, list[ViaRegion]] = {}
    for number, region in enumerate(entry.regions, start=1):
        items.setdefault(region.attribute("item") or f"region{number}", []).append(region)
    return items


def item_polygons(regions: Iterable[ViaRegion]) -> list[NDArray[np.float64]]:
    """The outlines of a garment's regions; points, which enclose nothing, are left out."""
    return [region_polygon(region) for region in regions if region.shape_attributes["name"] != "point"]


def short_sleeve_landmarks(regions: Sequence[ViaRegion], place: Place) -> NDArray[np.float64]:
    """The 25 landmarks (25, 3) of a garment's regions, as in `tryon.geometry.landmarks`.

    All are absent where the file has none, as one that was drawn by hand, or where the garment is no short sleeve top.

    Raises:
        DataError: the attribute does not hold 25 points with visibilities of 0, 1 or 2; names `place`.
    """
    absent = np.zeros((len(SHORT_SLEEVE_TOP), 3))
    text = regions[0].attribute("landmarks").strip()
    if not text or regions[0].attribute("name") != CATEGORIES[1]:
        return absent
    here = place.at("landmarks")
    landmarks = parse_landmarks(_numbers(text, here), here, len(SHORT_SLEEVE_TOP))
    return np.where(landmarks[:, 2:] != ABSENT, landmarks.astype(np.float64), absent)


def _to_file(name: str, size: int, annotation: Annotation) -> ViaFile:
    attributes = {"source": annotation.source, "pair_id": str(annotation.pair_id)}
    if annotation.extra:
        attributes["extra"] = json.dumps(dict(annotation.extra), ensure_ascii=False)
    regions = [
        ViaRegion(_to_shape(polygon), _to_attributes(item_name, item, annotation.source))
        for item_name, item in annotation.items.items()
        for polygon in item.polygons
    ]
    return ViaFile(name, size, tuple(regions), attributes)


def _to_shape(polygon: NDArray[np.number]) -> dict[str, Any]:
    return {"name": "polygon", "all_points_x": polygon[:, 0].tolist(), "all_points_y": polygon[:, 1].tolist()}


def _to_attributes(item_name: str, item: Item, source: str) -> dict[str, str]:
    attributes = {"name": item.category_name, "item": item_name, "source": source}
    attributes |= {key: str(getattr(item, key)) for key in (*ATTRIBUTES, "style")}
    attributes["bounding_box"] = _join(item.bounding_box.tolist())
    attributes["landmarks"] = " ".join(_join(point) for point in item.landmarks.tolist())
    if item.extra:
        attributes["extra"] = json.dumps(dict(item.extra), ensure_ascii=False)
    return attributes


def _from_file(entry: ViaFile) -> Annotation:
    place = Place(entry.key)
    attributes = entry.file_attributes or {}
    extra = str(attributes.get("extra", ""))
    return Annotation(
        source=str(_attribute(attributes, "source", place)),
        pair_id=int(_numbers(_attribute(attributes, "pair_id", place), place.at("pair_id"))[0]),
        items={name: _from_regions(regions, place.at(name)) for name, regions in group_items(entry).items()},
        extra=parse_json(extra.encode(), str(place.at("extra"))) if extra else {},
    )


def _from_regions(regions: Sequence[ViaRegion], place: Place) -> Item:
    attributes = regions[0].region_attributes or {}
    name = _attribute(attributes, "name", place)
    if name not in _CATEGORY_IDS:
        raise place.at("name").fault(name, "one of " + ", ".join(_CATEGORY_IDS))
    extra = str(attributes.get("extra", ""))
    whole = {key: _attribute(attributes, key, place) for key in (*ATTRIBUTES, "style")}
    return parse_item(
        {
            "segmentation": [_outline(region) for region in regions],
            "category_id": _CATEGORY_IDS[name],
            "category_name": name,
            "bounding_box": _numbers(_attribute(attributes, "bounding_box", place), place.at("bounding_box")),
            "landmarks": _numbers(_attribute(attributes, "landmarks", place), place.at("landmarks")),
            **{key: _numbers(text, place.at(key))[0] for key, text in whole.items()},
            **(parse_json(extra.encode(), str(place.at("extra"))) if extra else {}),
        },
        place,
    )


def _outline(region: ViaRegion) -> list[float]:
    shape = region.shape_attributes
    if shape["name"] in ("polygon", "polyline"):
        pairs = zip(shape["all_points_x"], shape["all_points_y"], strict=True)
        return [number for pair in pairs for number in pair]
    return list(region_polygon(region).reshape(-1).tolist())


def _attribute(attributes: Any, key: str, place: Place) -> str:
    if key not in attributes:
        raise DataError(
            f"{place} has no attribute `{key}`",
            received=", ".join(attributes) or "no attributes",
            needed=f"`{key}` as text",
            remedy="run convert_annotations again, or add the attribute in VIA",
        )
    return str(attributes[key])


def _join(numbers: Iterable[float]) -> str:
    return ",".join(repr(number) for number in numbers)


def _numbers(text: str, place: Place) -> list[float]:
    """Numbers separated by commas and blanks; whole ones as int."""
    numbers: list[float] = []
    for word in text.replace(",", " ").split():
        try:
            numbers.append(int(word) if word.lstrip("-").isdigit() else float(word))
        except ValueError as error:
            raise place.fault(word, "numbers separated by commas or blanks") from error
    if not numbers:
        raise place.fault(text, "at least one number")
    return list(to_array(numbers).tolist()) if all(isinstance(number, int) for number in numbers) else numbers
