"""What stands beside the picture when it enters a generator, and how the mask binds what comes out.

Inside CycleGAN pictures are in [-1, 1]; `to_network` and `from_network` are the only crossings from and to [0, 1].
"""

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from tryon.models.cyclegan.networks import Architecture

NEUTRAL = 0.0  # the neutral ground (0.5 grey in [0, 1]) as the networks see it
_MASKED = 0.5


def to_network(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pictures in [0, 1] as float32 in [-1, 1]."""
    scaled: NDArray[np.float32] = np.asarray(pictures, np.float32) * np.float32(2.0) - np.float32(1.0)
    return scaled


def from_network(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pictures in [-1, 1] as float32 in [0, 1]."""
    scaled: NDArray[np.float32] = np.clip((np.asarray(pictures, np.float32) + 1.0) / 2.0, 0.0, 1.0)
    return scaled


def guide_channels(
    masks: NDArray[np.float32], architecture: Architecture, garments: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """Input channels beside the picture, (B, S, S, E) float32 in [-1, 1]; E is 0 where the architecture asks for none.

    Args:
        masks: (B, S, S) in [0, 1].
        garments: (B, S, S, 3) in [0, 1] in the place of the worn shirts (`tryon.models.cyclegan.garments`); only where
            the architecture needs them.
    """
    assert (garments is not None) == architecture.needs_garment, "garments are given where the generator reads them"
    channels = []
    if architecture.mask_input:
        channels.append(masks[..., None] * 2.0 - 1.0)
    if architecture.position_input:
        channels.append(np.stack([garment_position(mask) for mask in masks]))
    if garments is not None:
        channels.append(to_network(garments))
    if not channels:
        return np.zeros((*masks.shape, 0), np.float32)
    return np.concatenate(channels, axis=-1).astype(np.float32)


def garment_position(mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row and column of each pixel within the mask's box, (S, S, 2): -1 at its top or left edge, 1 at the other.

    A pattern has its place on the garment (a stripe, a print), and a convolution cannot tell where it is. Limited to
    [-1, 1].
    """
    inside = mask > _MASKED
    axes = [_along(np.asarray(inside.any(axis=axis))) for axis in (1, 0)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float32)


def compose(redrawn: Any, masks: Any, architecture: Architecture) -> Any:
    """The generator's output inside the mask, neutral ground outside; all of it where nothing is composited.

    Args:
        redrawn: (B, S, S, 3) tensor or array in [-1, 1].
        masks: (B, S, S, 1) in [0, 1].
    """
    if not architecture.mask_composite:
        return redrawn
    return redrawn * masks + NEUTRAL * (1.0 - masks)


def with_guides(pictures: Any, guides: Any) -> Any:
    """Picture and guide channels as one generator input (B, S, S, 3 + E)."""
    return ops.concatenate([pictures, guides], axis=-1)


def _along(occupied: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Place of each index between the first and the last occupied one, in [-1, 1]; all 0 when none is occupied."""
    indices = np.flatnonzero(occupied)
    if indices.size == 0:
        return np.zeros(occupied.size, np.float32)
    extent = max(indices[-1] - indices[0], 1)
    places: NDArray[np.float32] = np.clip(2.0 * (np.arange(occupied.size) - indices[0]) / extent - 1.0, -1.0, 1.0)
    return places
