"""Small pictures for the report: what is wrong with a picture should be seen, not looked up."""

import base64
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from tryon.errors import DataError
from tryon.formats.deepfashion2 import Item, read_annotation
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP, VISIBLE
from tryon.images.files import encode_jpeg, read_image
from tryon.images.resizing import resize_long_side

_LONG_SIDE_PX = 220
_BORDER = 0.12  # of the long side: outlines that leave the picture stay visible
_GROUND = (225, 225, 225)
_OUTLINES = ((220, 20, 60), (0, 110, 220), (0, 140, 60), (180, 90, 0))
_BOX = (90, 90, 90)
# Left blue, right orange: exchanged sides are seen at a glance.
_LANDMARKS = {"left": (0, 90, 255), "right": (255, 120, 0), "middle": (255, 215, 0)}
_FAR_PX = 20_000


def thumbnail(path: Path, item: str | None = None) -> str | None:
    """A picture with the outlines of its items as a JPEG data address; None if it cannot be decoded.

    With a named `item` only that one is drawn, together with its bounding box and its visible landmarks.
    """
    try:
        image = read_image(path)
    except DataError:
        return None
    border = round(_BORDER * max(image.shape[:2]))
    canvas = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_CONSTANT, value=_GROUND)
    small = np.ascontiguousarray(resize_long_side(canvas, _LONG_SIDE_PX))
    scale = small.shape[1] / canvas.shape[1]

    def placed(points: ArrayLike) -> NDArray[np.int32]:
        """Points of the picture as pixels of the thumbnail, kept within the range of OpenCV's fixed-point drawing."""
        moved = (np.asarray(points, np.float64).reshape(-1, 2) + border) * scale
        return np.asarray(np.round(np.clip(moved, -_FAR_PX, _FAR_PX)), np.int32)

    items = _items(path)
    for number, name in enumerate(sorted(items)):
        if item not in (None, name):
            continue
        colour = _OUTLINES[number % len(_OUTLINES)]
        outlines = [placed(polygon) for polygon in items[name].polygons]
        cv2.polylines(small, outlines, isClosed=True, color=colour, thickness=1, lineType=cv2.LINE_AA)
        if item == name:
            corner, opposite = placed(items[name].bounding_box).tolist()
            cv2.rectangle(small, corner, opposite, _BOX, 1)
            points = items[name].landmarks
            for (x, y), side, seen in zip(
                placed(points[:, :2]).tolist(), _sides(len(points)), points[:, 2], strict=True
            ):
                if seen == VISIBLE:
                    cv2.circle(small, (x, y), 2, _LANDMARKS[side], cv2.FILLED, cv2.LINE_AA)
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(small, quality=88)).decode()


def _sides(count: int) -> list[str]:
    """The side of each landmark; all are in the middle of a category whose landmarks have no names here."""
    if count != len(SHORT_SLEEVE_TOP):
        return ["middle"] * count
    return [name.rpartition("_")[2] for name in SHORT_SLEEVE_TOP]


def _items(path: Path) -> Mapping[str, Item]:
    """The items of the annotation that belongs to a picture; none where there is no readable one."""
    annotation = path.parent.parent / "annos" / f"{path.stem}.json"
    if not annotation.is_file():
        return {}
    try:
        return read_annotation(annotation).items
    except DataError:
        return {}
