"""The garment as an input of a generator: its picture, brought into the place of the worn shirt.

A garment picture here is (S, S, 3) float32 in [0, 1] in the cut-out's square: inside the worn shirt's mask it shows the
cloth that belongs there, and the neutral ground wherever nothing is known.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.geometry import boxes
from tryon.images.cutouts import NEUTRAL_GROUND

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_HALF = 0.5  # of a mask; a placed pixel that holds less of the garment is not known


def place_in_box(garment: Floats, garment_mask: Mask, worn_mask: Mask) -> Floats:
    """The garment (H, W, 3) with its box stretched onto the box of the worn shirt's mask (S, S): (S, S, 3).

    The crudest of all alignments: collar, sleeves and hem come near their places, as far as both shirts are seen from
    the front. Neutral where either mask is empty.
    """
    if not garment_mask.any() or not worn_mask.any():
        return np.full((*worn_mask.shape, 3), NEUTRAL_GROUND, np.float32)
    source, target = _box_of(garment_mask), _box_of(worn_mask)
    weight = garment_mask[source].astype(np.float32)[..., None]
    # Colours are weighted by the mask, so that what lies beyond the garment does not come in.
    weighted = np.concatenate([garment[source] * weight, weight], axis=-1)
    height, width = worn_mask[target].shape
    shrinks = height < weighted.shape[0] or width < weighted.shape[1]
    stretched = cv2.resize(weighted, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    known = worn_mask[target] & (stretched[..., 3] >= _HALF)
    placed = np.full((*worn_mask.shape, 3), NEUTRAL_GROUND, np.float32)
    placed[target][known] = stretched[known][:, :3] / stretched[known][:, 3:]
    return placed


def placed_in_turn(masks: Floats, garments: Floats, garment_masks: Floats) -> Floats:
    """A garment for each worn mask (B, S, S), the garments (N, S, S, 3) in turn, box to box: (B, S, S, 3)."""
    chosen = np.arange(len(masks)) % len(garments)
    return np.stack(
        [
            place_in_box(garments[k], garment_masks[k] > _HALF, mask > _HALF)
            for k, mask in zip(chosen, masks, strict=True)
        ]
    )


def _box_of(mask: Mask) -> tuple[slice, slice]:
    x1, y1, x2, y2 = (int(value) for value in boxes.from_mask(mask))
    return slice(y1, y2), slice(x1, x2)
