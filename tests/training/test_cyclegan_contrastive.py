"""Patches that must be told apart: against loops, and what learns from them."""

import numpy as np
import pytest

from tryon.models.cyclegan import Architecture
from tryon.training.cyclegan_augmentation import unchanged
from tryon.training.cyclegan_contrastive import (
    CONTRASTIVE_COMPONENTS,
    TEMPERATURE,
    Contrast,
    build_one_way_networks,
    contrastive_critic_losses,
    contrastive_generator_losses,
    draw_patches,
    feature_sides,
    patch_contrast,
)
from tryon.training.cyclegan_losses import Batch, build_networks

TINY = Architecture(32, 4, 3, 4, mask_input=True, mask_composite=True, way_back=False)
CONTRAST = Contrast(weight=2.0, identity_weight=0.5, patches=8, features=6)


def unit(shape: tuple[int, ...], seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=shape)
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def slow_contrast(queries: np.ndarray, keys: np.ndarray, places: np.ndarray) -> list[float]:
    losses = []
    for query, key, place in zip(queries.astype(np.float64), keys.astype(np.float64), places, strict=True):
        each = []
        for i in range(len(query)):
            own = np.exp(query[i] @ key[i] / TEMPERATURE)
            others = [np.exp(query[i] @ key[j] / TEMPERATURE) for j in range(len(key)) if place[j] != place[i]]
            each.append(-np.log(own / (own + sum(others))))
        losses.append(float(np.mean(each)))
    return losses


@pytest.mark.parametrize("places", [[[0, 1, 2, 3], [7, 5, 9, 4]], [[0, 1, 0, 3], [6, 6, 6, 6]]])
def test_contrast_against_a_loop(places):
    queries, keys, places = unit((2, 4, 5), 1), unit((2, 4, 5), 2), np.array(places)
    found = np.asarray(patch_contrast(queries, keys, places))
    np.testing.assert_allclose(found, slow_contrast(queries, keys, places), rtol=1e-4, atol=1e-6)


def test_the_right_order_costs_least():
    keys, places = unit((1, 6, 16), 3), np.arange(6)[None]
    right = float(np.asarray(patch_contrast(keys, keys, places))[0])
    wrong = float(np.asarray(patch_contrast(keys[:, ::-1], keys, places))[0])
    assert right < 0.1 < 1 < wrong


def masks(count: int = 2) -> np.ndarray:
    covering = np.zeros((count, 32, 32, 1), np.float32)
    covering[:, 8:24, 4:20] = 1.0
    return covering


def test_places_lie_on_the_garment_and_differ_where_there_are_enough():
    for side, places in zip((32, 8), draw_patches(masks(), (32, 8), 12, np.random.default_rng(0)), strict=True):
        assert places.shape == (2, 12) and places.dtype == np.int32
        cell = 32 // side
        rows, columns = np.divmod(places, side)
        assert ((rows * cell >= 8) & (rows * cell < 24) & (columns * cell >= 4) & (columns * cell < 20)).all()
        assert all(len(set(row)) == 12 for row in places.tolist())
    (few,) = draw_patches(masks(), (8,), 40, np.random.default_rng(0))  # 16 cells are covered
    assert all(len(set(row)) <= 16 for row in few.tolist())


def test_a_picture_without_a_garment_is_compared_anywhere():
    (places,) = draw_patches(np.zeros((1, 32, 32, 1), np.float32), (8,), 64, np.random.default_rng(0))
    assert sorted(places[0].tolist()) == list(range(64))


def test_one_way_networks_start_as_the_others_do():
    one_way, both = build_one_way_networks(TINY, CONTRAST, 7), build_networks(TINY, 7)
    for name in ("plain_to_pattern", "pattern_critic"):
        pairs = zip(getattr(one_way, name).get_weights(), getattr(both, name).get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
    assert list(one_way.generators) == ["plain_to_pattern"]
    assert feature_sides(one_way) == [32, 16, 8, 8, 8]
    assert feature_sides(build_one_way_networks(Architecture(32, 4, 1, 4), CONTRAST, 7)) == [32, 16, 8, 8]


def a_batch() -> Batch:
    random = np.random.default_rng(4).uniform(-1, 1, (2, 2, 32, 32, 3)).astype(np.float32)
    return Batch(random[0], masks() * 2 - 1, masks(), random[1], masks() * 2 - 1, masks())


def losses_of(networks, contrast: Contrast = CONTRAST):
    both = np.concatenate([masks(), masks()])
    patches = draw_patches(both, feature_sides(networks), contrast.patches, np.random.default_rng(0))
    return contrastive_generator_losses(networks, a_batch(), contrast, patches, unchanged)


def test_losses_have_their_weights_and_fakes_keep_to_the_mask():
    import dataclasses

    networks = build_one_way_networks(TINY, CONTRAST, 7)
    losses, fakes = losses_of(networks)
    critic = contrastive_critic_losses(networks, a_batch(), fakes, unchanged)
    assert len(losses) + len(critic) == len(CONTRASTIVE_COMPONENTS)
    assert fakes.shape == (2, 32, 32, 3)
    assert not np.asarray(fakes)[masks()[..., 0] == 0].any()
    doubled, _ = losses_of(networks, dataclasses.replace(CONTRAST, weight=4.0, identity_weight=0.0))
    assert float(doubled[0]) == pytest.approx(float(losses[0]))
    assert float(doubled[1]) == pytest.approx(2 * float(losses[1]))
    assert float(doubled[2]) == 0 < float(losses[2])


def test_generator_and_heads_learn_from_patches():
    tf = pytest.importorskip("tensorflow")
    networks = build_one_way_networks(TINY, CONTRAST, 7)
    variables = [variable.value for variable in networks.generator_variables]
    with tf.GradientTape() as tape:
        losses, _ = losses_of(networks)
        contrast = losses[1]
    gradients = [np.asarray(gradient) for gradient in tape.gradient(contrast, variables)]
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    kernels = [g for g, v in zip(gradients, networks.generator_variables, strict=True) if "kernel" in v.path]
    assert all(np.abs(kernel).max() > 0 for kernel in kernels)
