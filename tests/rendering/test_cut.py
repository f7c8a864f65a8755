"""Outlines and landmarks of T-shirts on bodies."""

import dataclasses

import cv2
import numpy as np
import pytest

from tryon.geometry.landmarks import SHORT_SLEEVE_TOP
from tryon.rendering.cut import Shirt, arm_radii, sample_cut
from tryon.rendering.figure import sample_figure


def shirt_of(seed: int) -> Shirt:
    rng = np.random.default_rng(seed)
    return Shirt(sample_cut(rng), sample_figure(rng))


def covered(shirt: Shirt) -> np.ndarray:
    """The whole shirt on a grid of half centimetres, with the origin at (60, 40) cm."""
    picture = np.zeros((260, 260), np.uint8)
    inside = np.concatenate([shirt.back_collar, shirt.front_collar[::-1]])
    pieces = [
        shirt.figure.bend(shirt.torso_outline),
        shirt.figure.bend(inside),
        *shirt.sleeve_outlines(-1),
        *shirt.sleeve_outlines(1),
    ]
    for piece in pieces:
        cv2.fillPoly(picture, [np.round((piece + np.array([60, 40])) * 2).astype(np.int32)], 1)
    return picture.astype(bool)


def place(shirt: Shirt, name: str) -> np.ndarray:
    return shirt.landmarks()[SHORT_SLEEVE_TOP.index(name)]


@pytest.mark.parametrize("seed", range(25))
def test_the_shirt_is_one_piece_without_holes(seed):
    mask = covered(shirt_of(seed)).astype(np.uint8)
    assert cv2.connectedComponents(mask)[0] == 2
    _, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[:2]
    holes = (hierarchy[0][:, 3] >= 0).sum()
    assert holes <= 2  # a gap between a bent arm's sleeve and the side can close


@pytest.mark.parametrize("seed", range(25))
def test_landmarks_lie_on_the_shirt(seed):
    shirt = shirt_of(seed)
    near = cv2.dilate(covered(shirt).astype(np.uint8), np.ones((9, 9), np.uint8))
    points = np.round((shirt.landmarks() + np.array([60, 40])) * 2).astype(int)
    assert points.shape == (25, 2)
    for name, (x, y) in zip(SHORT_SLEEVE_TOP, points, strict=True):
        assert near[y, x], name


@pytest.mark.parametrize("seed", range(10))
def test_landmarks_are_on_their_own_side_and_in_order(seed):
    shirt = shirt_of(seed)
    for name in ("shoulder", "armpit", "hem", "side_upper", "cuff_outer"):
        assert place(shirt, f"{name}_left")[0] < place(shirt, f"{name}_right")[0]
    for side in ("left", "right"):
        down = [place(shirt, f"{name}_{side}")[1] for name in ("shoulder", "armpit", "side_upper", "side_lower", "hem")]
        assert down == sorted(down)
    assert place(shirt, "neck_back_middle")[1] < place(shirt, "neck_front_middle")[1]


@pytest.mark.parametrize("neck", ["crew", "v"])
def test_the_neckline_is_lowest_in_its_middle(neck):
    shirt = shirt_of(3)
    shirt = dataclasses.replace(shirt, cut=dataclasses.replace(shirt.cut, neck=neck, neck_depth=9.0))
    collar = shirt.front_collar
    assert collar[12, 1] == collar[:, 1].max() == pytest.approx(9.0)
    assert np.allclose(collar[[0, -1]], shirt.neck_points)


def test_a_v_is_narrower_than_a_round_neck():
    shirt = shirt_of(3)
    widths = {}
    for neck in ("crew", "v"):
        cut = dataclasses.replace(shirt.cut, neck=neck, neck_depth=9.0)
        collar = dataclasses.replace(shirt, cut=cut).front_collar
        low = collar[collar[:, 1] > 6]
        widths[neck] = np.ptp(low[:, 0])
    assert widths["v"] < 0.7 * widths["crew"]


def test_a_loose_shirt_is_wider_than_a_tight_one():
    shirt = shirt_of(1)
    rows = np.array([20, 36, 50], np.float32)
    tight = dataclasses.replace(shirt, cut=dataclasses.replace(shirt.cut, looseness=0.0, ease=0.8))
    loose = dataclasses.replace(shirt, cut=dataclasses.replace(shirt.cut, looseness=1.0, ease=4.0))
    assert (loose.half_width(rows) > tight.half_width(rows)).all()
    assert (tight.half_width(rows) >= shirt.figure.half_width(rows)).all()


@pytest.mark.parametrize("length", [15.0, 21.0, 29.0])
def test_sleeves_are_as_long_as_cut(length):
    shirt = shirt_of(2)
    line, radii = dataclasses.replace(shirt, cut=dataclasses.replace(shirt.cut, sleeve=length)).sleeve_line(-1)
    assert np.hypot(*np.diff(line, axis=0).T).sum() == pytest.approx(length, rel=0.03)
    assert (radii > arm_radii(shirt.figure, np.zeros(1, np.float32))[0] * 0.8).all()


@pytest.mark.parametrize("side", [-1, 1])
def test_outer_edges_of_sleeves_are_outside(side):
    outer, inner = shirt_of(4).sleeve_edges(side)
    assert (side * (outer[8:, 0] - inner[8:, 0]) > 0).all() or (outer[8:, 1] < inner[8:, 1]).all()


def test_cuts_vary():
    cuts = [sample_cut(np.random.default_rng(seed)) for seed in range(60)]
    assert {cut.neck for cut in cuts} == {"crew", "v"}
    assert min(cut.sleeve for cut in cuts) < 17
    assert max(cut.sleeve for cut in cuts) > 25
    assert min(cut.looseness for cut in cuts) < 0.1
    assert max(cut.looseness for cut in cuts) > 0.9
