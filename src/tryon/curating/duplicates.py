"""Near-duplicates by perceptual hash, found in about linear time.

The 64 bits are cut into a few bands. Two hashes that differ in at most `k` bits differ in at most `k // m` bits in one
of `m` bands (pigeonhole), so only pictures whose bands are that close are ever compared: those in the buckets that a
few changed bits lead to. Wide bands with a radius have small buckets; one band more than bits, the other way to meet
the pigeonhole, has buckets of a hundredth of all pictures at 8 bits. Reference: Norouzi, Punjani and Fleet, Fast Search
in Hamming Space with Multi-Index Hashing, CVPR 2012, section 2 (`python benchmarks/near_duplicates.py --search 100000`
measures it).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import comb

HASH_BITS = 64
_PLANNED_PICTURES = 100_000  # the collection that the bands are planned for; others are searched as correctly


@dataclass(frozen=True)
class Match:
    """An earlier picture that is nearly the same, and in how many bits of the hash it differs."""

    key: str
    bits: int
    mirrored: bool = False

    def __str__(self) -> str:
        return f"{self.bits} bits, mirrored" if self.mirrored else f"{self.bits} bits"


@dataclass(frozen=True, slots=True)
class _Entry:
    key: str
    group: str
    max_bits: int


@dataclass(frozen=True)
class _Band:
    """Bits of the hash, and the changes of them that lead to the buckets to look into."""

    shift: int
    mask: int
    changes: tuple[int, ...]


class NearDuplicates:
    """The pictures seen so far, searchable by perceptual hash.

    Args:
        max_bits: the largest number of differing bits that any picture will be searched with.
    """

    def __init__(self, max_bits: int) -> None:
        if not 0 <= max_bits <= HASH_BITS:
            raise ValueError(f"max_bits must lie in 0..{HASH_BITS}, received {max_bits}")
        self._bands = _bands(max_bits)
        self._buckets: list[dict[int, list[tuple[int, _Entry]]]] = [defaultdict(list) for _ in self._bands]

    def add(self, key: str, picture_hash: int, *, group: str = "", max_bits: int = HASH_BITS) -> None:
        """Remember a picture of a group (its split); `max_bits` is its own limit in later searches."""
        entry = _Entry(key, group, max_bits)
        for band, buckets in zip(self._bands, self._buckets, strict=True):
            buckets[picture_hash >> band.shift & band.mask].append((picture_hash, entry))

    def find(
        self, picture_hash: int, max_bits: int, *, mirrored_hash: int | None = None, outside_group: str | None = None
    ) -> list[Match]:
        """Earlier pictures within `max_bits` (and within their own limit), nearest first, then in order of their keys.

        Args:
            picture_hash: 64-bit perceptual hash.
            max_bits: at most the limit that the index was built with.
            mirrored_hash: hash of the same picture with left and right exchanged, if its mirror twins count as well.
            outside_group: leave out the pictures of this group.
        """
        found: dict[str, Match] = {}
        sides = [(picture_hash, False)] + ([] if mirrored_hash is None else [(mirrored_hash, True)])
        for wanted, mirrored in sides:
            for bits, entry in self._within(wanted, max_bits):
                near = bits <= entry.max_bits and entry.group != outside_group
                if near and (entry.key not in found or bits < found[entry.key].bits):
                    found[entry.key] = Match(entry.key, bits, mirrored)
        return sorted(found.values(), key=lambda match: (match.bits, match.key))

    def _within(self, picture_hash: int, max_bits: int) -> list[tuple[int, _Entry]]:
        """Entries within so many bits, some of them several times; the loop that the search spends its time in."""
        found = []
        for band, buckets in zip(self._bands, self._buckets, strict=True):
            value = picture_hash >> band.shift & band.mask
            for change in band.changes:
                if value ^ change in buckets:
                    for other, entry in buckets[value ^ change]:
                        if (bits := (other ^ picture_hash).bit_count()) <= max_bits:
                            found.append((bits, entry))
        return found


def _bands(max_bits: int) -> list[_Band]:
    """The bands that are searched with the fewest look-ups and comparisons; those that need none are left out.

    A band without a bit holds all pictures in one bucket: beyond twenty-odd bits that is the shortest way.
    """
    plans = [[(0, 0, 0)], *(_radii(count, max_bits) for count in range(1, max_bits + 2))]
    return [
        _Band(shift, (1 << width) - 1, tuple(_changes(width, radius)))
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
        comb(width, bits) * (1.0 + _PLANNED_PICTURES / 2.0**width)
        for _, width, radius in plan
        for bits in range(min(radius, width) + 1)
    )


def _changes(width: int, radius: int) -> Iterator[int]:
    """All values of `width` bits with at most `radius` of them set."""
    for bits in range(min(radius, width) + 1):
        for chosen in combinations(range(width), bits):
            yield sum(1 << bit for bit in chosen)
