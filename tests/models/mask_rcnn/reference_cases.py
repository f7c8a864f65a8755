"""Goldens of the 2017 implementation, and the weights that they were made with.

The weights are functions of the layer's name, the weight's index in it and its shape: uniform numbers from NumPy's old
generator, seeded by a checksum of name and index, scaled so that activations keep their size.
"""

import json
import re
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FIXTURES = Path(__file__).parent / "fixtures"

# Patterns of layer names, the first that fits, and how far a kernel reaches beside He's uniform limit.
REACH = [
    ("conv1", 1 / 48),
    ("res4[a-z]_branch2c", 0.3),
    (r"res\d[a-z]_branch2c", 0.5),
    (r"fpn_p\d", 0.9),
    ("rpn_class_raw", 0.33),
    ("rpn_bbox_pred|mrcnn_bbox_fc", 0.35),
    ("mrcnn_class_logits", 0.8),
]
KEEPS_ITS_MEAN = r"conv1|fpn_p\d|rpn_conv_shared|mrcnn_mask_deconv"
SALTED = {"rpn_class_raw": "/0", "mrcnn_class_logits": "/1"}
# Middle and reach of gamma, beta, mean and variance.
STATISTICS = [(1.0, 0.1), (0.0, 0.05), (0.0, 0.05), (1.0, 0.1)]


def golden_weight(layer: str, index: int, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 weight number `index` of a layer, the same bits everywhere."""
    seed = zlib.crc32(f"{layer}/{index}{SALTED.get(layer, '')}".encode())
    draws = 2.0 * uniform(seed, shape) - 1.0
    if re.fullmatch(r"bn.*|mrcnn_(class|mask)_bn\d", layer):
        middle, reach = STATISTICS[index]
        return (middle + reach * draws).astype(np.float32)
    if len(shape) == 1:
        return (0.02 * draws).astype(np.float32)
    inputs = shape[3] if layer == "mrcnn_mask_deconv" else int(np.prod(shape[:-1]))
    reach = next((reach for pattern, reach in REACH if re.fullmatch(pattern, layer)), 1.0)
    kernel = draws * (reach * np.sqrt(6.0 / inputs))
    if not re.fullmatch(KEEPS_ITS_MEAN, layer):
        rows = kernel.reshape(-1, shape[-1])
        kernel = (rows - sum(rows) / len(rows)).reshape(shape)  # summed in order, whatever the machine
    return kernel.astype(np.float32)


def uniform(seed: int, shape: Any) -> np.ndarray:
    """Uniform float64 numbers in [0, 1)."""
    return np.random.RandomState(seed).random_sample(int(np.prod(shape))).reshape(shape)


class Goldens:
    """The arrays of one fixture file; equal arrays are stored once."""

    def __init__(self, name: str) -> None:
        self._file = np.load(FIXTURES / f"{name}.npz")
        self._same = json.loads(str(self._file["same"]))

    def __getitem__(self, key: str) -> np.ndarray:
        return self._file[self._same.get(key, key)]

    def keys(self, start: str) -> list[str]:
        """All keys that start so."""
        return [key for key in [*self._file.files, *self._same] if key.startswith(start)]

    def bits(self, key: str, shape: Any) -> np.ndarray:
        """A packed boolean array."""
        return np.unpackbits(self[key])[: int(np.prod(shape))].reshape([int(side) for side in shape]).astype(bool)


@cache
def goldens(name: str) -> Goldens:
    return Goldens(name)


def relative_error(ours: Any, theirs: np.ndarray) -> float:
    """The largest difference by the largest number."""
    assert np.shape(ours) == theirs.shape
    return float(np.abs(np.asarray(ours) - theirs).max() / np.abs(theirs).max())
