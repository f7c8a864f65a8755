"""After which two ways the pattern of a cloth repeats, dots and checks first of all: by its autocorrelation."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2

from tryon.images.resizing import resize

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Points = NDArray[np.float64]

_SIDE_PX = 256  # larger cloth is shrunk to this
_LEAST_OVERLAP = 0.25  # of the cloth that is laid on itself, moved
_LEAST_LIKENESS = 0.8  # folds leave less than all of it; a print or the noise of plain cloth has less
_LEAST_PX = 3.0
_LEAST_SINE = 0.5  # between the two ways


def find_lattice(lab: Floats, inside: Mask) -> Points | None:
    """(2, 2), the two shortest ways (x and y, in pixels) after which the pattern is like itself; None where it has not
    two.

    Args:
        lab: (H, W, 3), cloth in even light.
        inside: (H, W), where it is seen.
    """
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return None
    window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = inside[window].shape
    scale = min(1.0, _SIDE_PX / max(height, width))
    small = max(1, round(height * scale)), max(1, round(width * scale))
    likeness = _autocorrelation(resize(lab[window], *small), resize(inside[window].astype(np.float32), *small) > 0.5)
    ways = _peaks(likeness)
    first = next(iter(ways), None)
    if first is None:
        return None
    second = next((way for way in ways if _sine(first, way) >= _LEAST_SINE), None)
    to_full = np.array([width / small[1], height / small[0]])
    return None if second is None else np.stack([first, second]) * to_full


def _autocorrelation(lab: Floats, inside: Mask) -> Points:
    """Likeness of the cloth to itself, moved by each (dy, dx): 1 without a move, which is in the middle; 0 where too
    little overlaps."""
    weight = inside.astype(np.float64)
    colours = (lab - lab[inside].mean(axis=0)) * weight[..., None] if inside.any() else np.zeros_like(lab)
    shape = [next_fast_len(2 * side, real=True) for side in inside.shape]
    power = np.square(np.abs(rfft2(colours, shape, axes=(0, 1)))).sum(axis=-1)
    products, overlaps = irfft2(power, shape), irfft2(np.square(np.abs(rfft2(weight, shape))), shape)
    enough = overlaps > _LEAST_OVERLAP * max(1.0, weight.sum())
    means = np.where(enough, products / np.maximum(overlaps, 1.0), 0.0)
    return np.asarray(np.fft.fftshift(means / max(float(means[0, 0]), 1e-9)))


def _peaks(likeness: Points) -> list[Points]:
    """Ways (x, y) to the peaks, one of each two opposite ones, from the shortest; to a part of a pixel."""
    middle = np.array(likeness.shape) // 2
    highest = cv2.dilate(likeness, np.ones((5, 5)))
    found = np.argwhere((likeness >= highest) & (likeness >= _LEAST_LIKENESS))
    inner = ((found > 0) & (found < np.array(likeness.shape) - 1)).all(axis=1)
    ways = [_refined(likeness, peak) - middle for peak in found[inner]]
    one_of_two = [way[::-1] for way in ways if tuple(np.round(way)) > (0, 0) and np.hypot(*way) >= _LEAST_PX]
    return sorted(one_of_two, key=lambda way: float(np.hypot(*way)))


def _refined(likeness: Points, peak: NDArray[np.intp]) -> Points:
    """The top of the parabola through a peak and its neighbours, along each axis."""
    top = likeness[tuple(peak)]
    moved = peak.astype(np.float64)
    for axis, step in enumerate(np.eye(2, dtype=int)):
        before, after = likeness[tuple(peak - step)], likeness[tuple(peak + step)]
        moved[axis] += 0.5 * (before - after) / min(before - 2 * top + after, -1e-9)
    return moved


def _sine(one: Points, other: Points) -> float:
    cross = one[0] * other[1] - one[1] * other[0]
    return float(abs(cross) / (np.hypot(*one) * np.hypot(*other)))
