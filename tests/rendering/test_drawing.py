"""Outlines, windows, splines and noise against what can be worked out by hand."""

import numpy as np
import pytest

from tryon.rendering.drawing import (
    Window,
    blur,
    bump,
    enlarge,
    fill,
    look_up,
    noise_table,
    pixel_centres,
    smoothstep,
    soft_noise,
    spline,
    stroke,
    three,
    window_round,
)

WHOLE = Window(0, 0, 64, 64)


def square(left: float, top: float, side: float) -> np.ndarray:
    return np.array([[left, top], [left + side, top], [left + side, top + side], [left, top + side]], np.float32)


def test_a_filled_square_covers_its_area():
    cover = fill([square(10, 12, 20)], WHOLE)
    assert cover.sum() == pytest.approx(20.5**2, rel=0.12)  # OpenCV draws the border too, half a pixel outside
    assert cover[20, 20] == 1
    assert cover[5, 5] == 0


def test_the_edges_of_a_fill_are_soft():
    triangle = np.array([[5, 5], [55, 20], [20, 58]], np.float32)
    cover = fill([triangle], WHOLE)
    assert ((cover > 0.05) & (cover < 0.95)).sum() > 40


def test_overlapping_outlines_are_a_union():
    first, second = square(10, 10, 20), square(20, 20, 20)
    both = fill([first, second], WHOLE)
    assert both[25, 25] == 1
    assert np.array_equal(both > 0.5, (fill([first], WHOLE) > 0.5) | (fill([second], WHOLE) > 0.5))


def test_a_fill_does_not_depend_on_its_window():
    outline = square(11.3, 14.6, 17.2)
    window = Window(8, 10, 40, 44)
    assert np.array_equal(fill([outline], window), fill([outline], WHOLE)[window.slices])


def test_a_stroke_is_as_wide_as_asked():
    line = np.array([[4, 32], [60, 32]], np.float32)
    cover = stroke(line, 6, WHOLE)
    assert cover[:, 32].sum() == pytest.approx(7, abs=1.1)  # with its soft border


@pytest.mark.parametrize("points", [[[3, 5], [20, 31]], [[-40, -2], [90, 70]], [[63.5, 63.5], [63.7, 63.9]]])
def test_windows_are_even_and_inside(points):
    window = window_round(np.array(points, np.float32), 64)
    assert all(edge % 2 == 0 for edge in window)
    assert 0 <= window.left <= window.right <= 64
    assert 0 <= window.top <= window.bottom <= 64


def test_a_window_outside_is_empty():
    assert window_round(np.array([[100, 100], [120, 130]], np.float32), 64).is_empty
    assert not window_round(np.array([[10, 10], [20, 20]], np.float32), 64).is_empty


def test_the_coarse_window_is_the_same_place():
    window = Window(8, 10, 40, 44)
    assert window.coarse == Window(4, 5, 20, 22)
    assert window.coarse.shape == (17, 16)


def test_pixel_centres_are_at_halves():
    x, y = pixel_centres(Window(4, 6, 8, 8))
    assert x.tolist() == [[4.5, 5.5, 6.5, 7.5]]
    assert y.tolist() == [[6.5], [7.5]]


@pytest.mark.parametrize("closed", [True, False])
def test_a_spline_passes_through_its_points(closed):
    points = np.array([[0, 0], [10, 2], [14, 12], [3, 15]], np.float32)
    curve = spline(points, closed=closed, per_segment=6)
    assert np.allclose(curve[::6][:4], points, atol=1e-5)


def test_an_open_spline_of_points_on_a_line_is_the_line():
    points = np.stack([np.arange(5), 2 * np.arange(5)], axis=1)
    curve = spline(points, closed=False)
    assert np.allclose(curve[:, 1], 2 * curve[:, 0], atol=1e-5)
    assert len(curve) == 4 * 6 + 1


def test_smoothstep_rises_and_falls():
    x = np.linspace(-1, 2, 31)
    rising = smoothstep(0, 1, x)
    assert rising[0] == 0
    assert rising[-1] == 1
    assert (np.diff(rising) >= 0).all()
    assert np.allclose(smoothstep(1, 0, x), 1 - rising)


def test_a_bump_is_one_at_its_middle_and_falls():
    assert bump(0, 0, 2, 3) == 1
    assert bump(2, 0, 2, 3) == pytest.approx(np.exp(-0.5))
    assert bump(0, 3, 2, 3) == pytest.approx(np.exp(-0.5))


@pytest.mark.parametrize("sigma", [0.1, 2.0, 12.0])
def test_blur_keeps_the_mean_of_a_wide_picture(sigma):
    picture = np.zeros((128, 128), np.float32)
    picture[48:80, 48:80] = 1
    blurred = blur(picture, sigma)
    assert blurred.shape == picture.shape
    assert blurred.mean() == pytest.approx(picture.mean(), rel=0.02)


def test_a_wide_blur_agrees_with_the_slow_one():
    import cv2

    picture = fill([square(40, 30, 50)], Window(0, 0, 128, 128))
    slow = cv2.GaussianBlur(picture, (0, 0), 9.0, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(blur(picture, 9.0) - slow).max() < 0.03


def test_noise_is_seeded_and_near_standard():
    first, again = (soft_noise(np.random.default_rng(3), (80, 60), 4) for _ in range(2))
    assert first.shape == (80, 60)
    assert np.array_equal(first, again)
    assert abs(first.mean()) < 0.3
    assert 0.5 < first.std() < 1.2
    assert soft_noise(np.random.default_rng(3), (8, 6), 1.0).shape == (8, 6)


def test_smooth_noise_varies_slowly():
    noise = soft_noise(np.random.default_rng(0), (100, 100), 20)
    assert np.abs(np.diff(noise, axis=1)).mean() < 0.2 * noise.std()


def test_a_noise_table_repeats():
    table = noise_table(np.random.default_rng(1), 64, 2.0)
    assert table.std() == pytest.approx(1, rel=1e-3)
    assert np.array_equal(look_up(table, np.array([0.2, 63.9])), look_up(table, np.array([64.2, -0.1])))


def test_three_and_enlarge_have_the_shapes_they_promise():
    field = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(three(field), np.repeat(field[..., None], 3, axis=2))
    assert enlarge(field).shape == (6, 8)
    assert enlarge(three(field)).shape == (6, 8, 3)


def test_enlarging_a_ramp_gives_the_finer_ramp():
    coarse = pixel_centres(Window(0, 0, 16, 16))[0] * 2 + np.zeros((16, 1), np.float32)
    fine = pixel_centres(Window(0, 0, 32, 32))[0]
    assert np.allclose(enlarge(coarse)[:, 2:-2], fine[:, 2:-2] + np.zeros((32, 1)), atol=1e-4)
