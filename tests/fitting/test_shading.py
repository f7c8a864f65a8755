"""Light read from a photo and laid on another cloth: multiplication undone and done again, at the edges too."""

import cv2
import numpy as np
import pytest

from tryon.fitting.shading import (
    HIGHLIGHTS_FROM,
    coloured_like,
    extend_outwards,
    masked_blur,
    relight,
    shade_of,
)
from tryon.images.colour import from_linear, rgb_to_lab, to_linear


def lit(colour: list[float], shade: np.ndarray) -> np.ndarray:
    """Cloth of one sRGB colour under a light, as sRGB."""
    return from_linear(to_linear(np.array(colour, np.float32)) * shade[..., None].astype(np.float32))


def folds(side: int = 40) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] / side
    return 1 + 0.25 * np.sin(9 * columns + 4 * rows)


def test_extend_outwards_takes_the_nearest_inside_pixel() -> None:
    rng = np.random.default_rng(0)
    values, inside = rng.random((9, 11)).astype(np.float32), rng.random((9, 11)) > 0.8
    extended = extend_outwards(values, inside)
    places = np.argwhere(inside)
    for row in range(9):
        for column in range(11):
            distances = np.hypot(*(places - (row, column)).T)
            nearest = values[tuple(places[distances <= distances.min() * 1.05 + 1e-9].T)]
            assert np.isclose(nearest, extended[row, column]).any()
    assert np.array_equal(extended[inside], values[inside])


def test_extend_outwards_leaves_full_and_empty_masks() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    for mask in (np.ones((2, 3), bool), np.zeros((2, 3), bool)):
        assert np.array_equal(extend_outwards(values, mask), values)


def test_masked_blur_does_not_mix_in_the_outside() -> None:
    inside = np.zeros((30, 30), bool)
    inside[8:22, 8:22] = True
    values = np.where(inside, 0.5, 99.0).astype(np.float32)
    assert np.allclose(masked_blur(values, inside, 3.0)[inside], 0.5, atol=1e-5)
    colours = np.dstack([values, 2 * values, 3 * values])
    assert np.allclose(masked_blur(colours, inside, 3.0)[inside], [0.5, 1.0, 1.5], atol=1e-5)


def test_a_wide_blur_equals_the_plain_one_and_fine_values_stay_out_of_it() -> None:
    rng = np.random.default_rng(1)
    values, inside = cv2.GaussianBlur(rng.random((203, 301), np.float32), (0, 0), 3), np.ones((203, 301), bool)
    inside[:60, 100:] = False
    inner = np.s_[30:-30, 30:-30]
    plain = cv2.GaussianBlur(values * inside, (0, 0), 17) / cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 17)
    assert np.abs(masked_blur(values, inside, 17.0) - plain)[inner][inside[inner]].max() < 0.1 * values.std()


def test_relighting_equals_the_same_light_on_the_other_cloth() -> None:
    inside = np.ones((40, 40), bool)
    shade = folds() / folds().mean()
    red, blue = lit([0.7, 0.3, 0.3], shade), np.broadcast_to(np.float32([0.2, 0.3, 0.6]), (40, 40, 3)).copy()
    result = relight(blue, shade_of(blue, inside), shade_of(red, inside), 1.0)
    assert np.abs(result - lit([0.2, 0.3, 0.6], shade)).max() < 0.02


def test_highlights_keep_their_order_below_white_and_darker_light_is_exact() -> None:
    greys = np.linspace(0.02, 0.98, 200, dtype=np.float32)
    layer = np.repeat(greys[None, :, None], 3, axis=2)
    even = np.ones((1, 200), np.float32)
    bright = relight(layer, even, 1.8 * even, 1.0)[0, :, 0]
    assert bright.max() < 1 and (np.diff(bright) > 0).all() and (bright >= greys).all()
    clear = bright < HIGHLIGHTS_FROM
    assert clear.sum() > 50 and np.allclose(bright[clear], lit([1.0] * 3, 1.8 * to_linear(layer)[0, :, 0])[clear, 0])
    dark = relight(layer, even, 0.6 * even, 1.0)[0, :, 0]
    assert np.allclose(to_linear(dark), 0.6 * to_linear(greys), atol=1e-5)


def test_relighting_by_nothing_changes_nothing_and_light_is_one_on_average() -> None:
    layer, inside = lit([0.6, 0.5, 0.4], folds()), np.ones((40, 40), bool)
    assert np.allclose(relight(layer, shade_of(layer, inside), np.ones((40, 40), np.float32), 0.0), layer, atol=1e-5)
    assert shade_of(layer, inside).mean() == pytest.approx(1.0, abs=1e-3)


def test_a_blur_keeps_stripes_out_of_the_light() -> None:
    rows = np.mgrid[:40, :40][0]
    stripes = np.where((rows // 3 % 2)[..., None] == 1, 0.9, 0.3).astype(np.float32) * np.ones(3, np.float32)
    inside = np.ones((40, 40), bool)
    assert shade_of(stripes, inside).std() > 0.5
    assert shade_of(stripes, inside, 6.0).std() < 0.1


def test_noise_of_a_black_shirt_does_not_become_folds_of_a_white_one() -> None:
    noise = np.random.default_rng(1).integers(0, 4, (40, 40, 3)).astype(np.float32) / 255
    assert shade_of(noise, np.ones((40, 40), bool)).std() < 0.1


@pytest.mark.parametrize("deviation", [0.02, 0.1])
def test_noise_between_folds_is_smoothed_and_the_folds_stay(deviation: float) -> None:
    shade, inside = folds() / folds().mean(), np.ones((40, 40), bool)
    noise = 1 + np.random.default_rng(1).normal(0, deviation, (40, 40)).astype(np.float32)
    clean, noisy = (shade_of(lit([0.3, 0.3, 0.3], light), inside) for light in (shade, shade * noise))
    assert np.abs(clean - shade).max() < 0.02
    assert (noisy - shade).std() < 0.8 * deviation


NAVY_TO_WHITE = np.linspace([20.0, 5.0, -30.0], [95.0, 0.0, 4.0], 32).astype(np.float32)


def test_the_darkest_pixels_get_the_darkest_colour_of_the_palette() -> None:
    grey = np.linspace(0.3, 0.6, 40 * 40).astype(np.float32).reshape(40, 40, 1)
    layer, inside = np.repeat(grey, 3, axis=-1), np.ones((40, 40), bool)
    lab = rgb_to_lab(coloured_like(layer, inside, NAVY_TO_WHITE, 1.0))
    assert np.allclose(lab[0, 0], NAVY_TO_WHITE[0], atol=3)
    assert np.allclose(lab[-1, -1], NAVY_TO_WHITE[-1], atol=3)
    assert (np.diff(lab[..., 0].ravel()) >= -0.1).all()


def test_colours_move_by_the_amount() -> None:
    grey = np.linspace(0.3, 0.6, 40 * 40).astype(np.float32).reshape(40, 40, 1)
    layer, inside = np.repeat(grey, 3, axis=-1), np.ones((40, 40), bool)
    whole, half = (rgb_to_lab(coloured_like(layer, inside, NAVY_TO_WHITE, amount)) for amount in (1.0, 0.5))
    assert np.allclose(half, (whole + rgb_to_lab(layer)) / 2, atol=0.5)
    assert coloured_like(layer, inside, NAVY_TO_WHITE, 0.0) is layer


def test_cloth_of_one_colour_takes_the_one_colour_of_a_palette() -> None:
    layer, target = np.full((8, 8, 3), 0.5, np.float32), np.array([[60.0, 20.0, 10.0]], np.float32)
    lab = rgb_to_lab(coloured_like(layer, np.ones((8, 8), bool), target, 1.0))
    assert np.allclose(lab, target[0], atol=0.1)
