"""What a CycleGAN is asked for, backend neutral: losses of generators and critics as scalars with names.

Least-squares adversarial loss, cycle and identity loss as mean absolute differences. The order of a step is the
reference's: generators first; the critics then see the fakes made before that update, some of them exchanged for older
ones.

Reference: Zhu et al. 2017, sections 3 and 4; identity loss: section 5.2 there.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from tryon.models.cyclegan.guides import compose, with_guides
from tryon.models.cyclegan.networks import Architecture, build_critic, build_generator

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
    networks: Networks, batch: Batch, cycle_weight: float, identity_weight: float
) -> tuple[list[Any], Any, Any]:
    """Losses in the order of `GENERATOR_COMPONENTS` (their sum is minimised), the fake patterns and the fake plains.

    Translation and identity of one generator are one call on twice the batch: instance norm keeps pictures apart, so
    the result is that of two calls.
    """
    fake_pattern, identity_pattern = _translate_both(networks, networks.plain_to_pattern, batch, from_plain=True)
    fake_plain, identity_plain = _translate_both(networks, networks.pattern_to_plain, batch, from_plain=False)
    cycled_plain = _redraw(networks, networks.pattern_to_plain, fake_pattern, batch.plain_guides, batch.plain_mask)
    cycled_pattern = _redraw(networks, networks.plain_to_pattern, fake_plain, batch.pattern_guides, batch.pattern_mask)
    losses = [
        _squared_distance(networks.pattern_critic(fake_pattern, training=True), 1.0),
        _squared_distance(networks.plain_critic(fake_plain, training=True), 1.0),
        cycle_weight * _mean_difference(cycled_plain, batch.plain),
        cycle_weight * _mean_difference(cycled_pattern, batch.pattern),
        identity_weight * _mean_difference(identity_plain, batch.plain),
        identity_weight * _mean_difference(identity_pattern, batch.pattern),
    ]
    return losses, fake_pattern, fake_plain


def critic_losses(networks: Networks, batch: Batch, shown_pattern: Any, shown_plain: Any) -> list[Any]:
    """Losses in the order of `CRITIC_COMPONENTS` for the real pictures and the fakes that the pools show."""
    return [
        _critic_loss(networks.pattern_critic, batch.pattern, shown_pattern),
        _critic_loss(networks.plain_critic, batch.plain, shown_plain),
    ]


def _translate_both(networks: Networks, generator: keras.Model, batch: Batch, *, from_plain: bool) -> tuple[Any, Any]:
    """The generator on its source domain (fake) and on its target domain (identity)."""
    plain = (batch.plain, batch.plain_guides, batch.plain_mask)
    pattern = (batch.pattern, batch.pattern_guides, batch.pattern_mask)
    pairs = zip(plain, pattern, strict=True) if from_plain else zip(pattern, plain, strict=True)
    pictures, guides, masks = (ops.concatenate(pair, axis=0) for pair in pairs)
    both = _redraw(networks, generator, pictures, guides, masks)
    count = batch.plain.shape[0]
    return both[:count], both[count:]


def _redraw(networks: Networks, generator: keras.Model, pictures: Any, guides: Any, masks: Any) -> Any:
    return compose(generator(with_guides(pictures, guides), training=True), masks, networks.architecture)


def _critic_loss(critic: keras.Model, real: Any, fake: Any) -> Any:
    count = real.shape[0]
    scores = critic(ops.concatenate([real, fake], axis=0), training=True)
    return 0.5 * (_squared_distance(scores[:count], 1.0) + _squared_distance(scores[count:], 0.0))


def _squared_distance(scores: Any, target: float) -> Any:
    return ops.mean(ops.square(scores - target))


def _mean_difference(first: Any, second: Any) -> Any:
    return ops.mean(ops.abs(first - second))
