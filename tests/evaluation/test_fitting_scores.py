"""Scores of fitted pairs: identities, the results without a network, sums and means."""

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation.baselines import flat_fill, recolour_by_luminance
from tryon.evaluation.fitting import FittedPair, outside_changed_pixels, rank, score_pair, summarise
from tryon.evaluation.stripes import angle_error_deg, frequency_error
from tryon.images.colour import from_linear, rgb_to_lab, to_linear

SIDE = 60
SHIRT = np.zeros((SIDE, SIDE), bool)
SHIRT[12:50, 14:46] = True
SHADE = 1 + 0.2 * np.sin(np.arange(SIDE) / 5)[None, :, None] * np.ones((SIDE, 1, 1))
RED, BLUE = np.array([0.7, 0.2, 0.2]), np.array([0.2, 0.3, 0.7])


def scene(colour: np.ndarray) -> np.ndarray:
    ground = np.random.default_rng(0).uniform(0.3, 0.6, (SIDE, SIDE, 3))
    cloth = from_linear(to_linear(colour) * SHADE)  # light multiplies
    return np.round(255 * np.where(SHIRT[..., None], cloth, ground)).astype(np.uint8)


def pair(result: np.ndarray, answer: np.ndarray | None = None) -> FittedPair:
    lab = rgb_to_lab(BLUE.astype(np.float32).reshape(1, 1, 3))[0, 0]
    return FittedPair(scene(RED), result, SHIRT.astype(np.float32), lab, answer, SHIRT)


def striped(period: int) -> np.ndarray:
    rows = np.arange(SIDE)[:, None, None] // (period // 2) % 2
    return np.where(SHIRT[..., None] & (rows == 1), 230, scene(BLUE)).astype(np.uint8)


def test_flat_fill_and_luminance_stay_within_alpha() -> None:
    photo, alpha = scene(RED), SHIRT.astype(np.float32)
    lab = rgb_to_lab(BLUE.astype(np.float32).reshape(1, 1, 3))[0, 0]
    flat, lit = flat_fill(photo, alpha, lab), recolour_by_luminance(photo, alpha, lab)
    for result in (flat, lit):
        assert np.array_equal(result[~SHIRT], photo[~SHIRT])
    assert np.abs(flat[SHIRT].astype(int) - np.round(BLUE * 255)).max() <= 1
    assert lit[SHIRT].std(axis=0).min() > 3  # folds
    assert np.abs(lit[SHIRT].mean(axis=0) - np.round(BLUE * 255)).max() < 12
    with pytest.raises(DataError, match="alpha is 0"):
        recolour_by_luminance(photo, np.zeros_like(alpha), lab)


def test_the_exact_answer_scores_perfectly_and_the_photo_as_untouched() -> None:
    answer = scene(BLUE)
    scores = score_pair(pair(answer, answer))
    assert scores["ciede2000"] == scores["border_ciede2000"] == scores["outside_changed_pixels"] == 0
    assert scores["ssim"] == pytest.approx(1.0)
    assert scores["psnr"] == pytest.approx(108.13, abs=0.01)
    untouched = score_pair(pair(scene(RED), answer))
    assert untouched["ciede2000"] == scores["ciede2000_untouched"] > 20
    assert scores["ciede2000_luminance"] < scores["ciede2000_flat_fill"] < scores["ciede2000_untouched"]


def test_without_an_answer_there_is_the_garments_colour_only() -> None:
    scores = score_pair(pair(scene(BLUE)))
    assert set(scores) == {"outside_changed_pixels", "ciede2000_to_garment"}
    assert scores["ciede2000_to_garment"] < 3


def test_cropping_to_the_shirt_changes_no_score() -> None:
    """The shirt's window must hold SSIM's windows and the border, wherever the shirt lies."""
    shirt = np.zeros((SIDE, SIDE), bool)
    shirt[:20, 30:] = True
    photo, answer = scene(RED), scene(BLUE)
    from tryon.evaluation.borders import border_ciede2000
    from tryon.evaluation.structure import ssim

    lab = np.array([40.0, 10, -40], np.float32)
    scores = score_pair(FittedPair(photo, photo, shirt.astype(np.float32), lab, answer, shirt))
    assert scores["ssim"] == pytest.approx(ssim(photo, answer, shirt), abs=1e-6)
    assert scores["border_ciede2000"] == pytest.approx(border_ciede2000(photo, answer, shirt), rel=1e-5)


def test_stripes_are_scored_where_the_answer_has_them() -> None:
    assert "stripe_frequency_error" not in score_pair(pair(scene(BLUE), scene(BLUE)))
    same = score_pair(pair(striped(6), striped(6)))
    assert same["stripe_frequency_error"] == same["stripe_angle_error_deg"] == 0
    other = score_pair(pair(striped(4), striped(6)))
    assert other["stripe_frequency_error"] == pytest.approx(0.5, abs=0.1)


def test_changed_pixels_outside_are_counted_once_each() -> None:
    photo = scene(RED)
    result = photo.copy()
    result[0, 0] += 1
    result[1, 1, 2] += 1
    result[20, 20] += 1  # inside
    assert outside_changed_pixels(photo, result, SHIRT.astype(np.float32)) == 2


def test_stripe_errors() -> None:
    assert angle_error_deg(89, -89) == 2
    assert angle_error_deg(10, 190) == 0
    assert angle_error_deg(0, 90) == angle_error_deg(90, 0) == 90
    assert frequency_error(11, 10) == pytest.approx(0.1)
    with pytest.raises(DataError, match="no stripes"):
        frequency_error(1, 0)


def test_summary_sums_changes_and_means_the_rest_by_pattern() -> None:
    scored = [
        ({"pattern": "blue", "recognised": "blue"}, {"ciede2000": 4.0, "outside_changed_pixels": 0.0}),
        ({"pattern": "blue", "recognised": "blue"}, {"ciede2000": 6.0, "outside_changed_pixels": 2.0}),
        ({"pattern": "striped", "recognised": "blue"}, {"ciede2000": 11.0, "outside_changed_pixels": 1.0}),
    ]
    figures = summarise(scored, refused=1, seed=7)
    assert (figures["pairs"], figures["refused"], figures["outside_changed_pixels"]) == (4, 1, 3)
    assert figures["ciede2000"] == 7.0
    assert (figures["ciede2000/blue"], figures["ciede2000/striped"]) == (5.0, 11.0)
    assert figures["pattern_recognised_rate"] == pytest.approx(0.6667)
    assert figures["ciede2000_low"] <= 7.0 <= figures["ciede2000_high"]
    assert figures == summarise(scored, refused=1, seed=7)
    assert summarise([], refused=2, seed=7) == {"pairs": 2, "refused": 2, "outside_changed_pixels": 0}


def test_the_model_of_all_patterns_recognises_nothing_and_is_not_held_to_it() -> None:
    rows = [({"pattern": "dotted", "recognised": "all"}, {"outside_changed_pixels": 0.0})]
    assert "pattern_recognised_rate" not in summarise(rows, refused=0, seed=7)
    rows += [({"pattern": "blue", "recognised": "blue"}, {"outside_changed_pixels": 0.0})]
    assert summarise(rows, refused=0, seed=7)["pattern_recognised_rate"] == 1.0


def test_ranking_prefers_the_answer_and_falls_back_to_the_colour() -> None:
    assert rank([{"ciede2000": 3.0}, {"ciede2000_to_garment": 0.0}, {"ciede2000": 1.0}]) == [2, 0]
    assert rank([{"ciede2000_to_garment": 3.0}, {"ciede2000_to_garment": 1.0}]) == [1, 0]
    assert rank([]) == []


def test_pictures_of_different_sizes_are_named() -> None:
    with pytest.raises(DataError, match="answer and photo of a pair differ"):
        score_pair(pair(scene(BLUE), scene(BLUE)[:-2]))
