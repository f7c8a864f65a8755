"""What Mask R-CNN says of a picture, as a few figures: is there one shirt, whole, flat and seen from the front?

The model is asked three times: of the picture, of the picture turned by each right angle (upright shirts are what it
was trained on, so it should be surest of the picture as it is), and of what lies beside the main shirt, shown alone.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.cleaning.outlines import bleached, outline_contrast
from tryon.images.instances import main_instance
from tryon.images.resizing import resize_long_side

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SHOWN_PX = 512  # the model looks at less; larger pictures would only take time
_AT_ONCE = 8  # pictures shown in their turns: a mask of each find is in memory
_OTHER_SHIRT_AREA = 0.15  # of the main shirt's: smaller finds are prints and labels
_OTHER_SHIRT_APART = 0.5  # of its pixels outside of the main shirt
# A part of the picture beside the main shirt is shown alone if another shirt could lie in it: of the area and of the
# shorter side of the main shirt's box.
_PART_AREA, _PART_SIDE = 0.15, 0.4
_SUREST = 1e-6  # as sure as float32 can say it
_WEAKEST_LANDMARKS = 6  # a folded sleeve or a cut hem takes that many away


class Found(Protocol):
    """The shirts found in one picture, as `tryon.models.mask_rcnn` gives them."""

    @property
    def scores(self) -> NDArray[np.float32]:
        """(N,) confidences."""

    @property
    def masks(self) -> Mask:
        """(N, H, W)."""

    @property
    def landmarks(self) -> NDArray[np.float32] | None:
        """(N, 25, 3): x, y and the probability that the point is within the picture; None without such a head."""


Finder = Callable[[Sequence[Picture]], Sequence[Found]]


@dataclass(frozen=True)
class ShirtFacts:
    """The main shirt of a picture, and what is beside it. All are 0 where there is no shirt at all.

    Args:
        score: the model's confidence.
        area: part of the picture.
        second_score: confidence of a shirt beside it, in the picture or in the part beside it alone; 0 for none.
        upright: log odds of a shirt in the picture as it is, less the highest in its three turns.
        outline: part of the outline across which the colour changes.
        bleached: part of the shirt that is at the end of the range in a channel.
        edge: part of the picture's outline that the shirt covers.
        asymmetry: part of shirt and mirrored shirt together that they do not share, mirrored about its middle.
        aspect: width over height.
        landmarks: mean probability of the six weakest landmarks to be in the picture; None if the model has none.
    """

    score: float = 0.0
    area: float = 0.0
    second_score: float = 0.0
    upright: float = 0.0
    outline: float = 0.0
    bleached: float = 0.0
    edge: float = 0.0
    asymmetry: float = 0.0
    aspect: float = 0.0
    landmarks: float | None = None


def measure_shirts(images: Sequence[Picture], find: Finder, glance: Finder) -> list[ShirtFacts]:
    """Show pictures (H, W, 3) to a model and keep what matters for cleaning.

    Args:
        images: any number of any sizes.
        find: the model.
        glance: the model in a hurry: only its scores count.
    """
    facts: list[ShirtFacts] = []
    for start in range(0, len(images), _AT_ONCE):
        shown = [resize_long_side(image, SHOWN_PX) for image in images[start : start + _AT_ONCE]]
        found = find(shown)
        facts += map(describe, shown, found, _turned_scores(shown, glance), _scores_beside(shown, found, glance))
    return facts


def describe(image: Picture, found: Found, turned: float, beside: float) -> ShirtFacts:
    """The figures of what was found in one picture (H, W, 3).

    Args:
        image: it.
        found: in it.
        turned: the highest score in its turns.
        beside: the highest score in the parts beside the main shirt.
    """
    main = main_instance(found.scores, found.masks)
    if main is None:
        return ShirtFacts()
    mask = found.masks[main]
    left, top, right, bottom = box_of(mask)
    cut = mask[top:bottom, left:right]
    weakest = None
    if found.landmarks is not None:
        weakest = float(np.sort(found.landmarks[main, :, 2])[:_WEAKEST_LANDMARKS].mean())
    return ShirtFacts(
        score=round(float(found.scores[main]), 4),
        area=round(float(mask.mean()), 4),
        second_score=round(max(beside, _second_score(found, main)), 4),
        upright=round(_log_odds(float(found.scores[main])) - _log_odds(turned), 4),
        outline=round(outline_contrast(image, mask), 4),
        bleached=round(bleached(image, mask), 4),
        edge=round(float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean()), 4),
        asymmetry=round(asymmetry(cut), 4),
        aspect=round(cut.shape[1] / cut.shape[0], 4),
        landmarks=None if weakest is None else round(weakest, 4),
    )


def asymmetry(mask: Mask) -> float:
    """The part of a mask (H, W) and its mirror image together that they do not share, laid on their common middle."""
    columns = np.nonzero(mask)[1]
    if not len(columns):
        return 0.0
    lacking = mask.shape[1] - 1 - round(2 * float(columns.mean()))  # columns that its left side lacks to be as wide
    centred = np.pad(mask, ((0, 0), (max(lacking, 0), max(-lacking, 0))))
    mirrored = centred[:, ::-1]
    return 1.0 - float((centred & mirrored).sum() / (centred | mirrored).sum())


def parts_beside(image: Picture, mask: Mask) -> list[Picture]:
    """The parts of a picture left of, right of, above and below a mask (H, W) that could hold another shirt."""
    left, top, right, bottom = box_of(mask)
    parts = [image[:, :left], image[:, right:], image[:top], image[bottom:]]
    area, side = (right - left) * (bottom - top), min(right - left, bottom - top)
    return [
        np.ascontiguousarray(part)
        for part in parts
        if part.shape[0] * part.shape[1] >= _PART_AREA * area and min(part.shape[:2]) >= _PART_SIDE * side
    ]


def box_of(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a mask (H, W) that is not empty, half-open."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _turned_scores(images: Sequence[Picture], glance: Finder) -> list[float]:
    """Of each picture the highest score of its main find in the three turns by right angles."""
    found = glance([np.ascontiguousarray(np.rot90(image, turns)) for image in images for turns in (1, 2, 3)])
    scores = [_main_score(one) for one in found]
    return [max(scores[first : first + 3]) for first in range(0, len(scores), 3)]


def _scores_beside(images: Sequence[Picture], found: Sequence[Found], glance: Finder) -> list[float]:
    """Of each picture the highest score in the parts beside its main shirt; 0 where there are none."""
    highest = [0.0] * len(images)
    parts = []
    for number, (image, one) in enumerate(zip(images, found, strict=True)):
        main = main_instance(one.scores, one.masks)
        if main is not None:
            parts += [(number, part) for part in parts_beside(image, one.masks[main])]
    seen = glance([part for _, part in parts])
    for (number, _), one in zip(parts, seen, strict=True):
        highest[number] = max(highest[number], _main_score(one))
    return highest


def _main_score(found: Found) -> float:
    main = main_instance(found.scores, found.masks)
    return 0.0 if main is None else float(found.scores[main])


def _log_odds(score: float) -> float:
    sure = min(max(score, _SUREST), 1 - _SUREST)
    return math.log(sure / (1 - sure))


def _second_score(found: Found, main: int) -> float:
    areas = found.masks.reshape(len(found.scores), -1).sum(axis=1)
    scores = [
        float(found.scores[other])
        for other in range(len(found.scores))
        if other != main
        and areas[other] >= _OTHER_SHIRT_AREA * areas[main]
        and (found.masks[other] & ~found.masks[main]).sum() >= _OTHER_SHIRT_APART * areas[other]
    ]
    return max(scores, default=0.0)
