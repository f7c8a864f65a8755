"""What Mask R-CNN says of a picture, as a few figures: is there one shirt, whole, flat and seen from the front?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.images.instances import main_instance
from tryon.images.resizing import resize_long_side

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SHOWN_PX = 512  # the model looks at less; larger pictures would only take time
_OTHER_SHIRT_AREA = 0.15  # of the main shirt's: smaller finds are prints and labels
_OTHER_SHIRT_APART = 0.5  # of its pixels outside of the main shirt
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
        second_score: confidence of a shirt beside it; 0 if there is none.
        edge: part of the picture's outline that the shirt covers.
        asymmetry: part of shirt and mirrored shirt together that they do not share, mirrored about its middle.
        aspect: width over height.
        landmarks: mean probability of the six weakest landmarks to be in the picture; None if the model has none.
    """

    score: float = 0.0
    area: float = 0.0
    second_score: float = 0.0
    edge: float = 0.0
    asymmetry: float = 0.0
    aspect: float = 0.0
    landmarks: float | None = None


def measure_shirts(images: Sequence[Picture], find: Finder) -> list[ShirtFacts]:
    """Show pictures (H, W, 3) to a model and keep what matters for cleaning."""
    return [describe(found) for found in find([resize_long_side(image, SHOWN_PX) for image in images])]


def describe(found: Found) -> ShirtFacts:
    """The figures of what was found in one picture."""
    main = main_instance(found.scores, found.masks)
    if main is None:
        return ShirtFacts()
    mask = found.masks[main]
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    weakest = None
    if found.landmarks is not None:
        weakest = float(np.sort(found.landmarks[main, :, 2])[:_WEAKEST_LANDMARKS].mean())
    return ShirtFacts(
        score=round(float(found.scores[main]), 4),
        area=round(float(mask.mean()), 4),
        second_score=round(_second_score(found, main), 4),
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
