"""In which order pictures are shown: the doubtful first, and in words what "doubtful" rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tryon.reviewing.pictures import Picture


@dataclass(frozen=True)
class Order:
    """An order of pictures.

    Args:
        pictures: in that order.
        doubts: 0 to 1 by sha256, for those pictures for which it is known.
        words: what they are ordered by, for people.
    """

    pictures: tuple[Picture, ...]
    doubts: Mapping[str, float]
    words: str


def order_pictures(pictures: Sequence[Picture], scores: Mapping[str, float] | None) -> Order:
    """Pictures by cleaning's doubt; where nothing was cleaned by the model's score; without a model by name.

    Pictures of equal doubt are ordered by name, those without one come last.

    Args:
        pictures: those under review.
        scores: the model's confidence in each picture's shirt so far, 0 where it found none; None: there is no model.
    """
    doubts = {picture.sha256: picture.doubt for picture in pictures if picture.doubt is not None}
    words = "by cleaning's doubt, most doubtful first"
    if not doubts and scores:
        doubts = {sha256: 1 - score for sha256, score in scores.items()}
        words = "by the model's score, least certain first"
    if not doubts:
        return Order(tuple(sorted(pictures, key=lambda picture: picture.name)), {}, "by name")
    ordered = sorted(pictures, key=lambda picture: (-doubts.get(picture.sha256, -1.0), picture.name))
    missing = len(pictures) - len(doubts)
    return Order(tuple(ordered), doubts, words + (f"; {missing} without one come last" if missing else ""))
