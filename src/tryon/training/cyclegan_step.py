"""One compiled CycleGAN step on the TensorFlow backend: the only place of the training that knows the backend.

Everything it computes is in `cyclegan_losses`, `cyclegan_contrastive`, `cyclegan_augmentation` and `cyclegan_pool`, in
backend-neutral operations.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tryon.training.cyclegan_augmentation import Augment, Kind, augmentation_by, draw_changes, unchanged
from tryon.training.cyclegan_contrastive import (
    CONTRASTIVE_COMPONENTS,
    Contrast,
    OneWayNetworks,
    contrastive_critic_losses,
    contrastive_generator_losses,
    draw_patches,
    feature_sides,
)
from tryon.training.cyclegan_losses import COMPONENTS, Batch, Networks, Region, critic_losses, generator_losses
from tryon.training.cyclegan_pool import PoolPlan, exchange

ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON = 0.5, 0.999, 1e-8  # the reference's


@dataclass(frozen=True)
class StepOptions:
    """What a step needs beside networks and pictures.

    Args:
        averaging: share of the old average of the generators' weights that is kept in the long run; 0: no average.
        loss_region: where cycle and identity count, and where patches are compared.
        augmentation: how what the critics see is changed.
        contrast: needed by `OneWayNetworks`, which take no cycle and no identity weight.
    """

    cycle_weight: float
    identity_weight: float
    pool_size: int
    averaging: float
    loss_region: Region = "picture"
    augmentation: Sequence[Kind] = ()
    contrast: Contrast = field(default_factory=Contrast)


@dataclass(frozen=True)
class Extras:
    """What is random in a step beside its pictures and pools; nothing where the options ask for nothing.

    Args:
        changes: of what the critics see (`draw_changes`), nothing or one array.
        patches: places that are compared, (2 B, P) in each feature map.
    """

    changes: Sequence[NDArray[np.float32]] = ()
    patches: Sequence[NDArray[np.int32]] = ()


class CompiledStep:
    """What a step changes (networks, optimisers, pools, averaged generators) and the compiled function that does."""

    def __init__(self, networks: Networks | OneWayNetworks, options: StepOptions) -> None:
        tf.config.experimental.enable_op_determinism()
        self.networks, self.options = networks, options
        self.components = COMPONENTS if isinstance(networks, Networks) else CONTRASTIVE_COMPONENTS
        side = networks.architecture.size_px
        pool_shape = (max(options.pool_size, 1), side, side, 3)
        self.pools = [keras.Variable("zeros", pool_shape, trainable=False) for _ in networks.generators]
        self.optimizers = [_adam(networks.generator_variables), _adam(networks.critic_variables)]
        self.averaged = [v for network in networks.generators.values() for v in network.trainable_variables]
        self.averages = [keras.Variable(variable, trainable=False) for variable in self.averaged]
        self._compiled = tf.function(self._step, autograph=False)

    def draw_extras(self, batch: Batch, rng: np.random.Generator) -> Extras:
        """What is random in a step with this batch beside its pools."""
        changes = [draw_changes(len(batch.plain), rng)] if self.options.augmentation else []
        if isinstance(self.networks, Networks):
            return Extras(changes)
        masks = np.concatenate([batch.plain_mask, batch.pattern_mask])
        if self.options.loss_region == "picture":
            masks = np.ones_like(masks)
        return Extras(changes, draw_patches(masks, feature_sides(self.networks), self.options.contrast.patches, rng))

    def __call__(
        self,
        batch: Batch,
        plans: Sequence[PoolPlan],
        learning_rate: float,
        averaging: float,
        extras: Extras = Extras(),
    ) -> dict[str, float]:
        """Make one step and return its losses by component.

        Args:
            plans: of the pool of fake patterns, and of the pool of fake plains where there are any.
            averaging: share of the old average that is kept.
            extras: from `draw_extras`.
        """
        plan_tensors = [(tf.constant(p.slots), tf.constant(p.show_old), tf.constant(p.store)) for p in plans]
        pictures = [tf.constant(value) for value in vars(batch).values()]
        drawn = [[tf.constant(array) for array in arrays] for arrays in (extras.changes, extras.patches)]
        losses = self._compiled(pictures, plan_tensors, drawn, tf.constant(learning_rate), tf.constant(averaging))
        return dict(zip(self.components, losses.numpy().tolist(), strict=True))

    @contextmanager
    def averaged_generators(self) -> Iterator[None]:
        """While it lasts, the generators hold the average of their weights; unchanged where no average is kept."""
        variables = self.averaged if self.options.averaging else []
        current = [keras.ops.convert_to_numpy(variable) for variable in variables]
        self.store_averages()
        try:
            yield
        finally:
            for variable, value in zip(variables, current, strict=True):
                variable.assign(value)

    def store_averages(self) -> None:
        """Put the averages into the generators for good, where averages are kept."""
        if self.options.averaging:
            for variable, average in zip(self.averaged, self.averages, strict=True):
                variable.assign(average)

    def variables(self) -> dict[str, Any]:
        """Every variable that a resumed training needs, by a stable name."""
        networks = vars(self.networks).items()
        named = {
            f"{n}/{v.path}": v for n, network in networks if isinstance(network, keras.Model) for v in network.weights
        }
        for name, optimizer in zip(("generators", "critics"), self.optimizers, strict=True):
            named |= {f"adam_{name}/{i:03d}": v for i, v in enumerate(optimizer.variables)}
        named |= {f"pool/{i}": v for i, v in enumerate(self.pools)}
        if self.options.averaging:
            named |= {f"average/{i:03d}": v for i, v in enumerate(self.averages)}
        return named

    def _step(
        self, pictures: list[Any], plans: list[Any], extras: list[list[Any]], learning_rate: Any, averaging: Any
    ) -> Any:
        batch, (changes, patches) = Batch(*pictures), extras
        augment = augmentation_by(self.options.augmentation, changes[0]) if changes else unchanged
        generator_values, fakes = self._move_generators(batch, patches, augment, learning_rate)
        shown = []
        for pool, fake, plan in zip(self.pools, fakes, plans, strict=True):
            pictures_shown, after = exchange(pool, fake, *plan)
            pool.assign(after)
            shown.append(pictures_shown)
        critic_values = self._move_critics(batch, shown, augment, learning_rate)
        if self.options.averaging:
            for average, variable in zip(self.averages, self.averaged, strict=True):
                average.assign(averaging * average + (1.0 - averaging) * variable)
        return tf.stack([*generator_values, *critic_values])

    def _move_generators(
        self, batch: Batch, patches: list[Any], augment: Augment, learning_rate: Any
    ) -> tuple[list[Any], list[Any]]:
        variables = self.networks.generator_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            losses, fakes = self._generator_losses(batch, patches, augment)
            total = tf.add_n(losses)
        self._apply(0, tape.gradient(total, [variable.value for variable in variables]), variables, learning_rate)
        return losses, fakes

    def _move_critics(self, batch: Batch, shown: list[Any], augment: Augment, learning_rate: Any) -> list[Any]:
        variables = self.networks.critic_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            if isinstance(self.networks, Networks):
                losses = critic_losses(self.networks, batch, *shown, augment=augment)
            else:
                losses = contrastive_critic_losses(self.networks, batch, shown[0], augment)
            total = tf.add_n(losses)
        self._apply(1, tape.gradient(total, [variable.value for variable in variables]), variables, learning_rate)
        return losses

    def _generator_losses(self, batch: Batch, patches: list[Any], augment: Augment) -> tuple[list[Any], list[Any]]:
        options = self.options
        if isinstance(self.networks, OneWayNetworks):
            losses, fake = contrastive_generator_losses(self.networks, batch, options.contrast, patches, augment)
            return losses, [fake]
        weights = options.cycle_weight, options.identity_weight
        losses, *fakes = generator_losses(self.networks, batch, *weights, region=options.loss_region, augment=augment)
        return losses, fakes

    def _apply(self, index: int, gradients: list[Any], variables: list[Any], learning_rate: Any) -> None:
        optimizer = self.optimizers[index]
        optimizer.learning_rate.assign(learning_rate)
        optimizer.apply(gradients, variables)


class FusedAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Keras' Adam with each variable's update as one operation of TensorFlow, in a quarter of the time."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, learning_rate.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


def _adam(variables: list[Any]) -> keras.optimizers.Optimizer:
    optimizer = FusedAdam(1e-3, ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON)  # the rate is given at each step
    optimizer.build(variables)
    return optimizer
