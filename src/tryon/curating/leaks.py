"""Pairs of nearly the same picture, mirrored or not, in two splits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tryon.curating.duplicates import Match, NearDuplicates

LEAK_COLUMNS = ("label", "picture", "other", "bits")


@dataclass(frozen=True)
class Print:
    """What a picture is compared by.

    Args:
        name: its path, as it is shown.
        split: it must not be found in another one.
        phash: perceptual hash; None for one that cannot be decoded, which is compared with nothing.
        mirrored: the same of its mirror image.
        bits: how far from it another picture is nearly the same.
    """

    name: str
    split: str
    phash: int | None
    mirrored: int
    bits: int


def leaks_within(prints: Sequence[Print]) -> list[dict[str, Any]]:
    """Pairs in two splits, by the order of the later one's name."""
    index = NearDuplicates(max((one.bits for one in prints), default=0))
    splits: dict[str, str] = {}
    rows = []
    for one in prints:
        if one.phash is not None:
            rows += _rows(one, _find(index, one), splits)
            splits[one.name] = one.split
            index.add(one.name, one.phash, group=one.split, max_bits=one.bits)
    return rows


def leaks_between(prints: Sequence[Print], others: Iterable[Print]) -> list[dict[str, Any]]:
    """Pairs in two splits, of one picture from each side; by the stricter of their two limits."""
    index = NearDuplicates(max((one.bits for one in prints), default=0))
    splits = {one.name: one.split for one in prints}
    for one in prints:
        if one.phash is not None:
            index.add(one.name, one.phash, group=one.split, max_bits=one.bits)
    return [row for other in others if other.phash is not None for row in _rows(other, _find(index, other), splits)]


def _find(index: NearDuplicates, one: Print) -> list[Match]:
    assert one.phash is not None, "only what was decoded is compared"
    return index.find(one.phash, one.bits, mirrored_hash=one.mirrored, outside_group=one.split)


def _rows(one: Print, matches: Iterable[Match], splits: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for match in matches:
        first, second = sorted(((one.split, one.name), (splits[match.key], match.key)))
        rows.append(
            {
                "label": f"{first[1]} ({first[0]}) and {second[1]} ({second[0]}), {match}",
                "picture": first[1],
                "other": second[1],
                "bits": match.bits,
            }
        )
    return rows
