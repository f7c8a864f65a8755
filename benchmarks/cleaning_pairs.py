"""What cleaning finds by comparing pictures: marks that a host draws into all of its own, and changed copies.

Imported by benchmarks/cleaning.py, which says what the figures mean.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from cleaning_samples import GOOD_VIEWS, Label, evenly, read_picture
from faulty_pictures import MARKS, Picture, marked, saved
from near_duplicates import CHANGES
from numpy.typing import NDArray

from tryon.cleaning.pixels import MEASURED_PX, PixelFacts, measure_pixels, overlay
from tryon.cleaning.verdicts import colour_distance
from tryon.cleaning.watermarks import agreement
from tryon.config import CleaningConfig
from tryon.console import track
from tryon.curating.candidates import read_labels
from tryon.images.hashing import hamming
from tryon.images.resizing import resize_long_side

HOST_SIZES = (8, 16, 32, 64, 128)
HOST_PICTURES = 128  # of each side, by several marks of each kind
MARKS_OF_A_KIND = 4
COPIED = 48
DISTANCES = (0.03, 0.06, 0.09, 0.12)  # between which the limit of colours is chosen


def hosts(folder: Path, limits: CleaningConfig) -> dict[str, Any]:
    """For hosts of so many pictures: agreement of unmarked pictures, and the part of marked ones that is found."""
    return {
        side: {
            kind or "unmarked": {str(size): spread(values, limits.max_watermark) for size, values in by_size.items()}
            for kind in ("", *MARKS)
            for by_size in [agreements(labels, folder, kind, seed)]
        }
        for seed, side in enumerate(("train", "held_out"))
        for labels in [evenly(good_labels(folder, train=side == "train"), HOST_PICTURES)]
    }


def spread(values: NDArray[np.float64], limit: float) -> dict[str, float]:
    """Percentiles of agreements and the part beyond the limit."""
    low, middle, high = np.percentile(values, [1, 50, 99])
    return {
        "1st": round(float(low), 2),
        "median": round(float(middle), 2),
        "99th": round(float(high), 2),
        "refused": round(float((values > limit).mean()), 3),
    }


def agreements(labels: Sequence[Label], folder: Path, kind: str, seed: int) -> dict[int, NDArray[np.float64]]:
    """Agreements of pictures with those of the same host, by the host's size; each host has one mark, or none."""
    found: dict[int, list[NDArray[np.float64]]] = {}
    for repeat in range(MARKS_OF_A_KIND):
        order = np.random.default_rng([13, seed, repeat]).permutation(len(labels))
        pictures = (read_picture(folder, labels[index]) for index in track(order, f"hosts, {kind or 'unmarked'}"))
        rng_of_mark = [11, seed, repeat]
        structures = [overlay(resize_long_side(drawn, MEASURED_PX)) for drawn in with_mark(pictures, kind, rng_of_mark)]
        for size in HOST_SIZES:
            for start in range(0, len(structures) - size + 1, size):
                found.setdefault(size, []).append(agreement(structures[start : start + size]))
    return {size: np.concatenate(values) for size, values in found.items()}


def with_mark(pictures: Iterator[Picture], kind: str, seed: list[int]) -> Iterator[Picture]:
    """The pictures with the same mark of a kind, or as they are."""
    for picture in pictures:
        yield saved(marked(picture, np.random.default_rng(seed), kind)) if kind else picture


def copies(folder: Path, limits: CleaningConfig) -> dict[str, Any]:
    """The share of changed copies that hash and colours find, and how often they take two pictures for one."""
    return {
        side: copies_of([read_picture(folder, label) for label in labels], distances, limits)
        for side, distances in (("train", DISTANCES), ("held_out", (limits.max_colour_distance,)))
        for labels in [evenly(good_labels(folder, train=side == "train"), COPIED)]
    }


def copies_of(pictures: Sequence[Picture], distances: Sequence[float], limits: CleaningConfig) -> dict[str, Any]:
    """These figures of some pictures, for each limit of the colours' distance."""
    facts = [measure_pixels(picture) for picture in pictures]
    apart = {
        name: [how_far(one, measure_pixels(change(picture))) for one, picture in zip(facts, pictures, strict=True)]
        for name, change in CHANGES.items()
    }
    pairs = [how_far(one, other) for one, other in combinations(facts, 2)]
    bits = limits.near_duplicate_bits

    def near(found: Sequence[tuple[int, float]], distance: float) -> int:
        return sum(hashes <= bits and colours <= distance for hashes, colours in found)

    return {
        "pictures": len(pictures),
        "different_pairs": len(pairs),
        "different_pairs_near_by_hash": near(pairs, 1.0),
        "by_distance": {
            str(distance): {
                "found": {name: round(near(found, distance) / len(found), 3) for name, found in apart.items()},
                "different_pairs_taken_for_one": near(pairs, distance),
            }
            for distance in distances
        },
    }


def how_far(one: PixelFacts, other: PixelFacts) -> tuple[int, float]:
    """How far two pictures are apart: bits of the hashes, straight or mirrored, and colours."""
    straight, mirrored = hamming(one.phash, other.phash), hamming(one.mirrored, other.phash)
    return min(straight, mirrored), colour_distance(one, other, mirrored=mirrored < straight)


def good_labels(folder: Path, *, train: bool) -> list[Label]:
    """The rows of good pictures of the train split, or of the others."""
    return [
        label for label in read_labels(folder) if label["view"] in GOOD_VIEWS and (label["split"] == "train") == train
    ]
