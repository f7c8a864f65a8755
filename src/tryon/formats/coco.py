"""COCO: all pictures and garments of a set in one object, and back to DeepFashion2 without loss.

What COCO has no key for (item name, scale, occlusion, ...) stands beside its own keys, which other programs pass over.
`area` is the mask's own area, so that COCO's small, medium and large mean what they say; `bbox` is x, y, width, height.
Landmarks are keypoints, whose visibility COCO defines as DeepFashion2 does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tryon.formats import json_files
from tryon.formats.coco_masks import rle_polygons
from tryon.formats.deepfashion2 import (
    ATTRIBUTES,
    CATEGORIES,
    LANDMARK_COUNTS,
    Annotation,
    Item,
    item_to_dict,
    parse_item,
)
from tryon.formats.faults import Sifted
from tryon.formats.json_files import (
    Place,
    need_file_name,
    need_key,
    need_list,
    need_mapping,
    need_number,
    need_numbers,
    need_text,
    need_whole,
)
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP

Picture = tuple[str, int, int, Annotation]

_MAX_ID = 2**53
_MAX_SIDE = 65_535
_MAX_PIXELS = 50_000_000  # a run-length mask is filled in memory
_SLOTS = sum(LANDMARK_COUNTS.values())
# The names that the data set's own converter writes.
_OFFICIAL_NAMES = {
    "short_sleeved_shirt": 1,
    "long_sleeved_shirt": 2,
    "short_sleeved_outwear": 3,
    "long_sleeved_outwear": 4,
    "short_sleeved_dress": 10,
    "long_sleeved_dress": 11,
}
_CATEGORY_IDS = {name: number for number, name in CATEGORIES.items()} | _OFFICIAL_NAMES


def to_coco(pictures: Sequence[Picture]) -> dict[str, Any]:
    """A COCO object of pictures given as (file name, height, width, annotation).

    A picture's id is the number in its file name, or its place (from 1) if not all names are different numbers.
    """
    ids = _image_ids([name for name, *_ in pictures])
    annotations: list[dict[str, Any]] = []
    for image_id, (_, height, width, annotation) in zip(ids, pictures, strict=True):
        for item_name, item in annotation.items.items():
            entry = _to_entry(item_name, item, int(item.mask(height, width).sum()))
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **entry})
    images = [
        {
            "id": image_id,
            "file_name": name,
            "height": height,
            "width": width,
            "source": annotation.source,
            "pair_id": annotation.pair_id,
            **({"extra": dict(annotation.extra)} if annotation.extra else {}),
        }
        for image_id, (name, height, width, annotation) in zip(ids, pictures, strict=True)
    ]
    return {"images": images, "annotations": annotations, "categories": _categories()}


def from_coco(content: Any, name: str = "COCO", defaults: Mapping[str, Any] | None = None) -> list[Picture]:
    """The pictures of a COCO object as (file name, height, width, annotation).

    Args:
        content: the JSON value.
        name: used in messages.
        defaults: values for DeepFashion2's keys that a file of another origin lacks: `source`, `pair_id`, `scale`,
            `occlusion`, `zoom_in`, `viewpoint`, `style`. Without them such a file is refused.

    Raises:
        DataError: names the place of every fault: a missing key, an id twice, an unknown id, a bad polygon.
    """
    return sift_coco(content, name, defaults).all_good(name)


def sift_coco(content: Any, name: str = "COCO", defaults: Mapping[str, Any] | None = None) -> Sifted[Picture]:
    """The usable pictures of a COCO object, and the faults of the others by file name (`from_coco`).

    Raises:
        DataError: the object lacks a section, or its categories cannot be told.
    """
    place = Place(name)
    mapping = need_mapping(content, place)
    sections = {key: need_list(need_key(mapping, key, place), place.at(key)) for key in _SECTIONS}
    sifted: Sifted[Picture] = Sifted()
    reader = _Reader(
        sifted=sifted,
        categories=_read_categories(sections["categories"], place.at("categories")),
        images=_by_id(sections["images"], place.at("images"), sifted),
        defaults=defaults or {},
    )
    _by_id(sections["annotations"], place.at("annotations"), sifted, reader.name_of)
    for index, entry in enumerate(sections["annotations"]):
        if isinstance(entry, dict):
            reader.read_annotation(entry, place.at("annotations", index))
    for image_id, image in reader.images.items():
        reader.read_image(image_id, image, place.at("images", image_id))
    return sifted


@dataclass
class _Reader:
    """The sections that the entries of a COCO object refer to, and what has been read of them."""

    sifted: Sifted[Picture]
    categories: Mapping[int, int]
    images: Mapping[int, dict[str, Any]]
    defaults: Mapping[str, Any]
    items: dict[int, dict[str, Item]] = field(default_factory=dict)

    def name_of(self, entry: Mapping[str, Any]) -> str:
        """The picture whose annotation this is; without one, words for nobody's."""
        image_id = entry.get("image_id")
        image = self.images.get(image_id) if isinstance(image_id, int) else None
        return str(image.get("file_name")) if image else "no picture"

    def read_annotation(self, entry: dict[str, Any], place: Place) -> None:
        """Add a garment to its picture."""
        with self.sifted.collect(self.name_of(entry)):
            image_id = need_key(entry, "image_id", place)
            if not isinstance(image_id, int) or image_id not in self.images:
                raise place.at("image_id").fault(image_id, "the id of one of the images")
            garments = self.items.setdefault(image_id, {})
            item_name = need_text(entry.get("item", f"item{len(garments) + 1}"), place.at("item"))
            if item_name in garments:
                raise place.at("item").fault(item_name, "a name that no other garment of the picture has")
            garments[item_name] = _read_entry(entry, self.images[image_id], self.categories, self.defaults, place)

    def read_image(self, image_id: int, image: dict[str, Any], place: Place) -> None:
        """Add a picture with its garments to the usable ones, if none of them was faulty."""
        name = str(image.get("file_name"))
        with self.sifted.collect(name):
            picture = _read_image(image, self.items.get(image_id, {}), self.defaults, place)
            if name not in self.sifted.bad:
                self.sifted.good.append(picture)


def read_coco(path: Path, defaults: Mapping[str, Any] | None = None) -> list[Picture]:
    """Read a COCO file (`from_coco`)."""
    return from_coco(json_files.read_json(path), str(path), defaults)


def write_coco(path: Path, pictures: Sequence[Picture]) -> None:
    """Write a COCO file (`to_coco`)."""
    json_files.write_json(path, to_coco(pictures))


_SECTIONS = ("images", "annotations", "categories")


def _image_ids(names: Sequence[str]) -> list[int]:
    stems = [Path(name).stem for name in names]
    numbers = [int(stem) for stem in stems if stem.isascii() and stem.isdigit()]
    usable = len(numbers) == len(names) == len(set(numbers))
    return numbers if usable else list(range(1, len(names) + 1))


def _categories() -> list[dict[str, Any]]:
    return [
        {"id": number, "name": name, "supercategory": "clothes", "keypoints": _keypoint_names(number), "skeleton": []}
        for number, name in CATEGORIES.items()
    ]


def _keypoint_names(category_id: int) -> list[str]:
    if category_id == 1:
        return list(SHORT_SLEEVE_TOP)
    return [f"landmark_{number}" for number in range(1, LANDMARK_COUNTS[category_id] + 1)]


def _to_entry(item_name: str, item: Item, area: int) -> dict[str, Any]:
    values = item_to_dict(item)
    x1, y1, x2, y2 = values["bounding_box"]
    entry = {
        "category_id": item.category_id,
        "segmentation": values["segmentation"],
        "area": area,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "iscrowd": 0,
        "keypoints": values["landmarks"],
        "num_keypoints": int((item.landmarks[:, 2] > 0).sum()),
        "item": item_name,
        "style": item.style,
        **{key: values[key] for key in ATTRIBUTES},
    }
    if x1 + entry["bbox"][2] != x2 or y1 + entry["bbox"][3] != y2:  # fractions: the sum may differ in the last place
        entry["bounding_box"] = values["bounding_box"]
    return entry | ({"extra": dict(item.extra)} if item.extra else {})


def _by_id(
    entries: list[Any],
    place: Place,
    sifted: Sifted[Picture],
    name_of: Callable[[Mapping[str, Any]], str] = lambda entry: str(entry.get("file_name")),
) -> dict[int, dict[str, Any]]:
    """The entries by their ids; one without an id of its own is a fault of its picture."""
    found: dict[int, dict[str, Any]] = {}
    for index, entry in enumerate(entries):
        here = place.at(index)
        with sifted.collect(name_of(entry) if isinstance(entry, dict) else str(here)):
            number = need_whole(need_key(need_mapping(entry, here), "id", here), here.at("id"), -_MAX_ID, _MAX_ID)
            if number in found:
                raise here.at("id").fault(number, "an id that stands there once")
            found[number] = entry
    return found


def _read_categories(entries: list[Any], place: Place) -> dict[int, int]:
    """DeepFashion2's category by the file's own category id."""
    categories = {}
    sifted: Sifted[Picture] = Sifted()
    by_id = _by_id(entries, place, sifted)
    sifted.all_good(str(place))
    for index, (number, entry) in enumerate(by_id.items()):
        here = place.at(index, "name")
        name = need_text(need_key(entry, "name", place.at(index)), here)
        plain = name.replace("_", " ")
        if name not in _CATEGORY_IDS and plain not in _CATEGORY_IDS:
            raise here.fault(name, "one of " + ", ".join(CATEGORIES.values()), "rename the categories of the file")
        categories[number] = _CATEGORY_IDS.get(name) or _CATEGORY_IDS[plain]
    return categories


def _read_image(image: dict[str, Any], items: dict[str, Item], defaults: Mapping[str, Any], place: Place) -> Picture:
    height, width = _image_size(image, place)
    return (
        need_file_name(need_key(image, "file_name", place), place.at("file_name")),
        height,
        width,
        Annotation(
            source=need_text(_value(image, "source", defaults, place), place.at("source"), ("user", "shop")),
            pair_id=need_whole(_value(image, "pair_id", defaults, place), place.at("pair_id"), -_MAX_ID, _MAX_ID),
            items=items,
            extra=need_mapping(image.get("extra", {}), place.at("extra")),
        ),
    )


def _image_size(image: dict[str, Any], place: Place) -> tuple[int, int]:
    height = need_whole(need_key(image, "height", place), place.at("height"), 1, _MAX_SIDE)
    width = need_whole(need_key(image, "width", place), place.at("width"), 1, _MAX_SIDE)
    if height * width > _MAX_PIXELS:
        raise place.fault(f"{width} x {height} pixels", f"at most {_MAX_PIXELS} pixels")
    return height, width


def _read_entry(
    entry: dict[str, Any],
    image: dict[str, Any],
    categories: Mapping[int, int],
    defaults: Mapping[str, Any],
    place: Place,
) -> Item:
    own_id = need_key(entry, "category_id", place)
    if not isinstance(own_id, int) or own_id not in categories:
        raise place.at("category_id").fault(own_id, "the id of one of the categories")
    category_id = categories[own_id]
    _check_consistent(entry, place)
    segmentation = need_key(entry, "segmentation", place)
    if isinstance(segmentation, dict):
        size = _image_size(image, place.at("image"))
        segmentation = rle_polygons(segmentation, size, place.at("segmentation"))
    content = {
        "segmentation": segmentation,
        "category_id": category_id,
        "category_name": CATEGORIES[category_id],
        "bounding_box": entry.get("bounding_box") or _read_bbox(entry, place),
        "landmarks": _read_keypoints(entry, category_id, place),
        **{key: _value(entry, key, defaults, place) for key in (*ATTRIBUTES, "style")},
        **need_mapping(entry.get("extra", {}), place.at("extra")),
    }
    return parse_item(content, place)


def _check_consistent(entry: dict[str, Any], place: Place) -> None:
    if entry.get("iscrowd") == 1 and isinstance(entry.get("segmentation"), list):
        raise place.at("iscrowd").fault(1, "0 with polygons; COCO has run lengths for a crowd", "set iscrowd to 0")
    if "area" in entry:
        area = need_number(entry["area"], place.at("area"), 0, _MAX_PIXELS)
        if area == 0:
            raise place.at("area").fault(area, "an area above 0")


def _read_bbox(entry: dict[str, Any], place: Place) -> list[float]:
    x, y, width, height = need_numbers(need_key(entry, "bbox", place), place.at("bbox"), 4)
    return [x, y, x + width, y + height]


def _read_keypoints(entry: dict[str, Any], category_id: int, place: Place) -> list[float]:
    """The category's own landmarks; the data set's converter keeps those of all categories side by side."""
    count = LANDMARK_COUNTS[category_id]
    if "keypoints" not in entry:
        return [0] * (3 * count)
    keypoints = need_list(entry["keypoints"], place.at("keypoints"))
    if len(keypoints) != 3 * _SLOTS:
        return keypoints
    first = 3 * sum(LANDMARK_COUNTS[number] for number in range(1, category_id))
    return keypoints[first : first + 3 * count]


def _value(mapping: Mapping[str, Any], key: str, defaults: Mapping[str, Any], place: Place) -> Any:
    if key in mapping:
        return mapping[key]
    if key in defaults:
        return defaults[key]
    return need_key(dict(mapping), key, place)
