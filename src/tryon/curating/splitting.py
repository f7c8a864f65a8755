"""Which split a picture belongs to, decided by the content of its file so that adding pictures moves no other one."""

import hashlib
from collections.abc import Mapping
from typing import Literal

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
PRIORITY: tuple[Split, ...] = (
    "test",
    "validation",
    "train",
)  # of two near-duplicates the one in the earlier split stays


def divide(sha256: str, seed: int, validation_fraction: float) -> Split:
    """`validation` for about that fraction of all file contents, `train` for the others."""
    return split_of(sha256, seed, {"validation": validation_fraction})


def split_of(sha256: str, seed: int, fractions: Mapping[Split, float]) -> Split:
    """A split for about its fraction of all file contents; `train` for those that no fraction takes."""
    digest = hashlib.sha256(f"{seed}:{sha256}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    for split in ("validation", "test"):
        if share < fractions.get(split, 0.0):
            return split
        share -= fractions.get(split, 0.0)
    return "train"
