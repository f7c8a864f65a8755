"""Marks that a shop draws into all its pictures: what pictures of one host have in common in the same place.

One picture does not tell a mark from a print or a carpet. Summed over a host's pictures the fine structure of the
garments cancels out and that of the mark stays; each picture is compared with the sum of the others, where that is
larger than chance. A mark may be small, so the strongest part of the picture counts; and it may be laid out from the
middle or from a corner of pictures of several shapes, so all of these are tried. Reference for the idea: Dekel,
Rubinstein, Liu and Freeman, On the Effectiveness of Visible Watermarks, CVPR 2017, section 3.1.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.cleaning.pixels import OVERLAY_PX, unpack_overlay

Fine = NDArray[np.int8]

MIN_PICTURES = 16  # of a host: of 8, a third of the corner marks was found (`python benchmarks/cleaning.py`, `hosts`)
MAX_PICTURES = 128  # of a host compared at a time: the limit holds for hosts of up to so many
# In standard deviations of chance: where the others agree less, they say nothing. Of 3.5, 4 and 4.5 this finds most in
# hosts of 32 and 64.
_CHANCE = 4.0
_SMOOTH_PX = 1.0  # a stroke is wider than a pixel
_LEAST_SCATTER = 0.28  # of sums of strokes a pixel wide, smoothed so: 1 / (2 sqrt(pi))
_PART_PX = OVERLAY_PX // 4  # a mark in a corner is no larger
_FEW = 20.0  # keeps parts in which the others hardly agree from counting


def host_of(address: str) -> str:
    """The host of a picture's address; empty for a file."""
    return urlsplit(address).hostname or ""


def watermarks(overlays: Mapping[str, str], hosts: Mapping[str, str]) -> dict[str, float]:
    """For each picture how much its fine structure repeats that of the others of its host.

    It is 0 for pictures without a host and of hosts with few pictures.

    Args:
        overlays: `PixelFacts.overlay` by picture.
        hosts: host by picture.
    """
    groups = defaultdict(list)
    for picture in sorted(overlays):
        if hosts[picture]:
            groups[hosts[picture]].append(picture)
    found = dict.fromkeys(overlays, 0.0)
    for members in groups.values():
        for start in range(0, len(members), MAX_PICTURES):
            part = members[start : start + MAX_PICTURES]
            if len(part) >= MIN_PICTURES:
                values = agreement([unpack_overlay(overlays[picture]) for picture in part])
                found |= dict(zip(part, values.tolist(), strict=True))
    return found


def agreement(overlays: Sequence[Fine]) -> NDArray[np.float64]:
    """For each of the fine structures (H, W) of a host's pictures how much it repeats those of the others (N,).

    About the square root of the number of its pixels in one part of the picture at which it does as the others do.
    """
    return np.asarray(np.max([_agreement(laid) for laid in _laid_out(overlays)], axis=0))


def _laid_out(overlays: Sequence[Fine]) -> Iterator[Fine]:
    """The structures (N, S, S) laid on each other by their middles and by each corner; once if all have one shape."""
    side = max(max(one.shape) for one in overlays)
    one_shape = len({one.shape for one in overlays}) == 1
    for down, right in ((0.5, 0.5), (0, 0), (0, 1), (1, 0), (1, 1))[: 1 if one_shape else None]:
        laid = np.zeros((len(overlays), side, side), np.int8)
        for canvas, one in zip(laid, overlays, strict=True):
            height, width = one.shape
            top, left = int(down * (side - height)), int(right * (side - width))
            canvas[top : top + height, left : left + width] = one
        yield laid


def _agreement(laid: Fine) -> list[float]:
    total, strokes = laid.sum(axis=0, dtype=np.float32), np.abs(laid).sum(axis=0, dtype=np.float32)
    return [_repeats(one, total - one, strokes - np.abs(one)) for one in laid.astype(np.float32)]


def _repeats(one: NDArray[np.float32], others: NDArray[np.float32], strokes: NDArray[np.float32]) -> float:
    """How much one structure (S, S) repeats the sum of the others, which have so many strokes at each pixel.

    How far sums scatter by chance depends on how wide the strokes are; their median tells, as marks fill little.
    """
    smooth = cv2.GaussianBlur(others / np.sqrt(strokes + 2), (0, 0), _SMOOTH_PX)  # 2: one stroke is not certain
    drawn = np.abs(smooth[strokes > 0])
    by_chance = float(np.median(drawn)) / 0.6745 if len(drawn) else 0.0  # of a normal distribution: its deviation
    agreed = np.abs(smooth) / max(by_chance, _LEAST_SCATTER) - _CHANCE
    expected = np.sign(smooth) * np.clip(agreed, 0, 3)  # 3: no few pixels outweigh a stroke
    same, all_of_it = (
        cv2.boxFilter(values, -1, (_PART_PX, _PART_PX), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for values in (one * expected, expected * expected)
    )
    return float((same / np.sqrt(all_of_it + _FEW)).max())
