"""VGG Image Annotator files: 1.x (regions as an object), 2.x (regions as a list) and whole 2.x projects.

A file of annotations maps KEY to an entry, and KEY is the file name and the picture's size in bytes with nothing
between: `000001.jpg59410`. VIA joins regions to a loaded picture by this key only, so a picture that is saved again
needs a new one.
What was read is written again without loss: form of the regions, sizes as text, unknown keys, missing attributes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.formats import json_files
from tryon.formats.faults import Faults, Sifted
from tryon.formats.json_files import (
    Place,
    need_file_name,
    need_key,
    need_list,
    need_mapping,
    need_number,
    need_numbers,
    need_text,
)

# The numbers that each shape is made of; an ellipse may have a `theta` (radians) besides.
SHAPES = {
    "polygon": ("all_points_x", "all_points_y"),
    "polyline": ("all_points_x", "all_points_y"),
    "rect": ("x", "y", "width", "height"),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
    "point": ("cx", "cy"),
}
_LENGTHS = ("width", "height", "r", "rx", "ry")
_MAX_DIGITS = 15  # of a file's size
_METADATA = "_via_img_metadata"
# Corners of the polygon that stands for a circle: at a radius of 1000 px it lies at most 0.5 px inside of it.
_ROUND_CORNERS = 100


@dataclass(frozen=True)
class ViaRegion:
    """One region: its shape and what a person wrote about it (None: the file has no such key)."""

    shape_attributes: Mapping[str, Any]
    region_attributes: Mapping[str, Any] | None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def attribute(self, name: str) -> str:
        """The text under a region attribute; empty if there is none."""
        return str((self.region_attributes or {}).get(name, ""))


@dataclass(frozen=True)
class ViaFile:
    """One picture's entry.

    Args:
        filename: of the picture.
        size: of the picture file in bytes, a number or text as the file has it; -1 if not known.
        regions: in the file's order.
        file_attributes: None where the file has no such key.
        region_keys: the keys of a 1.x entry's regions; None where the regions are a list.
        extra: other keys, as 1.x has `fileref` and `base64_img_data`.
    """

    filename: str
    size: int | str
    regions: tuple[ViaRegion, ...]
    file_attributes: Mapping[str, Any] | None = None
    region_keys: tuple[str, ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The entry's key: file name and size in bytes."""
        return via_key(self.filename, self.size)

    @property
    def byte_size(self) -> int:
        """The size as a number."""
        return int(self.size)


@dataclass(frozen=True)
class ViaProject:
    """All entries by key, and for a whole project what stands beside them (None: annotations only)."""

    files: Mapping[str, ViaFile]
    project: Mapping[str, Any] | None = None


def via_key(filename: str, size: int | str) -> str:
    """The key by which VIA joins an entry to a picture."""
    return f"{filename}{size}"


def read_via(path: Path) -> ViaProject:
    """Read a VIA file of any of the three forms.

    Raises:
        DataError: names file, entry, region and field of every fault.
    """
    return parse_via(json_files.read_json(path), str(path))


def write_via(path: Path, via: ViaProject) -> None:
    """Write a VIA file in the form that it was read in."""
    json_files.write_json(path, via_to_dict(via))


def parse_via(content: Any, name: str) -> ViaProject:
    """A VIA project from the JSON value of its file; `name` is used in messages."""
    sifted, project = sift_via(content, name)
    return ViaProject({entry.key: entry for entry in sifted.all_good(name)}, project)


def sift_via(content: Any, name: str) -> tuple[Sifted[ViaFile], Mapping[str, Any] | None]:
    """The entries of a VIA file, usable ones and faults by key, and for a whole project what stands beside them.

    Raises:
        DataError: there are no entries to judge.
    """
    place = Place(name)
    mapping = need_mapping(content, place)
    project = None
    if _METADATA in mapping:
        # The place of the entries among the project's keys is kept by an empty object.
        project = {key: {} if key == _METADATA else value for key, value in mapping.items()}
        place = place.at(_METADATA)
        mapping = need_mapping(mapping[_METADATA], place)
    sifted: Sifted[ViaFile] = Sifted()
    for key, value in mapping.items():
        with sifted.collect(key):
            sifted.good.append(parse_file(key, value, place.at(key)))
    return sifted, project


def via_to_dict(via: ViaProject) -> dict[str, Any]:
    """The JSON value of a VIA file."""
    entries = {key: file_to_dict(entry) for key, entry in via.files.items()}
    return entries if via.project is None else {**via.project, _METADATA: entries}


def as_project(
    via: ViaProject, name: str, region: Mapping[str, Any] | None = None, file: Mapping[str, Any] | None = None
) -> ViaProject:
    """The same entries as a whole VIA 2.x project.

    Args:
        name: of the project.
        region: VIA's definitions of region attributes; any other that occurs is declared as text.
        file: the same of file attributes.
    """
    region_names = dict.fromkeys(
        key for entry in via.files.values() for one in entry.regions for key in one.region_attributes or {}
    )
    file_names = dict.fromkeys(key for entry in via.files.values() for key in entry.file_attributes or {})
    declared = {"type": "text", "description": "", "default_value": ""}
    project = {
        "_via_settings": {
            "ui": {},
            "core": {"buffer_size": 18, "filepath": {}, "default_filepath": ""},
            "project": {"name": name},
        },
        _METADATA: {},
        "_via_attributes": {
            "region": {**dict.fromkeys(region_names, declared), **(region or {})},
            "file": {**dict.fromkeys(file_names, declared), **(file or {})},
        },
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(via.files),
    }
    return ViaProject(via.files, project)


def region_polygon(region: ViaRegion) -> NDArray[np.float64]:
    """The outline (P, 2) of a region in pixel coordinates; a point gives one row, which encloses nothing.

    A polyline is used as a polygon, as those who draw with it mean it. A rectangle covers the columns from x to
    x + width - 1.
    """
    shape = region.shape_attributes
    name = shape["name"]
    if name in ("polygon", "polyline"):
        return np.stack([np.asarray(shape[axis], np.float64) for axis in SHAPES[name]], axis=1)
    if name == "rect":
        left, top = shape["x"], shape["y"]
        right, bottom = left + max(shape["width"] - 1, 0), top + max(shape["height"] - 1, 0)
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)
    centre = np.array([[shape["cx"], shape["cy"]]], np.float64)
    if name == "point":
        return centre
    radii = (shape["r"], shape["r"]) if name == "circle" else (shape["rx"], shape["ry"])
    theta = shape.get("theta", 0)
    turn = np.array([[np.cos(theta), np.sin(theta)], [-np.sin(theta), np.cos(theta)]])
    around = np.linspace(0, 2 * np.pi, _ROUND_CORNERS, endpoint=False)
    return np.asarray(centre + np.stack([np.cos(around), np.sin(around)], axis=1) * radii @ turn)


def parse_file(key: str, content: Any, place: Place) -> ViaFile:
    """One picture's entry from its JSON value; `place` is used in messages."""
    mapping = need_mapping(content, place)
    size = need_key(mapping, "size", place)
    digits = str(size).removeprefix("-")
    if isinstance(size, bool) or not isinstance(size, int | str) or not digits.isdecimal() or len(digits) > _MAX_DIGITS:
        raise place.at("size").fault(size, "the picture's size in bytes, as a number or text")
    regions = need_key(mapping, "regions", place)
    if not isinstance(regions, dict | list):
        raise place.at("regions").fault(regions, "a list (VIA 2) or an object (VIA 1) of regions")
    parsed, faults = [], Faults()
    for index, value in enumerate(regions.values() if isinstance(regions, dict) else regions):
        with faults:
            parsed.append(_parse_region(value, place.at("regions", index)))
    faults.settle(str(place))
    known = ("filename", "size", "regions", "file_attributes")
    entry = ViaFile(
        filename=need_file_name(need_key(mapping, "filename", place), place.at("filename")),
        size=size,
        regions=tuple(parsed),
        file_attributes=_optional_mapping(mapping, "file_attributes", place),
        region_keys=tuple(regions) if isinstance(regions, dict) else None,
        extra={name: value for name, value in mapping.items() if name not in known},
    )
    if entry.key != key:
        raise place.fault(key, f"the key {entry.key!r}: file name and size in bytes", "write the key anew")
    return entry


def _parse_region(content: Any, place: Place) -> ViaRegion:
    mapping = need_mapping(content, place)
    inner = place.at("shape_attributes")
    shape = need_mapping(need_key(mapping, "shape_attributes", place), inner)
    name = need_text(need_key(shape, "name", inner), inner.at("name"), SHAPES)
    if name in ("polygon", "polyline"):
        _check_points(shape, name, inner)
    else:
        for key in (*SHAPES[name], *(("theta",) if "theta" in shape else ())):
            number = need_number(need_key(shape, key, inner), inner.at(key))
            if key in _LENGTHS and number < 0:
                raise inner.at(key).fault(number, "a length of 0 or more")
    return ViaRegion(
        shape_attributes=shape,
        region_attributes=_optional_mapping(mapping, "region_attributes", place),
        extra={key: value for key, value in mapping.items() if key not in ("shape_attributes", "region_attributes")},
    )


def _check_points(shape: dict[str, Any], name: str, place: Place) -> None:
    x_key, y_key = SHAPES[name]
    xs = need_numbers(need_key(shape, x_key, place), place.at(x_key))
    ys = need_numbers(need_key(shape, y_key, place), place.at(y_key), len(need_list(xs, place.at(x_key))))
    least = 3 if name == "polygon" else 2
    if len(ys) < least:
        raise place.at(x_key).fault(f"{len(ys)} points", f"at least {least} points for a {name}")


def _optional_mapping(mapping: dict[str, Any], key: str, place: Place) -> dict[str, Any] | None:
    return need_mapping(mapping[key], place.at(key)) if key in mapping else None


def file_to_dict(entry: ViaFile) -> dict[str, Any]:
    """The JSON value of one picture's entry."""
    regions = [_region_to_dict(region) for region in entry.regions]
    attributes = {} if entry.file_attributes is None else {"file_attributes": dict(entry.file_attributes)}
    return {
        "filename": entry.filename,
        "size": entry.size,
        "regions": regions if entry.region_keys is None else dict(zip(entry.region_keys, regions, strict=True)),
        **attributes,
        **entry.extra,
    }


def _region_to_dict(region: ViaRegion) -> dict[str, Any]:
    attributes = {} if region.region_attributes is None else {"region_attributes": dict(region.region_attributes)}
    return {"shape_attributes": dict(region.shape_attributes), **attributes, **region.extra}
