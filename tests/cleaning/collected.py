"""Collections of rendered shirts with a ledger, and a stand-in for Mask R-CNN."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.cleaning.collections import Collection
from tryon.cleaning.measuring import Model
from tryon.config import load_params
from tryon.config_collections import CleaningConfig
from tryon.formats.ledger import LedgerRow, write_ledger
from tryon.images.files import write_jpeg
from tryon.rendering.dataset import stream
from tryon.rendering.looks import sample_look
from tryon.rendering.shop import render_garment, sample_layout

Picture = NDArray[np.uint8]
SIZE_PX = 160
# Rendered shirts are smooth drawings: what is blurred among photos is not among them. The stand-in finds its shirt
# where the picture has no outline.
LIMITS = replace(load_params(Path(__file__).parents[2] / "params.yaml").cleaning, max_blur=0.95, min_outline=0.0)


@dataclass
class Shirts:
    """What a model would have found in one picture."""

    scores: NDArray[np.float32]
    masks: NDArray[np.bool_]
    landmarks: NDArray[np.float32] | None = None


class Watcher:
    """A model that finds the same upright shirt everywhere, less surely at a glance, and counts what it was shown."""

    def __init__(self, score: float = 0.999) -> None:
        self.shown = 0
        self.score = score

    def __call__(self, images: Sequence[Picture]) -> list[Shirts]:
        self.shown += len(images)
        return [Shirts(np.array([self.score], np.float32), shirt_mask(*image.shape[:2])[None]) for image in images]

    def model(self, name: str = "watcher") -> Model:
        """As cleaning takes it."""
        return Model(self, self.glance, name)

    def glance(self, images: Sequence[Picture]) -> list[Shirts]:
        """As if the picture as it is were the upright one; not counted."""
        return [Shirts(np.array([self.score / 2], np.float32), shirt_mask(*one.shape[:2])[None]) for one in images]


def shirt_mask(height: int, width: int) -> NDArray[np.bool_]:
    """A block in the middle, with sleeves: symmetric, as wide as high, away from the edge."""
    mask = np.zeros((height, width), np.bool_)
    mask[height // 5 : height * 4 // 5, width * 3 // 10 : width - width * 3 // 10] = True
    mask[height // 5 : height * 2 // 5, width // 5 : width - width // 5] = True
    return mask


@cache
def shirt(number: int, size_px: int = SIZE_PX) -> Picture:
    """A rendered shop picture."""
    rng = stream(11, number)
    layout = sample_layout(rng, size_px)
    return render_garment(layout, sample_look(rng, ("blue", "striped")[number % 2])).image


def key(name: str) -> str:
    """The sha256 of the bytes that a picture came as."""
    return hashlib.sha256(name.encode()).hexdigest()


def row(name: str, host: str = "pictures.example") -> LedgerRow:
    """The ledger's row of a kept picture."""
    sha256 = key(name)
    return LedgerRow(
        file=f"images/{sha256[:20]}.jpg",
        sha256=sha256,
        phash="",
        query="blue t-shirt",
        source="openverse",
        address=f"https://{host}/{name}.jpg",
        page="",
        title=name,
        licence="CC0",
        author="",
        time="2026-11-22T15:04:05Z",
        robots="allowed",
        status=200,
        width=SIZE_PX,
        height=SIZE_PX,
        verdict="kept",
    )


def write_collection(folder: Path, pictures: dict[str, Picture | bytes]) -> Collection:
    """A collection of named pictures; bytes are written as they are."""
    for name, picture in pictures.items():
        path = folder / row(name).file
        if isinstance(picture, bytes):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(picture)
        else:
            write_jpeg(path, picture)
    refused = replace(row("refused"), file="", verdict="too_small")
    write_ledger(folder / "ledger.csv", [*map(row, pictures), refused])
    return Collection(folder, "blue", "plain")


def limits(**changes: object) -> CleaningConfig:
    """The limits of the tests with some of them changed."""
    return replace(LIMITS, **changes)  # type: ignore[arg-type]
