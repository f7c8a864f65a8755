"""A code of the garment's cloth, and what it does to the generator: feature-wise linear modulation (FiLM).

The code comes from the garment's picture, averaged over all places: it knows colours and kind of pattern, but not where
a stripe lies. Each residual block scales and shifts its channels by it; at first by 1 and 0, so that training starts
from the generator without a code.

Reference: Perez et al. 2018 (arXiv 1709.07871); Huang and Belongie 2017 (arXiv 1703.06868) for style after instance
norm.
"""

from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import layers

GARMENT_CHANNELS = 3
_ENCODER_STRIDES = (2, 2, 2)
_ENCODER_STD = 0.1  # without norms a standard deviation of 0.02 would leave codes of about 0

Modulation = Callable[[Any, str], Any]


def garment_of(inputs: Any) -> Any:
    """The garment's picture, (B, S, S, 3): the last channels of a generator's input."""
    return inputs[..., -GARMENT_CHANNELS:]


def with_garment(redrawn: Any, share_logits: Any, garment: Any) -> Any:
    """The garment's own pixels where the network trusts them, (B, S, S, 3), and what it drew elsewhere.

    Args:
        share_logits: (B, S, S, 1), of the garment's share.

    Reference: the try-on module of CP-VTON, Wang et al. 2018 (arXiv 1807.07688), section 3.3.
    """
    share = layers.Activation("sigmoid", name="garment_share", dtype="float32")(share_logits)
    return layers.Add(name="with_garment", dtype="float32")([garment * share, redrawn * (1.0 - share)])


def garment_code(garment: Any, size: int, filters: int, seeds: Iterator[int]) -> Any:
    """The code (B, size) of the garment's pictures (B, S, S, 3) in [-1, 1]."""
    x = garment
    for level, strides in enumerate(_ENCODER_STRIDES, start=1):
        x = layers.Conv2D(
            filters * 2 ** (level - 1),
            3,
            strides,
            padding="same",
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(seed=next(seeds)),
            name=f"code_{level}",
        )(x)
    x = layers.GlobalAveragePooling2D(name="code_mean")(x)
    kernels = keras.initializers.RandomNormal(0.0, _ENCODER_STD, seed=next(seeds))
    return layers.Dense(size, kernel_initializer=kernels, name="code")(x)


def modulation(code: Any) -> Modulation:
    """A function that scales and shifts the channels of a map by the code; call it once for each name."""

    def modulate(x: Any, name: str) -> Any:
        channels = int(x.shape[-1])
        change = layers.Dense(2 * channels, kernel_initializer="zeros", name=f"{name}_film")(code)
        change = layers.Reshape((1, 1, 2 * channels), name=f"{name}_film_map")(change)
        return x * (1.0 + change[..., :channels]) + change[..., channels:]

    return modulate


def unmodulated(x: Any, name: str) -> Any:
    """The map as it is: a generator without a code."""
    return x
