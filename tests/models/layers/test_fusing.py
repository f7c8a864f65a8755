"""Compiled chains give what their operations give one by one, with gradients, for every set of shapes."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def test_results_gradients_and_constants_are_those_of_the_plain_function() -> None:
    import tensorflow as tf
    from keras import ops

    from tryon.models.layers.fusing import fused

    def chain(values: tf.Tensor, at: tf.Tensor, *, power: int) -> tf.Tensor:
        return ops.sum(ops.take(values, at, axis=0) ** power, axis=-1)

    compiled = fused(chain)
    for rows in (3, 5):
        values = tf.constant(np.random.default_rng(rows).random((rows, 4), np.float32))
        at = tf.constant([0, 2, 2])
        for power in (1, 3):
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(values)
                plain, fast = chain(values, at, power=power), compiled(values, at, power=power)
            assert np.allclose(plain, fast, rtol=1e-6)
            gradients = [tf.convert_to_tensor(tape.gradient(said, values)) for said in (plain, fast)]
            assert np.allclose(*gradients, rtol=1e-6)


def test_other_backends_get_the_function_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from tryon.models.layers.fusing import fused

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert fused(len) is len
