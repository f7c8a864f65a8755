"""Masks from annotations that lie beside the pictures: DeepFashion2's `annos` folder, or a VIA file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.formats.deepfashion2 import read_annotation
from tryon.formats.via import ViaFile, read_via
from tryon.formats.via_garments import group_items, item_polygons
from tryon.geometry.masks import from_polygons
from tryon.images.files import read_size
from tryon.reviewing.drawing import shrink
from tryon.reviewing.pictures import Picture

VIA_NAME = "via_region_data.json"
Outlines = Sequence[Sequence[NDArray[np.number]]]


class AnnotatedMasks:
    """The annotations beside pictures: `../annos/NAME.json`, else the entry of a VIA file in the picture's folder."""

    def __init__(self) -> None:
        self._via: dict[Path, dict[str, ViaFile]] = {}

    def masks(self, picture: Picture) -> list[NDArray[np.bool_]] | None:
        """The masks of a picture's garments, the largest first, as `shrink` gives them; None: it is not annotated.

        Raises:
            DataError: the annotation is damaged, or the picture is none.
        """
        outlines = self._outlines(picture.path)
        if outlines is None:
            return None
        height, width = read_size(picture.path)
        masks = [shrink(from_polygons(polygons, height, width)) for polygons in outlines]
        return sorted(masks, key=np.count_nonzero, reverse=True)

    def _outlines(self, path: Path) -> Outlines | None:
        annotation = path.parent.parent / "annos" / f"{path.stem}.json"
        if annotation.is_file():
            return [item.polygons for item in read_annotation(annotation).items.values()]
        entry = self._entries(path.parent).get(path.name)
        return None if entry is None else [item_polygons(regions) for regions in group_items(entry).values()]

    def _entries(self, folder: Path) -> dict[str, ViaFile]:
        if folder not in self._via:
            file = folder / VIA_NAME
            entries = read_via(file).files.values() if file.is_file() else ()
            self._via[folder] = {entry.filename: entry for entry in entries}
        return self._via[folder]
