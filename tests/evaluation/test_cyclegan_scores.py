"""Scores of a CycleGAN on pictures whose answers are known."""

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation.cyclegan import (
    BASELINES,
    Sample,
    background_change,
    score_fakes,
    score_samples,
)
from tryon.images.patterns import measure_look

SIDE = 64
MASK = np.zeros((SIDE, SIDE), bool)
MASK[6:60, 16:48] = True
MASK[10:24, 6:58] = True
NAVY, OFF_WHITE, BLUE = (30, 40, 85), (238, 234, 222), (40, 80, 170)


def garment(colour, *, stripe_px: int = 0, vertical: bool = False, folds: float = 0.0) -> np.ndarray:
    colours = np.broadcast_to(np.array(colour, float), (SIDE, SIDE, 3)).copy()
    if stripe_px:
        on = (np.arange(SIDE) // stripe_px) % 2 == 0
        colours[(slice(None), on) if vertical else on] = OFF_WHITE
    colours *= 1 + folds * np.sin(np.arange(SIDE) / 5)[None, :, None]
    return np.where(MASK[..., None], np.clip(colours, 0, 255), 128).astype(np.uint8)


def scores_of(fake: np.ndarray, target: np.ndarray, picture: np.ndarray | None = None) -> dict[str, float]:
    picture = garment((150, 150, 150), folds=0.2) if picture is None else picture
    return score_samples([Sample(picture, MASK, fake, picture)], measure_look(target, MASK))


def test_the_target_itself_is_perfect_in_pattern():
    target = garment(NAVY, stripe_px=3)
    scores = scores_of(target, target)
    assert scores["ciede2000_to_target"] == pytest.approx(0.0, abs=1e-3)
    assert scores["stripe_frequency_error"] == 0.0
    assert scores["stripe_angle_error_deg"] == 0.0
    assert scores["background_change"] == 0.0
    assert scores["cycle_ssim"] == pytest.approx(1.0)
    assert scores["silhouette_iou"] == 1.0


def test_wrong_stripes_are_measured():
    target = garment(NAVY, stripe_px=3)
    assert scores_of(garment(NAVY, stripe_px=5), target)["stripe_frequency_error"] == pytest.approx(0.4, abs=0.1)
    assert scores_of(garment(NAVY, stripe_px=3, vertical=True), target)["stripe_angle_error_deg"] > 80


def test_a_flat_mix_of_the_stripes_colours_is_far_from_the_target():
    target = garment(NAVY, stripe_px=3)
    mixed = garment(tuple(target[MASK].mean(axis=0)))
    assert scores_of(mixed, target)["ciede2000_to_target"] > 10


def test_a_plain_target_has_no_stripe_scores():
    scores = scores_of(garment(BLUE), garment(BLUE))
    assert not [name for name in scores if name.startswith("stripe")]
    assert scores["ciede2000_to_target"] < 0.1


def test_folds_are_kept_or_lost():
    picture = garment((150, 150, 150), folds=0.2)
    kept, flat = garment(BLUE, folds=0.2), garment(BLUE)
    assert scores_of(kept, garment(BLUE), picture)["fold_correlation"] > 0.98
    assert abs(scores_of(flat, garment(BLUE), picture)["fold_correlation"]) < 0.1


def test_results_without_a_network_stand_beside():
    scores = scores_of(garment(BLUE), garment(BLUE))
    for name in BASELINES:
        assert f"ciede2000_to_target_{name}" in scores
        assert scores[f"background_change_{name}"] == 0.0
    assert scores["ciede2000_to_target_flat_fill"] < 1.0
    assert scores["fold_correlation_luminance"] > 0.98
    assert "cycle_ssim_flat_fill" not in scores
    target, sample = garment(BLUE), Sample(garment((150, 150, 150)), MASK, garment(BLUE), garment((150, 150, 150)))
    alone = score_fakes([sample], measure_look(target, MASK))
    assert {name: scores[name] for name in alone if name != "fold_correlation"} == pytest.approx(
        {name: value for name, value in alone.items() if name != "fold_correlation"}, abs=1e-6
    )
    assert not [name for name in alone if name.endswith(tuple(BASELINES))]
    assert all(np.isfinite(value) for value in scores.values())


def test_without_a_way_back_there_is_no_cycle_score():
    picture = garment((150, 150, 150), folds=0.2)
    scores = score_samples([Sample(picture, MASK, garment(BLUE), None)], measure_look(garment(BLUE), MASK))
    assert "cycle_ssim" not in scores
    assert "fold_correlation" in scores


def test_scores_are_means_over_the_samples():
    target, picture = garment(BLUE), garment((150, 150, 150), folds=0.2)
    samples = [Sample(picture, MASK, fake, picture) for fake in (garment(BLUE), garment(OFF_WHITE))]
    look = measure_look(target, MASK)
    single = [score_samples([sample], look)["ciede2000_to_target"] for sample in samples]
    assert score_samples(samples, look)["ciede2000_to_target"] == pytest.approx(sum(single) / 2)


def test_background_change_against_numpy():
    picture = garment(BLUE)
    fake = picture.copy()
    fake[0, 0] = 138
    assert background_change(fake, picture, MASK) == pytest.approx(10 / (~MASK).sum())
    assert background_change(fake, picture, np.ones_like(MASK)) == 0.0


def test_no_samples_are_refused():
    with pytest.raises(DataError, match="cannot be scored"):
        score_samples([], measure_look(garment(BLUE), MASK))
