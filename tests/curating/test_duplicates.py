"""The banded index finds exactly what comparing all pairs finds."""

import numpy as np
import pytest

from tryon.curating.duplicates import HASH_BITS, Match, NearDuplicates


def flipped(picture_hash: int, *bits: int) -> int:
    for bit in bits:
        picture_hash ^= 1 << int(bit)
    return picture_hash


@pytest.mark.parametrize("max_bits", [0, 1, 2, 7, 20, 63, 64])
def test_equals_the_comparison_of_all_pairs(max_bits: int) -> None:
    random = np.random.default_rng(max_bits)
    hashes = [int(value) for value in random.integers(0, 2**63, 25)]
    hashes += [flipped(one, *random.choice(HASH_BITS, int(random.integers(0, 12)), replace=False)) for one in hashes]
    index = NearDuplicates(max_bits)
    for number, one in enumerate(hashes):
        earlier = {f"{k}": (one ^ other).bit_count() for k, other in enumerate(hashes[:number])}
        expected = sorted((bits, key) for key, bits in earlier.items() if bits <= max_bits)
        assert [(match.bits, match.key) for match in index.find(one, max_bits)] == expected
        index.add(str(number), one)


def test_the_nearest_comes_first_and_ties_follow_the_key() -> None:
    index = NearDuplicates(3)
    index.add("c", 0b11)
    index.add("b", 0b01)
    index.add("a", 0b10)
    assert index.find(0b00, 3) == [Match("a", 1), Match("b", 1), Match("c", 2)]


def test_a_group_can_be_left_out_and_entries_have_limits_of_their_own() -> None:
    index = NearDuplicates(4)
    index.add("train", 0, group="train")
    index.add("strict", 0b1, group="test", max_bits=1)
    assert [match.key for match in index.find(0, 4, outside_group="train")] == ["strict"]
    assert [match.key for match in index.find(0b110, 4)] == ["train"]


@pytest.mark.parametrize("max_bits", [-1, 65])
def test_impossible_limits_are_refused(max_bits: int) -> None:
    with pytest.raises(ValueError, match=r"0\.\.64"):
        NearDuplicates(max_bits)


def test_a_mirror_twin_is_found_and_named_so() -> None:
    index = NearDuplicates(2)
    index.add("a", 0b1111_0000)
    assert index.find(0b1, 2) == []
    assert index.find(0b1, 2, mirrored_hash=0b1111_0001) == [Match("a", 1, mirrored=True)]
    assert [str(match) for match in index.find(0b1, 2, mirrored_hash=0b1111_0001)] == ["1 bits, mirrored"]
    assert index.find(0b1111_0000, 2, mirrored_hash=0b1111_0001) == [Match("a", 0)]
