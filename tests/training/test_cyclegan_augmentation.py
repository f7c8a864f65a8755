"""What the critics are shown: against plain NumPy loops, and what must stay as it is."""

import numpy as np
import pytest

from tryon.training.cyclegan_augmentation import (
    FAKE_PATTERN,
    NUMBERS,
    REAL_PLAIN,
    USES,
    augmentation_by,
    draw_changes,
    unchanged,
)

SIDE = 16


def pictures(count: int = 3, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (count, side, side, 3)).astype(np.float32)


def changes(count: int = 3, **numbers: float) -> np.ndarray:
    """Numbers that leave everything as it is, but for those given by name."""
    names = ("brightness", "saturation", "contrast", "down", "right", "row", "column")
    neutral = np.full((USES, count, NUMBERS), 0.5, np.float32)
    for name, value in numbers.items():
        neutral[..., names.index(name)] = value
    return neutral


def augmented(kinds, numbers, use: int = FAKE_PATTERN, shown: np.ndarray | None = None) -> np.ndarray:
    return np.asarray(augmentation_by(kinds, numbers)(pictures() if shown is None else shown, use))


def test_without_kinds_nothing_changes():
    assert augmentation_by((), None) is unchanged
    shown = pictures()
    assert unchanged(shown, FAKE_PATTERN) is shown


@pytest.mark.parametrize("kind", ["colour", "translation"])
def test_numbers_in_the_middle_change_nothing(kind):
    np.testing.assert_allclose(augmented([kind], changes()), pictures(), atol=1e-6)


def test_colour_against_numpy():
    numbers = changes(brightness=0.9, saturation=0.2, contrast=0.7)
    for drawn, picture in zip(augmented(["colour"], numbers), pictures(), strict=True):
        brighter = picture + 0.4
        grey = brighter.mean(axis=2, keepdims=True)
        duller = grey + 0.4 * (brighter - grey)
        np.testing.assert_allclose(drawn, duller.mean() + 1.2 * (duller - duller.mean()), atol=1e-5)


@pytest.mark.parametrize(("down", "right"), [(0.0, 0.999), (0.999, 0.5), (0.3, 0.0)])
def test_translation_against_a_loop(down, right):
    rows, columns = (int(np.floor(number * 5)) - 2 for number in (down, right))  # up to an eighth of 16 either way
    expected = np.zeros_like(pictures())
    for row in range(SIDE):
        for column in range(SIDE):
            if 0 <= row - rows < SIDE and 0 <= column - columns < SIDE:
                expected[:, row, column] = pictures()[:, row - rows, column - columns]
    np.testing.assert_allclose(augmented(["translation"], changes(down=down, right=right)), expected, atol=1e-6)


@pytest.mark.parametrize(("row", "column", "pixels"), [(0.5, 0.5, 64), (0.0, 0.0, 16), (0.999, 0.5, 32)])
def test_a_square_of_half_the_side_is_cut_out(row, column, pixels):
    shown = np.ones((2, SIDE, SIDE, 3), np.float32)
    drawn = augmented(["cutout"], changes(2, row=row, column=column), shown=shown)
    assert ((drawn == 0).all(axis=3).sum(axis=(1, 2)) == pixels).all()
    assert set(np.unique(drawn)) == {0.0, 1.0}


def test_every_picture_and_every_use_is_changed_by_itself():
    numbers = draw_changes(3, np.random.default_rng(0))
    same = np.repeat(pictures(1), 3, axis=0)
    drawn = [augmented(["translation", "colour"], numbers, use, same) for use in (FAKE_PATTERN, REAL_PLAIN)]
    assert len({picture.tobytes() for batch in drawn for picture in batch}) == 6


def test_numbers_come_from_the_generator_alone():
    first, again = (draw_changes(2, np.random.default_rng([5, 8])) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (USES, 2, NUMBERS)
    assert first.dtype == np.float32
    assert (first >= 0).all() and (first < 1).all()


def test_gradients_reach_the_pictures_that_are_shown():
    tf = pytest.importorskip("tensorflow")
    shown, numbers = tf.constant(pictures()), draw_changes(3, np.random.default_rng(3))
    with tf.GradientTape() as tape:
        tape.watch(shown)
        drawn = augmentation_by(["colour", "translation", "cutout"], numbers)(shown, FAKE_PATTERN)
        total = tf.reduce_sum(drawn * drawn)
    gradient = tape.gradient(total, shown).numpy()
    assert np.isfinite(gradient).all()
    assert all(np.abs(one).max() > 0 for one in gradient)
