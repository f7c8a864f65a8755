"""Landmarks: the order mirrors onto itself, absent ones stay absent."""

import numpy as np

from tryon.geometry import landmarks
from tryon.geometry.landmarks import FACE, FLIP_ORDER, FLIP_ORDER_WITH_FACE, PERSON, SHORT_SLEEVE_TOP, flip_order


def drawn_top() -> np.ndarray:
    """25 visible landmarks at different places."""
    rng = np.random.default_rng(5)
    return np.concatenate([rng.integers(0, 100, (25, 2)), np.full((25, 1), 2)], axis=1).astype(float)


def test_order_has_25_different_names_and_mirrors_onto_itself() -> None:
    assert len(set(SHORT_SLEEVE_TOP)) == 25
    np.testing.assert_array_equal(FLIP_ORDER[FLIP_ORDER], np.arange(25))
    middles = [name for index, name in enumerate(SHORT_SLEEVE_TOP) if FLIP_ORDER[index] == index]
    assert middles == ["neck_back_middle", "neck_front_middle", "hem_middle"]
    # The outline runs round: from the second landmark on, mirroring reads the neck and the rest backwards.
    assert FLIP_ORDER.tolist() == [0, *range(5, 0, -1), *range(24, 5, -1)]


def test_a_person_mirrors_onto_itself_too() -> None:
    order = flip_order(PERSON)
    assert len(set(PERSON)) == 17 and order.tolist() == [0, *(i ^ 3 for i in (1, 2))] + [
        index + 1 if name.startswith("left") else index - 1 for index, name in enumerate(PERSON) if index > 2
    ]
    assert FACE == ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
    assert FLIP_ORDER_WITH_FACE.tolist() == [*FLIP_ORDER, 25, 27, 26, 29, 28]


def test_flip_twice_is_nothing_and_left_becomes_right() -> None:
    points = drawn_top()
    flipped = landmarks.flip(points, 100)
    np.testing.assert_array_equal(landmarks.flip(flipped, 100), points)
    left, right = SHORT_SLEEVE_TOP.index("hem_left"), SHORT_SLEEVE_TOP.index("hem_right")
    np.testing.assert_array_equal(flipped[right], [99 - points[left, 0], points[left, 1], 2])


def test_absent_landmarks_stay_zero() -> None:
    points = drawn_top()
    points[8] = 0
    assert (landmarks.flip(points, 100)[FLIP_ORDER[8]] == 0).all()
    moved = landmarks.scale_shift(points, 2, (10, 20))
    assert (moved[8] == 0).all()
    np.testing.assert_array_equal(moved[0], [points[0, 0] * 2 + 10, points[0, 1] * 2 + 20, 2])


def test_arguments_are_not_changed() -> None:
    points = drawn_top()
    before = points.copy()
    landmarks.flip(points, 50)
    landmarks.scale_shift(points, 3, 1)
    np.testing.assert_array_equal(points, before)


def test_real_top_lies_in_the_order_named(shared_data) -> None:  # type: ignore[no-untyped-def]
    """In the one real sample, seen from the front, left landmarks lie left of their mirror images."""
    from tryon.formats.deepfashion2 import read_annotation

    item = read_annotation(shared_data / "annotation_samples" / "deepfashion2_000001.json").items["item1"]
    points = item.landmarks
    for index, name in enumerate(SHORT_SLEEVE_TOP):
        mirror = FLIP_ORDER[index]
        if name.endswith("_left") and points[index, 2] and points[mirror, 2]:
            assert points[index, 0] < points[mirror, 0], name


def test_the_outline_runs_once_round_the_shirt() -> None:
    """Landmarks on a circle in their order, the neck's front and back inside of it: the polygon is the circle."""
    from tryon.geometry.masks import from_polygons

    points = np.zeros((25, 3))
    angles = np.linspace(0, -2 * np.pi, 22, endpoint=False)  # counter-clockwise in a picture, whose y points down
    around = ["neck_left", *SHORT_SLEEVE_TOP[6:], "neck_right", "neck_front_middle"]
    for name, angle in zip(around, angles, strict=True):
        points[SHORT_SLEEVE_TOP.index(name)] = (50 + 30 * np.cos(angle), 50 + 30 * np.sin(angle), 2)
    polygon = landmarks.outline(points)
    assert polygon is not None and polygon.shape == (22, 2)
    y, x = np.mgrid[:100, :100]
    circle = (x - 50) ** 2 + (y - 50) ** 2 <= 30**2
    drawn = from_polygons([polygon], 100, 100)
    assert (drawn & circle).sum() / (drawn | circle).sum() > 0.95


def test_the_outline_of_a_back_passes_the_back_of_the_neck() -> None:
    points = drawn_top()
    front = [SHORT_SLEEVE_TOP.index(f"neck_front_{side}") for side in ("left", "middle", "right")]
    seen = landmarks.outline(points)
    assert seen is not None and len(seen) == 24 and points[0, :2].tolist() not in seen.tolist()
    points[front] = 0
    seen = landmarks.outline(points)
    assert seen is not None and len(seen) == 22 and seen[-1].tolist() == points[0, :2].tolist()


def test_two_landmarks_enclose_nothing() -> None:
    points = np.zeros((25, 3))
    points[10:12] = (3, 4, 1)
    assert landmarks.outline(points) is None
