"""Garment pictures for a training without pairs: what stands in for the shop garment beside each picture of a batch.

A plain shirt gets the garment of a random picture of the pattern, box to box. A picture of the pattern gets itself, in
another light and without its rims: the only answer that is known exactly, and what teaches the generator to take
pattern and colours from the garment, but outline and folds from the shirt. The garment is not moved there: a generator
that finds the pattern out of place looks for its true place in the plain shirt, where the way back can hide it, and a
plain shirt of a user has no such place.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.datasets.domains import Domain
from tryon.images.cutouts import NEUTRAL_GROUND
from tryon.models.cyclegan.garments import place_in_box

Floats = NDArray[np.float32]

_LIGHT = 0.12  # standard deviation of the logarithm of a light that varies from place to place, for each fineness
_LIGHT_KNOTS = (3, 8)  # along a side: the lamp, and folds
_BLUR_PX = 0.7  # the most
_MISSING = 0.15  # of the shirt's box, the most that a garment does not reach
_HALF = 0.5


@dataclass(frozen=True, eq=False)
class GarmentSource:
    """The pictures of the pattern as garments for both sides of a batch."""

    pattern: Domain

    def for_plain(self, masks: Floats, rng: np.random.Generator) -> Floats:
        """Random garments in the place of each mask (B, S, S): (B, S, S, 3) in [0, 1]."""
        chosen = rng.integers(len(self.pattern.names), size=len(masks))
        return np.stack(
            [
                place_in_box(self.pattern.pictures[k], self.pattern.masks[k] > _HALF, mask > _HALF)
                for k, mask in zip(chosen, masks, strict=True)
            ]
        )

    def for_pattern(self, chosen: NDArray[np.integer], rng: np.random.Generator) -> Floats:
        """The chosen pictures themselves, in another light: (B, S, S, 3) in [0, 1]."""
        return np.stack([relit(self.pattern.pictures[k], self.pattern.masks[k] > _HALF, rng) for k in chosen])


def relit(picture: Floats, inside: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """A garment (S, S, 3) under its mask (S, S): a little blurred, in another light, neutral along some of its rims."""
    side = picture.shape[0]
    light = np.exp(_LIGHT * sum(_smooth_field(side, knots, rng) for knots in _LIGHT_KNOTS))[..., None]
    blurred = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.1, _BLUR_PX))
    shown = inside & ~_missing(inside, rng)
    return np.where(shown[..., None], np.clip(blurred * light, 0, 1), NEUTRAL_GROUND).astype(np.float32)


def _missing(inside: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Where a garment shorter or narrower than the shirt shows nothing: half of the time rows at the hem, and so on."""
    missing = np.zeros_like(inside)
    hem, left, right = np.maximum(0.0, rng.uniform(-_MISSING, _MISSING, 3))
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    if rows.size:
        missing[rows[-1] + 1 - round(hem * rows.size) :] = True
        missing[:, : columns[0] + round(left * columns.size)] = True
        missing[:, columns[-1] + 1 - round(right * columns.size) :] = True
    return missing


def _smooth_field(side: int, knots: int, rng: np.random.Generator) -> Floats:
    """Normal values at the knots of a square, joined smoothly: (side, side)."""
    values = rng.normal(size=(knots, knots)).astype(np.float32)
    return np.asarray(cv2.resize(values, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
