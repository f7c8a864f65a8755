"""Epoch grids: what the networks make of a few fixed pictures, as one page for the eye."""

import keras
import numpy as np
from numpy.typing import NDArray

from tryon.datasets.domains import Domain
from tryon.images.colour import to_u8
from tryon.images.sheets import grid
from tryon.models.cyclegan.garments import placed_in_turn
from tryon.models.cyclegan.storage import TO_PATTERN, TO_PLAIN, translate
from tryon.training.cyclegan import PatternNetworks

Pictures = NDArray[np.float32]
Side = tuple[Pictures, Pictures, Pictures | None]  # pictures, masks and garments of a domain

COLUMNS = (
    "plain",
    "fake pattern",
    "cycled plain",
    "identity plain",
    "pattern",
    "fake plain",
    "cycled pattern",
    "identity pattern",
)
ONE_WAY_COLUMNS = ("plain", "fake pattern", "pattern", "identity pattern")
_CELL_PX = 96


def epoch_grid(networks: PatternNetworks, plain: Domain, pattern: Domain, rows: int = 6) -> NDArray[np.uint8]:
    """A page of up to `rows` samples: input, fake, cycled and identity of both directions, columns as in `COLUMNS`.

    Where there is no way back there are `ONE_WAY_COLUMNS`.
    """
    count = min(rows, len(plain.names), len(pattern.names))
    sides = (
        (domain.pictures[:count], domain.masks[:count], _garments(networks, domain.masks[:count], pattern))
        for domain in (plain, pattern)
    )
    columns = _columns(networks, *sides)
    cell_px = max(_CELL_PX, networks.architecture.size_px)
    samples = [[to_u8(column[row]) for column in columns] for row in range(count)]
    return grid(samples, cell_px, labels=COLUMNS if len(columns) == len(COLUMNS) else ONE_WAY_COLUMNS)


def _columns(networks: PatternNetworks, plain: Side, pattern: Side) -> list[Pictures]:
    def redrawn(network: keras.Model, pictures: Pictures, masks: Pictures, garments: Pictures | None) -> Pictures:
        return translate(network, pictures, masks, networks.architecture, garments)

    there, back = networks.generators[TO_PATTERN], networks.generators.get(TO_PLAIN)
    if back is None:
        return [plain[0], redrawn(there, *plain), pattern[0], redrawn(there, *pattern)]
    columns = []
    for (pictures, masks, garments), out, home in ((plain, there, back), (pattern, back, there)):
        fakes = redrawn(out, pictures, masks, garments)
        columns += [pictures, fakes, *(redrawn(home, each, masks, garments) for each in (fakes, pictures))]
    return columns


def _garments(networks: PatternNetworks, masks: Pictures, pattern: Domain) -> Pictures | None:
    """The pattern's pictures in turn as garments, where the generators read any; its own for each of its pictures."""
    if not networks.architecture.needs_garment:
        return None
    return placed_in_turn(masks, pattern.pictures, pattern.masks)
