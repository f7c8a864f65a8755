"""Mask refinement against a slow guided filter, and what it must never do."""

import numpy as np
import pytest

from tryon.evaluation.masks import boundary_iou
from tryon.fitting.edges import edge_alpha, guided_filter, largest_parts, refine_mask


def disc(side: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    return np.hypot(rows, columns) <= radius


def two_colours(mask: np.ndarray, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 6, (*mask.shape, 3))
    flat = np.where(mask[..., None], np.array([180, 40, 40]), np.array([60, 90, 120]))
    return np.clip(flat + noise, 0, 255).astype(np.uint8)


def slow_guided_filter(guide: np.ndarray, values: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Equations 14 to 16 of He et al., window by window; windows are mirrored at the rim as OpenCV does."""
    height, width = values.shape
    at_rim = {"mode": "symmetric"}
    colours = np.pad(guide / 255.0, ((radius, radius), (radius, radius), (0, 0)), **at_rim)
    padded = np.pad(values.astype(float), radius, **at_rim)
    slope, offset = np.zeros((height, width, 3)), np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            window = np.s_[y : y + 2 * radius + 1, x : x + 2 * radius + 1]
            c, v = colours[window].reshape(-1, 3), padded[window].ravel()
            spread = np.cov(c.T, bias=True) + epsilon * np.eye(3)
            slope[y, x] = np.linalg.solve(spread, (c * v[:, None]).mean(0) - c.mean(0) * v.mean())
            offset[y, x] = v.mean() - slope[y, x] @ c.mean(0)
    mean = np.zeros((height, width, 4))
    both = np.pad(np.dstack([slope, offset]), ((radius, radius), (radius, radius), (0, 0)), **at_rim)
    for y in range(height):
        for x in range(width):
            mean[y, x] = both[y : y + 2 * radius + 1, x : x + 2 * radius + 1].mean(axis=(0, 1))
    return (mean[..., :3] * guide / 255.0).sum(axis=-1) + mean[..., 3]


def test_guided_filter_equals_the_formula_window_by_window() -> None:
    rng = np.random.default_rng(3)
    guide = rng.integers(0, 256, (12, 15, 3), dtype=np.uint8)
    values = rng.random((12, 15)).astype(np.float32)
    assert np.allclose(guided_filter(guide, values, 2), slow_guided_filter(guide, values, 2, 1e-4), atol=2e-3)


def test_a_shifted_mask_moves_to_the_edge_of_the_photo() -> None:
    truth = disc(160, 50)
    wrong = np.roll(truth, 3, axis=1)
    refined = refine_mask(two_colours(truth), wrong.astype(np.float32), radius=0.05, band=0.06)
    assert boundary_iou(refined, truth, 0.01) > boundary_iou(wrong, truth, 0.01) + 0.2


def test_a_large_photo_is_solved_coarsely_to_the_same_edge() -> None:
    truth = disc(900, 330)
    refined = refine_mask(two_colours(truth), np.roll(truth, 8, axis=0).astype(np.float32), radius=0.05, band=0.06)
    assert boundary_iou(refined, truth, 0.005) > 0.8


def test_nothing_moves_without_an_edge_to_follow_or_beyond_the_band() -> None:
    mask = disc(100, 30)
    plain = np.full((100, 100, 3), 90, np.uint8)
    refined = refine_mask(plain, mask.astype(np.float32), radius=0.05, band=0.03)
    assert np.count_nonzero(refined ^ mask) < 0.02 * np.count_nonzero(mask)
    far_off = np.roll(mask, 40, axis=0)
    moved = refine_mask(two_colours(mask), far_off.astype(np.float32), radius=0.05, band=0.03)
    grown = disc(100, 30 + 0.03 * np.sqrt(mask.sum()) + 1.5)
    assert not (moved & ~np.roll(grown, 40, axis=0)).any()


@pytest.mark.parametrize("band", [0.0, 0.03])
def test_empty_and_unrefined_masks_stay(band: float) -> None:
    photo = np.zeros((20, 20, 3), np.uint8)
    assert not refine_mask(photo, np.zeros((20, 20), np.float32), radius=0.05, band=band).any()
    mask = disc(20, 6)
    assert np.array_equal(refine_mask(photo, mask.astype(np.float32), radius=0.05, band=0.0), mask)


def test_mirrored_photo_gives_mirrored_mask() -> None:
    truth = disc(120, 40)
    truth[:, 60:] = False
    photo, wrong = two_colours(truth), np.roll(truth, 2, axis=0).astype(np.float32)
    plain = refine_mask(photo, wrong, radius=0.05, band=0.05)
    mirrored = refine_mask(photo[:, ::-1].copy(), wrong[:, ::-1].copy(), radius=0.05, band=0.05)
    assert np.array_equal(plain, mirrored[:, ::-1])


def test_specks_that_do_not_touch_the_trusted_mask_are_dropped() -> None:
    mask = np.zeros((10, 10), bool)
    mask[1:4, 1:4] = mask[7:9, 7:9] = True
    trusted = np.zeros_like(mask)
    trusted[2, 2] = True
    assert largest_parts(mask, trusted).sum() == 9


def test_alpha_is_a_smooth_band_about_the_edge_and_none_at_the_rim_of_the_picture() -> None:
    mask = np.zeros((40, 40), bool)
    mask[:, 20:] = True
    alpha = edge_alpha(mask, 2.0)
    assert (alpha[:, :17] == 0).all() and (alpha[:, 23:] == 1).all()
    assert (np.diff(alpha[10]) >= 0).all()
    assert np.allclose(alpha[:, ::-1] + alpha, 1, atol=1.01 / 255)
    assert np.array_equal(alpha * 255, np.rint(alpha * 255))
    assert not edge_alpha(np.zeros((9, 9), bool), 1.0).any()


def test_alpha_of_a_slanted_edge_has_no_stairs() -> None:
    rows, columns = np.mgrid[:60, :60]
    alpha = edge_alpha(rows < 30 + 0.2 * columns, 1.0)
    # Rows at which the edge lies, by the sum of each column: a line, with less than a fifth of a pixel of stairs.
    edge = alpha.sum(axis=0)[5:55]
    assert np.abs(edge - np.polyval(np.polyfit(np.arange(50), edge, 1), np.arange(50))).max() < 0.25
