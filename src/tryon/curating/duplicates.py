"""Near-duplicates by perceptual hash, found in about linear time.

Two 64-bit hashes that differ in at most `k` bits agree on at least one of `k + 1` bands of bits (pigeonhole), so only
pictures that share a band are ever compared.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

HASH_BITS = 64


@dataclass(frozen=True)
class Match:
    """An earlier picture that is nearly the same, and in how many bits of the hash it differs."""

    key: str
    bits: int
    mirrored: bool = False

    def __str__(self) -> str:
        return f"{self.bits} bits, mirrored" if self.mirrored else f"{self.bits} bits"


@dataclass(frozen=True)
class _Entry:
    key: str
    hash: int
    group: str
    max_bits: int


class NearDuplicates:
    """The pictures seen so far, searchable by perceptual hash.

    Args:
        max_bits: the largest number of differing bits that any picture will be searched with.
    """

    def __init__(self, max_bits: int) -> None:
        if not 0 <= max_bits <= HASH_BITS:
            raise ValueError(f"max_bits must lie in 0..{HASH_BITS}, received {max_bits}")
        self._bands = _bands(max_bits + 1)
        self._buckets: dict[tuple[int, int], list[_Entry]] = defaultdict(list)

    def add(self, key: str, picture_hash: int, *, group: str = "", max_bits: int = HASH_BITS) -> None:
        """Remember a picture of a group (its split); `max_bits` is its own limit in later searches."""
        entry = _Entry(key, picture_hash, group, max_bits)
        for band in self._band_values(picture_hash):
            self._buckets[band].append(entry)

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
            for entry in self._sharing_a_band(wanted):
                bits = (entry.hash ^ wanted).bit_count()
                near = bits <= min(max_bits, entry.max_bits) and entry.group != outside_group
                if near and (entry.key not in found or bits < found[entry.key].bits):
                    found[entry.key] = Match(entry.key, bits, mirrored)
        return sorted(found.values(), key=lambda match: (match.bits, match.key))

    def _sharing_a_band(self, picture_hash: int) -> Iterator[_Entry]:
        for band in self._band_values(picture_hash):
            yield from self._buckets.get(band, ())

    def _band_values(self, picture_hash: int) -> list[tuple[int, int]]:
        return [(band, (picture_hash >> shift) & mask) for band, (shift, mask) in enumerate(self._bands)]


def _bands(count: int) -> list[tuple[int, int]]:
    """`count` bands (shift, mask) that cover the 64 bits; a band may be empty, then everything shares it."""
    edges = [HASH_BITS * band // count for band in range(count + 1)]
    return [(start, (1 << (end - start)) - 1) for start, end in pairwise(edges)]
