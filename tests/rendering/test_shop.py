"""Shop pictures."""

import numpy as np
import pytest

from tryon.rendering.looks import sample_look
from tryon.rendering.shop import render_garment, sample_layout

SIZE = 128


def garment_of(seed: int, family: str = "striped"):
    rng = np.random.default_rng(seed)
    look = sample_look(rng, family)
    layout = sample_layout(rng, SIZE)
    return layout, look, render_garment(layout, look)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_bytes(seed):
    assert np.array_equal(garment_of(seed)[2].image, garment_of(seed)[2].image)


@pytest.mark.parametrize("seed", range(10))
def test_the_whole_garment_is_in_the_picture(seed):
    alpha = garment_of(seed)[2].alpha
    assert 0.15 < (alpha > 0.5).mean() < 0.7
    for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]):
        assert edge.max() < 0.5


@pytest.mark.parametrize("seed", range(6))
def test_a_garment_is_about_symmetric(seed):
    mask = garment_of(seed)[2].alpha > 0.5
    columns = np.nonzero(mask.any(axis=0))[0]
    middle = (columns[0] + columns[-1]) / 2
    left, right = mask[:, : int(middle)].sum(), mask[:, int(middle) + 1 :].sum()
    assert abs(left - right) < 0.2 * mask.sum()


def test_most_lie_and_some_hang():
    views = [sample_layout(np.random.default_rng(seed), SIZE).view for seed in range(60)]
    assert 5 < views.count("hanging") < 30
    assert views.count("flat") + views.count("hanging") == 60


def test_a_shadow_lies_beside_the_garment():
    layout, look, garment = garment_of(1, "plain")
    full = garment.image.astype(float).mean(axis=2)
    import cv2

    mask = (garment.alpha > 0.02).astype(np.uint8)
    ring = cv2.dilate(mask, np.ones((5, 5), np.uint8)) - mask
    far = 1 - cv2.dilate(mask, np.ones((41, 41), np.uint8))
    assert full[ring.astype(bool)].mean() < full[far.astype(bool)].mean()
    assert layout.size_px == SIZE
    assert look.pattern == "plain"


def test_only_the_garment_changes_with_the_look():
    layout, _, striped = garment_of(2)
    blue = render_garment(layout, sample_look(np.random.default_rng(9), "blue"))
    outside = striped.alpha == 0
    assert np.array_equal(striped.image[outside], blue.image[outside])
    assert not np.array_equal(striped.image, blue.image)
