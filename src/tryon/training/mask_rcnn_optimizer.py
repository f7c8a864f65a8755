"""Optimisers and their schedules for Mask R-CNN."""

from collections.abc import Iterable
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
    stays at its rate, and `decay_loss` decays the weights.
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
        optimizer = keras.optimizers.SGD(rate, momentum=SGD_MOMENTUM, global_clipnorm=SGD_CLIP_NORM)
    if config.precision == "mixed_float16":  # its gradients would vanish below 6e-8
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def decay_loss(config: MaskRCNNConfig, weights: Iterable[Any]) -> Any:
    """What the 2017 implementation adds to the loss: the decay times the mean square of each learning weight.

    Biases count, scales and shifts of normalisations do not. 0 with `adamw`, which decays by itself.
    """
    if config.optimizer != "sgd" or config.weight_decay == 0:
        return 0.0
    decayed = [weight for weight in weights if weight.name not in SCALES]
    return config.weight_decay * sum(ops.mean(ops.square(ops.convert_to_tensor(weight))) for weight in decayed)
