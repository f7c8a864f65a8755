"""Motions of pictures: points and boxes land where the pixels land, and whole numbers stay whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tryon.errors import DataError
from tryon.geometry.motions import Motion, cropping, mirroring, resizing

HEIGHT, WIDTH = 12, 17


@st.composite
def motions(draw: st.DrawFn) -> Motion:
    """A resizing, a mirroring or a crop of a picture of 12 x 17 pixels."""
    kind = draw(st.sampled_from(["resize", "mirror", "crop"]))
    if kind == "mirror":
        return mirroring(HEIGHT, WIDTH)
    if kind == "resize":
        return resizing(HEIGHT, WIDTH, draw(st.integers(1, 40)), draw(st.integers(1, 40)))
    x, y = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    return cropping(HEIGHT, WIDTH, (x, y, draw(st.integers(x + 1, WIDTH)), draw(st.integers(y + 1, HEIGHT))))


def slow_pixel(motion: Motion, x: int, y: int) -> np.ndarray:
    """Where the middle of a pixel's square comes to lie, corner by corner."""
    corners = [(x + dx, y + dy) for dx in (0, 1) for dy in (0, 1)]
    moved = [(cx * motion.scale_x + motion.left, cy * motion.scale_y + motion.top) for cx, cy in corners]
    return np.mean(moved, axis=0) - 0.5


@given(motions(), st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1))
def test_a_point_is_the_middle_of_its_pixel(motion: Motion, x: int, y: int) -> None:
    np.testing.assert_allclose(motion.points([x, y]), slow_pixel(motion, x, y), atol=1e-9)
    box = motion.boxes([x, y, x + 1, y + 1])
    np.testing.assert_allclose((box[:2] + box[2:]) / 2 - 0.5, slow_pixel(motion, x, y), atol=1e-9)
    assert box[0] < box[2] and box[1] < box[3]


@given(motions(), motions(), st.floats(-5, 30), st.floats(-5, 30))
def test_two_motions_are_one(first: Motion, second: Motion, x: float, y: float) -> None:
    both = first.then(second)
    np.testing.assert_allclose(both.points([x, y]), second.points(first.points([x, y])), atol=1e-6)
    assert (both.height, both.width, both.cuts) == (second.height, second.width, first.cuts or second.cuts)


def test_pixels_of_the_picture_itself_move_the_same_way() -> None:
    image = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    for motion, moved in (
        (mirroring(HEIGHT, WIDTH), image[:, ::-1]),
        (cropping(HEIGHT, WIDTH, (3, 2, 9, 11)), image[2:11, 3:9]),
    ):
        x, y = motion.points([5, 7])
        assert moved[y, x] == image[7, 5] and moved.shape == (motion.height, motion.width)
        x1, y1, x2, y2 = motion.boxes([4, 5, 7, 8])
        assert set(moved[y1:y2, x1:x2].ravel()) == set(image[5:8, 4:7].ravel())


def test_whole_numbers_stay_whole_where_pixels_meet_pixels() -> None:
    assert mirroring(HEIGHT, WIDTH).points([[3, 4]]).tolist() == [[13, 4]]
    assert str(mirroring(HEIGHT, WIDTH).boxes([3, 4, 6, 8]).tolist()) == "[11, 4, 14, 8]"
    assert resizing(10, 10, 5, 5).points([[3, 4]]).dtype == np.float64
    assert mirroring(HEIGHT, WIDTH).points([[3.5, 4]]).tolist() == [[12.5, 4.0]]


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (-1, 0, 5, 5), (0, 0, WIDTH + 1, 5), (5, 5, 4, 8)])
def test_a_crop_outside_of_the_picture_is_refused(box: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="cannot be cropped"):
        cropping(HEIGHT, WIDTH, box)
