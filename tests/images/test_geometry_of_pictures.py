"""Resizing, letterboxes and cut-outs: exact places, the way back, nothing mixed in that does not belong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tryon.errors import DataError
from tryon.geometry.masks import iou
from tryon.images.cutouts import NEUTRAL_GROUND_U8, CutPlacement, cut_out, paste_back, take_square
from tryon.images.resizing import letterbox, resize, resize_long_side


def gradient(height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width), np.float32)
    return np.stack([rows / height, columns / width, (rows + columns) / (height + width)], axis=-1)


def test_shrinking_is_the_area_mean() -> None:
    image = np.random.default_rng(2).random((12, 20, 3)).astype(np.float32)
    expected = image.reshape(4, 3, 5, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(resize(image, 4, 5), expected, atol=1e-5)


@pytest.mark.parametrize("size", [(40, 60), (5, 7), (40, 7), (5, 60), (10, 20)])
def test_type_range_and_shape_are_kept(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    for image in (
        rng.integers(50, 200, (10, 20, 3)).astype(np.uint8),
        rng.random((10, 20, 1)).astype(np.float32),
        rng.random((10, 20)) > 0.5,
    ):
        resized = resize(image, *size)
        assert resized.shape == (*size, *image.shape[2:]) and resized.dtype == image.dtype
        assert resized.min() >= image.min() and resized.max() <= image.max()


def test_a_mirrored_picture_gives_a_mirrored_result() -> None:
    image = np.random.default_rng(4).integers(0, 256, (30, 31, 3)).astype(np.uint8)
    for size in ((11, 13), (64, 65), (12, 50)):
        difference = resize(image[:, ::-1].copy(), *size).astype(int) - resize(image, *size)[:, ::-1]
        assert np.abs(difference).max() <= 1


def test_mask_keeps_its_area() -> None:
    mask = np.zeros((100, 100), bool)
    mask[20:70, 30:90] = True
    assert resize(mask, 50, 50).sum() == 25 * 30
    assert resize(mask, 200, 200).sum() == pytest.approx(100 * 120, rel=0.02)


def test_impossible_sizes_are_refused() -> None:
    for image, size in ((gradient(4, 4), (0, 4)), (np.zeros((0, 4, 3)), (4, 4))):
        with pytest.raises(DataError, match="cannot be resized"):
            resize(image, *size)


def test_long_side_is_limited_and_never_enlarged() -> None:
    assert resize_long_side(gradient(30, 60), 20).shape == (10, 20, 3)
    assert resize_long_side(gradient(30, 60), 100).shape == (30, 60, 3)
    assert resize_long_side(gradient(1, 600), 20).shape == (1, 20, 3)


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 64))
@settings(max_examples=60, deadline=None)
def test_points_and_boxes_go_there_and_back(height: int, width: int, side: int) -> None:
    square, placement = letterbox(np.ones((height, width), np.float32), side)
    assert square.shape == (side, side)
    points = np.array([[0, 0], [width - 1, height - 1], [0.25, 3.5]])
    np.testing.assert_allclose(placement.from_square(placement.to_square(points)), points, atol=1e-6)
    box = placement.boxes_to_square([[0, 0, width, height]])
    rows, columns = np.nonzero(square)
    np.testing.assert_allclose(box[0], [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], atol=1e-4)
    np.testing.assert_allclose(placement.boxes_from_square(box), [[0, 0, width, height]], atol=1e-3)
    assert placement.undo(square).shape == (height, width)


def test_letterbox_keeps_proportions_and_undo_takes_the_ground_away() -> None:
    image = gradient(40, 80)
    square, placement = letterbox(image, 160, (1, 0, 0.5))
    assert (placement.left, placement.top, placement.scale) == (0, 40, 2.0)
    np.testing.assert_array_equal(square[0, 0], [1, 0, 0.5])
    np.testing.assert_allclose(placement.undo(square), image, atol=0.01)
    mask = image[..., 0] > 0.4
    boxed, placement = letterbox(mask, 57)
    assert boxed.dtype == bool and iou(placement.undo(boxed), mask) > 0.95


def test_a_marked_pixel_lands_where_points_say() -> None:
    image = np.zeros((50, 30), np.float32)
    image[33, 21] = 1
    square, placement = letterbox(image, 200)
    brightest = np.unravel_index(square.argmax(), square.shape)
    np.testing.assert_allclose(placement.to_square([21, 33]), brightest[::-1], atol=0.51)


def shirt(height: int = 90, width: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """A red ellipse on noise, and its mask."""
    rows, columns = np.indices((height, width))
    mask = ((rows - 45) / 30) ** 2 + ((columns - 60) / 25) ** 2 <= 1
    image = np.random.default_rng(6).integers(0, 256, (height, width, 3)).astype(np.uint8)
    image[mask] = (200, 30, 40)
    return image, mask


@pytest.mark.parametrize("size_px", [16, 64, 200])
def test_cut_out_holds_only_the_garments_colour(size_px: int) -> None:
    image, mask = shirt()
    cut = cut_out(image, mask, size_px, 0.06)
    assert cut.image.shape == (size_px, size_px, 3) and set(np.unique(cut.mask)) == {0, 255}
    assert np.abs(cut.image[cut.mask == 255].astype(int) - (200, 30, 40)).max() <= 1
    assert (cut.image[cut.mask == 0] == NEUTRAL_GROUND_U8).all()
    back = paste_back(cut.mask, cut.placement, *mask.shape) > 127
    assert iou(back, mask) > (0.85 if size_px == 16 else 0.95)


def test_cut_out_is_a_square_round_the_mask_with_its_margin() -> None:
    image, mask = shirt()
    placement = cut_out(image, mask, 64, 0.1).placement
    assert placement.side == round(61 * 1.2)
    assert abs(placement.left + placement.side / 2 - 60.5) <= 1 and abs(placement.top + placement.side / 2 - 45.5) <= 1


def test_cut_out_may_leave_the_picture() -> None:
    image, mask = shirt()
    mask[:] = False
    mask[:20, :100] = True
    cut = cut_out(image, mask, 50, 0.1)
    assert cut.placement.top < 0 and cut.placement.left < 0
    assert iou(paste_back(cut.mask, cut.placement, *mask.shape) > 127, mask) > 0.9


def test_one_pixel_and_a_hair() -> None:
    image = np.full((50, 50, 3), 77, np.uint8)
    for place in ((slice(9, 10), slice(9, 10)), (slice(0, 50), slice(20, 21))):
        mask = np.zeros((50, 50), bool)
        mask[place] = True
        cut = cut_out(image, mask, 16, 0.0)
        assert (cut.mask == 255).any() and (np.abs(cut.image[cut.mask == 255].astype(int) - 77) <= 1).all()


def test_empty_and_foreign_masks_are_refused() -> None:
    image, mask = shirt()
    with pytest.raises(DataError, match="cannot be cut out"):
        cut_out(image, np.zeros_like(mask), 64, 0.1)
    with pytest.raises(DataError, match="cannot be cut out"):
        cut_out(image, mask[:-1], 64, 0.1)


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_squares_are_taken_and_put_back_exactly(left: int, top: int, side: int) -> None:
    array = np.arange(1, 20 * 25 + 1).reshape(20, 25).astype(np.float32)
    placement = CutPlacement(left, top, side, side)
    square = take_square(array, placement)
    back = paste_back(square, placement, 20, 25)
    rows, columns = np.indices((20, 25))
    within = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    np.testing.assert_array_equal(back, np.where(within, array, 0))
    assert np.count_nonzero(square) == within.sum()


def test_paste_back_of_colours_is_zero_outside() -> None:
    full = paste_back(np.full((8, 8, 3), 9, np.uint8), CutPlacement(10, 5, 20, 8), 40, 50)
    assert full.shape == (40, 50, 3) and (full[5:25, 10:30] == 9).all() and full.sum() == 9 * 3 * 400
