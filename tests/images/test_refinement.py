"""Mask refinement: the guided filter against a slow one, what both methods mend, and what they must never do."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from tryon.evaluation.masks import boundary_iou, mask_iou
from tryon.images.refinement import Method, guided_filter, largest_parts, refine


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


def coarse(mask: np.ndarray, cells: int = 24) -> np.ndarray:
    """What a network says of a mask: probabilities on few cells, unsure at the outline."""
    height, width = mask.shape
    small = cv2.resize(mask.astype(np.float32), (cells, cells), interpolation=cv2.INTER_AREA)
    return np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), 0.0, 1.0)


both = pytest.mark.parametrize("method", ["guided", "graph_cut"])


@both
def test_a_coarse_and_shifted_mask_moves_to_the_edge_of_the_photo(method: Method) -> None:
    truth = disc(160, 50)
    wrong = np.roll(coarse(truth), 3, axis=1)
    refined = refine(two_colours(truth), wrong, method)
    assert refined.shape == truth.shape and refined.min() >= 0 and refined.max() <= 1
    assert boundary_iou(refined > 0.5, truth, 0.01) > max(0.9, boundary_iou(wrong > 0.5, truth, 0.01) + 0.2)


@both
def test_a_large_photo_is_solved_coarsely_to_the_same_edge(method: Method) -> None:
    truth = disc(900, 330)
    refined = refine(two_colours(truth), np.roll(coarse(truth), 8, axis=0), method) > 0.5
    assert boundary_iou(refined, truth, 0.005) > 0.8


def test_the_graph_cut_gives_back_a_part_that_was_doubted_and_drops_one_that_was_half_believed() -> None:
    truth = disc(160, 50)
    probabilities = coarse(truth)
    probabilities[40:70, 40:70] *= 0.3
    probabilities[5:25, 60:100] = 0.7
    refined = refine(two_colours(truth), probabilities, "graph_cut") > 0.5
    assert mask_iou(refined, truth) > 0.97 > mask_iou(probabilities > 0.5, truth)


def test_what_the_network_is_sure_of_stays() -> None:
    truth = disc(120, 40)
    believed = np.zeros((120, 120), np.float32)
    believed[30:60, 30:90] = 1.0  # the upper part of a disc of one colour, without any doubt
    refined = refine(two_colours(truth), believed, "graph_cut") > 0.5
    assert mask_iou(refined, believed > 0.5) > 0.95


@both
def test_without_an_edge_to_follow_the_outline_hardly_moves(method: Method) -> None:
    mask = disc(100, 30)
    refined = refine(np.full((100, 100, 3), 90, np.uint8), coarse(mask, 50), method) > 0.5
    assert mask_iou(refined, coarse(mask, 50) > 0.5) > 0.85


@both
def test_a_mask_that_is_nowhere_likely_stays(method: Method) -> None:
    doubts = np.full((20, 20), 0.4, np.float32)
    assert np.array_equal(refine(np.zeros((20, 20, 3), np.uint8), doubts, method), doubts)


@pytest.mark.parametrize("value", [0.8, 1.0])
def test_a_mask_that_fills_the_picture_or_is_nowhere_sure_stays(value: float) -> None:
    whole = np.full((20, 20), value, np.float32)
    photo = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    assert np.array_equal(refine(photo, whole, "graph_cut"), whole)


def test_none_is_the_identity() -> None:
    wrong = coarse(disc(40, 10))
    assert refine(two_colours(disc(40, 10)), wrong, "none") is wrong


@both
def test_a_mirrored_photo_gives_the_mirrored_mask(method: Method) -> None:
    truth = disc(120, 40)
    truth[:, 60:] = False
    photo, wrong = two_colours(truth), np.roll(coarse(truth), 2, axis=0)
    plain = refine(photo, wrong, method) > 0.5
    mirrored = refine(photo[:, ::-1].copy(), wrong[:, ::-1].copy(), method) > 0.5
    assert mask_iou(plain, mirrored[:, ::-1]) > 0.97


def test_the_graph_cut_is_the_same_every_time_and_in_every_thread() -> None:
    truth = disc(90, 30)
    photo, wrong = two_colours(truth), np.roll(coarse(truth, 12), 3, axis=1)
    first = refine(photo, wrong, "graph_cut")
    cv2.setRNGSeed(77)
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(lambda _: refine(photo, wrong, "graph_cut"), range(4)))
    assert all(np.array_equal(first, each) for each in again)


def test_specks_that_do_not_touch_the_trusted_mask_are_dropped() -> None:
    mask = np.zeros((10, 10), bool)
    mask[1:4, 1:4] = mask[7:9, 7:9] = True
    trusted = np.zeros_like(mask)
    trusted[2, 2] = True
    assert largest_parts(mask, trusted).sum() == 9
