"""What a model's finds are boiled down to, on masks anyone can check."""

import numpy as np
import pytest

from tests.cleaning.collected import Shirts, Watcher, shirt_mask
from tryon.cleaning.shirts import ShirtFacts, asymmetry, describe, measure_shirts

SIDE = 100


def found(*shirts: tuple[float, np.ndarray], landmarks: np.ndarray | None = None) -> Shirts:
    masks = np.array([mask for _, mask in shirts], np.bool_).reshape(len(shirts), SIDE, SIDE)
    return Shirts(np.array([score for score, _ in shirts], np.float32), masks, landmarks)


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


def test_large_pictures_are_shown_small() -> None:
    watcher, sizes = Watcher(), []

    def find(images):
        sizes.extend(image.shape for image in images)
        return watcher(images)

    facts = measure_shirts([np.zeros((1024, 600, 3), np.uint8), np.zeros((80, 60, 3), np.uint8)], find)
    assert sizes == [(512, 300, 3), (80, 60, 3)]
    assert len(facts) == 2
