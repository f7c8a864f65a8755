"""What a VIA entry says beyond DeepFashion2, carried through an annotation, so that the way back gives the same entry.

DeepFashion2 has polygons and fixed attributes only. Circles, points, attributes that a person added, the form of the
file and the order of regions are kept in the annotation's `extra`, but only if they could not be written again from
the annotation itself. On the way back they count as long as they still describe the same garments: an annotation that
was corrected since is written anew.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tryon.errors import DataError
from tryon.formats.deepfashion2 import Annotation, annotation_to_dict
from tryon.formats.json_files import Place
from tryon.formats.via import ViaFile, file_to_dict, parse_file, via_key
from tryon.formats.via_garments import MEMORY, forget, from_entry, to_entry

# Outlines of circles are computed: moved with their picture they agree with moved polygons to rounding.
_TOLERANCE_PX = 0.01


def read_entry(entry: ViaFile, place: Place) -> Annotation:
    """The annotation of a VIA entry, with the entry itself where the annotation alone could not give it back.

    Raises:
        DataError: as `via_garments.from_entry`.
    """
    annotation = from_entry(entry, place)
    said = file_to_dict(entry)
    if json.dumps(file_to_dict(to_entry(entry.filename, entry.byte_size, annotation))) == json.dumps(said):
        return annotation
    return replace(annotation, extra={**annotation.extra, MEMORY: said})


def write_entry(name: str, size: int, annotation: Annotation) -> ViaFile:
    """The VIA entry of an annotation for a picture file of that name and size: the one it came from if that holds."""
    return recall(name, size, annotation) or to_entry(name, size, annotation)


def recall(name: str, size: int, annotation: Annotation) -> ViaFile | None:
    """The remembered entry under the picture's name and size; None if there is none or it says something else."""
    said = annotation.extra.get(MEMORY)
    if not isinstance(said, dict):
        return None
    kept_size = str(size) if isinstance(said.get("size"), str) else size
    content = {**said, "filename": name, "size": kept_size}
    try:
        entry = parse_file(via_key(name, kept_size), content, Place(name))
        described = from_entry(entry, Place(name))
    except DataError:  # a stranger's file happens to use our key
        return None
    return entry if _alike(annotation_to_dict(described), annotation_to_dict(forget(annotation))) else None


def _alike(a: Any, b: Any) -> bool:
    """Equal JSON values, numbers up to rounding."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= _TOLERANCE_PX
    return bool(a == b)
