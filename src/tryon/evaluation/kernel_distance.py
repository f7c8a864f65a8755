"""How unlike two sets of pictures are as a whole: kernel distance on the features of a network of our own.

The network is small, drawn once from a fixed seed, and never trained, so that the figures of two runs may be compared;
they may not be compared with published KID, whose features come from a network trained on ImageNet.

Reference: Binkowski et al. 2018, Demystifying MMD GANs, section 4 (kernel and unbiased estimate).
"""

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.images.resizing import resize

Features = NDArray[np.float64]

_SIDE_PX = 64
_WIDTHS = (16, 32, 64)
_SEED = 0


def kernel_distance(first: Features, second: Features) -> float:
    """Unbiased squared maximum mean discrepancy of two sets of features (N, F), (M, F), cubic polynomial kernel.

    0 on average where both come from one distribution, so that a single figure may lie below.

    Raises:
        DataError: a set has fewer than two members, or the features differ in number.
    """
    if min(len(first), len(second)) < 2 or first.shape[1] != second.shape[1]:
        raise DataError(
            "the kernel distance of two sets of pictures is not defined",
            received=f"{first.shape} and {second.shape} features",
            needed="two or more pictures on each side, with the same features",
        )
    within = [_mean_off_diagonal(_kernel(features, features)) for features in (first, second)]
    return float(sum(within) - 2 * _kernel(first, second).mean())


def own_features(pictures: Iterable[NDArray[np.uint8]]) -> Features:
    """Mean and spread of each map of the fixed network, (N, F), of pictures (H, W, 3) of any sizes."""
    shrunk = np.stack([resize(np.ascontiguousarray(one), _SIDE_PX, _SIDE_PX) for one in pictures])
    x = shrunk.astype(np.float32) / np.float32(127.5) - 1
    features = []
    for kernel in _kernels():
        x = np.maximum(_halved(x, kernel), 0)
        features += [x.mean(axis=(1, 2)), x.std(axis=(1, 2))]
    return np.concatenate(features, axis=1).astype(np.float64)


@cache
def _kernels() -> tuple[NDArray[np.float32], ...]:
    """He-normal kernels (3, 3, in, out)."""
    rng = np.random.default_rng(_SEED)
    pairs = zip((3, *_WIDTHS[:-1]), _WIDTHS, strict=True)
    return tuple(
        rng.normal(0, np.sqrt(2 / (9 * before)), (3, 3, before, after)).astype(np.float32) for before, after in pairs
    )


def _halved(x: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """A 3 x 3 convolution of stride 2 over maps (N, S, S, C) with a mirrored border: (N, S/2, S/2, C')."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[
        :, ::2, ::2
    ]  # (N, S/2, S/2, C, 3, 3)
    return np.asarray(np.tensordot(windows, kernel, axes=((4, 5, 3), (0, 1, 2))), np.float32)


def _kernel(first: Features, second: Features) -> Features:
    return np.asarray((first @ second.T / first.shape[1] + 1) ** 3)


def _mean_off_diagonal(kernel: Features) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
