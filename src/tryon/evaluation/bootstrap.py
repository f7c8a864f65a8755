"""How far a mean could be off with other pictures of the same kind."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError


def crossed_interval(
    values: NDArray[np.floating], seed: int, *, level: float = 0.95, repeats: int = 2000
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of values (seeds, items) if other seeds **and** other items were drawn.

    Seeds and items are drawn independently of each other, since every seed was measured on the same items.

    Raises:
        DataError: there are no values.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 2 or sample.size == 0:
        raise DataError("no table of values to give an interval for", received=sample.shape, needed="(seeds, items)")
    random = np.random.default_rng(seed)
    rows = random.integers(0, sample.shape[0], size=(repeats, sample.shape[0]))
    columns = random.integers(0, sample.shape[1], size=(repeats, sample.shape[1]))
    means = [sample[np.ix_(row, column)].mean() for row, column in zip(rows, columns, strict=True)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def crossed_difference(
    before: NDArray[np.floating], after: NDArray[np.floating], seed: int, *, level: float = 0.95, repeats: int = 2000
) -> tuple[float, float]:
    """As `crossed_interval`, of the mean of `after` minus that of `before`, both (seeds, items) of the same items.

    The items are paired; the seeds are not, since a seed of one has nothing in common with one of the other.
    """
    first, second = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if first.size == 0 or first.shape[1] != second.shape[1]:
        raise DataError("two tables of values do not belong together", received=f"{first.shape}, {second.shape}")
    random = np.random.default_rng(seed)
    differences = []
    for _ in range(repeats):
        columns = random.integers(0, first.shape[1], first.shape[1])
        means = [table[np.ix_(random.integers(0, len(table), len(table)), columns)].mean() for table in (first, second)]
        differences.append(means[1] - means[0])
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


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
