"""The garment's picture in the place of the worn shirt, and what generators make of it."""

import dataclasses

import numpy as np
import pytest

from tryon.models.cyclegan import Architecture, build_generator, place_in_box, placed_in_turn
from tryon.models.cyclegan.guides import guide_channels

BARE = Architecture(16, 4, 1, 4, mask_input=True)


def box_mask(side: int, top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros((side, side), bool)
    mask[top:bottom, left:right] = True
    return mask


def striped(side: int, period: int) -> np.ndarray:
    rows = (np.arange(side) // (period // 2) % 2).astype(np.float32)
    return np.broadcast_to(rows[:, None, None], (side, side, 3)).copy()


def test_equal_boxes_leave_the_garment_where_it_is():
    garment, mask = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32), box_mask(16, 3, 12, 4, 13)
    placed = place_in_box(garment, mask, mask)
    np.testing.assert_allclose(placed[mask], garment[mask], atol=1e-6)
    assert np.unique(placed[~mask]).tolist() == [0.5]


def test_a_garment_of_twice_the_size_is_halved_with_its_stripes():
    garment, mask = striped(64, 16), box_mask(64, 0, 64, 0, 64)
    placed = place_in_box(garment, mask, box_mask(32, 0, 32, 0, 32))
    expected = striped(32, 8)
    centres = np.arange(32) % 4 // 2 == 0  # rows whose neighbours are of their own colour are at least nearly pure
    assert np.abs(placed - expected).mean() < 0.15
    assert np.corrcoef(placed[centres, 5, 0], expected[centres, 5, 0])[0, 1] > 0.95


def test_finer_stripes_than_pixels_become_their_mean_and_no_coarser_ones():
    placed = place_in_box(striped(96, 2), np.ones((96, 96), bool), np.ones((12, 12), bool))
    np.testing.assert_allclose(placed[2:-2, 2:-2], 0.5, atol=0.02)


def test_colours_beyond_the_garment_do_not_come_in():
    garment = np.full((20, 20, 3), 1.0, np.float32)
    mask = box_mask(20, 5, 15, 5, 15)
    garment[mask] = 0.25
    placed = place_in_box(garment, mask, box_mask(8, 1, 7, 1, 7))
    np.testing.assert_allclose(placed[1:7, 1:7], 0.25, atol=1e-5)


def test_holes_of_the_garment_are_neutral():
    mask = box_mask(16, 0, 16, 0, 16)
    mask[6:10, 6:10] = False
    placed = place_in_box(np.ones((16, 16, 3), np.float32), mask, np.ones((16, 16), bool))
    assert np.unique(placed[6:10, 6:10]).tolist() == [0.5]
    assert placed[2, 2, 0] == 1.0


@pytest.mark.parametrize("empty", ["garment", "worn"])
def test_nothing_gives_neutral_ground(empty):
    some, none = np.ones((8, 8), bool), np.zeros((8, 8), bool)
    garment_mask, worn_mask = (none, some) if empty == "garment" else (some, none)
    placed = place_in_box(np.ones((8, 8, 3), np.float32), garment_mask, worn_mask)
    assert placed.shape == (8, 8, 3)
    assert np.unique(placed).tolist() == [0.5]


def test_garments_are_taken_in_turn():
    garments = np.stack([np.full((8, 8, 3), value, np.float32) for value in (0.1, 0.9)])
    placed = placed_in_turn(np.ones((3, 8, 8), np.float32), garments, np.ones((2, 8, 8), np.float32))
    assert [round(float(one.mean()), 6) for one in placed] == [0.1, 0.9, 0.1]


@pytest.mark.parametrize(
    ("garment_input", "code", "channels"), [(False, 0, 4), (True, 0, 7), (False, 5, 7), (True, 5, 7)]
)
def test_input_channels_and_shape_by_architecture(garment_input, code, channels):
    architecture = dataclasses.replace(BARE, garment_input=garment_input, garment_code=code)
    assert architecture.input_channels == channels
    generator = build_generator(architecture)
    assert generator.output_shape == (None, 16, 16, 3)
    garments = np.zeros((2, 16, 16, 3), np.float32) if architecture.needs_garment else None
    assert guide_channels(np.ones((2, 16, 16), np.float32), architecture, garments).shape[-1] == channels - 3


def test_a_garment_that_is_read_must_be_given_and_one_that_is_not_must_not():
    garments, masks = np.zeros((1, 16, 16, 3), np.float32), np.ones((1, 16, 16), np.float32)
    for architecture, given in ((dataclasses.replace(BARE, garment_code=3), None), (BARE, garments)):
        with pytest.raises(AssertionError, match="garments are given"):
            guide_channels(masks, architecture, given)


def test_the_garment_input_counts_by_place():
    inputs = np.random.default_rng(1).uniform(-1, 1, (1, 16, 16, 7)).astype(np.float32)
    moved = inputs.copy()
    moved[..., 4:] = np.roll(inputs[..., 4:], 3, axis=1)
    generator = build_generator(dataclasses.replace(BARE, garment_input=True))
    assert np.abs(np.asarray(generator(inputs)) - np.asarray(generator(moved))).max() > 1e-3


def test_a_code_changes_nothing_before_training_and_everything_after():
    generator = build_generator(dataclasses.replace(BARE, garment_code=4))
    rng = np.random.default_rng(2)
    inputs = rng.uniform(-1, 1, (1, 16, 16, 7)).astype(np.float32)
    other = inputs.copy()
    other[..., 4:] = -0.8
    np.testing.assert_array_equal(np.asarray(generator(inputs)), np.asarray(generator(other)))
    for layer in generator.layers:
        if layer.name.endswith("_film"):
            kernel, bias = layer.get_weights()
            layer.set_weights([rng.normal(0, 0.5, kernel.shape), bias])
    assert np.abs(np.asarray(generator(inputs)) - np.asarray(generator(other))).max() > 1e-4
    shifted = inputs.copy()
    shifted[..., 4:] = other[..., 4:][:, ::-1]  # the same flat cloth, upside down
    np.testing.assert_array_equal(np.asarray(generator(other)), np.asarray(generator(shifted)))


def test_a_trusted_garment_is_shown_as_it_is():
    generator = build_generator(dataclasses.replace(BARE, garment_input=True))
    leave = generator.get_layer("leave")
    kernel, _ = leave.get_weights()
    inputs = np.random.default_rng(3).uniform(-1, 1, (1, 16, 16, 7)).astype(np.float32)
    for logit, shown in ((40.0, inputs[..., 4:]), (-40.0, np.zeros_like(inputs[..., 4:]))):
        leave.set_weights([np.zeros_like(kernel), np.array([0, 0, 0, logit], np.float32)])
        np.testing.assert_allclose(np.asarray(generator(inputs)), shown, atol=1e-6)
