"""Bodies, poses and frames."""

import dataclasses

import numpy as np
import pytest

from tryon.rendering.drawing import Window
from tryon.rendering.figure import FOREARM, UPPER_ARM, Figure, Frame, sample_build, sample_figure

FRAME = Frame(side=512, scale=5.0, roll=0.04, origin=(250.0, 160.0))


@pytest.mark.parametrize("seed", range(6))
def test_unbend_is_the_inverse_of_bend(seed):
    figure = sample_figure(np.random.default_rng(seed))
    points = np.random.default_rng(1).uniform([-20, -10], [20, 60], (50, 2)).astype(np.float32)
    bent = figure.bend(points)
    x, y = figure.unbend(bent[:, 0], bent[:, 1])
    assert np.abs(np.stack([x, y], axis=1) - points).max() < 0.35


@pytest.mark.parametrize("seed", range(30))
def test_arms_keep_their_length_or_look_shorter(seed):
    for arm in sample_figure(np.random.default_rng(seed)).arms:
        upper = np.hypot(*np.subtract(arm.elbow, arm.shoulder))
        fore = np.hypot(*np.subtract(arm.hand, arm.elbow))
        assert 0.5 * UPPER_ARM < upper < 1.15 * UPPER_ARM
        assert 0.5 * FOREARM < fore < 1.15 * FOREARM


@pytest.mark.parametrize("seed", range(10))
def test_elbows_point_outwards(seed):
    for arm in sample_figure(np.random.default_rng(seed)).arms:
        assert arm.side * arm.elbow[0] > 0
        assert arm.elbow[1] > arm.shoulder[1]


def test_every_pose_occurs():
    poses = {arm.pose for seed in range(200) for arm in sample_figure(np.random.default_rng(seed)).arms}
    assert poses == {"hanging", "raised", "hip", "bent", "pocket", "crossed", "behind"}


def test_most_people_are_seen_from_the_front_and_few_from_the_side():
    yaws = np.abs([sample_figure(np.random.default_rng(seed)).yaw for seed in range(300)])
    assert (yaws < 0.3).mean() > 0.5
    assert 0.005 < (yaws > 0.85).mean() < 0.12


def test_the_centreline_runs_from_shoulder_to_wrist():
    arm = sample_figure(np.random.default_rng(2)).arms[0]
    line = arm.centreline
    assert line[0] == pytest.approx(arm.shoulder)
    assert line[-1] == pytest.approx(arm.hand)
    assert np.hypot(*np.diff(line, axis=0).T).max() < 6


def test_a_turned_body_looks_narrower_and_its_middle_moves():
    figure = sample_figure(np.random.default_rng(0))
    front, turned = dataclasses.replace(figure, yaw=0.0), dataclasses.replace(figure, yaw=0.6)
    rows = np.array([14, 36, 54], np.float32)
    assert (turned.half_width(rows) < front.half_width(rows)).all()
    assert turned.shoulder_x < front.shoulder_x
    assert front.middle_x == 0 < turned.middle_x


@pytest.mark.parametrize("seed", range(20))
def test_bodies_have_believable_measures(seed):
    build = sample_build(np.random.default_rng(seed))
    assert 14 < build.shoulder < 23
    assert 10 < build.waist < 21
    assert 2.6 < build.arm < 6.5
    assert build.female or build.bust == 0


def test_the_frame_goes_there_and_back():
    window = Window(100, 60, 120, 90)
    x, y = FRAME.to_cm(window)
    points = FRAME.to_px(np.stack([x.ravel(), y.ravel()], axis=1))
    assert np.allclose(points[0], [100.5, 60.5], atol=1e-3)
    assert np.allclose(points[-1], [119.5, 89.5], atol=1e-3)


def test_the_coarse_frame_is_the_same_place():
    points = np.array([[0, 0], [12, 40]], np.float32)
    assert np.allclose(FRAME.coarse.to_px(points), FRAME.to_px(points) / 2, atol=1e-3)


def test_the_same_seed_gives_the_same_person():
    first, again = (sample_figure(np.random.default_rng(7)) for _ in range(2))
    assert isinstance(first, Figure)
    assert first == again
    assert first != sample_figure(np.random.default_rng(8))
