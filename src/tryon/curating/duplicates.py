"""Near-duplicates by perceptual hash, found in about linear time.

The 64 bits are cut into a few bands. Two hashes that differ in at most `k` bits differ in at most `k // m` bits in one of
`m` bands (pigeonhole), so only pictures whose bands are that close are ever compared: those in the buckets that a few
changed bits lead to. Wide bands with a radius have small buckets; one band more than bits, the other way to meet the
pigeonhole, has buckets of a hundredth of all pictures at 8 bits. Reference: Norouzi, Punjani and Fleet, Fast Search in
Hamming Space with Multi-Index Hashing, CVPR 2012, section 2 (`benchmarks/near_duplicates.py` measures it).

Pictures are looked up a block at a time, so that NumPy does the work. A block is compared with itself pair by pair, and
with the pictures before it through the bands. Only pictures without a match of their own need to be looked up again:
thousands of copies of one picture cost no more than thousands of different ones.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HASH_BITS = 64
_PLANNED_PICTURES = 100_000  # the collection that the bands are planned for; others are searched as correctly
_MAX_WIDTH = 16  # of a band: its buckets are looked up in a table
_BLOCK = 1024
_MAX_COMPARED = 2**21  # pairs held at a time: bounds the memory

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Hashed:
    """One picture to be compared.

    Args:
        key: what it is called.
        hash: its perceptual hash.
        mirrored: the hash of its mirror image.
        max_bits: most bits in which it may differ from one that is nearly the same; of two pictures' limits the lower
            one counts.
        group: its split.
        outside_group: pictures of this group are nothing to it, if given.
    """

    key: str
    hash: int
    mirrored: int
    max_bits: int
    group: str = ""
    outside_group: str | None = None


@dataclass(frozen=True)
class Match:
    """An earlier picture that is nearly the same, and in how many bits of the hash it differs."""

    key: str
    bits: int
    mirrored: bool = False

    def __str__(self) -> str:
        return f"{self.bits} bits, mirrored" if self.mirrored else f"{self.bits} bits"


def match_earlier(pictures: Sequence[Hashed], *, only_unmatched: bool = True) -> list[list[Match]]:
    """For each picture the earlier ones that are nearly the same, mirrored or not, nearest first, then by their keys.

    Args:
        pictures: in the order of precedence.
        only_unmatched: a picture that has a match itself is none for others, as it will not be kept.
    """
    limits = [one.max_bits for one in pictures]
    if not all(0 <= limit <= HASH_BITS for limit in limits):
        raise ValueError(f"max_bits must lie in 0..{HASH_BITS}, received {min(limits)} to {max(limits)}")
    table = _Table(pictures)
    matches: list[list[Match]] = []
    free = np.zeros(len(pictures), np.bool_)  # those that later ones are compared with
    for start in range(0, len(pictures), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(pictures)))
        found: dict[int, dict[int, Match]] = defaultdict(dict)
        for pair in (*table.before(block, np.flatnonzero(free)), *table.within(block)):
            nearest = found[pair.later].get(pair.earlier)
            if nearest is None or pair.bits < nearest.bits:
                found[pair.later][pair.earlier] = Match(pictures[pair.earlier].key, pair.bits, pair.mirrored)
        for later in block.tolist():
            near = [match for earlier, match in found[later].items() if free[earlier]] if later in found else []
            free[later] = not (near and only_unmatched)
            matches.append(sorted(near, key=lambda match: (match.bits, match.key)))
    return matches


class _Pair(NamedTuple):
    later: int
    earlier: int
    bits: int
    mirrored: bool


class _Table:
    """The pictures as arrays."""

    def __init__(self, pictures: Sequence[Hashed]) -> None:
        groups = {group: number for number, group in enumerate({one.group for one in pictures})}
        self._sides = [
            (np.array([one.hash for one in pictures], np.uint64), False),
            (np.array([one.mirrored for one in pictures], np.uint64), True),
        ]
        self._limits = np.array([one.max_bits for one in pictures], np.int64)
        self._groups = np.array([groups[one.group] for one in pictures], np.int64)
        self._outside = np.array([groups.get(str(one.outside_group), -1) for one in pictures], np.int64)
        self._bands = _bands(int(self._limits.max(initial=0)))

    def before(self, block: Indices, others: Indices) -> Iterator[_Pair]:
        """Pairs of a picture of the block and one of the others, all of them earlier."""
        hashes = self._sides[0][0]
        for band in self._bands:
            index = _BandIndex(band, hashes[others])
            for wanted, mirrored in self._sides:
                for rows, places in index.close_to(wanted[block]):
                    yield from self._near(block[rows], others[places], mirrored)

    def within(self, block: Indices) -> Iterator[_Pair]:
        """Pairs of two pictures of the block."""
        hashes, limit = self._sides[0][0][block], self._limits[block].max()
        earlier_only = np.tri(len(block), k=-1, dtype=np.bool_)
        for wanted, mirrored in self._sides:
            close = np.bitwise_count(wanted[block, None] ^ hashes) <= limit
            later, earlier = np.nonzero(close & earlier_only)
            yield from self._near(block[later], block[earlier], mirrored)

    def _near(self, later: Indices, earlier: Indices, mirrored: bool) -> Iterator[_Pair]:
        """Those of the pairs that are near enough, and not of a group that is left out."""
        bits = np.bitwise_count(self._sides[mirrored][0][later] ^ self._sides[0][0][earlier]).astype(np.int64)
        near = bits <= np.minimum(self._limits[later], self._limits[earlier])
        near &= self._groups[earlier] != self._outside[later]
        for one, other, count in zip(later[near].tolist(), earlier[near].tolist(), bits[near].tolist(), strict=True):
            yield _Pair(one, other, count, mirrored)


class _Band(NamedTuple):
    """Bits of the hash, and the changes of them that lead to the buckets to look into."""

    shift: int
    width: int
    changes: tuple[int, ...]

    def values(self, hashes: Hashes) -> Indices:
        return (hashes >> np.uint64(self.shift) & np.uint64((1 << self.width) - 1)).astype(np.int64)


class _BandIndex:
    """Hashes by what they have in a band."""

    def __init__(self, band: _Band, hashes: Hashes) -> None:
        self._band = band
        values = band.values(hashes)
        self._places = np.argsort(values, kind="stable")
        counts = np.bincount(values, minlength=2**band.width)
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def close_to(self, wanted: Hashes) -> Iterator[tuple[Indices, Indices]]:
        """Numbers of wanted hashes with the numbers of those that are close to them in this band, a part at a time."""
        values = self._band.values(wanted)
        for change in self._band.changes:
            first = self._starts[values ^ change]
            counts = self._starts[(values ^ change) + 1] - first
            for rows in _parts(np.flatnonzero(counts), counts):
                sizes = counts[rows]
                steps = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
                yield np.repeat(rows, sizes), self._places[np.repeat(first[rows], sizes) + steps]


def _parts(rows: Indices, counts: Indices) -> Iterator[Indices]:
    """The rows in parts whose counts add up to about the number of pairs that may be held."""
    ends = np.cumsum(counts[rows]) // _MAX_COMPARED
    yield from (part for part in np.split(rows, np.flatnonzero(np.diff(ends)) + 1) if len(part))


def _bands(max_bits: int) -> list[_Band]:
    """The bands that are searched with the fewest look-ups and comparisons; those that need none are left out.

    A band without a bit holds all pictures in one bucket: beyond twenty-odd bits that is the shortest way.
    """
    counts = range(HASH_BITS // _MAX_WIDTH, max(HASH_BITS // _MAX_WIDTH, max_bits + 1) + 1)
    plans = [[(0, 0, 0)], *(_radii(count, max_bits) for count in counts)]
    return [
        _Band(shift, width, tuple(_changes(width, radius)))
        for shift, width, radius in min(plans, key=_cost)
        if radius >= 0
    ]


def _radii(count: int, max_bits: int) -> list[tuple[int, int, int]]:
    """Shift, width and radius of `count` bands that cover the hash; a radius of -1 stands for a band not searched.

    Were each band further away than its radius, the bits would add up to more than `max_bits`.
    """
    edges = [HASH_BITS * band // count for band in range(count + 1)]
    least, further = divmod(max_bits, count)
    radii = [least if band <= further else least - 1 for band in range(count)]
    return [(start, end - start, radius) for (start, end), radius in zip(pairwise(edges), radii, strict=True)]


def _cost(plan: list[tuple[int, int, int]]) -> float:
    """Look-ups and comparisons of one search, of hashes spread evenly."""
    return sum(
        comb(width, bits) * (1 + _PLANNED_PICTURES / 2**width)
        for _, width, radius in plan
        for bits in range(min(radius, width) + 1)
    )


def _changes(width: int, radius: int) -> Iterator[int]:
    """All values of `width` bits with at most `radius` of them set."""
    for bits in range(min(radius, width) + 1):
        for chosen in combinations(range(width), bits):
            yield sum(1 << bit for bit in chosen)
