"""One compiled CycleGAN step on the TensorFlow backend: the only place of the training that knows the backend.

Everything it computes is in `cyclegan_losses` and `cyclegan_pool`, in backend-neutral operations.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tryon.training.cyclegan_losses import COMPONENTS, Batch, Networks, critic_losses, generator_losses
from tryon.training.cyclegan_pool import PoolPlan, exchange

ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON = 0.5, 0.999, 1e-8  # the reference's


@dataclass(frozen=True)
class StepOptions:
    """What a step needs beside networks and pictures; `averaging` 0: no average of the generators' weights."""

    cycle_weight: float
    identity_weight: float
    pool_size: int
    averaging: float


class CompiledStep:
    """What a step changes (networks, optimisers, pools, averaged generators) and the compiled function that does."""

    def __init__(self, networks: Networks, options: StepOptions) -> None:
        tf.config.experimental.enable_op_determinism()
        self.networks, self.options = networks, options
        side = networks.architecture.size_px
        pool_shape = (max(options.pool_size, 1), side, side, 3)
        self.pools = [keras.Variable(np.zeros(pool_shape, np.float32), trainable=False) for _ in range(2)]
        self.optimizers = [_adam(networks.generator_variables), _adam(networks.critic_variables)]
        self.averages = [keras.Variable(variable, trainable=False) for variable in networks.generator_variables]
        self._compiled = tf.function(self._step)

    def __call__(
        self, batch: Batch, plans: tuple[PoolPlan, PoolPlan], learning_rate: float, averaging: float
    ) -> dict[str, float]:
        """Make one step and return its losses by component.

        Args:
            plans: of the pool of fake patterns and of the pool of fake plains.
            averaging: share of the old average that is kept.
        """
        plan_tensors = [(tf.constant(p.slots), tf.constant(p.show_old), tf.constant(p.store)) for p in plans]
        pictures = [tf.constant(value) for value in vars(batch).values()]
        losses = self._compiled(pictures, plan_tensors, tf.constant(learning_rate), tf.constant(averaging))
        return dict(zip(COMPONENTS, losses.numpy().tolist(), strict=True))

    @contextmanager
    def averaged_generators(self) -> Iterator[None]:
        """While it lasts, the generators hold the average of their weights; unchanged where no average is kept."""
        variables = self.networks.generator_variables if self.options.averaging else []
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
            for variable, average in zip(self.networks.generator_variables, self.averages, strict=True):
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

    def _step(self, pictures: list[Any], plans: list[Any], learning_rate: Any, averaging: Any) -> Any:
        batch = Batch(*pictures)
        generator_values, fake_pattern, fake_plain = self._move_generators(batch, learning_rate)
        shown = []
        for pool, fakes, plan in zip(self.pools, (fake_pattern, fake_plain), plans, strict=True):
            pictures_shown, after = exchange(pool, fakes, *plan)
            pool.assign(after)
            shown.append(pictures_shown)
        critic_values = self._move_critics(batch, shown, learning_rate)
        if self.options.averaging:
            for average, variable in zip(self.averages, self.networks.generator_variables, strict=True):
                average.assign(averaging * average + (1.0 - averaging) * variable)
        return tf.stack([*generator_values, *critic_values])

    def _move_generators(self, batch: Batch, learning_rate: Any) -> tuple[list[Any], Any, Any]:
        variables = self.networks.generator_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            losses, fake_pattern, fake_plain = generator_losses(
                self.networks, batch, self.options.cycle_weight, self.options.identity_weight
            )
            total = tf.add_n(losses)
        self._apply(0, tape.gradient(total, [variable.value for variable in variables]), variables, learning_rate)
        return losses, fake_pattern, fake_plain

    def _move_critics(self, batch: Batch, shown: list[Any], learning_rate: Any) -> list[Any]:
        variables = self.networks.critic_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in variables])
            losses = critic_losses(self.networks, batch, *shown)
            total = tf.add_n(losses)
        self._apply(1, tape.gradient(total, [variable.value for variable in variables]), variables, learning_rate)
        return losses

    def _apply(self, index: int, gradients: list[Any], variables: list[Any], learning_rate: Any) -> None:
        optimizer = self.optimizers[index]
        optimizer.learning_rate.assign(learning_rate)
        optimizer.apply(gradients, variables)


def _adam(variables: list[Any]) -> keras.optimizers.Optimizer:
    optimizer = keras.optimizers.Adam(1e-3, ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON)  # the rate is given at each step
    optimizer.build(variables)
    return optimizer
