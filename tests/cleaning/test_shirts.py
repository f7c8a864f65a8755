"""What a model's finds are boiled down to, on masks anyone can check."""

import numpy as np
import pytest

from tests.cleaning.collected import Shirts, Watcher, shirt_mask
from tryon.cleaning.shirts import Found, ShirtFacts, asymmetry, measure_shirts, parts_beside
from tryon.cleaning.shirts import describe as describe_all

SIDE = 100


def found(*shirts: tuple[float, np.ndarray], landmarks: np.ndarray | None = None) -> Shirts:
    masks = np.array([mask for _, mask in shirts], np.bool_).reshape(len(shirts), SIDE, SIDE)
    return Shirts(np.array([score for score, _ in shirts], np.float32), masks, landmarks)


def describe(one: Found, turned: float = 0.0, beside: float = 0.0) -> ShirtFacts:
    return describe_all(np.zeros((SIDE, SIDE, 3), np.uint8), one, turned, beside)


def block(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def test_nothing_found_is_all_zero() -> None:
    assert describe(found()) == ShirtFacts()
    assert describe(found((0.9, block(0, 0, 0, 0)))) == ShirtFacts()


def test_an_upright_shirt_in_the_middle() -> None:
    facts = describe(found((0.9, shirt_mask(SIDE, SIDE))))
    assert facts.score == pytest.approx(0.9, abs=1e-4)
    assert (facts.second_score, facts.edge, facts.asymmetry, facts.aspect) == (0.0, 0.0, 0.0, 1.0)
    assert facts.area == pytest.approx(shirt_mask(SIDE, SIDE).mean(), abs=1e-4)
    assert facts.landmarks is None


def test_the_edge_is_the_part_of_the_outline_that_is_covered() -> None:
    assert describe(found((0.9, block(0, 50, 0, SIDE)))).edge == pytest.approx((100 + 50 + 50) / 400)


def test_a_second_shirt_counts_if_it_is_large_and_elsewhere() -> None:
    main = (0.9, block(0, 60, 0, 50))
    assert describe(found(main, (0.7, block(0, 50, 50, 100)))).second_score == pytest.approx(0.7, abs=1e-4)
    assert describe(found(main, (0.7, block(90, 100, 90, 100)))).second_score == 0.0  # a label
    assert describe(found(main, (0.7, block(10, 50, 10, 45)))).second_score == 0.0  # the print on it


def test_asymmetry_of_half_a_shirt() -> None:
    triangle = np.tril(np.ones((50, 50), np.bool_))
    assert asymmetry(np.ones((4, 7), np.bool_)) == 0.0
    assert asymmetry(triangle) > 0.3
    assert asymmetry(triangle) == pytest.approx(asymmetry(triangle[:, ::-1]), abs=0.03)
    assert asymmetry(np.zeros((3, 3), np.bool_)) == 0.0


def test_the_six_weakest_landmarks_count() -> None:
    landmarks = np.ones((1, 25, 3), np.float32)
    landmarks[0, :6, 2] = 0.5
    assert describe(found((0.9, shirt_mask(SIDE, SIDE)), landmarks=landmarks)).landmarks == 0.5


def test_a_shirt_that_is_surer_when_turned_is_not_upright() -> None:
    upright = found((0.9, shirt_mask(SIDE, SIDE)))
    assert describe(upright, turned=0.5).upright == pytest.approx(np.log(9), abs=1e-3)
    assert describe(upright, turned=0.99).upright == pytest.approx(np.log(9) - np.log(99), abs=1e-3)
    assert describe(found((1.0, shirt_mask(SIDE, SIDE))), turned=0.0).upright < 30, "finite for the surest"


def test_a_shirt_beside_the_main_one_counts_as_a_second() -> None:
    assert describe(found((0.9, block(0, 60, 0, 50))), beside=0.8).second_score == 0.8


def test_parts_beside_are_those_that_could_hold_another_shirt() -> None:
    picture = np.arange(SIDE * SIDE * 3, dtype=np.uint32).reshape(SIDE, SIDE, 3).astype(np.uint8)
    parts = parts_beside(picture, block(10, 90, 5, 50))
    assert [part.shape for part in parts] == [(SIDE, 50, 3)], "to the right only: elsewhere the ground is too narrow"
    assert (parts[0] == picture[:, 50:]).all()
    assert parts_beside(picture, block(5, 95, 5, 95)) == []


def test_the_picture_is_shown_turned_and_in_parts() -> None:
    shown: list[tuple[int, ...]] = []

    def glance(images):
        shown.extend(image.shape for image in images)
        return [found((0.3 + 0.1 * len(shown), shirt_mask(SIDE, SIDE))) for _ in images]

    def find(images):
        return [found((0.9, block(10, 90, 5, 50))) for _ in images]

    facts = measure_shirts([np.zeros((SIDE, SIDE, 3), np.uint8)], find, glance)[0]
    assert shown == [(SIDE, SIDE, 3)] * 3 + [(SIDE, 50, 3)]
    assert facts.upright == pytest.approx(np.log(9) - np.log(0.6 / 0.4), abs=1e-3)
    assert facts.second_score == pytest.approx(0.7, abs=1e-4)


def test_large_pictures_are_shown_small() -> None:
    watcher, sizes = Watcher(), []

    def find(images):
        sizes.extend(image.shape for image in images)
        return watcher(images)

    pictures = [np.zeros((1024, 600, 3), np.uint8), *[np.zeros((80, 60, 3), np.uint8)] * 9]
    facts = measure_shirts(pictures, find, watcher.glance)
    assert sizes == [(512, 300, 3)] + [(80, 60, 3)] * 9
    assert len(facts) == 10 and measure_shirts([], find, watcher.glance) == []
