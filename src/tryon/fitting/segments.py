"""The shirt of a picture: which one is meant, its outline at the picture's own resolution, and how it looks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.fitting.coverings import covering
from tryon.images.colour import rgb_to_lab, to_float
from tryon.images.instances import main_instance
from tryon.images.patterns import Look, measure_look

Picture = NDArray[np.uint8]

_SHADES = 32  # of a palette: enough to tell two stripes and the blur between them


class Predictor(Protocol):
    """What fitting needs of Mask R-CNN (`tryon.models.mask_rcnn.load_predictor`)."""

    def predict(self, images: Sequence[Picture]) -> Sequence[Any]:
        """One `Detections` for each picture: `scores` (N,), `mask_probs` (N, H, W), `landmarks` (N, 25, 3) or None,
        `face` (N, 5, 3) or None."""
        ...


@dataclass(frozen=True, eq=False)
class Segment:
    """The shirt of one picture.

    Args:
        mask: (H, W) at the picture's size.
        score: confidence.
        look: what its cloth looks like.
        palette: (P, 3) Lab, the colours of its cloth from the darkest to the lightest, each of an equal share of it.
        picture: (H, W, 3), where it was found.
        landmarks: (25, 3) of a short sleeve top: x, y and the probability that the point is within the picture; None
            where the network predicts none.
        face: (5, 3) of its wearer's nose, eyes and ears, likewise.
    """

    mask: NDArray[np.bool_]
    score: float
    look: Look
    palette: NDArray[np.float32]
    picture: Picture
    landmarks: NDArray[np.float32] | None = None
    face: NDArray[np.float32] | None = None


def find_shirts(predictor: Predictor, pictures: Sequence[Picture]) -> list[Segment | None]:
    """The main shirt of each picture, None where there is none."""
    found = predictor.predict(pictures)
    return [_main_shirt(picture, each) for picture, each in zip(pictures, found, strict=True)]


def uncovered(shirt: Segment) -> Segment:
    """The shirt without what lies before it."""
    before = covering(shirt.picture, shirt.mask)
    if not before.any():
        return shirt
    mask = shirt.mask & ~before
    return replace(shirt, mask=mask, look=measure_look(shirt.picture, mask), palette=_palette(shirt.picture, mask))


def _main_shirt(picture: Picture, detections: Any) -> Segment | None:
    masks = detections.mask_probs > 0.5
    index = main_instance(detections.scores, masks)
    if index is None:
        return None
    mask = masks[index]
    return Segment(
        mask=mask,
        score=float(detections.scores[index]),
        look=measure_look(picture, mask),
        palette=_palette(picture, mask),
        picture=picture,
        landmarks=None if detections.landmarks is None else detections.landmarks[index],
        face=None if detections.face is None else detections.face[index],
    )


def _palette(picture: Picture, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Mean Lab of each of `_SHADES` equal shares of the masked pixels, in the order of their lightness."""
    lab = rgb_to_lab(to_float(picture[mask]))
    shares = np.array_split(lab[np.argsort(lab[:, 0], kind="stable")], min(_SHADES, len(lab)))
    return np.stack([share.mean(axis=0) for share in shares]).astype(np.float32)
