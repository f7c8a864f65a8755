"""Pictures inside the page: small WebP data addresses, within a budget of bytes for each section."""

import base64
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tryon.images.files import read_image

# Judged by eye on rendered try-ons: flat shirts show no blocks yet.
QUALITY = 82
GROUND = (232, 234, 237)


@dataclass(frozen=True)
class Embedded:
    """A picture that needs no file: address, size for the layout, words for those who cannot see it."""

    address: str
    width: int
    height: int
    alt: str
    caption: str = ""

    @property
    def byte_count(self) -> int:
        """What it adds to the page."""
        return len(self.address)


@dataclass(frozen=True)
class Shown:
    """The pictures of a section that fit its budget, and how many did not."""

    pictures: list[Embedded]
    left_out: int = 0


def embed_image(image: np.ndarray, alt: str, *, max_width: int, caption: str = "") -> Embedded:
    """A picture as a data address, at most `max_width` pixels wide."""
    picture = Image.fromarray(image)
    if picture.width > max_width:
        height = max(1, round(picture.height * max_width / picture.width))
        picture = picture.resize((max_width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, "WEBP", quality=QUALITY, method=4)
    address = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
    return Embedded(address, picture.width, picture.height, alt, caption)


def embed_file(path: Path, alt: str, *, max_width: int, caption: str = "") -> Embedded:
    """The same for a picture file."""
    return embed_image(read_image(path), alt, max_width=max_width, caption=caption)


def fit_budget(pictures: Iterable[Embedded], total: int, budget_bytes: int) -> Shown:
    """The first pictures whose addresses fit together into the budget; later ones are counted, not made."""
    kept: list[Embedded] = []
    used = 0
    for picture in pictures:
        used += picture.byte_count
        if used > budget_bytes:
            break
        kept.append(picture)
    return Shown(kept, total - len(kept))


def strip(images: Sequence[np.ndarray | None], cell_px: int, gap_px: int = 4) -> np.ndarray:
    """Pictures side by side in square cells on a light ground; a cell without a picture stays empty."""
    width = len(images) * cell_px + (len(images) - 1) * gap_px
    sheet = Image.new("RGB", (width, cell_px), GROUND)
    for position, image in enumerate(images):
        if image is None:
            continue
        cell = Image.fromarray(image)
        factor = cell_px / max(cell.size)
        cell = cell.resize(
            (max(1, round(cell.width * factor)), max(1, round(cell.height * factor))), Image.Resampling.LANCZOS
        )
        left = position * (cell_px + gap_px) + (cell_px - cell.width) // 2
        sheet.paste(cell, (left, (cell_px - cell.height) // 2))
    return np.asarray(sheet)


def thin_out(paths: Sequence[Path], count: int) -> list[Path]:
    """At most `count` of the paths, evenly spread, first and last included."""
    if len(paths) <= count:
        return list(paths)
    chosen = np.unique(np.linspace(0, len(paths) - 1, count).round().astype(int))
    return [paths[index] for index in chosen]
