"""The numbers that layers compute with."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers made in the block compute in `float32`, `mixed_float16` or `mixed_bfloat16`; their weights are float32.

    Outside of it stays what needs whole coordinates or long sums: box geometry, RoIAlign, losses.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def exact_on_cpu(precision: str) -> bool:
    """Whether a layer of this precision computes in float32 and every device is a CPU.

    There some convolutions pay in another form: the libraries of a GPU choose the form themselves.
    """
    return precision == "float32" and all(device.startswith("cpu") for device in keras.distribution.list_devices())
