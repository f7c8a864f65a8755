"""Shades by the way a surface faces."""

import numpy as np
import pytest

from tryon.rendering.light import CLOTH_FALLOFF, SKIN_FALLOFF, Light, sample_light

FROM_LEFT = Light(direction=(-0.6, -0.3, 0.742), ambient=0.4, tint=(1.0, 1.0, 1.0), exposure=1.0)


def shade_of(light: Light, nx: float, ny: float) -> float:
    return float(light.shade(np.array([[nx]], np.float32), np.array([[ny]], np.float32))[0, 0])


def test_what_faces_the_lamp_is_brighter():
    assert shade_of(FROM_LEFT, -0.6, -0.3) > shade_of(FROM_LEFT, 0, 0) > shade_of(FROM_LEFT, 0.7, 0.2)


def test_what_faces_the_camera_is_near_its_own_colour():
    assert 0.8 < shade_of(FROM_LEFT, 0, 0) < 1.1


def test_slopes_beyond_the_horizon_stay_finite():
    steep = FROM_LEFT.shade(np.array([[-5.0, 5.0, 0.0]], np.float32), np.array([[3.0, 9.0, -7.0]], np.float32))
    assert np.isfinite(steep).all()
    assert (steep > 0).all()


def test_shade_follows_a_slow_version():
    rng = np.random.default_rng(0)
    nx, ny = rng.uniform(-0.6, 0.6, (2, 5, 5)).astype(np.float32)
    expected = np.empty((5, 5))
    for row, column in np.ndindex(5, 5):
        x, y = float(nx[row, column]), float(ny[row, column])
        z = (1 - x * x - y * y) ** 0.5
        lit = max((-0.6 * x - 0.3 * y + 0.742 * z + 0.35) / 1.35, 0)
        linear = 0.4 * (0.85 - 0.15 * y) * (0.55 + 0.45 * z) + 0.6 * lit * 1.12
        expected[row, column] = linear ** (1 / 2.2)
    assert np.allclose(FROM_LEFT.shade(nx, ny), expected, atol=1e-4)


def test_full_shade_gives_the_colour_itself():
    rgb = FROM_LEFT.colour((0.8, 0.5, 0.2), np.ones((2, 3), np.float32), SKIN_FALLOFF)
    assert rgb.shape == (2, 3, 3)
    assert np.allclose(rgb, (0.8, 0.5, 0.2), atol=0.004)


def test_shaded_skin_turns_redder_and_cloth_cooler():
    half = np.full((1, 1), 0.5, np.float32)
    skin = FROM_LEFT.colour((0.5, 0.5, 0.5), half, SKIN_FALLOFF)[0, 0]
    cloth = FROM_LEFT.colour((0.5, 0.5, 0.5), half, CLOTH_FALLOFF)[0, 0]
    assert skin[0] > skin[1] > skin[2]
    assert cloth[0] < cloth[1] < cloth[2]


@pytest.mark.parametrize("seed", range(8))
def test_sampled_lights_are_unit_and_from_above(seed):
    light = sample_light(np.random.default_rng(seed))
    assert np.linalg.norm(light.direction) == pytest.approx(1)
    assert light.direction[1] < 0 < light.direction[2]
    assert 0 < light.ambient < 1
    assert light == sample_light(np.random.default_rng(seed))
