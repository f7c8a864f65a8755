"""Guide channels and composition: what stands beside the picture, and what the mask does to the output."""

import numpy as np
import pytest

from tryon.models.cyclegan import Architecture
from tryon.models.cyclegan.guides import (
    compose,
    from_network,
    garment_position,
    guide_channels,
    to_network,
    with_guides,
)


def mask_of(top: int, bottom: int, left: int, right: int, side: int = 16) -> np.ndarray:
    mask = np.zeros((side, side), np.float32)
    mask[top:bottom, left:right] = 1.0
    return mask


def test_position_runs_from_edge_to_edge_of_the_garment():
    position = garment_position(mask_of(4, 13, 2, 7))
    assert position[4, :, 0].tolist() == [-1.0] * 16
    assert position[12, 0, 0] == 1.0
    assert position[8, 0, 0] == 0.0
    assert position[0, 2, 1] == -1.0
    assert position[0, 4, 1] == 0.0
    assert position[0, 6, 1] == 1.0
    assert np.abs(position).max() == 1.0


def test_position_moves_with_the_garment():
    first, moved = garment_position(mask_of(2, 9, 3, 10)), garment_position(mask_of(5, 12, 4, 11))
    np.testing.assert_array_equal(first[2:9, 3:10], moved[5:12, 4:11])


@pytest.mark.parametrize("mask", [np.zeros((8, 8), np.float32), mask_of(3, 4, 5, 6, side=8)])
def test_position_of_nothing_and_of_one_pixel_is_finite(mask):
    assert np.isfinite(garment_position(mask)).all()


@pytest.mark.parametrize(("mask_input", "position_input", "channels"), [(0, 0, 0), (1, 0, 1), (0, 1, 2), (1, 1, 3)])
def test_guides_by_architecture(mask_input, position_input, channels):
    architecture = Architecture(16, 4, 1, 4, mask_input=bool(mask_input), position_input=bool(position_input))
    guides = guide_channels(np.stack([mask_of(2, 9, 3, 10), mask_of(0, 16, 0, 16)]), architecture)
    assert guides.shape == (2, 16, 16, channels)
    assert guides.dtype == np.float32
    if mask_input:
        assert sorted(np.unique(guides[..., 0]).tolist()) == [-1.0, 1.0]


def test_composition_leaves_neutral_ground_outside():
    redrawn, masks = np.full((1, 16, 16, 3), 0.8, np.float32), mask_of(4, 8, 4, 8)[None, ..., None]
    composed = compose(redrawn, masks, Architecture(16, 4, 1, 4, mask_composite=True))
    assert set(np.unique(composed)) == {np.float32(0.0), np.float32(0.8)}
    assert from_network(composed)[0, 0, 0].tolist() == [0.5, 0.5, 0.5]
    assert compose(redrawn, masks, Architecture(16, 4, 1, 4)) is redrawn


def test_range_there_and_back():
    pictures = np.linspace(0, 1, 48, dtype=np.float32).reshape(1, 4, 4, 3)
    assert to_network(pictures).min() == -1.0
    assert to_network(pictures).max() == 1.0
    np.testing.assert_allclose(from_network(to_network(pictures)), pictures, atol=1e-6)


def test_guides_follow_the_picture():
    pictures, guides = np.ones((2, 4, 4, 3), np.float32), np.zeros((2, 4, 4, 2), np.float32)
    joined = np.asarray(with_guides(pictures, guides))
    assert joined.shape == (2, 4, 4, 5)
    assert joined[..., :3].all()
    assert not joined[..., 3:].any()
