"""Small collections of rendered shirts with a ledger, and cleaning's table where wanted."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.formats.decisions import Decision
from tryon.formats.ledger import LedgerRow, write_ledger
from tryon.formats.tables import write_table
from tryon.images.files import write_jpeg
from tryon.rendering.dataset import stream
from tryon.rendering.looks import sample_look
from tryon.rendering.shop import render_garment, sample_layout

DRAWN = 6  # different shirts; more pictures repeat them under other keys


def key(number: int) -> str:
    """The sha256 of the bytes that picture `number` came as."""
    return hashlib.sha256(f"as it came {number}".encode()).hexdigest()


@cache
def shirt(number: int, size_px: int = 96) -> NDArray[np.uint8]:
    """A rendered shop picture."""
    rng = stream(7, number)
    layout = sample_layout(rng, size_px)
    return render_garment(layout, sample_look(rng, ("blue", "striped")[number % 2])).image


def ledger_row(number: int, verdict: str = "kept") -> LedgerRow:
    """A row of the ledger; only a kept picture has a file."""
    file = f"images/{key(number)[:20]}.jpg" if verdict == "kept" else ""
    return LedgerRow(
        file=file,
        sha256=key(number),
        phash="0" * 16,
        query="blue t-shirt",
        source="openverse",
        address=f"https://pictures.example/{number}.jpg",
        page=f"https://pictures.example/{number}",
        title=f"Shirt {number:03}",
        licence="CC BY 4.0",
        author="<b>Renderer</b>",
        time="2026-11-22T15:04:05Z",
        robots="allowed",
        status=200,
        width=96,
        height=96,
        verdict=verdict,
    )


def write_collection(folder: Path, count: int, doubts: Sequence[float] = (), refused: Sequence[int] = ()) -> Path:
    """A collection of `count` shirts; with `doubts` it was cleaned, and cleaning refused those numbers."""
    for number in range(count):
        write_jpeg(folder / ledger_row(number).file, shirt(number % DRAWN))
    write_ledger(folder / "ledger.csv", [*map(ledger_row, range(count)), ledger_row(count, "too_small")])
    if doubts:
        rows = [
            {
                "file": ledger_row(number).file,
                "sha256": key(number),
                "sharpness": 12.5,
                "kept": int(number not in refused),
                "reason": "blurred: 12, at least 40" if number in refused else "",
                "doubt": doubt,
            }
            for number, doubt in enumerate(doubts)
        ]
        write_table(folder / "cleaning.csv", ("file", "sha256", "sharpness", "kept", "reason", "doubt"), rows)
    return folder


def keep(number: int, person: str = "anna") -> Decision:
    """A decision to keep."""
    return Decision(key(number), "keep", "", person)


def reject(number: int, reason: str = "no shirt", person: str = "anna") -> Decision:
    """A decision to reject."""
    return Decision(key(number), "reject", reason, person)
