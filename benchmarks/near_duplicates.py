"""How many near-duplicates perceptual hashes find, by what was changed, and how near different pictures come.

python benchmarks/near_duplicates.py [--count 120] [--pictures FOLDER ...]
python benchmarks/near_duplicates.py --search 100000 [--bits 8]

A row for each change: the share of copies whose hash, straight or mirrored as curation compares them, lies within so
many of 64 bits of the original's. The last two rows are of different pictures: the smallest distance of two of them,
and the share of pictures that another one comes as near to (false alarms). The rendered sets are the default data; a
folder of other pictures (*.jpg, searched to any depth) is one more set each.

`--search` times the index instead, on one core: so many hashes and their mirror images' are each looked up among those
before them, as curation does it, of even hashes and of hashes that gather around a few (shop pictures alike). Every
tenth is a copy with up to `--bits` bits changed. What is found for a sample is compared with all pairs. Exit code 1
beyond 60 CPU seconds or if a pair is missed.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import load_params
from tryon.console import print_table
from tryon.curating.duplicates import Match, NearDuplicates
from tryon.images.files import decode_own, encode_jpeg, read_image
from tryon.images.hashing import hamming, perceptual_hash
from tryon.images.resizing import resize
from tryon.rendering.dataset import draw_photo, plan_garments
from tryon.rendering.photo import wear
from tryon.rendering.shop import render_garment

Picture = NDArray[np.uint8]
MAX_SEARCH_S = 60.0
LIMITS_BITS = (0, 2, 4, 8, 10)


def main() -> None:
    """Print one table for each set of pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=120, help="pictures of each set")
    parser.add_argument("--pictures", type=Path, nargs="*", default=[], help="folders of further pictures")
    parser.add_argument("--search", type=int, default=0, help="time the search of so many hashes instead")
    parser.add_argument("--bits", type=int, default=8, help="limit of that search")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    if arguments.search:
        sys.exit(search(arguments.search, arguments.bits))
    sets = {"rendered photos": rendered_photos(), "rendered garments": rendered_garments()}
    sets |= {str(folder): read_folder(folder, arguments.count) for folder in arguments.pictures}
    for name, pictures in sets.items():
        chosen = list(islice(pictures, arguments.count))
        print_table((f"{len(chosen)} {name}", *(f"within {bits}" for bits in LIMITS_BITS)), measure(chosen))


def search(count: int, bits: int) -> int:
    """Time the search of both kinds of hashes and print JSON; 0 if the promise is kept."""
    results = {}
    for kind, centres in (("even", 0), ("gathered", 50)):
        hashes, mirrored = drawn_hashes(count, bits, centres), drawn_hashes(count, bits, centres, seed=1)
        started = time.process_time()
        index, found = NearDuplicates(bits), []
        for number, (one, mirror) in enumerate(zip(hashes, mirrored, strict=True)):
            found.append(index.find(one, bits, mirrored_hash=mirror))
            index.add(str(number), one)
        seconds = time.process_time() - started
        pairs, missed = compare_all_pairs(hashes, mirrored, found, bits)
        results[kind] = {
            "hashes": count,
            "bits": bits,
            "cpu_s": round(seconds, 1),
            "matches": sum(map(len, found)),
            "sampled_pairs": pairs,
            "missed": missed,
        }
    print(json.dumps(results, indent=2))
    return int(any(one["cpu_s"] > MAX_SEARCH_S or one["missed"] for one in results.values()))


def drawn_hashes(count: int, bits: int, centres: int, seed: int = 0) -> list[int]:
    """Hashes, spread evenly or around so many centres; every tenth is a near copy of the one nine places before."""
    rng = np.random.default_rng([5, seed])
    values = rng.integers(0, 2**64, count, np.uint64)
    if centres:
        near = rng.integers(0, 2**64, (2, count), np.uint64)  # each bit differs with a probability of a quarter
        values = rng.integers(0, 2**64, centres, np.uint64)[rng.integers(0, centres, count)] ^ (near[0] & near[1])
    hashes = [int(value) for value in values]
    for copy in range(9, count, 10):
        changes = rng.choice(64, int(rng.integers(0, bits + 1)), replace=False)
        hashes[copy] = hashes[copy - 9] ^ sum(1 << int(bit) for bit in changes)
    return hashes


def compare_all_pairs(
    hashes: list[int], mirrored: list[int], found: list[list[Match]], bits: int, sampled: int = 200
) -> tuple[int, int]:
    """Of a sample of the hashes: how many earlier ones are within the limit, and how many of those were missed."""
    everything = np.array(hashes, np.uint64)
    pairs = missed = 0
    for number in np.unique(np.linspace(0, len(hashes) - 1, sampled).round().astype(int)).tolist():
        sides = [np.bitwise_count(everything[:number] ^ np.uint64(one[number])) for one in (hashes, mirrored)]
        near = set(np.flatnonzero(np.minimum(*sides) <= bits).tolist())
        pairs += len(near)
        missed += len(near - {int(match.key) for match in found[number]})
    return pairs, missed


def measure(pictures: list[Picture]) -> list[tuple[str, ...]]:
    """The rows of one set's table."""
    hashes = [both_hashes(picture) for picture in pictures]
    rows = []
    for name, change in CHANGES.items():
        copies = [both_hashes(change(picture)) for picture in pictures]
        rows.append((name, *shares([distance(*pair) for pair in zip(copies, hashes, strict=True)])))
    nearest = [min(distance(one, other) for other in hashes if other is not one) for one in hashes]
    rows.append(("another picture", *shares(nearest)))
    rows.append(("nearest two of them", f"{min(nearest)} bits", *[""] * (len(LIMITS_BITS) - 1)))
    return rows


def shares(distances: list[int]) -> list[str]:
    """Which part of the distances lies within each limit."""
    return [f"{np.mean(np.array(distances) <= bits):.0%}" for bits in LIMITS_BITS]


def both_hashes(picture: Picture) -> tuple[int, int]:
    """The hash of a picture and of its mirror image."""
    return perceptual_hash(picture), perceptual_hash(np.ascontiguousarray(picture[:, ::-1]))


def distance(one: tuple[int, int], other: tuple[int, int]) -> int:
    """Bits between a picture, straight or mirrored, and another."""
    return min(hamming(one[0], other[0]), hamming(one[1], other[0]))


def encoded(picture: Picture, quality: int) -> Picture:
    """The picture after a trip through JPEG."""
    return decode_own(encode_jpeg(picture, quality), "copy")


def scaled(picture: Picture, factor: float) -> Picture:
    """The picture at another size."""
    height, width = picture.shape[:2]
    return resize(picture, round(height * factor), round(width * factor))


def cropped(picture: Picture, share: float) -> Picture:
    """The picture without this share of its sides on each of them; at least one pixel."""
    rows, columns = (max(1, round(side * share)) for side in picture.shape[:2])
    return np.ascontiguousarray(picture[rows:-rows, columns:-columns])


CHANGES: dict[str, Callable[[Picture], Picture]] = {
    "JPEG quality 40": lambda picture: encoded(picture, 40),
    "0.6 of the size": lambda picture: scaled(picture, 0.6),
    "15 % brighter": lambda picture: np.clip(picture * 1.15 + 0.5, 0, 255).astype(np.uint8),
    "mirrored, JPEG quality 40": lambda picture: encoded(picture[:, ::-1], 40),
    "1 % cropped on each side": lambda picture: cropped(picture, 0.01),
    "3 % cropped on each side": lambda picture: cropped(picture, 0.03),
}


def rendered_photos() -> Iterator[Picture]:
    """The default training photos, as read from their files."""
    params = load_params()
    for index in range(params.render.photos["train"]):
        drawn, look, _ = draw_photo(params.seed, "train", index, params.render.size_px)
        yield encoded(wear(drawn, look).image, 95)


def rendered_garments() -> Iterator[Picture]:
    """The default garment collection, as read from its files."""
    params = load_params()
    for entry in plan_garments(params.render, params.seed):
        yield encoded(render_garment(entry.layout, entry.look).image, 95)


def read_folder(folder: Path, count: int) -> Iterator[Picture]:
    """Pictures of a folder, evenly chosen by name."""
    files = sorted(folder.rglob("*.jpg"))
    for index in np.unique(np.linspace(0, len(files) - 1, count).round().astype(int)):
        yield read_image(files[index])


if __name__ == "__main__":
    main()
