"""Folds and the slopes they give."""

import dataclasses

import numpy as np
import pytest

from tryon.rendering.cut import Shirt, sample_cut
from tryon.rendering.drawing import Window
from tryon.rendering.figure import Frame, sample_figure
from tryon.rendering.folds import Fold, curved_fold, slopes
from tryon.rendering.wrinkles import sleeve_folds, torso_folds

FRAME = Frame(side=200, scale=4.0, roll=0.0, origin=(100.0, 20.0))
WINDOW = Window(0, 0, 200, 200)


def test_a_fold_runs_from_start_to_end_and_sags():
    fold = curved_fold((0, 0), (10, 0), 2.0, 1.0, 0.3)
    assert fold.curve[0].tolist() == [0, 0]
    assert fold.curve[-1].tolist() == [10, 0]
    assert fold.curve[:, 1].max() == pytest.approx(2.0, abs=0.05)


def test_no_fold_is_flat():
    gx, gy = slopes([], FRAME, WINDOW)
    assert gx.shape == (200, 200)
    assert not gx.any()
    assert not gy.any()


def test_a_vertical_fold_slopes_sideways():
    gx, gy = slopes([curved_fold((0, 5), (0, 40), 0.0, 2.0, 0.5)], FRAME, WINDOW)
    assert np.abs(gx).max() > 3 * np.abs(gy[60:130]).max()
    assert gx.max() > 0.05 > -0.05 > gx.min()


def test_slopes_vanish_away_from_the_fold():
    gx, _ = slopes([curved_fold((0, 5), (0, 40), 0.0, 2.0, 0.5)], FRAME, WINDOW)
    assert np.abs(gx[:, :40]).max() < 1e-3


def test_slopes_do_not_depend_on_the_size_of_the_picture():
    fold = [curved_fold((0, 5), (4, 40), 1.0, 2.0, 0.5)]
    small, _ = slopes(fold, FRAME, WINDOW)
    large, _ = slopes(fold, Frame(400, 8.0, 0.0, (200.0, 40.0)), Window(0, 0, 400, 400))
    assert np.abs(large[::2, ::2] - small).mean() < 0.12 * np.abs(small).max()


def test_many_crossing_folds_stay_below_the_steepest_slope():
    folds = [Fold(curved_fold((-3, y), (3, y + 2), 0, 1.0, 5.0).curve, 1.0, 5.0) for y in np.linspace(5, 30, 20)]
    gx, gy = slopes(folds, FRAME, WINDOW)
    assert np.hypot(gx, gy).max() < 0.75


@pytest.mark.parametrize("seed", range(5))
def test_worn_shirts_have_folds_where_the_shirt_is(seed):
    rng = np.random.default_rng(seed)
    shirt = Shirt(sample_cut(rng), sample_figure(rng))
    folds = torso_folds(rng, shirt)
    assert len(folds) > 12
    for fold in folds:
        assert np.abs(fold.curve[:, 0]).max() < 45
        assert -15 < fold.curve[:, 1].min() < fold.curve[:, 1].max() < 75
    for side in (-1, 1):
        assert 3 <= len(sleeve_folds(rng, shirt, side)) <= 6


def test_loose_shirts_fall_in_more_folds():
    rng = np.random.default_rng(0)
    shirt = Shirt(sample_cut(rng), sample_figure(rng))
    counts = {}
    for looseness in (0.0, 1.0):
        cut = dataclasses.replace(shirt.cut, looseness=looseness)
        loose = dataclasses.replace(shirt, cut=cut)
        counts[looseness] = np.mean([len(torso_folds(np.random.default_rng(seed), loose)) for seed in range(20)])
    assert counts[1.0] > counts[0.0] + 3
