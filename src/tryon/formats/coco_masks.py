"""COCO's run-length masks: runs of 0 and 1 in turn, down the columns, as a list or packed into text."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.formats.json_files import Place, need_key, need_list, need_mapping
from tryon.geometry.masks import to_polygons


def rle_polygons(content: Any, size: tuple[int, int], place: Place) -> list[list[int]]:
    """The outlines x, y, x, y, ... of a run-length mask.

    Raises:
        DataError: the mask is empty, not of the picture's `size` (height, width), or its runs do not add up to it.
    """
    polygons = to_polygons(decode_rle(content, size, place))
    outlines = [_at_least_three(polygon).reshape(-1).tolist() for polygon in polygons]
    if not outlines:
        raise place.fault("an empty mask", "a mask with at least one pixel")
    return outlines


def decode_rle(content: Any, size: tuple[int, int], place: Place) -> NDArray[np.bool_]:
    """The mask (H, W) of a COCO run-length object; the runs are checked before anything is filled."""
    mapping = need_mapping(content, place)
    given = need_list(need_key(mapping, "size", place), place.at("size"))
    if given != list(size):
        raise place.at("size").fault(given, f"the picture's height and width {list(size)}")
    counts = need_key(mapping, "counts", place)
    runs = _unpack(counts, place.at("counts")) if isinstance(counts, str) else need_list(counts, place.at("counts"))
    for index, run in enumerate(runs):
        if not isinstance(run, int) or isinstance(run, bool) or run < 0:
            raise place.at("counts", index).fault(run, "a run of 0 or more pixels")
    if sum(runs) != size[0] * size[1]:
        raise place.at("counts").fault(f"{sum(runs)} pixels", f"{size[0] * size[1]} pixels")
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.asarray(values.reshape(size[1], size[0]).T)


def _unpack(text: str, place: Place) -> list[int]:
    """Runs from COCO's text: 5 bits a character, lowest first, sign in the last; differences from the fourth run on."""
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise place.fault(character, "COCO's packed runs")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (1 << shift) if bits & 16 else 0
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise place.fault(text, "COCO's packed runs, not cut off")
    return runs


def _at_least_three(polygon: NDArray[np.int32]) -> NDArray[np.int32]:
    """An outline of one or two pixels with its last point repeated: annotations need three points."""
    missing = max(0, 3 - len(polygon))
    return np.concatenate([polygon, np.repeat(polygon[-1:], missing, axis=0)])
