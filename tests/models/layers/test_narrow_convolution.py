"""A convolution to few channels is a convolution: its values, its gradients, and in half precision Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tryon.models.layers.narrow_convolution import NarrowConv2D

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("kernel_px", "filters", "shape"), [(7, 3, (2, 20, 17, 8)), (3, 1, (1, 9, 12, 5)), (4, 2, (1, 8, 8, 3))]
)
def test_values_and_gradients_are_those_of_keras_convolution(kernel_px, filters, shape):
    x = RNG.normal(size=shape).astype(np.float32)
    ours = NarrowConv2D(filters, kernel_px, bias_initializer="normal", kernel_initializer="normal")
    theirs = keras.layers.Conv2D(filters, kernel_px)
    for layer in (ours, theirs):
        layer.build(shape)
    theirs.set_weights(ours.get_weights())
    found = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            given = tf.constant(x)
            tape.watch(given)
            drawn = layer(given)
            total = tf.reduce_sum(tf.sin(drawn))
        found.append([drawn, *tape.gradient(total, [given, *(weight.value for weight in layer.weights)])])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-4)


def test_half_precision_is_left_to_keras(monkeypatch):
    layer = NarrowConv2D(3, 5, dtype="mixed_bfloat16")
    monkeypatch.setattr(keras.layers.Conv2D, "call", lambda self, inputs: "plain")
    assert NarrowConv2D.call(layer, None) == "plain"
