"""The networks' own layers against plain NumPy, their options, and where their weights come from."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tryon.models.cyclegan import Architecture, build_critic, build_generator
from tryon.models.cyclegan.networks import InstanceNormalization, ReflectionPadding2D
from tryon.models.layers.narrow_convolution import NarrowConv2D
from tryon.models.layers.tiled_convolution import MirroredConv2D

TINY = Architecture(32, 4, 1, 4)


def random_pictures(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_instance_norm_against_numpy():
    x = random_pictures(2, 5, 6, 3)
    expected = np.empty_like(x)
    for b in range(2):
        for c in range(3):
            channel = x[b, :, :, c]
            expected[b, :, :, c] = (channel - channel.mean()) / np.sqrt(channel.var() + 1e-5)
    np.testing.assert_allclose(np.asarray(InstanceNormalization()(x)), expected, atol=1e-5)


def test_instance_norm_equals_keras_group_norm():
    x = random_pictures(2, 8, 8, 4)
    theirs = keras.layers.GroupNormalization(groups=-1, epsilon=1e-5, center=False, scale=False)(x)
    np.testing.assert_allclose(np.asarray(InstanceNormalization()(x)), np.asarray(theirs), atol=1e-5)


def test_instance_norm_gradient_against_differences():
    x, slope = random_pictures(2, 3, 4, 2), random_pictures(2, 3, 4, 2, seed=1)
    norm = InstanceNormalization(1e-2)
    with tf.GradientTape() as tape:
        given = tf.constant(x)
        tape.watch(given)
        total = tf.reduce_sum(norm(given) * slope)
    gradient = tape.gradient(total, given).numpy()
    for place in np.ndindex(x.shape):
        moved = [x.copy(), x.copy()]
        for picture, step in zip(moved, (1e-2, -1e-2), strict=True):
            picture[place] += step
        up, down = ((np.asarray(norm(picture)) * slope).sum() for picture in moved)
        assert gradient[place] == pytest.approx((up - down) / 2e-2, abs=2e-3)


def test_instance_norm_of_a_flat_channel_is_near_zero():
    assert np.abs(np.asarray(InstanceNormalization()(np.full((1, 4, 4, 2), 0.7, np.float32)))).max() < 1e-3


@pytest.mark.parametrize("reach", [1, 3])
def test_reflection_against_numpy(reach):
    x = random_pictures(2, 6, 5, 3)
    expected = np.pad(x, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(np.asarray(ReflectionPadding2D(reach)(x)), expected)


@pytest.mark.parametrize(
    "layer",
    [
        ReflectionPadding2D(2, name="r"),
        InstanceNormalization(1e-2, name="i"),
        MirroredConv2D(3, kernel_initializer="ones", name="m"),
        NarrowConv2D(3, 5, kernel_initializer="ones", name="n"),
    ],
)
def test_layers_keep_their_configuration(layer):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    x = random_pictures(1, 8, 8, 2)
    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(layer(x)))


@pytest.mark.parametrize(
    ("mask_input", "position_input", "channels"),
    [(False, False, 3), (True, False, 4), (False, True, 5), (True, True, 6)],
)
def test_generator_takes_the_channels_that_it_was_asked_for(mask_input, position_input, channels):
    architecture = Architecture(32, 4, 1, 4, mask_input=mask_input, position_input=position_input)
    assert architecture.input_channels == channels
    out = np.asarray(build_generator(architecture)(random_pictures(2, 32, 32, channels)))
    assert out.shape == (2, 32, 32, 3)
    assert np.abs(out).max() < 1


@pytest.mark.parametrize("kernel_px", [3, 5, 7])
def test_edge_kernels_keep_the_size(kernel_px):
    architecture = Architecture(32, 4, 0 + 1, 4, edge_kernel_px=kernel_px)
    assert build_generator(architecture)(random_pictures(1, 32, 32, 3)).shape == (1, 32, 32, 3)


def test_critic_sees_patches_of_seventy_pixels():
    critic = build_critic(Architecture(128, 4, 1, 4))
    picture = random_pictures(1, 128, 128, 3)
    changed = picture.copy()
    changed[0, 120:] = 0.0
    # Instance norm carries a faint change everywhere; the convolutions reach 70 pixels: upper scores move least.
    difference = np.abs(np.asarray(critic(picture)) - np.asarray(critic(changed)))[0, :, :, 0].mean(axis=1)
    assert critic.output_shape == (None, 14, 14, 1)
    assert difference[:6].max() < 0.2 * difference[-1]


def test_pictures_of_a_batch_do_not_touch_each_other():
    generator, pictures = build_generator(TINY), random_pictures(3, 32, 32, 3)
    together = np.asarray(generator(pictures))
    alone = np.concatenate([np.asarray(generator(pictures[i : i + 1])) for i in range(3)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_initial_weights_are_the_references_and_come_from_the_seed():
    first, again, other = (build_generator(Architecture(32, 16, 3, 4), seed=seed) for seed in (1, 1, 2))
    kernels = np.concatenate([np.ravel(weight) for weight in first.get_weights() if weight.ndim == 4])
    assert abs(kernels.mean()) < 2e-4
    assert kernels.std() == pytest.approx(0.02, rel=0.01)
    assert all(not weight.any() for weight in first.get_weights() if weight.ndim == 1)
    pairs = list(zip(first.get_weights(), again.get_weights(), other.get_weights(), strict=True))
    assert all(np.array_equal(a, b) for a, b, _ in pairs)
    assert not any(np.array_equal(a, c) for a, _, c in pairs if a.ndim == 4)
