"""Small pictures for the report: what is wrong with a picture should be seen, not looked up."""

import base64
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.formats.deepfashion2 import read_annotation
from tryon.images.files import encode_jpeg, read_image
from tryon.images.resizing import resize_long_side

_LONG_SIDE_PX = 220
_BORDER = 0.12  # of the long side: outlines that leave the picture stay visible
_GROUND = (225, 225, 225)
_OUTLINES = ((220, 20, 60), (0, 110, 220), (0, 140, 60), (180, 90, 0))

Picture = NDArray[np.uint8]


def thumbnail(path: Path, item: str | None = None) -> str | None:
    """A picture with its outlines (of one item, or all) as a JPEG data address; None if it cannot be decoded."""
    try:
        image = read_image(path)
    except DataError:
        return None
    border = round(_BORDER * max(image.shape[:2]))
    canvas = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_CONSTANT, value=_GROUND)
    small = np.ascontiguousarray(resize_long_side(canvas, _LONG_SIDE_PX))
    scale = small.shape[1] / canvas.shape[1]
    for number, outlines in enumerate(_outlines(path, item)):
        colour = _OUTLINES[number % len(_OUTLINES)]
        points = [np.round((outline + border) * scale).astype(np.int32) for outline in outlines]
        cv2.polylines(small, points, isClosed=True, color=colour, thickness=1, lineType=cv2.LINE_AA)
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(small, quality=88)).decode()


def _outlines(path: Path, item: str | None) -> Sequence[Sequence[NDArray[np.float64]]]:
    """The polygons of the items of the annotation that belongs to a picture; none where there is no readable one."""
    annotation = path.parent.parent / "annos" / f"{path.stem}.json"
    if not annotation.is_file():
        return []
    try:
        items = read_annotation(annotation).items
    except DataError:
        return []
    far = 10 * _LONG_SIDE_PX * 10  # keeps OpenCV's fixed-point drawing within its range
    return [
        [np.clip(np.asarray(polygon, np.float64), -far, far) for polygon in items[name].polygons]
        for name in sorted(items)
        if item in (None, name)
    ]
