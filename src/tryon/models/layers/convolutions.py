"""Convolutions and normalisation with one purpose each."""

from typing import Any

import keras
from keras import ops

RELU_GAIN = (
    1.7139588594436646  # sqrt(2 / (1 - 1/pi)): keeps unit variance through a ReLU (Brock et al. 2021, section 2)
)


@keras.saving.register_keras_serializable("tryon")
class BatchNorm(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalisation whose statistics may be frozen while scale and shift still learn.

    Args:
        frozen: always use the stored statistics, as fine-tuning with few pictures a step needs.
    """

    def __init__(self, frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.frozen = frozen

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        return super().call(inputs, training=False if self.frozen else training, mask=mask)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "frozen": self.frozen}


@keras.saving.register_keras_serializable("tryon")
class ScaledConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A convolution with standardised weights and a learnt gain for each channel: normalises without a batch.

    Costs nothing for each picture and acts alike in training and use, where batch normalisation is not fused by Keras 3
    on a CPU.

    Args:
        gain: initial gain of every channel; 0 lets a residual branch start as nothing.

    Reference: Brock, De, Smith, Simonyan, High-performance large-scale image recognition without normalization
    (2021), section 2.
    """

    def __init__(self, filters: int, kernel_size: Any, gain: float = 1.0, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, **kwargs)
        self.gain_start = gain

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.gain = self.add_weight(
            shape=(self.filters,), initializer=keras.initializers.Constant(self.gain_start), name="gain"
        )

    def call(self, inputs: Any) -> Any:
        kernel = ops.cast(self.kernel, "float32")
        mean = ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        centred = kernel - mean
        fan_in = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
        scale = ops.rsqrt(ops.maximum(ops.mean(ops.square(centred), axis=(0, 1, 2)) * fan_in, 1e-4))
        standard = ops.cast(centred * (scale * ops.cast(self.gain, "float32") * RELU_GAIN), inputs.dtype)
        outputs = ops.conv(inputs, standard, strides=list(self.strides), padding=self.padding)
        return outputs + ops.cast(self.bias, outputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain_start}

    # A convolution of Keras saves kernel and bias by name; a layer of Keras saves all that it has.
    def save_own_variables(self, store: Any) -> None:
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: Any) -> None:
        keras.layers.Layer.load_own_variables(self, store)


@keras.saving.register_keras_serializable("tryon")
class WholeWindowConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A convolution whose window is its whole input, computed as the one matrix product that it is: (N, k, k,
    C) -> (N, F)."""

    def call(self, inputs: Any) -> Any:
        flat = ops.reshape(inputs, (-1, inputs.shape[1] * inputs.shape[2] * inputs.shape[3]))
        kernel = ops.reshape(self.kernel, (-1, self.filters))
        return ops.matmul(flat, ops.cast(kernel, flat.dtype)) + ops.cast(self.bias, flat.dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, ...]:
        return (input_shape[0], self.filters)
