"""Annotations against the pictures they describe."""

import numpy as np
import pytest

from tryon.formats.deepfashion2 import LANDMARK_COUNTS, check_inside, read_annotation, write_annotation
from tryon.geometry.landmarks import ABSENT, HIDDEN, PERSON, VISIBLE
from tryon.geometry.masks import from_polygons
from tryon.geometry.polygons import is_valid
from tryon.rendering.annotation import annotate_garment, annotate_photo, visible_mask
from tryon.rendering.keypoints import person_keypoints
from tryon.rendering.looks import sample_look
from tryon.rendering.photo import DrawnScene, draw
from tryon.rendering.scene import SUPERSAMPLE, sample_scene
from tryon.rendering.shop import render_garment, sample_layout

SIZE = 160
SEEDS = range(16)


@pytest.fixture(scope="module")
def drawn_scenes() -> list[DrawnScene]:
    return [draw(sample_scene(np.random.default_rng(seed), SIZE)) for seed in SEEDS]


def test_the_union_of_the_polygons_is_the_visible_shirt(drawn_scenes):
    for drawn in drawn_scenes:
        item = annotate_photo(drawn).items["item1"]
        assert np.array_equal(item.mask(SIZE, SIZE), visible_mask(drawn.alpha))


def test_polygons_overlap_are_closed_whole_and_valid(drawn_scenes):
    overlapping = 0
    for drawn in drawn_scenes:
        item = annotate_photo(drawn).items["item1"]
        for polygon in item.polygons:
            assert np.issubdtype(polygon.dtype, np.integer)
            assert (polygon[0] == polygon[-1]).all()
            assert is_valid(polygon)
        areas = sum(from_polygons([polygon], SIZE, SIZE).sum() for polygon in item.polygons)
        overlapping += areas > item.mask(SIZE, SIZE).sum()
    assert overlapping > len(drawn_scenes) // 2


def test_everything_is_inside_the_picture(drawn_scenes):
    for drawn in drawn_scenes:
        check_inside(annotate_photo(drawn), SIZE, SIZE, 0, "drawn")


def test_boxes_hold_the_mask(drawn_scenes):
    for drawn in drawn_scenes:
        item = annotate_photo(drawn).items["item1"]
        rows, columns = np.nonzero(item.mask(SIZE, SIZE))
        x1, y1, x2, y2 = item.bounding_box
        assert x1 <= columns.min() < columns.max() < x2 + 1
        assert y1 <= rows.min() < rows.max() < y2 + 1


def test_landmarks_say_what_is_seen(drawn_scenes):
    states = set()
    for drawn in drawn_scenes:
        item = annotate_photo(drawn).items["item1"]
        mask = item.mask(SIZE, SIZE)
        assert item.landmarks.shape == (25, 3)
        for x, y, state in item.landmarks:
            states.add(int(state))
            if state == ABSENT:
                assert (x, y) == (0, 0)
            else:
                near = mask[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4].any()
                assert near == (state == VISIBLE)
    assert states == {ABSENT, HIDDEN, VISIBLE}


def test_judgements_are_within_their_range_and_vary(drawn_scenes):
    items = [annotate_photo(drawn).items["item1"] for drawn in drawn_scenes]
    for name in ("scale", "occlusion", "zoom_in"):
        values = {getattr(item, name) for item in items}
        assert values <= {1, 2, 3}
        assert len(values) > 1
    assert {item.viewpoint for item in items} <= {2, 3}
    assert {(item.category_id, item.category_name) for item in items} == {(1, "short sleeve top")}


def test_what_is_worn_below_is_annotated_too(drawn_scenes):
    below = [
        annotation.items["item2"] for drawn in drawn_scenes if "item2" in (annotation := annotate_photo(drawn)).items
    ]
    assert len(below) > len(drawn_scenes) // 3
    for item in below:
        assert item.category_id in (8, 9)
        assert len(item.landmarks) == LANDMARK_COUNTS[item.category_id]


def test_shirt_and_legwear_do_not_overlap(drawn_scenes):
    for drawn in drawn_scenes:
        items = annotate_photo(drawn).items
        if "item2" in items:
            assert not (items["item1"].mask(SIZE, SIZE) & items["item2"].mask(SIZE, SIZE)).any()


def test_annotations_survive_the_disk(drawn_scenes, tmp_path):
    annotation = annotate_photo(drawn_scenes[0])
    write_annotation(tmp_path / "000001.json", annotation)
    again = read_annotation(tmp_path / "000001.json")
    assert again.source == "user"
    item, read = annotation.items["item1"], again.items["item1"]
    assert np.array_equal(read.mask(SIZE, SIZE), item.mask(SIZE, SIZE))
    assert np.array_equal(read.landmarks, item.landmarks)


@pytest.mark.parametrize("seed", range(5))
def test_shop_pictures_are_fully_annotated(seed):
    rng = np.random.default_rng(seed)
    look, layout = sample_look(rng, "blue"), sample_layout(rng, SIZE)
    garment = render_garment(layout, look)
    annotation = annotate_garment(garment, layout.frame)
    item = annotation.items["item1"]
    assert annotation.source == "shop"
    assert (item.viewpoint, item.zoom_in, item.category_id) == (1, 1, 1)
    assert (item.landmarks[:, 2] == VISIBLE).sum() >= 23
    assert np.array_equal(item.mask(SIZE, SIZE), visible_mask(garment.alpha))


def test_specks_are_no_shirt():
    alpha = np.zeros((40, 40), np.float32)
    alpha[5:25, 5:25] = 1
    alpha[32:34, 32:34] = 1
    alpha[10, 25:36] = 1
    mask = visible_mask(alpha)
    assert mask.sum() == 400
    assert mask[5:25, 5:25].all()
    assert not mask[30:].any()


def test_keypoints_are_the_wearers_own_left_and_right(drawn_scenes):
    from tryon.formats.deepfashion2 import read_keypoints
    from tryon.formats.json_files import Place

    for drawn in drawn_scenes:
        points = dict(zip(PERSON, read_keypoints(annotate_photo(drawn).items["item1"].extra, Place("a")), strict=True))
        present = {name: point for name, point in points.items() if point[2] != ABSENT}
        assert all((point[:2] > -0.5).all() and (point[:2] < SIZE - 0.5).all() for point in present.values())
        assert all((point == 0).all() for name, point in points.items() if name not in present)
        for joint in ("eye", "ear", "shoulder", "hip"):
            left, right = (present.get(f"{side}_{joint}") for side in ("left", "right"))
            if left is not None and right is not None:
                assert left[0] > right[0], "who looks at us has the left side on our right"
        if {"nose", "left_hip"} <= set(present):
            assert present["nose"][1] < present["left_hip"][1]


def test_what_the_pose_hides_is_hidden(drawn_scenes):
    seen = {"wrist": set(), "ear": set()}
    for drawn in drawn_scenes:
        figure = drawn.scene.figure
        points = dict(zip(PERSON, person_keypoints(drawn.scene), strict=True))
        for arm in figure.arms:
            wrist = points["right_wrist" if arm.side < 0 else "left_wrist"]
            if wrist[2] != ABSENT:
                assert (wrist[2] == HIDDEN) == (arm.pose in ("pocket", "behind"))
                seen["wrist"].add(int(wrist[2]))
        far = points["left_ear" if figure.head_yaw > 0 else "right_ear"]
        if far[2] != ABSENT:
            assert (far[2] == HIDDEN) == (abs(np.sin(figure.head_yaw)) > 0.25)
            seen["ear"].add(int(far[2]))
    assert seen == {"wrist": {HIDDEN, VISIBLE}, "ear": {HIDDEN, VISIBLE}}


def test_eyes_are_where_the_picture_has_them(drawn_scenes):
    """The pixel at an eye is darker than the cheek below it, on most faces."""
    darker, shown = 0, 0
    for drawn in drawn_scenes:
        points = dict(zip(PERSON, person_keypoints(drawn.scene), strict=True))
        scale = drawn.scene.frame.scale / SUPERSAMPLE
        for name in ("left_eye", "right_eye"):
            x, y, visibility = points[name]
            if visibility == ABSENT or y + 5 * scale >= SIZE or abs(drawn.scene.figure.head_yaw) > 0.3:
                continue
            eye, cheek = (drawn.ground[int(y + down * scale + 0.5), int(x + 0.5)].mean() for down in (0.0, 4.5))
            shown, darker = shown + 1, darker + (eye < 0.9 * cheek)
    assert shown >= 12 and darker >= 0.6 * shown, "all but those behind hair and glasses"
