"""How far a mean could be off with other pictures of the same kind."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError


def interval(
    values: Sequence[float] | NDArray[np.floating], seed: int, *, level: float = 0.95, repeats: int = 2000
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean: (low, high), equal for equal values and seed.

    Raises:
        DataError: there are no values.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0:
        raise DataError("no values to give an interval for", needed="at least one")
    draws = np.random.default_rng(seed).integers(0, sample.size, size=(repeats, sample.size))
    low, high = np.quantile(sample[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
