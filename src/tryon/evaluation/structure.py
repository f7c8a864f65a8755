"""Likeness of structure: SSIM and PSNR inside a mask, and how much of the folds is kept."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from tryon.errors import DataError
from tryon.evaluation.pictures import Picture, as_float, checked_mask, checked_pair

# A thousandth of a step of 8 bits, which no picture shows: equal pictures score 108.13 dB instead of infinity.
_SMALLEST_MSE = (1 / 255 / 1000) ** 2
_WINDOW_PX = 7


def ssim(a: Picture, b: Picture, mask: NDArray[Any] | None = None) -> float:
    """Mean over the mask of the SSIM map of two whole RGB pictures (7 x 7 windows, mean over channels); equal: 1.

    Reference: Wang et al. 2004, with scikit-image's defaults.

    Raises:
        DataError: sizes differ, the mask is empty, or a side is shorter than the window.
    """
    inside = checked_mask(mask, np.shape(a))
    first, second = checked_pair(a, b)
    if min(first.shape[:2]) < _WINDOW_PX:
        raise DataError("the picture is smaller than the window of SSIM", received=first.shape, needed="7 x 7 or more")
    _, full = structural_similarity(first, second, data_range=1.0, channel_axis=-1, full=True, win_size=_WINDOW_PX)
    return float(full[inside].mean())


def psnr(a: Picture, b: Picture, mask: NDArray[Any] | None = None) -> float:
    """Peak signal to noise ratio in dB over the pixels of the mask, at most 108.13 (equal pictures), so never infinite.

    Raises:
        DataError: sizes differ or the mask is empty.
    """
    inside = checked_mask(mask, np.shape(a))
    first, second = checked_pair(a, b)
    mse = float(((first[inside].astype(np.float64) - second[inside]) ** 2).mean())
    return float(-10 * np.log10(max(mse, _SMALLEST_MSE)))


def fold_correlation(a: Picture, b: Picture, mask: NDArray[Any] | None = None) -> float:
    """Correlation of the luminance of two pictures inside the mask: 1 keeps every fold; 0 where one of them is flat.

    Raises:
        DataError: sizes differ or the mask is empty.
    """
    inside = checked_mask(mask, np.shape(a))
    checked_pair(a, b)
    first, second = (_luminance(picture)[inside] for picture in (a, b))
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / scale) if scale > 1e-9 else 0.0


def _luminance(picture: Picture) -> NDArray[np.float64]:
    result: NDArray[np.float64] = as_float(picture).astype(np.float64) @ np.array([0.2126, 0.7152, 0.0722])
    return result
