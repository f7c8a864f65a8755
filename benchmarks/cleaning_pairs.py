"""What cleaning finds by comparing pictures: marks that a host draws into all of its own, and changed copies.

Imported by benchmarks/cleaning.py, which says what the figures mean.
"""

import math
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
from tryon.config_collections import CleaningConfig
from tryon.console import track
from tryon.curating.candidates import read_labels
from tryon.images.hashing import hamming
from tryon.images.resizing import resize_long_side

HOST_SIZES = (16, 32, 64)
HOST_PICTURES = 64  # of each side, by several marks of each kind
MARKS_OF_A_KIND = 2
COPIED = 24
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
    """The share of changed copies that hash and colours find, and how often they take two pictures for one.

    Copies are of some pictures of each side, pairs of different pictures of all.
    """
    return {
        side: copies_of(
            [read_picture(folder, label) for label in evenly(labels, COPIED)],
            [measure_pixels(read_picture(folder, label)) for label in track(labels, "pairs")],
            distances,
            limits.near_duplicate_bits,
        )
        for side, distances in (("train", DISTANCES), ("held_out", (limits.max_colour_distance,)))
        for labels in [good_labels(folder, train=side == "train")]
    }


def copies_of(
    pictures: Sequence[Picture], different: Sequence[PixelFacts], distances: Sequence[float], bits: int
) -> dict[str, Any]:
    """These figures for each limit of the colours' distance, within so many bits of the hash."""
    facts = [measure_pixels(picture) for picture in pictures]
    found = {
        name: [apart(one, measure_pixels(change(picture)), bits) for one, picture in zip(facts, pictures, strict=True)]
        for name, change in CHANGES.items()
    }
    pairs = [distance for one, other in combinations(different, 2) if (distance := apart(one, other, bits)) <= 1]
    return {
        "copied": len(pictures),
        "different_pictures": len(different),
        "different_pairs_near_by_hash": len(pairs),
        "by_distance": {
            str(limit): {
                "found": {name: round(float(np.mean(np.array(values) <= limit)), 3) for name, values in found.items()},
                "different_pairs_taken_for_one": sum(distance <= limit for distance in pairs),
            }
            for limit in distances
        },
    }


def apart(one: PixelFacts, other: PixelFacts, bits: int) -> float:
    """How far the colours of two pictures are apart, 0 to 1; infinite if the hashes are not near, mirrored or not."""
    straight, mirrored = hamming(one.phash, other.phash), hamming(one.mirrored, other.phash)
    return colour_distance(one, other, mirrored=mirrored < straight) if min(straight, mirrored) <= bits else math.inf


def good_labels(folder: Path, *, train: bool) -> list[Label]:
    """The rows of good pictures of the train split, or of the others."""
    return [
        label for label in read_labels(folder) if label["view"] in GOOD_VIEWS and (label["split"] == "train") == train
    ]
