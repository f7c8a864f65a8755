"""Colour, structure, border and bootstrap against slow, obvious versions, and at the edges."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from tryon.errors import DataError
from tryon.evaluation.bootstrap import interval
from tryon.evaluation.borders import border, border_ciede2000, cutout_border_ciede2000
from tryon.evaluation.colour import ciede2000, ciede2000_map, ciede2000_to_lab, lab_distance
from tryon.evaluation.structure import fold_correlation, psnr, ssim


def picture(seed: int, height: int = 20, width: int = 24) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def centre(height: int = 20, width: int = 24) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    mask[5:15, 6:18] = True
    return mask


def slow_ssim_at(a: np.ndarray, b: np.ndarray, row: int, column: int) -> float:
    """Formula 13 of Wang et al. 2004 in one 7 x 7 window, with sample covariance, mean over channels."""
    values = []
    for channel in range(3):
        x, y = (p[row - 3 : row + 4, column - 3 : column + 4, channel].ravel() / 255.0 for p in (a, b))
        covariance = np.cov(x, y)
        c1, c2 = 0.01**2, 0.03**2
        top = (2 * x.mean() * y.mean() + c1) * (2 * covariance[0, 1] + c2)
        bottom = (x.mean() ** 2 + y.mean() ** 2 + c1) * (covariance[0, 0] + covariance[1, 1] + c2)
        values.append(top / bottom)
    return float(np.mean(values))


def test_colour_distance_is_the_mean_over_the_mask_only() -> None:
    a, b, mask = picture(1), picture(2), centre()
    slow = [float(deltaE_ciede2000(rgb2lab(a[y, x] / 255.0), rgb2lab(b[y, x] / 255.0))) for y, x in np.argwhere(mask)]
    assert ciede2000(a, b, mask) == pytest.approx(np.mean(slow), rel=1e-4)
    changed = a.copy()
    changed[~mask] = 0
    assert ciede2000(a, changed, mask) == 0.0
    assert ciede2000(a, changed) > 0.0
    assert ciede2000_map(a, b)[mask].mean() == pytest.approx(ciede2000(a, b, mask), rel=1e-5)


def test_colour_distance_is_symmetric_and_takes_floats() -> None:
    a, b = picture(3), picture(4)
    assert ciede2000(a, b) == pytest.approx(ciede2000(b, a), rel=1e-5)
    assert ciede2000((a / 255).astype(np.float32), b) == pytest.approx(ciede2000(a, b), rel=1e-5)


def test_colour_distance_of_a_published_pair() -> None:
    """Sharma, Wu and Dalal 2005, table 1, pair 1."""
    assert lab_distance(np.array([50, 2.6772, -79.7751]), np.array([50, 0, -82.7485])) == pytest.approx(
        2.0425, abs=1e-4
    )


def test_colour_distance_to_one_colour_uses_the_mean_colour() -> None:
    grey = np.full((20, 24, 3), 119, np.uint8)
    assert ciede2000_to_lab(grey, rgb2lab(np.full(3, 119 / 255)), centre()) == pytest.approx(0.0, abs=1e-3)
    assert ciede2000_to_lab(grey, np.array([90.0, 0, 0]), centre()) > 20


def test_ssim_equals_the_formula_in_each_window() -> None:
    a, mask = picture(5), centre()
    b = np.clip(a.astype(int) + picture(6) // 8, 0, 255).astype(np.uint8)
    slow = np.mean([slow_ssim_at(a, b, y, x) for y, x in np.argwhere(mask)])
    assert ssim(a, b, mask) == pytest.approx(slow, abs=1e-4)
    assert ssim(a, a, mask) == pytest.approx(1.0)
    assert ssim(a, b, mask) == pytest.approx(ssim(b, a, mask))


def test_psnr_equals_the_formula_and_is_finite_for_equal_pictures() -> None:
    a, b, mask = picture(7), picture(8), centre()
    mse = np.mean([((a[y, x] / 255.0 - b[y, x] / 255.0) ** 2).mean() for y, x in np.argwhere(mask)])
    assert psnr(a, b, mask) == pytest.approx(10 * np.log10(1 / mse), rel=1e-5)
    assert psnr(a, a, mask) == pytest.approx(108.13, abs=0.01)


def test_fold_correlation_ignores_colour_but_not_folds() -> None:
    shade = np.linspace(0.2, 0.9, 24, dtype=np.float32)[None, :, None] * np.ones((20, 1, 1), np.float32)
    red, blue = shade * np.array([0.9, 0.1, 0.1], np.float32), shade * np.array([0.1, 0.2, 0.8], np.float32)
    assert fold_correlation(red, blue) == pytest.approx(1.0, abs=1e-5)
    assert fold_correlation(red, red[:, ::-1]) == pytest.approx(-1.0, abs=1e-5)
    assert fold_correlation(red, np.full_like(red, 0.5)) == 0.0


def test_border_is_both_sides_of_the_edge_and_not_the_rim_of_the_picture() -> None:
    mask = np.zeros((20, 20), dtype=bool)
    mask[:, 10:] = True
    band = border(mask, 3)
    assert np.array_equal(np.flatnonzero(band.any(axis=0)), np.arange(7, 13))
    assert band[:, 7:13].all()


def test_border_distance_hears_only_the_border() -> None:
    a, mask = picture(9), centre()
    far = a.copy()
    far[~border(mask, 2)] = 0
    assert border_ciede2000(a, far, mask, 2) == 0.0
    with pytest.raises(DataError, match="no edge"):
        border_ciede2000(a, far, np.ones((20, 24), bool))


def slow_cutout_border(photo: np.ndarray, found: np.ndarray, mask: np.ndarray, width_px: int) -> float:
    """Each pixel whose nearest one on the other side of the true edge is near enough, and the ground where cut off."""
    errors = []
    for y, x in np.ndindex(mask.shape):
        others = np.argwhere(mask != mask[y, x])
        if np.hypot(*(others - (y, x)).T).min() <= width_px:
            cut, true_cut = (photo[y, x] if shape[y, x] else np.full(3, 128) for shape in (found, mask))
            errors.append(float(deltaE_ciede2000(rgb2lab(cut / 255), rgb2lab(true_cut / 255))))
    return float(np.mean(errors))


@pytest.mark.parametrize("width_px", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_cutout_border_equals_looking_at_each_pixel(seed: int, width_px: int) -> None:
    photo, mask = picture(seed), centre()
    found = np.roll(mask, (seed, 2), axis=(0, 1)) & (np.random.default_rng(seed).random(mask.shape) > 0.2)
    slow = slow_cutout_border(photo, found, mask, width_px)
    assert cutout_border_ciede2000(photo, found, mask, width_px) == pytest.approx(slow, rel=1e-4)
    assert slow > 0


def test_cutout_border_counts_what_is_taken_in_and_what_is_lost() -> None:
    photo = np.full((40, 40, 3), (200, 40, 40), np.uint8)
    mask = np.zeros((40, 40), bool)
    mask[10:30, 10:30] = True
    photo[~mask] = (110, 140, 110)
    wider, narrower, missed = np.zeros_like(mask), np.zeros_like(mask), np.zeros_like(mask)
    wider[9:31, 9:31] = narrower[11:29, 11:29] = True
    assert cutout_border_ciede2000(photo, mask, mask) == 0.0
    lost, taken_in = (cutout_border_ciede2000(photo, found, mask) for found in (narrower, wider))
    assert 0 < taken_in < lost < cutout_border_ciede2000(photo, missed, mask), "red is farther from grey than green"
    hole = mask.copy()
    hole[18:22, 18:22] = False
    assert cutout_border_ciede2000(photo, hole, mask) == 0.0, "far from the border"
    photo[narrower | ~mask] = 128
    assert cutout_border_ciede2000(photo, wider, mask) == 0.0, "what is taken in looks like the ground"


def test_cutout_border_refuses_a_shirt_without_border_and_other_sizes() -> None:
    photo, mask = picture(1), centre()
    with pytest.raises(DataError, match="no edge"):
        cutout_border_ciede2000(photo, mask, np.ones_like(mask))
    with pytest.raises(DataError, match="mask is empty"):
        cutout_border_ciede2000(photo, mask, np.zeros_like(mask))
    with pytest.raises(DataError, match="differ in size"):
        cutout_border_ciede2000(photo, mask[:5], mask)


@pytest.mark.parametrize("score", [ciede2000, ssim, psnr, fold_correlation, border_ciede2000])
def test_bad_input_is_named(score: object) -> None:
    assert callable(score)
    with pytest.raises(DataError, match="mask is empty"):
        score(picture(1), picture(2), np.zeros((20, 24), bool))
    with pytest.raises(DataError, match="mask and picture differ"):
        score(picture(1), picture(2), np.ones((5, 5), bool))
    with pytest.raises(DataError, match="two pictures differ"):
        score(picture(1), picture(2, 20, 25), centre())


def test_ssim_of_a_picture_smaller_than_its_window_is_refused() -> None:
    with pytest.raises(DataError, match="7 x 7"):
        ssim(picture(1, 5, 5), picture(2, 5, 5))


def test_bootstrap_interval_covers_the_mean_and_repeats_itself() -> None:
    values = np.random.default_rng(0).normal(3.0, 1.0, 100)
    low, high = interval(values, seed=1)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 10, rel=0.15)  # the normal approximation
    assert interval(values, seed=1) == (low, high)
    assert interval(values, seed=2) != (low, high)
    assert interval([2.0, 2.0], seed=1) == (2.0, 2.0)
    with pytest.raises(DataError, match="no values"):
        interval([], seed=1)
