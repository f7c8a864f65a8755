"""DeepFashion2 annotations of drawn pictures: what is visible of the shirt, its 25 landmarks, its wearer's keypoints,
and the garment below it.

The mask is the visible shirt: hair, arms and bags cut holes. Its polygons overlap, the whole outline first and then
each sleeve again, and are whole numbers; their union is the mask pixel for pixel.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.formats.deepfashion2 import CATEGORIES, LANDMARK_COUNTS, PERSON_KEYPOINTS, Annotation, Item
from tryon.geometry.landmarks import ABSENT, HIDDEN, VISIBLE
from tryon.geometry.masks import from_polygons, to_polygons
from tryon.geometry.polygons import is_valid
from tryon.rendering.canvas import LEFT_SLEEVE, RIGHT_SLEEVE, Canvas
from tryon.rendering.cut import Shirt
from tryon.rendering.drawing import Floats
from tryon.rendering.figure import Frame
from tryon.rendering.keypoints import person_keypoints
from tryon.rendering.photo import DrawnScene, RenderedGarment
from tryon.rendering.scene import SUPERSAMPLE, shrink

SHORT_SLEEVE_TOP, TROUSERS, SKIRT = 1, 8, 9
_MIN_PART_PX = 24  # smaller specks between fingers or strands are no garment anybody would outline
_SIDE_VIEW_YAW = 0.85
_SMALL_SHIRT, _LARGE_SHIRT = 0.10, 0.26  # share of the picture
_MEDIUM_OCCLUSION, _HEAVY_OCCLUSION = 0.12, 0.40  # share of the shirt that is hidden

Mask = NDArray[np.bool_]


def annotate_photo(drawn: DrawnScene) -> Annotation:
    """The annotation of a photo: the shirt, and trousers or skirt where enough of them is seen."""
    scene = drawn.scene
    mask = visible_mask(drawn.alpha)
    viewpoint = 3 if abs(scene.figure.yaw) > _SIDE_VIEW_YAW else 2
    landmarks = _landmarks(scene.shirt, scene.frame, mask)
    shirt = _shirt_item(mask, drawn.canvas, landmarks, viewpoint, scene.zoom_in)
    keypoints = person_keypoints(scene).reshape(-1).tolist()
    items = {"item1": replace(shirt, extra={PERSON_KEYPOINTS: keypoints})}
    legwear = visible_mask(shrink(drawn.canvas.legwear))
    if legwear.mean() > 0.015:
        items["item2"] = _legwear_item(legwear, scene.legwear.kind, viewpoint, scene.zoom_in)
    return Annotation(source="user", pair_id=0, items=items)


def annotate_garment(garment: RenderedGarment, frame: Frame) -> Annotation:
    """The annotation of a shop picture."""
    mask = visible_mask(garment.alpha)
    item = _shirt_item(mask, garment.canvas, _landmarks(garment.shirt, frame, mask), 1, 1)
    return Annotation(source="shop", pair_id=0, items={"item1": item})


def visible_mask(alpha: Floats) -> Mask:
    """Pixels that are mostly the garment, without specks and one-pixel spurs."""
    solid = (alpha > 0.5).astype(np.uint8)
    square = np.ones((2, 2), np.uint8)  # of even size: the anchors must mirror each other, or the mask moves by a pixel
    opened = cv2.dilate(cv2.erode(solid, square, anchor=(0, 0)), square, anchor=(1, 1))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    keep = np.zeros(count, bool)
    keep[1:] = stats[1:, cv2.CC_STAT_AREA] >= _MIN_PART_PX
    return np.asarray(keep[labels])


def _shirt_item(mask: Mask, canvas: Canvas, landmarks: Floats, viewpoint: int, zoom_in: int) -> Item:
    polygons = [polygon for polygon in to_polygons(mask) if is_valid(polygon)]
    part = canvas.part[::SUPERSAMPLE, ::SUPERSAMPLE]
    for sleeve in (LEFT_SLEEVE, RIGHT_SLEEVE):
        region = cv2.dilate(((part == sleeve) & mask).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & mask
        again = to_polygons(visible_mask(region.astype(np.float32)))
        polygons += [polygon for polygon in again[:1] if is_valid(polygon)]
    hidden = 1 - canvas.alpha.sum() / max(float(canvas.worn.sum()), 1.0)
    occlusion = 1 + int(hidden > _MEDIUM_OCCLUSION) + int(hidden > _HEAVY_OCCLUSION)
    return _item(polygons, mask, SHORT_SLEEVE_TOP, landmarks, occlusion, zoom_in, viewpoint)


def _legwear_item(mask: Mask, kind: str, viewpoint: int, zoom_in: int) -> Item:
    category = SKIRT if kind == "skirt" else TROUSERS
    polygons = [polygon for polygon in to_polygons(mask) if is_valid(polygon)]
    return _item(polygons, mask, category, np.zeros((LANDMARK_COUNTS[category], 3)), 2, zoom_in, viewpoint)


def _item(
    polygons: list[NDArray[np.int32]],
    mask: Mask,
    category: int,
    landmarks: Floats,
    occlusion: int,
    zoom_in: int,
    viewpoint: int,
) -> Item:
    height, width = mask.shape
    share = float(from_polygons(polygons, height, width).mean())
    points = np.concatenate([np.asarray(polygon) for polygon in polygons])
    box = np.array([*(points.min(axis=0) - 2), *(points.max(axis=0) + 3)])
    return Item(
        polygons=tuple(np.concatenate([polygon, polygon[:1]]) for polygon in polygons),
        category_id=category,
        category_name=CATEGORIES[category],
        bounding_box=np.clip(box, 0, [width, height, width, height]),
        landmarks=landmarks.astype(np.int64),
        scale=1 + int(share > _SMALL_SHIRT) + int(share > _LARGE_SHIRT),
        occlusion=occlusion,
        zoom_in=zoom_in,
        viewpoint=viewpoint,
    )


def _landmarks(shirt: Shirt, frame: Frame, mask: Mask) -> Floats:
    """The 25 landmarks: outside of the picture absent, covered hidden, on or beside visible cloth visible."""
    height, width = mask.shape
    points = np.round(frame.to_px(shirt.landmarks()) / SUPERSAMPLE - 0.5).astype(int)
    inside = (points >= 0).all(axis=1) & (points[:, 0] < width) & (points[:, 1] < height)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    seen = np.zeros(len(points), bool)
    seen[inside] = near[points[inside, 1], points[inside, 0]]
    visibility = np.where(inside, np.where(seen, VISIBLE, HIDDEN), ABSENT)
    return np.where(inside[:, None], np.column_stack([points, visibility]), 0).astype(np.float32)
