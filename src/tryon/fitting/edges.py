"""The predicted mask brought to the edges of the photo: a network's mask is coarse, the photo has the pixels.

The probabilities are filtered with the photo as guide (a guided filter over colour), so that they follow edges of
colour in a narrow band round the predicted outline; away from the band they stay as predicted.

Reference: He, Sun and Tang 2013, Guided Image Filtering, section 3.2; He and Sun 2015 for the coarse solve.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.geometry.boxes import clip, expand, from_mask
from tryon.geometry.masks import signed_distance

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# The coefficients are solved on at most this side; they are smooth, and a shirt of 512 px holds its outline.
_SOLVE_SIDE_PX = 512
_EPSILON = 1e-4  # variance of a colour, in [0, 1], below which there is no edge to follow


def refine_mask(photo: NDArray[np.uint8], probabilities: Floats, *, radius: float, band: float) -> Mask:
    """The mask whose outline follows the photo's edges, where the predicted outline is near one.

    Args:
        photo: (H, W, 3).
        probabilities: (H, W) in [0, 1], the predicted mask at the photo's size.
        radius: half the filter's window as a fraction of the root of the mask's area.
        band: how far the outline may move, as a fraction of the root of the mask's area; 0 leaves it.
    """
    mask = probabilities > 0.5
    side = float(np.sqrt(np.count_nonzero(mask)))
    if side == 0 or band <= 0:
        return mask
    height, width = mask.shape
    box = clip(expand(from_mask(mask), 0.1), height, width)[0]
    left, top, right, bottom = (int(value) for value in (*np.floor(box[:2]), *np.ceil(box[2:])))
    window = np.s_[top:bottom, left:right]
    near = np.abs(signed_distance(mask[window])) <= max(1.0, band * side)
    filtered = guided_filter(photo[window], probabilities[window], max(1, round(radius * side)))
    refined = mask.copy()
    refined[window] = np.where(near, filtered > 0.5, mask[window])
    return largest_parts(refined, mask)


def edge_alpha(mask: Mask, border_px: float) -> Floats:
    """Opacity (H, W): 0 from `border_px` outside of the mask's edge, 1 from `border_px` inside, without its stairs.

    The distance to a mask of whole pixels jumps from step to step of a slanted edge; a blur of one pixel evens it out.
    The picture's rim is no edge. Values are whole 255ths, so that an 8-bit file holds exactly what was laid over.
    """
    distance = cv2.GaussianBlur(signed_distance(mask), (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    t = np.clip(0.5 + distance / (2 * border_px), 0, 1)
    return np.asarray(np.rint(t * t * (3 - 2 * t) * 255) / 255, np.float32)


def guided_filter(guide: NDArray[np.uint8], values: Floats, radius_px: int, epsilon: float = _EPSILON) -> Floats:
    """The values (H, W) as a local linear function of the guide's colour (H, W, 3): smooth, with the guide's edges."""
    height, width = values.shape
    scale = min(1.0, _SOLVE_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    colours = guide.astype(np.float32) / np.float32(255)
    small_guide = cv2.resize(colours, size, interpolation=cv2.INTER_AREA) if scale < 1 else colours
    small_values = cv2.resize(values, size, interpolation=cv2.INTER_AREA) if scale < 1 else values
    slope, offset = _linear_fit(small_guide, small_values.astype(np.float32), max(1, round(radius_px * scale)), epsilon)
    if scale < 1:
        slope = cv2.resize(slope, (width, height), interpolation=cv2.INTER_LINEAR)
        offset = cv2.resize(offset, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray((slope * colours).sum(axis=-1) + offset, np.float32)


def largest_parts(mask: Mask, trusted: Mask) -> Mask:
    """The connected parts of the mask that touch the trusted one: filtering may leave specks in the background."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    kept = np.unique(labels[mask & trusted])
    return np.asarray(mask & np.isin(labels, kept), bool)


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
