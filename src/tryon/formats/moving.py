"""Annotations that follow their picture when it is resized, mirrored or cropped: outlines, boxes, landmarks, VIA.

What a crop cuts off is gone: outlines and boxes end at the new border, landmarks outside are absent, and a garment of
which nothing is left is dropped. The VIA key follows the picture's file: it is made of its name and size in bytes.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, make_valid
from shapely.geometry import box as rectangle

from tryon.errors import DataError
from tryon.formats.deepfashion2 import (
    CATEGORIES,
    LANDMARK_COUNTS,
    PERSON_KEYPOINTS,
    Annotation,
    Item,
    parse_landmarks,
    read_keypoints,
    to_array,
)
from tryon.formats.json_files import Place, need_mapping, parse_json
from tryon.formats.via import ViaFile, ViaRegion, region_polygon
from tryon.formats.via_garments import CATEGORY_IDS, forget, is_point, join_numbers, landmark_names, read_numbers
from tryon.formats.via_memory import read_entry, recall
from tryon.geometry.landmarks import ABSENT, FLIP_ORDER, PERSON, flip_order
from tryon.geometry.motions import Motion

Numbers = NDArray[np.number]


def move_annotation(annotation: Annotation, motion: Motion) -> Annotation:
    """The annotation of the moved picture; a VIA entry that it remembers moves with it.

    Raises:
        DataError: a garment with landmarks is mirrored whose landmarks have no known partners.
    """
    entry = recall("picture", 0, annotation)
    if entry is not None:
        return read_entry(move_entry(entry, motion), Place("picture"))
    items = {name: _moved(item, motion) for name, item in annotation.items.items()}
    return dataclasses.replace(forget(annotation), items={name: item for name, item in items.items() if item.polygons})


def move_entry(entry: ViaFile, motion: Motion) -> ViaFile:
    """The VIA entry of the moved picture, under the same name and size: every shape and attribute is kept."""
    regions = [part for region in entry.regions for part in _moved_parts(region, motion)]
    if motion.cuts:  # landmarks do not outlive their garment
        outlined = {region.attribute("item") for region in regions if not is_point(region)}
        owners = outlined | {""} if outlined else outlined  # one that names no garment may belong to any
        regions = [region for region in regions if not is_point(region) or region.attribute("item") in owners]
    keys = entry.region_keys
    if keys is not None and len(keys) != len(regions):
        keys = tuple(map(str, range(len(regions))))
    return dataclasses.replace(entry, regions=tuple(regions), region_keys=keys)


def _moved(item: Item, motion: Motion) -> Item:
    outlines = tuple(part for polygon in item.polygons for part in _moved_outline(polygon, motion))
    return dataclasses.replace(
        item,
        polygons=outlines,
        bounding_box=_moved_box(item.bounding_box, motion) if outlines else item.bounding_box,
        landmarks=_moved_landmarks(item.landmarks, item.category_id, motion),
        extra=_moved_extra(item.extra, motion),
    )


def _moved_extra(extra: Mapping[str, Any], motion: Motion) -> Mapping[str, Any]:
    """The wearer's keypoints move with the picture; of other keys nobody knows what they mean."""
    keypoints = read_keypoints(extra, Place("item"))
    if keypoints is None:
        return extra
    partners = flip_order(PERSON) if motion.mirrored else None
    return {**extra, PERSON_KEYPOINTS: _moved_points(keypoints, partners, motion).reshape(-1).tolist()}


def _moved_outline(polygon: Numbers, motion: Motion) -> list[Numbers]:
    """The parts of a polygon (P, 2) that are left of it, usually one."""
    points = motion.points(polygon)
    if not motion.cuts or _inside(points, motion):
        return [points]
    borders = rectangle(-0.5, -0.5, motion.width - 0.5, motion.height - 0.5)
    left = make_valid(Polygon(points)).intersection(borders)
    parts = [part for part in getattr(left, "geoms", [left]) if isinstance(part, Polygon) and part.area > 0]
    last = np.array([motion.width - 1, motion.height - 1])
    return [np.clip(np.array(part.exterior.coords), 0, last) for part in parts]


def _inside(points: Numbers, motion: Motion) -> bool:
    return bool((points >= 0).all() and (points <= (motion.width - 1, motion.height - 1)).all())


def _moved_box(box: Numbers, motion: Motion) -> Numbers:
    moved = motion.boxes(box)
    if not motion.cuts:
        return moved
    limits = np.array([motion.width, motion.height] * 2)
    cut = np.clip(moved, 0, limits)
    # A box that was off its garment may be cut away while something of the garment is left: the picture holds it.
    return cut if cut[0] < cut[2] and cut[1] < cut[3] else np.array([0, 0, motion.width, motion.height])


def _moved_landmarks(landmarks: Numbers, category_id: int, motion: Motion) -> Numbers:
    mirrored = motion.mirrored and (landmarks[:, 2] != ABSENT).any()
    return _moved_points(landmarks, _partners(category_id) if mirrored else None, motion)


def _moved_points(points: Numbers, partners: NDArray[np.intp] | None, motion: Motion) -> Numbers:
    """Points with visibilities (n, 3), moved; `partners` are those that change places."""
    moved = np.array(points, np.result_type(points, motion.points(points[:, :2])))
    if partners is not None:
        moved = moved[partners]
    present = moved[:, 2] != ABSENT
    moved[present, :2] = motion.points(moved[present, :2])
    if motion.cuts:
        outside = ((moved[:, :2] < -0.5) | (moved[:, :2] >= (motion.width - 0.5, motion.height - 0.5))).any(axis=1)
        moved[outside & present] = ABSENT
    return moved


def _partners(category_id: int) -> NDArray[np.intp]:
    if category_id != 1:
        raise DataError(
            f"{CATEGORIES.get(category_id, 'a garment')}: landmarks cannot be mirrored",
            needed="a short sleeve top: only its left and right landmarks are known here",
            remedy="leave its landmarks out, or do not mirror the picture",
        )
    return np.asarray(FLIP_ORDER)


def _moved_parts(region: ViaRegion, motion: Motion) -> list[ViaRegion]:
    attributes = region.region_attributes
    if attributes is not None:
        attributes = {key: _moved_attribute(key, value, region, motion) for key, value in attributes.items()}
    shapes = _moved_shapes(region, motion)
    return [dataclasses.replace(region, shape_attributes=shape, region_attributes=attributes) for shape in shapes]


def _moved_attribute(key: str, value: Any, region: ViaRegion, motion: Motion) -> Any:
    """Box, landmarks and the wearer's keypoints stand in attributes as text; all others mean nothing that moves."""
    category_id = CATEGORY_IDS.get(region.attribute("name"), 0)
    if not isinstance(value, str) or not value.strip():
        return value
    if key == "bounding_box":
        return join_numbers(_moved_box(to_array(read_numbers(value, Place(key))), motion).tolist())
    if key == "landmarks" and category_id:
        landmarks = parse_landmarks(read_numbers(value, Place(key)), Place(key), LANDMARK_COUNTS[category_id])
        return " ".join(join_numbers(point) for point in _moved_landmarks(landmarks, category_id, motion).tolist())
    if key == "extra" and PERSON_KEYPOINTS in value:
        extra = need_mapping(parse_json(value.encode(), key), Place(key))
        return json.dumps(_moved_extra(extra, motion), ensure_ascii=False)
    if key == "landmark" and motion.mirrored:
        names = landmark_names(1)
        if value not in names:
            _partners(0)
        return names[int(FLIP_ORDER[names.index(value)])]
    return value


def _moved_shapes(region: ViaRegion, motion: Motion) -> list[dict[str, Any]]:
    shape, name = region.shape_attributes, region.shape_attributes["name"]
    outline = motion.points(_whole_outline(region))
    if motion.cuts and not _inside(outline, motion):
        if name == "point":
            return []
        return [_polygon_shape("polygon", part) for part in _moved_outline(_whole_outline(region), motion)]
    if name in ("polygon", "polyline"):
        return [{**shape, **_polygon_shape(name, outline)}]
    if name == "rect":
        (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
        return [{**shape, "x": left, "y": top, "width": right - left + 1, "height": bottom - top + 1}]
    cx, cy = motion.points(to_array([shape["cx"], shape["cy"]])).tolist()
    moved = {**shape, "cx": cx, "cy": cy}
    for key, scale in (("r", motion.length_scale), ("rx", abs(motion.scale_x)), ("ry", motion.scale_y)):
        if key in shape:
            moved[key] = shape[key] if scale == 1 else shape[key] * scale
    if motion.mirrored and "theta" in shape:
        moved["theta"] = -shape["theta"]
    return [moved]


def _whole_outline(region: ViaRegion) -> Numbers:
    """The outline (P, 2), of whole numbers where the shape is one of whole numbers."""
    outline = region_polygon(region)
    return outline.astype(np.int64) if (outline == np.rint(outline)).all() else outline


def _polygon_shape(name: str, points: Numbers) -> dict[str, Any]:
    return {"name": name, "all_points_x": points[:, 0].tolist(), "all_points_y": points[:, 1].tolist()}
