"""Chains of small operations as one compiled function each.

Between its convolutions a network compares, gathers and interpolates. Run one by one, such operations read and write
all of their numbers each time; compiled together by XLA they do so once. Convolutions gain nothing by it on a CPU, so
that only these chains are compiled. JAX compiles whole steps anyway.
"""

from collections.abc import Callable
from typing import Any

import keras


def fused(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of tensors, compiled as a whole on the TensorFlow backend, for each set of shapes once.

    Args:
        function: of tensors, and of hashable values that are constants for it; with static shapes within.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    compiled: Callable[..., Any] = tf.function(function, jit_compile=True, autograph=False)
    return compiled
