"""Epoch grids: what the networks make of a few fixed pictures, as one page for the eye."""

import numpy as np
from numpy.typing import NDArray

from tryon.datasets.domains import Domain
from tryon.images.colour import to_u8
from tryon.images.sheets import grid
from tryon.models.cyclegan.storage import translate
from tryon.training.cyclegan_losses import Networks

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
_CELL_PX = 96


def epoch_grid(networks: Networks, plain: Domain, pattern: Domain, rows: int = 6) -> NDArray[np.uint8]:
    """A page of up to `rows` samples: input, fake, cycled and identity of both directions, columns as in `COLUMNS`."""
    count = min(rows, len(plain.names), len(pattern.names))
    to_pattern, to_plain = networks.plain_to_pattern, networks.pattern_to_plain
    columns = []
    for domain, there, back in ((plain, to_pattern, to_plain), (pattern, to_plain, to_pattern)):
        pictures, masks = domain.pictures[:count], domain.masks[:count]
        fakes = translate(there, pictures, masks, networks.architecture)
        cycled = translate(back, fakes, masks, networks.architecture)
        identity = translate(back, pictures, masks, networks.architecture)
        columns += [pictures, fakes, cycled, identity]
    cell_px = max(_CELL_PX, networks.architecture.size_px)
    samples = [[to_u8(column[row]) for column in columns] for row in range(count)]
    return grid(samples, cell_px, labels=COLUMNS)
