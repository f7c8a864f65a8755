"""Optimisers and their schedules for Mask R-CNN."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tryon.config import MaskRCNNConfig

# As in the 2017 implementation. Its `clipnorm` is Keras 2's: one norm over all gradients together.
SGD_MOMENTUM, SGD_CLIP_NORM = 0.9, 5.0
ADAMW_CLIP_NORM = 10.0
# Scales and shifts of normalisations do not decay; AdamW spares biases, too.
SCALES = ("gain", "gamma", "beta")
FINAL_FRACTION = 0.01  # of the learning rate, at the last step


def build_optimizer(config: MaskRCNNConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimiser that the configuration names, its rate warmed up from a hundredth.

    `adamw` falls along a cosine to a hundredth and decays kernels by itself; `sgd` is the 2017 implementation's: it
    stays at its rate, and its loss has a term that decays the weights.
    """
    warm_up = round(config.warm_up_epochs * steps_per_epoch)
    total = max(config.epochs * steps_per_epoch, warm_up + 1)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=config.learning_rate / 100 if warm_up else config.learning_rate,
        decay_steps=total - warm_up,
        alpha=FINAL_FRACTION if config.optimizer == "adamw" else 1.0,
        warmup_target=config.learning_rate if warm_up else None,
        warmup_steps=warm_up,
    )
    optimizer: keras.optimizers.Optimizer
    if config.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, global_clipnorm=ADAMW_CLIP_NORM)
        optimizer.exclude_from_weight_decay(var_names=["bias", *SCALES])
    else:
        optimizer = DecayingSGD(rate, config.weight_decay)
    if config.precision == "mixed_float16":  # its gradients would vanish below 6e-8
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


class DecayingSGD(keras.optimizers.SGD):  # type: ignore[misc]
    """Momentum for a loss to which the mean square of each weight is added, times the decay.

    Biases decay, scales and shifts of normalisations do not. That term's gradient is added to the loss's own one before
    both are clipped. Both sums begin with the gradient: TensorFlow computes at once whatever waits for nothing, so that
    otherwise two arrays of the size of all weights, decay and momentum, would be held through the whole step.

    Args:
        rate: learning rate, or its schedule.
        decay: of the mean squares.
    """

    def __init__(self, rate: Any, decay: float) -> None:
        super().__init__(rate, momentum=SGD_MOMENTUM, global_clipnorm=SGD_CLIP_NORM, name="sgd")
        self.decay = decay

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        weights = self._trainable_variables if trainable_variables is None else list(trainable_variables)
        super().apply([self._with_decay(*pair) for pair in zip(grads, weights, strict=True)], trainable_variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        momentum = self.momentums[self._get_variable_index(variable)]
        step = gradient * (learning_rate / SGD_MOMENTUM)
        self.assign(momentum, (momentum - step) * SGD_MOMENTUM)
        self.assign_add(variable, momentum)

    def _with_decay(self, gradient: Any, weight: Any) -> Any:
        if gradient is None or weight.name in SCALES or self.decay == 0:
            return gradient
        pull = 2.0 * self.decay / math.prod(weight.shape)
        return (gradient * (1.0 / pull) + ops.convert_to_tensor(weight)) * pull
