"""Moved annotations: masks follow their pictures, the VIA entry moves along, nothing a person wrote is lost."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.annotation_strategies import SIDE, photo, top
from tryon.errors import DataError
from tryon.formats import via
from tryon.formats.coco import from_coco, to_coco
from tryon.formats.deepfashion2 import Annotation, annotation_to_dict, parse_annotation
from tryon.formats.json_files import Place
from tryon.formats.moving import move_annotation, move_entry
from tryon.formats.via_garments import MEMORY
from tryon.formats.via_memory import read_entry, recall, write_entry
from tryon.geometry.landmarks import FLIP_ORDER, PERSON, SHORT_SLEEVE_TOP
from tryon.geometry.masks import iou
from tryon.geometry.motions import Motion, cropping, mirroring, resizing
from tryon.images.resizing import resize

whole = st.integers(0, SIDE - 1)


def is_traced_once(points: list[tuple[int, int]]) -> bool:
    """Whether no side is gone along twice in one direction: what is traced twice is no area whole, but one once cut."""
    sides = [*zip(points, points[1:] + points[:1], strict=True)]
    return len(set(sides)) == len(sides)


points = st.lists(st.tuples(whole, whole), min_size=3, max_size=7).filter(is_traced_once)
outlines = points.map(lambda points: [v for p in points for v in p])


def annotation(**changes: Any) -> Annotation:
    return parse_annotation(photo(item1=top(**changes)), "a")


def crop_box(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    return min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1


def agree(got: np.ndarray, whole_mask: np.ndarray, box: tuple[int, int, int, int]) -> bool:
    """Whether a mask differs from the cut of another by one pixel along edges at most; lines have no area to keep."""
    x1, y1, x2, y2 = box
    square, around = np.ones((3, 3), np.uint8), np.pad(whole_mask.astype(np.uint8), 1)
    most, least = cv2.dilate(around, square)[1:-1, 1:-1], cv2.erode(around, square)[1:-1, 1:-1]
    got = got.astype(np.uint8)
    beyond, missing = got & ~most[y1:y2, x1:x2], least[y1:y2, x1:x2] & ~cv2.dilate(got, square)
    return not beyond.any() and not missing.any()


@given(st.lists(outlines, min_size=1, max_size=3), whole, whole, whole, whole)
@settings(max_examples=80, deadline=None)
def test_a_mirrored_mask_agrees_and_a_cropped_one_ends_at_the_border(
    polygons: list[list[int]], a: int, b: int, c: int, d: int
) -> None:
    given_one = annotation(segmentation=polygons, landmarks=[0] * 75)
    mask = given_one.items["item1"].mask(SIDE, SIDE)
    mirrored = move_annotation(given_one, mirroring(SIDE, SIDE)).items["item1"]
    assert agree(mirrored.mask(SIDE, SIDE), mask[:, ::-1], (0, 0, SIDE, SIDE))
    assert all(np.issubdtype(polygon.dtype, np.integer) for polygon in mirrored.polygons)
    x1, y1, x2, y2 = box = crop_box(a, b, c, d)
    cropped = move_annotation(given_one, cropping(SIDE, SIDE, box)).items.get("item1")
    shape = (y2 - y1, x2 - x1)
    assert agree(np.zeros(shape, bool) if cropped is None else cropped.mask(*shape), mask, box)
    if cropped is not None:
        bx1, by1, bx2, by2 = cropped.bounding_box
        assert 0 <= bx1 < bx2 <= x2 - x1 and 0 <= by1 < by2 <= y2 - y1


@given(st.integers(SIDE // 2, 3 * SIDE), st.integers(SIDE // 2, 3 * SIDE))
@settings(max_examples=40, deadline=None)
def test_a_resized_mask_is_the_mask_of_the_resized_picture(height: int, width: int) -> None:
    before = annotation()
    after = move_annotation(before, resizing(SIDE, SIDE, height, width)).items["item1"]
    truth = resize(before.items["item1"].mask(SIDE, SIDE), height, width)
    assert iou(after.mask(height, width), truth) > 0.85
    np.testing.assert_allclose(after.bounding_box, np.array([1, 1, 31, 32]) * np.tile([width, height], 2) / SIDE)


def test_landmarks_change_sides_absent_ones_stay_and_cut_ones_become_absent() -> None:
    points = [0] * 75
    left, right = SHORT_SLEEVE_TOP.index("hem_left"), SHORT_SLEEVE_TOP.index("hem_right")
    points[3 * left : 3 * left + 3] = [4, 30, 2]
    points[3 * right : 3 * right + 3] = [28, 30, 1]
    before = annotation(landmarks=points)
    mirrored = move_annotation(before, mirroring(SIDE, SIDE)).items["item1"].landmarks
    assert mirrored[left].tolist() == [SIDE - 1 - 28, 30, 1] and mirrored[right].tolist() == [SIDE - 1 - 4, 30, 2]
    assert np.count_nonzero(mirrored[:, 2]) == 2
    cropped = move_annotation(before, cropping(SIDE, SIDE, (0, 0, 20, SIDE))).items["item1"].landmarks
    assert cropped[left].tolist() == [4, 30, 2] and cropped[right].tolist() == [0, 0, 0]
    trousers = top(category_id=8, category_name="trousers", landmarks=[5, 5, 2] + [0] * 39)
    with pytest.raises(DataError, match="trousers: landmarks cannot be mirrored"):
        move_annotation(parse_annotation(photo(item1=trousers), "a"), mirroring(SIDE, SIDE))


def keypoints(**points: list[float]) -> list[float]:
    """COCO's flat list, absent but for some."""
    return [value for name in PERSON for value in points.get(name, [0, 0, 0])]


def test_the_wearers_keypoints_move_with_the_picture_in_every_form() -> None:
    before = annotation(person_keypoints=keypoints(nose=[15, 3, 2], left_eye=[18.5, 2, 2], right_wrist=[2, 30, 1]))
    mirrored = move_annotation(before, mirroring(SIDE, SIDE)).items["item1"]
    expected = keypoints(nose=[SIDE - 16, 3, 2], right_eye=[SIDE - 19.5, 2, 2], left_wrist=[SIDE - 3, 30, 1])
    assert mirrored.extra["person_keypoints"] == expected
    entry = move_entry(write_entry("a.jpg", 7, before), mirroring(SIDE, SIDE))
    assert read_entry(entry, Place("a")).items["item1"].extra["person_keypoints"] == expected
    cropped = move_annotation(before, cropping(SIDE, SIDE, (0, 0, 17, 29))).items["item1"]
    assert cropped.extra["person_keypoints"] == keypoints(nose=[15, 3, 2])
    pictures = from_coco(to_coco([("a.jpg", SIDE, SIDE, move_annotation(before, mirroring(SIDE, SIDE)))]))
    assert pictures[0][3].items["item1"].extra["person_keypoints"] == expected


def test_text_of_ones_own_under_extra_is_left_alone() -> None:
    entry = write_entry("a.jpg", 7, annotation())
    said = replace(
        entry.regions[0], region_attributes={**entry.regions[0].region_attributes, "extra": "worn at the back"}
    )
    moved = move_entry(replace(entry, regions=(said,)), mirroring(SIDE, SIDE))
    assert moved.regions[0].attribute("extra") == "worn at the back"


def test_a_garment_that_is_cut_away_is_dropped() -> None:
    content = photo(item1=top(segmentation=[[0, 0, 5, 0, 5, 5]]), item2=top())
    after = move_annotation(parse_annotation(content, "a"), cropping(SIDE, SIDE, (10, 10, 30, 30)))
    assert list(after.items) == ["item2"]


ITEM = {"name": "short sleeve top", "scale": "2", "occlusion": "1", "zoom_in": "1", "viewpoint": "2", "style": "0"}


def drawn_entry() -> via.ViaFile:
    """What a person drew: every shape, landmarks as points, odd attributes, regions of two garments in turn."""
    shapes: list[dict[str, Any]] = [
        {"name": "circle", "cx": 12, "cy": 12, "r": 6},
        {"name": "rect", "x": 20, "y": 8, "width": 9, "height": 14},
        {"name": "ellipse", "cx": 12, "cy": 24, "rx": 7, "ry": 4, "theta": 0.5},
        {"name": "polyline", "all_points_x": [22, 34, 30.5], "all_points_y": [24, 25, 36]},
        {"name": "polygon", "all_points_x": [3, 9, 4], "all_points_y": [30, 31, 37]},
    ]
    regions = [
        via.ViaRegion(shape, {**ITEM, "item": f"shirt{number % 2}", "brand": 'größe "£", 셔츠', "landmarks": ""})
        for number, shape in enumerate(shapes)
    ]
    point = {"item": "shirt0", "landmark": "hem_left", "visibility": "1"}
    regions.append(via.ViaRegion({"name": "point", "cx": 8, "cy": 28}, point))
    attributes = {"source": "user", "pair_id": "3", "licence": "CC BY 4.0"}
    return via.ViaFile("a.jpg", "77", tuple(regions), attributes, extra={"fileref": ""})


def entry_text(entry: via.ViaFile | None) -> dict[str, Any]:
    assert entry is not None
    return via.file_to_dict(entry)


def test_an_entry_is_remembered_whole_and_only_while_it_holds() -> None:
    entry = drawn_entry()
    remembered = read_entry(entry, Place("a"))
    assert list(remembered.items) == ["item1", "item2"] and remembered.items["item1"].landmarks[14].tolist() == [
        8,
        28,
        1,
    ]
    through_file = parse_annotation(annotation_to_dict(remembered), "a")
    assert entry_text(write_entry("a.jpg", 77, through_file)) == entry_text(entry)
    assert write_entry("b.jpg", 80, through_file).key == "b.jpg80"
    changed = replace(through_file.items["item2"], style=4)
    corrected = replace(through_file, items={**through_file.items, "item2": changed})
    assert recall("a.jpg", 77, corrected) is None
    anew = write_entry("a.jpg", 77, corrected)
    assert MEMORY not in str(entry_text(anew)) and anew.regions[-1].attribute("style") == "4"


def test_an_entry_that_deepfashion2_can_give_back_is_not_remembered() -> None:
    assert MEMORY not in read_entry(write_entry("a.jpg", 7, annotation()), Place("a")).extra


@pytest.mark.parametrize("strange", [5, {}, {"regions": 7}, {"regions": [], "file_attributes": {}}])
def test_a_strangers_key_of_the_same_name_does_no_harm(strange: Any) -> None:
    stranger = parse_annotation({**photo(), MEMORY: strange}, "a")
    assert len(write_entry("a.jpg", 7, stranger).regions) == 2


@pytest.mark.parametrize(
    "motion",
    [
        resizing(SIDE, SIDE, 2 * SIDE, 2 * SIDE),
        resizing(SIDE, SIDE, 30, 31),
        mirroring(SIDE, SIDE),
        cropping(SIDE, SIDE, (0, 2, 36, 39)),
        cropping(SIDE, SIDE, (2, 2, 30, 34)),
    ],
)
def test_a_remembered_entry_moves_with_the_picture(motion: Motion) -> None:
    before = read_entry(drawn_entry(), Place("a"))
    after = move_annotation(before, motion)
    entry = write_entry("a.jpg", 90, after)
    assert entry.key == "a.jpg90" and entry.file_attributes == drawn_entry().file_attributes
    brands = {region.attribute("brand") for region in entry.regions if region.shape_attributes["name"] != "point"}
    assert brands == {'größe "£", 셔츠'}
    plain = replace(before, extra={})
    for name, item in move_annotation(plain, motion).items.items():
        assert iou(after.items[name].mask(motion.height, motion.width), item.mask(motion.height, motion.width)) > 0.9
    if not motion.cuts:
        kinds = [region.shape_attributes["name"] for region in entry.regions]
        assert kinds == [region.shape_attributes["name"] for region in drawn_entry().regions]


def test_points_swap_their_names_in_the_mirror_and_go_with_their_garment() -> None:
    mirrored = move_entry(drawn_entry(), mirroring(SIDE, SIDE)).regions[-1]
    assert mirrored.shape_attributes == {"name": "point", "cx": SIDE - 1 - 8, "cy": 28}
    assert mirrored.attribute("landmark") == SHORT_SLEEVE_TOP[FLIP_ORDER[14]] == "hem_right"
    cropped = move_entry(drawn_entry(), cropping(SIDE, SIDE, (20, 8, 29, 22)))
    assert [region.shape_attributes["name"] for region in cropped.regions] == ["rect"]


def test_boxes_and_landmarks_in_attributes_move_too() -> None:
    entry = write_entry("a.jpg", 7, annotation())
    region = move_entry(entry, mirroring(SIDE, SIDE)).regions[0]
    assert region.attribute("bounding_box") == f"{SIDE - 31},1,{SIDE - 1},32"
    assert region.attribute("landmarks").startswith(f"{SIDE - 1 - 5},5,2 ")
