"""The two kinds of network of a CycleGAN, backend neutral: ResNet generator and 70 x 70 PatchGAN critic.

Pictures are (B, S, S, 3) in [-1, 1]. All convolutions are `valid` with explicit padding, so that every backend computes
what the paper's reference computes. Nothing here is random except the initial weights.

Reference: Zhu et al. 2017 (arXiv 1703.10593), sections 4 and 7.2; the generator is that of Johnson et al. 2016.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tryon.models.cyclegan.conditioning import (
    GARMENT_CHANNELS,
    Modulation,
    garment_code,
    garment_of,
    modulation,
    unmodulated,
    with_garment,
)
from tryon.models.layers.narrow_convolution import NarrowConv2D
from tryon.models.layers.tiled_convolution import MirroredConv2D

INSTANCE_NORM_EPSILON = 1e-5  # the reference's; with Keras' default of 1e-3 flat areas come out differently
CRITIC_SLOPE = 0.2
INITIAL_STD = 0.02


@dataclass(frozen=True)
class Architecture:
    """What must be known to build the networks of one pattern, and nothing about their training.

    Args:
        size_px: side S of the pictures, a multiple of 4.
        mask_input: the garment's mask is an input channel of the generators.
        position_input: the place of each pixel within the garment's box, two channels in [-1, 1].
        mask_composite: the generators' output counts inside the mask only; outside stays the input picture.
        edge_kernel_px: side of the generator's first and last kernel (the paper: 7).
        plain_in_grey: plain pictures are painted mid grey (`tryon.images.shading.in_grey`) before they are redrawn.
        resize_convolution: maps grow by repeating cells and convolving, not by transposed convolution (the paper).
        way_back: there is a generator from the pattern back to plain.
        garment_input: the garment's picture, in the place of the worn shirt, is three input channels of the generators.
        garment_code: length of a code of the garment's picture that modulates the residual blocks; 0: none.
        conditional: the generators draw whatever garment they read, not one pattern.
    """

    size_px: int
    generator_filters: int
    generator_blocks: int
    critic_filters: int
    edge_kernel_px: int = 7
    mask_input: bool = False
    position_input: bool = False
    mask_composite: bool = False
    resize_convolution: bool = False
    plain_in_grey: bool = False
    way_back: bool = True
    garment_input: bool = False
    garment_code: int = 0
    conditional: bool = False

    @property
    def needs_garment(self) -> bool:
        """Whether the generators take the garment's picture."""
        return self.garment_input or self.garment_code > 0

    @property
    def input_channels(self) -> int:
        """Channels that enter a generator: the picture, then the mask, the position and the garment's picture."""
        return 3 + int(self.mask_input) + 2 * int(self.position_input) + GARMENT_CHANNELS * int(self.needs_garment)


def build_generator(architecture: Architecture, name: str = "generator", seed: int = 0) -> keras.Model:
    """A ResNet generator: (B, S, S, C) in [-1, 1] to (B, S, S, 3) in (-1, 1); C is `architecture.input_channels`."""
    filters, reach = architecture.generator_filters, architecture.edge_kernel_px // 2
    seeds = _seeds(seed)
    picture = keras.Input((architecture.size_px, architecture.size_px, architecture.input_channels), name="picture")

    read, modulate = _conditions(picture, architecture, seeds)
    x = _reflect(read, reach)
    x = _convolution(filters, architecture.edge_kernel_px, seeds, "enter")(x)
    x = _normalised_relu(x, "enter")
    for level, width in enumerate((2 * filters, 4 * filters), start=1):
        x = layers.ZeroPadding2D(1, name=f"down_{level}_pad")(x)
        x = _normalised_relu(_convolution(width, 3, seeds, f"down_{level}", strides=2)(x), f"down_{level}")
    for block in range(1, architecture.generator_blocks + 1):
        y = _mirrored(4 * filters, seeds, f"block_{block}_first")(x)
        y = layers.ReLU(name=f"block_{block}_first_relu")(
            modulate(_instance_norm(f"block_{block}_first")(y), f"block_{block}_first")
        )
        y = _mirrored(4 * filters, seeds, f"block_{block}_second")(y)
        y = modulate(_instance_norm(f"block_{block}_second")(y), f"block_{block}_second")
        x = layers.Add(name=f"block_{block}")([x, y])
    for level, width in enumerate((2 * filters, filters), start=1):
        grow = _resized if architecture.resize_convolution else _transposed
        x = _normalised_relu(grow(x, width, seeds, f"up_{level}"), f"up_{level}")
    channels = 3 + int(architecture.garment_input)
    kernels = _kernel_initializer(seeds)
    x = NarrowConv2D(channels, architecture.edge_kernel_px, kernel_initializer=kernels, name="leave")(
        _reflect(x, reach)
    )
    drawn = x[..., :3] if architecture.garment_input else x
    redrawn = layers.Activation("tanh", name="redrawn", dtype=keras.config.floatx())(drawn)
    if architecture.garment_input:
        redrawn = with_garment(redrawn, x[..., 3:], garment_of(picture))
    return keras.Model(picture, redrawn, name=name)


def build_critic(architecture: Architecture, name: str = "critic", seed: int = 0) -> keras.Model:
    """A 70 x 70 PatchGAN critic: (B, S, S, 3) to a map of scores (B, S/8 - 2, S/8 - 2, 1); real is 1, fake is 0."""
    filters = architecture.critic_filters
    seeds = _seeds(seed)
    picture = keras.Input((architecture.size_px, architecture.size_px, 3), name="picture")
    x = layers.ZeroPadding2D(1, name="patch_1_pad")(picture)
    x = _convolution(filters, 4, seeds, "patch_1", strides=2)(x)
    x = layers.LeakyReLU(CRITIC_SLOPE, name="patch_1_relu")(x)
    for level, (width, strides) in enumerate(((2, 2), (4, 2), (8, 1)), start=2):
        x = layers.ZeroPadding2D(1, name=f"patch_{level}_pad")(x)
        x = _instance_norm(f"patch_{level}")(
            _convolution(width * filters, 4, seeds, f"patch_{level}", strides=strides)(x)
        )
        x = layers.LeakyReLU(CRITIC_SLOPE, name=f"patch_{level}_relu")(x)
    x = layers.ZeroPadding2D(1, name="scores_pad")(x)
    scores = _convolution(1, 4, seeds, "scores", dtype=keras.config.floatx())(x)
    return keras.Model(picture, scores, name=name)


@keras.saving.register_keras_serializable("tryon")
class ReflectionPadding2D(layers.Layer):  # type: ignore[misc]
    """A border of `reach` pixels that mirrors the picture without repeating its edge."""

    def __init__(self, reach: int, **options: object) -> None:
        super().__init__(**options)
        self.reach = reach

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return ops.pad(x, ((0, 0), (self.reach, self.reach), (self.reach, self.reach), (0, 0)), mode="reflect")

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "reach": self.reach}


@keras.saving.register_keras_serializable("tryon")
class WithoutFirst(layers.Layer):  # type: ignore[misc]
    """Maps (B, H, W, C) without their first row and column; `Cropping2D` whose gradient is a border, not a copy."""

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        batch, height, width, channels = ops.shape(x)
        return ops.slice(x, (0, 1, 1, 0), (batch, height - 1, width - 1, channels))

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        batch, height, width, channels = input_shape
        return batch, height - 1, width - 1, channels


@keras.saving.register_keras_serializable("tryon")
class InstanceNormalization(layers.Layer):  # type: ignore[misc]
    """Each channel of each picture with mean 0 and variance 1, without parameters.

    Equal to `GroupNormalization(groups=-1, center=False, scale=False)` without its reshapes, which are slow on a CPU.
    """

    def __init__(self, epsilon: float = INSTANCE_NORM_EPSILON, **options: object) -> None:
        super().__init__(**options)
        self.epsilon = epsilon

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        at_least_single = keras.backend.result_type(x.dtype, "float32")
        return ops.cast(_normalise(ops.cast(x, at_least_single), self.epsilon), self.compute_dtype)

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "epsilon": self.epsilon}


def _normalise(maps: Any, epsilon: float) -> Any:
    """Each channel with mean 0 and variance 1, with a gradient of fewer passes than that of its parts."""

    @ops.custom_gradient  # type: ignore[untyped-decorator]
    def run(x: Any) -> Any:
        centred = x - _mean(x)
        # Not `rsqrt`: TensorFlow approximates it on a CPU, and the error grows from step to step.
        scale = 1.0 / ops.sqrt(_mean(ops.square(centred)) + epsilon)
        y = centred * scale

        def gradient(*arguments: Any, upstream: Any = None) -> Any:
            (slope,) = arguments if upstream is None else (upstream,)
            return scale * (slope - _mean(slope) - y * _mean(slope * y))

        return y, gradient

    return run(maps)


def _mean(x: Any) -> Any:
    """Of each channel (B, 1, 1, C), as products with rows of ones: sums over rows of pixels are slow on a CPU.

    Down the columns first, then along the row that is left: a sum of all pixels in turn would lose a digit.
    """
    height, width, channels = x.shape[1:]
    down, along = (
        np.full((1, 1, side), 1 / side, keras.backend.standardize_dtype(x.dtype)) for side in (height, width)
    )
    row = ops.reshape(down @ ops.reshape(x, (-1, height, width * channels)), (-1, width, channels))
    return (along @ row)[:, None]


def _conditions(
    inputs: keras.KerasTensor, architecture: Architecture, seeds: Iterator[int]
) -> tuple[keras.KerasTensor, Modulation]:
    """What the generator's body reads of its input, and how the garment's code changes its blocks."""
    read = inputs if architecture.garment_input or not architecture.garment_code else inputs[..., :-GARMENT_CHANNELS]
    if not architecture.garment_code:
        return read, unmodulated
    garment = garment_of(inputs)
    return read, modulation(garment_code(garment, architecture.garment_code, architecture.generator_filters, seeds))


def _reflect(x: keras.KerasTensor, reach: int) -> keras.KerasTensor:
    return ReflectionPadding2D(reach)(x)


def _seeds(seed: int) -> Iterator[int]:
    """One seed for each kernel, so that no two of them start alike."""
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(2**31))


def _kernel_initializer(seeds: Iterator[int]) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(0.0, INITIAL_STD, seed=next(seeds))


def _convolution(
    filters: int,
    kernel_px: int,
    seeds: Iterator[int],
    name: str,
    *,
    strides: int = 1,
    dtype: str | None = None,
) -> keras.layers.Layer:
    return layers.Conv2D(
        filters,
        kernel_px,
        strides,
        padding="valid",
        kernel_initializer=_kernel_initializer(seeds),
        name=name,
        dtype=dtype,
    )


def _mirrored(filters: int, seeds: Iterator[int], name: str) -> keras.layers.Layer:
    return MirroredConv2D(filters, kernel_initializer=_kernel_initializer(seeds), name=name)


def _transposed(x: keras.KerasTensor, filters: int, seeds: Iterator[int], name: str) -> keras.KerasTensor:
    kernels = _kernel_initializer(seeds)
    x = layers.Conv2DTranspose(filters, 3, 2, padding="valid", kernel_initializer=kernels, name=name)(x)
    # The reference's padding 1 and output padding 1: a `valid` transposed convolution without its first row and column.
    return WithoutFirst(name=f"{name}_crop")(x)


def _resized(x: keras.KerasTensor, filters: int, seeds: Iterator[int], name: str) -> keras.KerasTensor:
    """Every cell four times, then a convolution: all cells are covered equally often (Odena et al. 2016)."""
    return _mirrored(filters, seeds, name)(layers.UpSampling2D(2, name=f"{name}_repeat")(x))


def _instance_norm(name: str) -> keras.layers.Layer:
    return InstanceNormalization(name=f"{name}_norm")


def _normalised_relu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return layers.ReLU(name=f"{name}_relu")(_instance_norm(name)(x))
