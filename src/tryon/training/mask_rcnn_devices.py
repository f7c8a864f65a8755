"""One batch shared by several GPUs, by Keras' own distribution."""

import keras

from tryon.errors import ConfigError


def share_batches(devices: int) -> None:
    """Keep a copy of every variable made from now on on each of the first devices, and divide batches over them.

    Keras 3 implements this for its JAX backend; that for TensorFlow is marked as not to be used, and no trainer
    asks for it.

    Raises:
        ConfigError: the backend cannot do it, or there are fewer devices.
    """
    if devices == 1:
        return
    backend = keras.backend.backend()
    if backend != "jax":
        raise ConfigError(
            "params.yaml: mask_rcnn.devices: Keras shares batches between devices on its JAX backend only",
            received=f"{devices} devices on {backend}",
            needed="KERAS_BACKEND=jax, with jax installed for the GPUs",
            remedy="set KERAS_BACKEND=jax in infra/env, or mask_rcnn.devices: 1",
        )
    known = keras.distribution.list_devices()
    if len(known) < devices:
        raise ConfigError(
            "params.yaml: mask_rcnn.devices names more devices than there are",
            received=devices,
            needed=f"at most {len(known)}: {', '.join(known)}",
            remedy="lower mask_rcnn.devices",
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=known[:devices]))
