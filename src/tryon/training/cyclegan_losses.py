"""What a CycleGAN is asked for, backend neutral: losses of generators and critics as scalars with names.

Least-squares adversarial loss, cycle and identity loss as mean absolute differences, over the whole picture or over the
garment alone. The order of a step is the reference's: generators first; the critics then see the fakes made before that
update, some of them exchanged for older ones.

Reference: Zhu et al. 2017, sections 3 and 4; identity loss: section 5.2 there.
"""

from dataclasses import dataclass
from typing import Any, Literal

import keras
from keras import ops

from tryon.models.cyclegan.guides import compose, with_guides
from tryon.models.cyclegan.networks import Architecture, build_critic, build_generator
from tryon.models.cyclegan.storage import TO_PATTERN, TO_PLAIN
from tryon.training.cyclegan_augmentation import (
    FAKE_PATTERN,
    FAKE_PLAIN,
    REAL_PATTERN,
    REAL_PLAIN,
    SHOWN_PATTERN,
    SHOWN_PLAIN,
    Augment,
    unchanged,
)

Region = Literal["picture", "garment"]
GENERATOR_COMPONENTS = (
    "plain_to_pattern",
    "pattern_to_plain",
    "cycle_plain",
    "cycle_pattern",
    "identity_plain",
    "identity_pattern",
)
CRITIC_COMPONENTS = ("pattern_critic", "plain_critic")
COMPONENTS = GENERATOR_COMPONENTS + CRITIC_COMPONENTS


@dataclass(frozen=True)
class Networks:
    """The four networks of one pattern."""

    architecture: Architecture
    plain_to_pattern: keras.Model
    pattern_to_plain: keras.Model
    pattern_critic: keras.Model
    plain_critic: keras.Model

    @property
    def generators(self) -> dict[str, keras.Model]:
        """What is kept of a training, by the names that it is stored under."""
        return {TO_PATTERN: self.plain_to_pattern, TO_PLAIN: self.pattern_to_plain}

    @property
    def generator_variables(self) -> list[Any]:
        """Variables that the generators' optimiser moves."""
        return [*self.plain_to_pattern.trainable_variables, *self.pattern_to_plain.trainable_variables]

    @property
    def critic_variables(self) -> list[Any]:
        """Variables that the critics' optimiser moves."""
        return [*self.pattern_critic.trainable_variables, *self.plain_critic.trainable_variables]


@dataclass(frozen=True)
class Batch:
    """Pictures of both domains (B, S, S, 3) in [-1, 1], guide channels (B, S, S, E), masks (B, S, S, 1) in [0, 1]."""

    plain: Any
    plain_guides: Any
    plain_mask: Any
    pattern: Any
    pattern_guides: Any
    pattern_mask: Any


def build_networks(architecture: Architecture, seed: int) -> Networks:
    """Four networks with initial weights from the seed."""
    return Networks(
        architecture,
        build_generator(architecture, "plain_to_pattern", seed),
        build_generator(architecture, "pattern_to_plain", seed + 1),
        build_critic(architecture, "pattern_critic", seed + 2),
        build_critic(architecture, "plain_critic", seed + 3),
    )


def generator_losses(
    networks: Networks,
    batch: Batch,
    cycle_weight: float,
    identity_weight: float,
    *,
    region: Region = "picture",
    augment: Augment = unchanged,
) -> tuple[list[Any], Any, Any]:
    """Losses in the order of `GENERATOR_COMPONENTS` (their sum is minimised), the fake patterns and the fake plains.

    Translation and identity of one generator are one call on twice the batch: instance norm keeps pictures apart, so
    the result is that of two calls.

    Args:
        region: where cycle and identity count. The critics always see the whole picture: at 64 pixels the patch that
            one of their scores judges is larger than the picture, so that no score is of the background alone.
        augment: what the critics are shown in place of the fakes.
    """
    fake_pattern, identity_pattern = _translate_both(networks, networks.plain_to_pattern, batch, from_plain=True)
    fake_plain, identity_plain = _translate_both(networks, networks.pattern_to_plain, batch, from_plain=False)
    guides, masks = (batch.plain_guides, batch.pattern_guides), (batch.plain_mask, batch.pattern_mask)
    cycled_plain = redraw(networks.architecture, networks.pattern_to_plain, fake_pattern, guides[0], masks[0])
    cycled_pattern = redraw(networks.architecture, networks.plain_to_pattern, fake_plain, guides[1], masks[1])
    in_plain, in_pattern = masks if region == "garment" else (None, None)
    losses = [
        fooling_loss(networks.pattern_critic, augment(fake_pattern, FAKE_PATTERN)),
        fooling_loss(networks.plain_critic, augment(fake_plain, FAKE_PLAIN)),
        cycle_weight * _mean_difference(cycled_plain, batch.plain, in_plain),
        cycle_weight * _mean_difference(cycled_pattern, batch.pattern, in_pattern),
        identity_weight * _mean_difference(identity_plain, batch.plain, in_plain),
        identity_weight * _mean_difference(identity_pattern, batch.pattern, in_pattern),
    ]
    return losses, fake_pattern, fake_plain


def critic_losses(
    networks: Networks, batch: Batch, shown_pattern: Any, shown_plain: Any, *, augment: Augment = unchanged
) -> list[Any]:
    """Losses in the order of `CRITIC_COMPONENTS` for the real pictures and the fakes that the pools show."""
    return [
        critic_loss(
            networks.pattern_critic, augment(batch.pattern, REAL_PATTERN), augment(shown_pattern, SHOWN_PATTERN)
        ),
        critic_loss(networks.plain_critic, augment(batch.plain, REAL_PLAIN), augment(shown_plain, SHOWN_PLAIN)),
    ]


def redraw(architecture: Architecture, generator: keras.Model, pictures: Any, guides: Any, masks: Any) -> Any:
    """What a generator makes of pictures while it is trained, composited where asked."""
    return compose(generator(with_guides(pictures, guides), training=True), masks, architecture)


def fooling_loss(critic: keras.Model, fakes: Any) -> Any:
    """How far the critic is from taking the fakes for real."""
    return _squared_distance(critic(fakes, training=True), 1.0)


def critic_loss(critic: keras.Model, real: Any, fake: Any) -> Any:
    """How far the critic is from 1 for what is real and 0 for what is not; half of it, as the reference."""
    of_real, of_fake = ops.split(critic(ops.concatenate([real, fake], axis=0), training=True), 2)
    return 0.5 * (_squared_distance(of_real, 1.0) + _squared_distance(of_fake, 0.0))


def _translate_both(networks: Networks, generator: keras.Model, batch: Batch, *, from_plain: bool) -> tuple[Any, Any]:
    """The generator on its source domain (fake) and on its target domain (identity)."""
    plain = (batch.plain, batch.plain_guides, batch.plain_mask)
    pattern = (batch.pattern, batch.pattern_guides, batch.pattern_mask)
    pairs = zip(plain, pattern, strict=True) if from_plain else zip(pattern, plain, strict=True)
    pictures, guides, masks = (ops.concatenate(pair, axis=0) for pair in pairs)
    fake, identity = ops.split(redraw(networks.architecture, generator, pictures, guides, masks), 2)
    return fake, identity


def _squared_distance(scores: Any, target: float) -> Any:
    return ops.mean(ops.square(scores - target))


def _mean_difference(first: Any, second: Any, mask: Any | None) -> Any:
    """Mean over the pictures of their mean absolute difference, inside the mask if one is given; 0 if it is empty."""
    difference = ops.abs(first - second)
    if mask is None:
        return ops.mean(difference)
    covered = ops.maximum(ops.sum(mask, axis=(1, 2, 3)), 1.0)
    return ops.mean(ops.sum(difference * mask, axis=(1, 2, 3)) / (difference.shape[-1] * covered))
