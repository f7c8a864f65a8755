"""Optimisers and their schedules for Mask R-CNN."""

import keras

from tryon.config import MaskRCNNConfig

SGD_MOMENTUM, SGD_CLIP_NORM = 0.9, 5.0  # as in the 2017 implementation
NOT_DECAYED = ("bias", "gain", "gamma", "beta")
FINAL_FRACTION = 0.01  # of the learning rate, at the last step


def build_optimizer(config: MaskRCNNConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimiser that the configuration names, its rate warmed up from a hundredth.

    `adamw` falls along a cosine to a hundredth, `sgd` stays at its rate as in the 2017 implementation. Only
    kernels decay.
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
        optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, global_clipnorm=10.0)
    else:
        optimizer = keras.optimizers.SGD(
            rate, momentum=SGD_MOMENTUM, clipnorm=SGD_CLIP_NORM, weight_decay=config.weight_decay
        )
    optimizer.exclude_from_weight_decay(var_names=list(NOT_DECAYED))
    return optimizer
