"""A predicted mask brought to the edges of its picture: a network's mask is coarse, the picture has the pixels.

Two methods. The guided filter lets probabilities follow edges of colour near the predicted outline. The graph cut
also mends what is wrong in the large: it keeps what the network is sure of, learns the colours of both sides from the
picture itself, and lays the outline in between where neighbouring pixels differ most. `benchmarks/mask_refinement.py`
compares them.

References: He, Sun and Tang 2013, Guided Image Filtering, section 3.2; He and Sun 2015 for the coarse solve.
Rother, Kolmogorov and Blake 2004, GrabCut, section 3.
"""

import math
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.geometry.boxes import clip, expand, from_mask
from tryon.geometry.masks import signed_distance

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Method = Literal["none", "guided", "graph_cut"]

# Lengths are fractions of the root of the mask's area, so that they mean the same in every photo. Values chosen on
# validation photos, rendered and real (benchmarks/mask_refinement.py).
_GUIDED_RADIUS = 0.2
_GUIDED_BAND = 0.2  # how far the guided filter may move the outline
_SURE = 0.05  # a probability nearer than this to 0 or 1 is kept by the graph cut
_SURROUNDINGS = 0.3  # of the box's sides: what the colours beside the shirt are learnt from
_CUT_SIDE_PX = 256  # the graph is cut at this size at most, its outline then brought to the full one
_CUT_ROUNDS = 2
_FINISH_RADIUS = 0.03
_SOLVE_SIDE_PX = 512  # a guided filter's coefficients are smooth: they are solved on at most this side
_EPSILON = 1e-4  # variance of a colour, in [0, 1], below which there is no edge to follow


def refine(picture: Picture, probabilities: Floats, method: Method) -> Floats:
    """Probabilities (H, W) in [0, 1] whose outline at 0.5 follows the picture's edges.

    Args:
        picture: (H, W, 3).
        probabilities: (H, W) in [0, 1]: a predicted mask at the picture's size; one that reaches 0.5 nowhere stays.
        method: `none` leaves them as they are.
    """
    mask = probabilities > 0.5
    if method == "none" or not mask.any():
        return probabilities
    height, width = mask.shape
    left, top, right, bottom = clip(expand(from_mask(mask), _SURROUNDINGS), height, width)[0]
    window = np.s_[math.floor(top) : math.ceil(bottom), math.floor(left) : math.ceil(right)]
    refined = np.zeros_like(probabilities)
    change = _guided if method == "guided" else _graph_cut
    refined[window] = change(np.ascontiguousarray(picture[window]), probabilities[window])
    return refined


def guided_filter(guide: Picture, values: Floats, radius_px: int, epsilon: float = _EPSILON) -> Floats:
    """The values (H, W) as a local linear function of the guide's colour (H, W, 3): smooth, with the guide's edges."""
    height, width = values.shape
    size = _at_most(_SOLVE_SIDE_PX, height, width)
    scale = size[0] / width
    colours = guide.astype(np.float32) / np.float32(255)
    slope, offset = _linear_fit(
        _shrink(colours, size), _shrink(values.astype(np.float32), size), max(1, round(radius_px * scale)), epsilon
    )
    if scale < 1:
        slope = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR)
        offset = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((slope * colours).sum(axis=-1) + offset, np.float32)


def largest_parts(mask: Mask, trusted: Mask) -> Mask:
    """The connected parts of the mask that touch the trusted one: refining may leave specks in the background."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    kept = np.unique(labels[mask & trusted])
    return np.asarray(mask & np.isin(labels, kept), bool)


def _guided(picture: Picture, probabilities: Floats) -> Floats:
    mask = probabilities > 0.5
    side = _side(mask)
    near = np.abs(signed_distance(mask)) <= max(1.0, _GUIDED_BAND * side)
    filtered = guided_filter(picture, probabilities, max(1, round(_GUIDED_RADIUS * side)))
    refined = np.where(near, np.clip(filtered, 0, 1), probabilities)
    return _without_specks(refined, mask)


def _graph_cut(picture: Picture, probabilities: Floats) -> Floats:
    mask = probabilities > 0.5
    size = _at_most(_CUT_SIDE_PX, *mask.shape)
    coarse = _shrink(probabilities, size)
    labels = np.where(coarse > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[coarse >= 1 - _SURE], labels[coarse <= _SURE] = cv2.GC_FGD, cv2.GC_BGD
    if not (labels == cv2.GC_FGD).any() or not (labels == cv2.GC_BGD).any():
        return probabilities  # nothing is known for sure of one side: there is nothing to learn its colours from
    colours = cv2.cvtColor(_shrink(picture, size), cv2.COLOR_RGB2LAB)
    cv2.setRNGSeed(1)  # of this thread: the colours' clusters start at random places
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(colours, labels, None, *models, _CUT_ROUNDS, cv2.GC_INIT_WITH_MASK)
    cut = largest_parts((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), coarse > 0.5).astype(np.float32)
    if not cut.any():
        return probabilities
    full = cv2.resize(cut, (mask.shape[1], mask.shape[0]), interpolation=cv2.INTER_LINEAR)
    finished = guided_filter(picture, full, max(1, round(_FINISH_RADIUS * _side(full > 0.5))))
    return _without_specks(np.clip(finished, 0, 1), mask)


def _without_specks(probabilities: Floats, trusted: Mask) -> Floats:
    mask = probabilities > 0.5
    specks = mask & ~largest_parts(mask, trusted)
    return np.asarray(np.where(specks, 0.0, probabilities), np.float32)


def _side(mask: Mask) -> float:
    return math.sqrt(np.count_nonzero(mask))


def _at_most(side_px: int, height: int, width: int) -> tuple[int, int]:
    """Width and height of a picture, scaled down to a longer side of `side_px` if it is larger."""
    scale = min(1.0, side_px / max(height, width))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrink(array: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if size == (array.shape[1], array.shape[0]):
        return array
    return np.asarray(cv2.resize(array, size, interpolation=cv2.INTER_AREA))


def _linear_fit(guide: Floats, values: Floats, radius: int, epsilon: float) -> tuple[Floats, Floats]:
    """Smoothed slope (H, W, 3) and offset (H, W) of values over colour in each square window."""
    mean_guide, mean_values = _box(guide, radius), _box(values, radius)
    pairs = guide[..., :, None] * guide[..., None, :]  # (H, W, 3, 3)
    spread = _box(pairs.reshape(*values.shape, 9), radius).reshape(*values.shape, 3, 3)
    spread = spread - mean_guide[..., :, None] * mean_guide[..., None, :] + epsilon * np.eye(3, dtype=np.float32)
    shared = _box(guide * values[..., None], radius) - mean_guide * mean_values[..., None]
    slope = np.linalg.solve(spread, shared[..., None])[..., 0].astype(np.float32)
    offset = mean_values - (slope * mean_guide).sum(axis=-1)
    return _box(slope, radius), _box(offset, radius)


def _box(values: Floats, radius: int) -> Floats:
    """Mean over the square of 2 radius + 1, mirrored at the rim."""
    side = 2 * radius + 1
    channels = [cv2.blur(np.ascontiguousarray(part), (side, side), borderType=cv2.BORDER_REFLECT)
                for part in (np.moveaxis(values, -1, 0) if values.ndim == 3 else values[None])]  # fmt: skip
    return np.stack(channels, axis=-1) if values.ndim == 3 else channels[0]
