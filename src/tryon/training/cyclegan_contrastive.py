"""One direction without a way back: patches of the fake must be told from each other by the patches they came from.

In place of the cycle, each patch of a fake has to be nearer to the picture's own patch at its place than to the
picture's other patches, in features of the generator's own first half behind small heads. The same of the target's
pictures drawn again, which keeps them as they are. Backend neutral.

Reference: Park et al. 2020 (arXiv 2007.15651), sections 3.1 and 3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from tryon.models.cyclegan.guides import compose, with_guides
from tryon.models.cyclegan.networks import Architecture, build_critic, build_generator
from tryon.models.cyclegan.storage import TO_PATTERN
from tryon.training.cyclegan_augmentation import FAKE_PATTERN, REAL_PATTERN, SHOWN_PATTERN, Augment
from tryon.training.cyclegan_losses import Batch, critic_loss, fooling_loss

CONTRASTIVE_COMPONENTS = ("plain_to_pattern", "contrast_plain", "contrast_pattern", "pattern_critic")
TEMPERATURE = 0.07  # the paper's
_NEVER = -1e9  # a logit that takes no part in a softmax


@dataclass(frozen=True)
class Contrast:
    """How much patches count: of translated plain pictures, and of pattern pictures drawn again; the paper's values.

    Args:
        patches: places that are compared in each feature map of each picture.
        features: length of the vectors that the heads make of a place.
    """

    weight: float = 1.0
    identity_weight: float = 1.0
    patches: int = 256
    features: int = 256


@dataclass(frozen=True)
class OneWayNetworks:
    """The networks of one pattern that knows no way back; the heads serve the training alone."""

    architecture: Architecture
    plain_to_pattern: keras.Model
    pattern_critic: keras.Model
    patch_heads: keras.Model

    @property
    def generators(self) -> dict[str, keras.Model]:
        """What is kept of a training, by the names that it is stored under."""
        return {TO_PATTERN: self.plain_to_pattern}

    @property
    def generator_variables(self) -> list[Any]:
        """Variables that the generator's optimiser moves."""
        return [*self.plain_to_pattern.trainable_variables, *self.patch_heads.trainable_variables]

    @property
    def critic_variables(self) -> list[Any]:
        """Variables that the critic's optimiser moves."""
        return list(self.pattern_critic.trainable_variables)


def build_one_way_networks(architecture: Architecture, contrast: Contrast, seed: int) -> OneWayNetworks:
    """Generator, critic and heads with initial weights from the seed: those of `build_networks` where both have one."""
    generator = build_generator(architecture, "plain_to_pattern", seed)
    critic = build_critic(architecture, "pattern_critic", seed + 2)
    return OneWayNetworks(
        architecture, generator, critic, _build_heads(generator, architecture, contrast.features, seed + 4)
    )


def draw_patches(
    masks: NDArray[np.float32], sides: Sequence[int], count: int, rng: np.random.Generator
) -> list[NDArray[np.int32]]:
    """Places in feature maps of each side, (B, count) indices into their rows laid end to end.

    Places lie inside the mask; anywhere where it covers none. Where it covers fewer than `count`, some come twice.

    Args:
        masks: (B, S, S, 1) in [0, 1]; S is a multiple of each side.
    """
    return [np.stack([_draw_places(mask[..., 0], side, count, rng) for mask in masks]) for side in sides]


def feature_sides(networks: OneWayNetworks) -> list[int]:
    """Sides of the feature maps whose patches are compared, in the order in which `draw_patches` is given them."""
    return [int(output.shape[1]) for output in _feature_outputs(networks.plain_to_pattern, networks.architecture)]


def contrastive_generator_losses(
    networks: OneWayNetworks, batch: Batch, contrast: Contrast, patches: Sequence[Any], augment: Augment
) -> tuple[list[Any], Any]:
    """The first three of `CONTRASTIVE_COMPONENTS` (their sum is minimised), and the fake patterns.

    Args:
        patches: places (2 B, P) in each feature map, of the plain pictures and then of the pattern pictures.
    """
    count = batch.plain.shape[0]
    pictures, guides, masks = (
        ops.concatenate(pair, axis=0)
        for pair in (
            (batch.plain, batch.pattern),
            (batch.plain_guides, batch.pattern_guides),
            (batch.plain_mask, batch.pattern_mask),
        )
    )
    generator, architecture = networks.plain_to_pattern, networks.architecture
    maps = _feature_outputs(generator, architecture)
    *real_maps, drawn = keras.Model(generator.inputs, [*maps, generator.outputs[0]])(
        with_guides(pictures, guides), training=True
    )
    drawn = compose(drawn, masks, architecture)
    drawn_maps = keras.Model(generator.inputs, maps)(with_guides(drawn, guides), training=True)
    keys, queries = (
        networks.patch_heads([_at(m, places) for m, places in zip(found, patches, strict=True)], training=True)
        for found in (real_maps, drawn_maps)
    )
    compared = zip(queries, keys, patches, strict=True)
    each = sum(patch_contrast(query, ops.stop_gradient(key), places) for query, key, places in compared) / len(patches)
    losses = [
        fooling_loss(networks.pattern_critic, augment(drawn[:count], FAKE_PATTERN)),
        contrast.weight * ops.mean(each[:count]),
        contrast.identity_weight * ops.mean(each[count:]),
    ]
    return losses, drawn[:count]


def contrastive_critic_losses(networks: OneWayNetworks, batch: Batch, shown: Any, augment: Augment) -> list[Any]:
    """The last of `CONTRASTIVE_COMPONENTS`, with the fakes that the pool shows."""
    real, fake = augment(batch.pattern, REAL_PATTERN), augment(shown, SHOWN_PATTERN)
    return [critic_loss(networks.pattern_critic, real, fake)]


def patch_contrast(queries: Any, keys: Any, places: Any) -> Any:
    """How hard it is to tell which key belongs to each query, (B,): mean cross-entropy over the patches of a picture.

    Args:
        queries, keys: (B, P, F) of length 1.
        places: (B, P); a place that was drawn twice is no negative of itself.
    """
    logits = ops.matmul(queries, ops.transpose(keys, (0, 2, 1))) / TEMPERATURE  # (B, P, P)
    own = ops.eye(logits.shape[1], dtype="bool")[None]
    again = ops.logical_and(ops.equal(places[:, :, None], places[:, None, :]), ops.logical_not(own))
    logits = ops.where(again, _NEVER, logits)
    return ops.mean(ops.logsumexp(logits, axis=-1) - ops.diagonal(logits, axis1=1, axis2=2), axis=-1)


def _feature_outputs(generator: keras.Model, architecture: Architecture) -> list[keras.KerasTensor]:
    """Maps of the generator's first half: before, between and after its strides, after the first and middle block."""
    middle = (architecture.generator_blocks + 1) // 2
    names = ("enter_relu", "down_1_relu", "down_2_relu", "block_1", f"block_{middle}")
    return [generator.get_layer(name).output for name in dict.fromkeys(names)]


def _build_heads(generator: keras.Model, architecture: Architecture, features: int, seed: int) -> keras.Model:
    """One two-layer perceptron for each feature map: (B, P, C) to (B, P, F) of length 1."""
    seeds = iter(np.random.default_rng(seed).integers(2**31, size=64).tolist())
    inputs, outputs = [], []
    for index, output in enumerate(_feature_outputs(generator, architecture)):
        entered = keras.Input((None, output.shape[-1]))
        x = entered
        for number, activation in ((1, "relu"), (2, None)):
            initializer = keras.initializers.GlorotUniform(seed=next(seeds))
            name = f"head_{index}_{number}"
            x = layers.Dense(features, activation, kernel_initializer=initializer, name=name)(x)
        inputs.append(entered)
        outputs.append(layers.UnitNormalization(axis=-1, name=f"head_{index}_unit")(x))
    return keras.Model(inputs, outputs, name="patch_heads")


def _at(features: Any, places: Any) -> Any:
    """The vectors (B, P, C) at places of maps (B, S, S, C)."""
    count, side, _, channels = features.shape
    return ops.take_along_axis(ops.reshape(features, (count, side * side, channels)), places[:, :, None], axis=1)


def _draw_places(mask: NDArray[np.float32], side: int, count: int, rng: np.random.Generator) -> NDArray[np.int32]:
    cell = mask.shape[0] // side
    covered = mask.reshape(side, cell, side, cell).mean(axis=(1, 3)).ravel() > 0.5
    inside = np.flatnonzero(covered) if covered.any() else np.arange(side * side)
    return rng.choice(inside, count, replace=len(inside) < count).astype(np.int32)
