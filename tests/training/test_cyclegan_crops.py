"""Random cuts of training pictures: place, mirror, and that pictures and masks stay together."""

import numpy as np
import pytest

from tryon.training.cyclegan_crops import RandomCrops


def ramps(count: int = 1, side: int = 10) -> np.ndarray:
    """Pictures whose values tell row and column."""
    rows, columns = np.mgrid[:side, :side].astype(np.float32) / side
    return np.stack([np.stack([rows, columns], axis=-1)] * count)


def test_nothing_is_drawn_where_nothing_is_cut():
    rng, pictures = np.random.default_rng(0), ramps(2)
    crops = RandomCrops(size_px=10, load_px=0, flip=False)
    np.testing.assert_array_equal(crops.cut([crops.enlarge(pictures)], rng)[0], pictures)
    assert rng.random() == np.random.default_rng(0).random()


def test_windows_reach_every_place_and_are_mirrored_half_of_the_time():
    crops, pictures = RandomCrops(size_px=8, load_px=10, flip=True), ramps(400)
    (windows,) = crops.cut([crops.enlarge(pictures)], np.random.default_rng(0))
    assert windows.shape == (400, 8, 8, 2)
    mirrored = windows[:, 0, 0, 1] > windows[:, 0, -1, 1]
    assert 0.4 < mirrored.mean() < 0.6
    left = np.where(mirrored, windows[:, 0, -1, 1], windows[:, 0, 0, 1])
    assert set(zip(np.rint(windows[:, 0, 0, 0] * 10), np.rint(left * 10), strict=True)) == {
        (row, column) for row in range(3) for column in range(3)
    }


def test_pictures_and_masks_are_cut_alike():
    crops = RandomCrops(size_px=8, load_px=12, flip=True)
    pictures = crops.enlarge(ramps(5))
    assert pictures.shape == (5, 12, 12, 2)
    first, second = crops.cut([pictures, pictures[..., :1]], np.random.default_rng(1))
    np.testing.assert_array_equal(first[..., :1], second)


@pytest.mark.parametrize("flip", [False, True])
def test_a_window_of_the_whole_picture_is_that_picture_or_its_mirror(flip):
    crops, pictures = RandomCrops(size_px=10, load_px=0, flip=flip), ramps(20)
    (windows,) = crops.cut([pictures], np.random.default_rng(0))
    as_it_is = np.array([np.array_equal(window, ramps()[0]) for window in windows])
    as_mirror = np.array([np.array_equal(window, ramps()[0][:, ::-1]) for window in windows])
    assert (as_it_is ^ as_mirror).all()
    assert as_mirror.any() == flip
