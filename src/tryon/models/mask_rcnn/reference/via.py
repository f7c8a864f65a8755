"""VIA annotations as the 2017 implementation's balloon sample reads them: polygons, one class, holes none.

Its polygons cover the pixels whose centre lies inside, those on the left and upper edges, and not those on the others;
ours (`tryon.geometry.masks`) cover the outline too. What reaches beyond the picture is cut off, where it stopped.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.formats.via import ViaFile, ViaProject

CLASS_ID = 1


def annotated_files(via: ViaProject) -> list[ViaFile]:
    """The entries that have a region, in the file's order."""
    return [entry for entry in via.files.values() if entry.regions]


def region_masks(entry: ViaFile, height: int, width: int) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Masks (height, width, N) and class_ids (N,) of an entry's regions, all of class 1."""
    masks = [polygon_mask(region.shape_attributes, height, width) for region in entry.regions]
    return np.stack(masks, axis=-1), np.full(len(masks), CLASS_ID, np.int32)


def polygon_mask(shape: Mapping[str, Any], height: int, width: int) -> NDArray[np.bool_]:
    """The mask (height, width) of a polygon, by the crossings of a ray to the right of each pixel's centre."""
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    xs, ys = (np.asarray(shape[f"all_points_{axis}"], np.float64) for axis in "xy")
    inside = np.zeros((height, width), bool)
    for x1, y1, x2, y2 in zip(xs, ys, np.roll(xs, 1), np.roll(ys, 1), strict=True):
        if y1 != y2:
            crossed = (min(y1, y2) <= y) & (y < max(y1, y2))
            inside ^= crossed & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside
