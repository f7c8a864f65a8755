"""Photos with the outlines of their shirts: pictures of `data/photos` joined to the VIA files of `data/annotations`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.formats.deepfashion2 import read_keypoints
from tryon.formats.json_files import Place
from tryon.formats.via import ViaFile, ViaRegion, read_via
from tryon.formats.via_garments import (
    group_items,
    item_box,
    item_extra,
    item_polygons,
    short_sleeve_landmarks,
    speaker,
)
from tryon.geometry.landmarks import FACE, PERSON, SHORT_SLEEVE_TOP, UNKNOWN
from tryon.geometry.masks import from_polygons

VIA_FILE = "via_region_data.json"
SHOP = "shop"
# Attributes of a region that a score is given by, and how its slices are called.
SLICED = {"scale": "scale", "occlusion": "occlusion", "zoom_in": "zoom", "viewpoint": "viewpoint"}


@dataclass(frozen=True, eq=False)
class Outline:
    """One shirt: the outlines whose union is its mask, its annotated box (4,), the slices that it belongs to
    (`scale_2`, `viewpoint_1`, ...), its landmarks (25, 3), all absent where nobody placed them, and its wearer's
    keypoints (17, 3); None where nobody placed those."""

    polygons: tuple[NDArray[np.float64], ...]
    box: NDArray[np.float64]
    slices: tuple[str, ...]
    landmarks: NDArray[np.float64]
    keypoints: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class OutlinedPhoto:
    """One picture file, where it comes from (`user`, `shop` or nothing) and its shirts in the file's order."""

    name: str
    path: Path
    source: str
    outlines: tuple[Outline, ...]

    def masks(self, height: int, width: int) -> NDArray[np.bool_]:
        """The shirts' masks (N, height, width)."""
        drawn = [from_polygons(outline.polygons, height, width) for outline in self.outlines]
        return np.stack(drawn) if drawn else np.zeros((0, height, width), bool)

    @property
    def boxes(self) -> NDArray[np.float64]:
        """The shirts' annotated boxes (N, 4)."""
        return np.array([outline.box for outline in self.outlines]).reshape(-1, 4)

    @property
    def landmarks(self) -> NDArray[np.float64]:
        """The shirts' landmarks (N, 25, 3)."""
        return np.array([outline.landmarks for outline in self.outlines]).reshape(-1, len(SHORT_SLEEVE_TOP), 3)

    @property
    def faces(self) -> NDArray[np.float64]:
        """Nose, eyes and ears (N, 5, 3) of the shirts' wearers; `UNKNOWN` where nobody placed them."""
        unknown = np.array([[0.0, 0.0, UNKNOWN]] * len(PERSON))
        wearers = [unknown if outline.keypoints is None else outline.keypoints for outline in self.outlines]
        return np.array(wearers).reshape(-1, len(PERSON), 3)[:, : len(FACE)]


def read_outlines(photos: Path, annotations: Path, split: str) -> list[OutlinedPhoto]:
    """The photos of a split in the order of their names.

    Args:
        photos: holds `SPLIT/image`.
        annotations: holds `SPLIT/via_region_data.json`; every garment in it is a shirt.

    Raises:
        DataError: the VIA file is missing or faulty, or a picture is missing or not the one that was annotated.
    """
    path = Path(annotations) / split / VIA_FILE
    if not path.is_file():
        raise DataError(
            f"{path} is missing", needed="a VIA file of the split", remedy="run the stage convert_annotations"
        )
    folder = Path(photos) / split / "image"
    entries = sorted(read_via(path).files.values(), key=lambda entry: entry.filename)
    return [_join(entry, folder / entry.filename, path) for entry in entries]


def _join(entry: ViaFile, picture: Path, source: Path) -> OutlinedPhoto:
    if not picture.is_file():
        raise DataError(
            f"{source}: entry {entry.key} has no picture", needed=str(picture), remedy="run convert_annotations again"
        )
    size = picture.stat().st_size
    if entry.byte_size not in (-1, size):
        raise DataError(
            f"{source}: entry {entry.key} is not of the picture {picture}",
            received=f"a picture of {size} bytes",
            needed=f"{entry.byte_size} bytes",
            remedy="annotations belong to one very file: run convert_annotations again",
        )
    place = Place(str(source)).at(entry.key)
    outlines = tuple(_outline(regions, place.at(name)) for name, regions in group_items(entry).items())
    return OutlinedPhoto(
        name=entry.filename,
        path=picture,
        source=str((entry.file_attributes or {}).get("source", "")),
        outlines=tuple(outline for outline in outlines if outline.polygons),
    )


def _outline(regions: Sequence[ViaRegion], place: Place) -> Outline:
    said = {name: speaker(regions).attribute(attribute) for attribute, name in SLICED.items()}
    slices = tuple(f"{name}_{value}" for name, value in said.items() if value)
    polygons = tuple(item_polygons(regions))
    box = item_box(regions, place) if polygons else np.zeros(4)
    placed = read_keypoints(item_extra(regions, place), place)
    keypoints = None if placed is None else placed.astype(np.float64)
    return Outline(polygons, box, slices, short_sleeve_landmarks(regions, place), keypoints)
