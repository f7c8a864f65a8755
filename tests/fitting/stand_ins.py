"""Small stand-ins for the two networks, and pictures they understand: a shirt is what is reddish, by pixel."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from tryon.config import FittingConfig
from tryon.images.patterns import Look, measure_look

CONFIG = FittingConfig(
    pairs_path="pairs",
    border_px=1.5,
    min_shirt_area=0.01,
    cloth="garment",
    detail=1.0,
    match_colour=0.5,
    max_look_distance=0.8,
)
BLUE, WHITE = np.array([40, 70, 190], np.uint8), np.array([235, 235, 230], np.uint8)
RED = np.array([190, 40, 40], np.uint8)


class ColourPredictor:
    """Finds as a shirt whatever differs from the grey ground (grey: all channels within 12)."""

    def predict(self, images: Sequence[np.ndarray]) -> list[SimpleNamespace]:
        return [self._one(image) for image in images]

    def _one(self, image: np.ndarray) -> SimpleNamespace:
        spread = image.max(axis=-1).astype(int) - image.min(axis=-1)
        mask = spread > 12
        if not mask.any():
            height, width = mask.shape
            return SimpleNamespace(
                scores=np.zeros(0),
                boxes=np.zeros((0, 4)),
                mask_probs=np.zeros((0, height, width), np.float32),
                landmarks=None,
                face=None,
            )
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
        return SimpleNamespace(
            scores=np.array([0.9], np.float32),
            boxes=box[None],
            mask_probs=mask[None].astype(np.float32),
            landmarks=None,
            face=None,
        )


class FlatGenerator:
    """Draws one colour, or horizontal stripes of it and white, on the neutral ground."""

    def __init__(self, colour: np.ndarray, striped: bool = False, size_px: int = 64) -> None:
        self.colour, self.striped = colour / 255.0, striped
        self.config = SimpleNamespace(size_px=size_px, needs_garment=False, conditional=False)

    @property
    def look(self) -> Look:
        return measure_look(garment(np.round(self.colour * 255).astype(np.uint8), self.striped), shirt_mask())

    def redraw(self, images: np.ndarray, masks: np.ndarray, garments: np.ndarray | None = None) -> np.ndarray:
        assert garments is None
        side = self.config.size_px
        cloth = np.broadcast_to(self.colour, (side, side, 3)).copy()
        if self.striped:
            cloth[(np.arange(side) // 4) % 2 == 0] = WHITE / 255.0
        return np.where(masks[..., None] > 0.5, cloth[None], 0.5).astype(np.float32)


class GarmentGenerator(FlatGenerator):
    """Draws the garment that it is given, and remembers it; one colour where nothing is known."""

    def __init__(self, colour: np.ndarray, *, conditional: bool, size_px: int = 64) -> None:
        super().__init__(colour, size_px=size_px)
        self.config = SimpleNamespace(size_px=size_px, needs_garment=True, conditional=conditional)
        self.given: list[np.ndarray] = []

    def redraw(self, images: np.ndarray, masks: np.ndarray, garments: np.ndarray | None = None) -> np.ndarray:
        assert garments is not None and garments.shape == images.shape
        self.given += list(garments)
        drawn = np.where((garments == 0.5).all(axis=-1, keepdims=True), self.colour, garments)
        return np.where(masks[..., None] > 0.5, drawn, 0.5).astype(np.float32)


def shirt_mask(height: int = 120, width: int = 100) -> np.ndarray:
    """A body with two sleeves, the same seen in a mirror."""
    mask = np.zeros((height, width), bool)
    mask[30:100, 30:70] = True
    mask[30:50, 16:84] = True
    return mask


def photo(seed: int = 0) -> np.ndarray:
    """A person in a red shirt with folds on a noisy grey ground."""
    mask = shirt_mask()
    grey = np.random.default_rng(seed).integers(100, 150, mask.shape)
    picture = np.repeat(grey[..., None], 3, axis=-1).astype(float)
    shade = 1 + 0.2 * np.sin(np.abs(np.arange(100) - 49.5) / 4)
    picture[mask] = (RED * shade[None, :, None] * np.ones((120, 1, 1)))[mask]
    return np.clip(picture, 0, 255).astype(np.uint8)


def garment(colour: np.ndarray, striped: bool = False) -> np.ndarray:
    """A shop picture of a garment in one colour, or striped with a light tint of it."""
    mask, cloth = shirt_mask(), np.broadcast_to(colour, (120, 100, 3)).copy()
    if striped:
        cloth[(np.arange(120) // 5) % 2 == 0] = (WHITE * 0.8 + colour * 0.2).astype(np.uint8)
    return np.where(mask[..., None], cloth, 200).astype(np.uint8)
