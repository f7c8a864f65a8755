"""What a stranger's annotation must meet besides being readable: outlines that enclose, boxes that fit, one picture.

The limits leave room for what real files hold: in 510 garments of 217 real photos no outline crosses itself or leaves
its picture, and no box overlaps the outline's own by less than 0.90 (`python benchmarks/annotations.py` lists them).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tryon.formats.deepfashion2 import Annotation, Item, check_inside
from tryon.formats.faults import Faults
from tryon.formats.json_files import Place
from tryon.geometry import polygons
from tryon.geometry.boxes import iou_matrix

# Real outlines touch the border or pass it by a pixel; farther out they belong to another picture or another size.
TOLERANCE_PX = 2.0
# Below it a box is not one of this outline.
MIN_BOX_IOU = 0.5
# Crossings of longer outlines are not looked for: side is compared with side, and a hostile file has many outlines.
_MAX_SEARCHED_POINTS = 1000


def check_annotation(annotation: Annotation, name: str, size: tuple[int, int] | None) -> None:
    """Check the garments of one picture.

    Args:
        annotation: as read.
        name: of the file, for messages.
        size: height and width of the picture; None: what needs them is not checked.

    Raises:
        DataError: the one fault, or a `FaultsError` of all of them.
    """
    faults = Faults()
    for item_name, item in annotation.items.items():
        with faults:
            _check_outlines(item, Place(name, (item_name, "segmentation")))
        with faults:
            _check_box(item, Place(name, (item_name, "bounding_box")), size)
    if size is not None:
        with faults:
            check_inside(annotation, *size, TOLERANCE_PX, name)
    faults.settle(name)


def _check_outlines(item: Item, place: Place) -> None:
    # A single line is a part one pixel wide, as masks have them; nothing but lines is no garment.
    if all(_on_a_line(polygon) for polygon in item.polygons):
        raise place.fault("points on a line", "an outline that encloses an area", "draw the outline again")
    faults = Faults()
    for number, polygon in enumerate(item.polygons):
        searched = len(polygon) <= _MAX_SEARCHED_POINTS and not _on_a_line(polygon)
        if searched and not polygons.is_valid(polygon):
            faults.add(
                place.at(number).fault(
                    "an outline that crosses itself", "a simple outline", "draw the outline again, once round"
                )
            )
    faults.settle(str(place))


def _on_a_line(polygon: NDArray[np.number]) -> bool:
    return bool(np.linalg.matrix_rank(polygon - polygon[0]) < 2)


def _check_box(item: Item, place: Place, size: tuple[int, int] | None) -> None:
    box = np.asarray(item.bounding_box, np.float64)
    beyond = max(0.0, *(-box[:2]), *(() if size is None else box[2:] - (size[1], size[0])))
    if beyond > TOLERANCE_PX:
        where = "" if size is None else f" of {size[1]} x {size[0]} px"
        raise place.fault(
            _listed(box),
            f"a box within the picture{where}",
            "correct the box, or check that the picture is the right one",
        )
    points = np.concatenate(item.polygons)
    own = np.array([*points.min(axis=0), *(points.max(axis=0) + 1)])
    if iou_matrix([box], [own])[0, 0] < MIN_BOX_IOU:
        swapped = np.array([*box[:2], *(box[:2] + box[2:])])
        as_sides = iou_matrix([swapped], [own])[0, 0] >= MIN_BOX_IOU
        remedy = "write x1, y1, x2, y2 instead of x, y, width, height" if as_sides else "correct the box or the outline"
        raise place.fault(_listed(box), f"a box like the outlines' own {_listed(own)}", remedy)


def _listed(box: Iterable[float]) -> str:
    return "[" + ", ".join(f"{number:g}" for number in box) + "]"
