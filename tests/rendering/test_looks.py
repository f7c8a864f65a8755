"""Fabrics: patterns in garment coordinates."""

import dataclasses

import numpy as np
import pytest

from tryon.rendering.canvas import COLLAR, LEFT_SLEEVE, TORSO
from tryon.rendering.dataset import FAMILIES
from tryon.rendering.looks import PLAIN_COLOURS, STRIPE_PERIOD_CM, STRIPE_SHARE, Look, sample_look

PX_PER_CM = 8.0


def cloth(width_cm: float = 40, height_cm: float = 64) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat garment coordinates of a piece of the torso."""
    u, v = np.meshgrid(
        np.arange(-width_cm / 2, width_cm / 2, 1 / PX_PER_CM, dtype=np.float32),
        np.arange(0, height_cm, 1 / PX_PER_CM, dtype=np.float32),
    )
    return u, v, np.full(u.shape, TORSO, np.uint8)


def paint(look: Look, part: int = TORSO) -> np.ndarray:
    u, v, parts = cloth()
    parts[:] = part
    return look.albedo(u, v, parts, PX_PER_CM)


def smooth(look: Look) -> Look:
    return dataclasses.replace(look, heather=0.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_gives_colours(family):
    rgb = paint(sample_look(np.random.default_rng(0), family))
    assert rgb.dtype == np.float32
    assert rgb.shape == (512, 320, 3)
    assert 0 <= rgb.min() < rgb.max() < 1.15


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_gives_the_same_fabric(family):
    first, again = (sample_look(np.random.default_rng(5), family) for _ in range(2))
    assert first == again
    assert np.array_equal(paint(first), paint(again))


def test_an_unknown_family_is_named():
    with pytest.raises(ValueError, match="tartan"):
        sample_look(np.random.default_rng(0), "tartan")


@pytest.mark.parametrize("seed", range(12))
def test_stripes_are_one_family(seed):
    look = sample_look(np.random.default_rng(seed), "striped")
    assert (look.pattern, look.colour) == ("striped", "navy")
    assert (look.period_cm, look.share, look.phase_cm) == (STRIPE_PERIOD_CM, STRIPE_SHARE, 0.0)
    assert sum(look.ground) > 2.4 > 1.0 > sum(look.motif)


def test_other_stripes_are_never_navy():
    looks = [sample_look(np.random.default_rng(seed), "striped_other") for seed in range(40)]
    assert {look.pattern for look in looks} == {"striped"}
    assert "navy" not in {look.colour for look in looks}
    assert len({round(look.period_cm) for look in looks}) > 3


def test_stripes_have_their_period_and_share():
    look = smooth(sample_look(np.random.default_rng(1), "striped"))
    brightness = paint(look).mean(axis=2)
    assert np.ptp(brightness, axis=1).max() < 1e-5
    profile = brightness[:, 0] - brightness[:, 0].mean()
    strongest = np.abs(np.fft.rfft(profile))[1:].argmax() + 1
    assert strongest == round(64 / STRIPE_PERIOD_CM)
    dark = (brightness[:, 0] < brightness.mean()).mean()
    assert dark == pytest.approx(STRIPE_SHARE, abs=0.05)


def test_there_are_nine_to_eleven_stripes_on_a_torso():
    look = smooth(sample_look(np.random.default_rng(1), "striped"))
    dark = paint(look)[: int(58 * PX_PER_CM), 0].mean(axis=1) < 0.5
    assert 9 <= (np.diff(dark.astype(int)) == 1).sum() <= 11


def test_plain_is_plain_and_named_after_its_colour():
    for seed in range(30):
        look = sample_look(np.random.default_rng(seed), "plain")
        assert look.colour in PLAIN_COLOURS
        assert look.colour != "blue"
        assert paint(look).std(axis=(0, 1)).max() < 0.06
        assert np.abs(np.subtract(look.ground, PLAIN_COLOURS[look.colour])).max() < 0.25


def test_blue_is_a_mid_blue():
    for seed in range(20):
        look = sample_look(np.random.default_rng(seed), "blue")
        assert (look.pattern, look.colour) == ("plain", "blue")
        assert look.ground[2] > look.ground[1] > look.ground[0]


def test_dots_are_staggered_and_round():
    look = dataclasses.replace(smooth(sample_look(np.random.default_rng(0), "dotted")), period_cm=4.0, share=0.3)
    share = paint(look)[..., 0]
    ground, motif = look.ground[0], look.motif[0]
    covered = ((share - ground) / (motif - ground)).mean()
    assert covered == pytest.approx(np.pi * 0.3**2, rel=0.05)


def test_checks_have_three_tones():
    look = smooth(sample_look(np.random.default_rng(0), "checked"))
    share = (paint(look)[..., 0] - look.ground[0]) / (look.motif[0] - look.ground[0])
    for tone, portion in ((0.0, 0.25), (0.5, 0.5), (1.0, 0.25)):
        assert (np.abs(share - tone) < 0.05).mean() == pytest.approx(portion, abs=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_a_print_is_on_the_chest_only(seed):
    look = smooth(sample_look(np.random.default_rng(seed), "print"))
    changed = np.abs(paint(look) - np.float32(look.ground)).max(axis=2) > 0.1
    assert 0.02 < changed.mean() < 0.4
    assert not changed[: int(2 * PX_PER_CM)].any()
    assert not (np.abs(paint(look, LEFT_SLEEVE) - np.float32(look.ground)).max(axis=2) > 0.1).any()


def test_the_collar_has_its_own_colour():
    look = smooth(sample_look(np.random.default_rng(0), "striped"))
    assert np.allclose(paint(look, COLLAR), look.collar, atol=1e-6)


def test_edges_are_soft():
    look = smooth(sample_look(np.random.default_rng(1), "striped"))
    u, v, part = cloth()
    rgb = look.albedo(u, v + np.float32(0.03), part, PX_PER_CM)[:, 0, 0]
    low, high = rgb.min(), rgb.max()
    between = (rgb > low + 0.05) & (rgb < high - 0.05)
    assert between.sum() >= 8
