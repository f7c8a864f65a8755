"""Convolutions to few channels, such as those of a picture."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tryon.models.layers.precision import exact_on_cpu


@keras.saving.register_keras_serializable("tryon")
class NarrowConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A square convolution (stride 1, no border) from many channels to few: maps (B, H, W, C) to (B, h, w, K).

    A CPU computes 16 filters as fast as 3, so that most of the work is for nothing. There the kernel's N rows become
    filters of their own: along x every row is convolved for itself, to N K channels, and then these are summed down.
    """

    def call(self, inputs: Any) -> Any:
        if not exact_on_cpu(self.compute_dtype):
            return super().call(inputs)
        rows, columns, channels, filters = self.kernel.shape
        lying = ops.reshape(ops.transpose(self.kernel, (1, 2, 0, 3)), (1, columns, channels, rows * filters))
        apart = ops.conv(inputs, lying, padding="valid")
        down = np.eye(rows * filters, dtype=np.float32).reshape(rows, 1, filters, -1).transpose(0, 1, 3, 2)
        return ops.conv(apart, down, padding="valid") + self.bias
