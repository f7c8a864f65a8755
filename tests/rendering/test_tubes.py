"""Coordinates along and across arms and sleeves."""

import numpy as np
import pytest

from tryon.rendering.drawing import Window
from tryon.rendering.figure import Frame
from tryon.rendering.tubes import lengths_along, map_tube, outline, tangents

FRAME = Frame(side=100, scale=1.0, roll=0.0, origin=(0.0, 0.0))
WINDOW = Window(0, 0, 100, 100)
DOWN = np.stack([np.full(21, 50), np.linspace(10, 90, 21)], axis=1).astype(np.float32)
RADII = np.full(21, 8, np.float32)


def test_lengths_and_tangents_of_a_straight_line():
    assert lengths_along(DOWN)[-1] == pytest.approx(80)
    assert np.allclose(tangents(DOWN), [0, 1])


def test_the_outline_has_the_tubes_width():
    closed = outline(DOWN, RADII)
    assert closed[:, 0].min() == 42
    assert closed[:, 0].max() == 58


def test_along_and_across_a_straight_tube():
    tube = map_tube(DOWN, RADII, FRAME, WINDOW)
    assert tube.t[50, 50] == pytest.approx(40.5, abs=1e-3)
    assert np.allclose(np.abs(tube.offset[50, 40:60]), np.abs(np.arange(40, 60) + 0.5 - 50), atol=1e-3)
    assert tube.s.min() == -1
    assert tube.s.max() == 1


def test_normals_point_away_from_the_middle():
    nx, ny = map_tube(DOWN, RADII, FRAME, WINDOW).normals()
    assert (nx[20:80, 43:49] < 0).all()
    assert (nx[20:80, 52:57] > 0).all()
    assert np.abs(ny[20:80]).max() < 1e-5


def test_a_bent_tube_is_followed_round_its_bend():
    angle = np.linspace(0, np.pi / 2, 25)
    line = np.stack([10 + 60 * np.sin(angle), 80 - 60 * np.cos(angle) + 0], axis=1).astype(np.float32)
    tube = map_tube(line, np.full(25, 8, np.float32), FRAME, WINDOW)
    for share in (0.2, 0.5, 0.8):
        x, y = 10 + 60 * np.sin(share * np.pi / 2), 80 - 60 * np.cos(share * np.pi / 2)
        assert tube.t[int(y), int(x)] == pytest.approx(share * lengths_along(line)[-1], abs=1.6)
        assert abs(tube.offset[int(y), int(x)]) < 1.0


def test_the_radius_is_interpolated():
    tube = map_tube(DOWN, np.linspace(4, 12, 21).astype(np.float32), FRAME, WINDOW)
    assert tube.radius[50, 50] == pytest.approx(8, abs=0.2)
