"""Scores of a generator that draws whatever garment it is given: against the look of that garment, by its pattern."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.cyclegan import Sample, Scores, score_fakes, score_samples
from tryon.images.patterns import Look, measure_look

UNSEEN = "unseen"


@dataclass(frozen=True, eq=False)
class Garment:
    """A shop garment (S, S, 3) uint8 with its mask (S, S), and the pattern that it is listed as."""

    picture: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    pattern: str

    @cached_property
    def look(self) -> Look:
        """Its measured look."""
        return measure_look(self.picture, self.mask)


def score_garments(
    garments: Sequence[Garment], wearing: Callable[[int], Sequence[Sample]], unseen: Sequence[str]
) -> Scores:
    """The scores of `score_samples` against each garment's own look, as means over garments.

    Args:
        wearing: the same cut-outs redrawn in the garment of an index.
        unseen: patterns that training had no garment of.

    Returns:
        `SCORE` over the garments of seen patterns, `SCORE/unseen` over the others, `SCORE/PATTERN` for each. Scores of
        stripes are means over the garments that have any.

    Raises:
        DataError: there are no garments of a seen pattern.
    """
    if all(garment.pattern in unseen for garment in garments):
        raise DataError(
            "a CycleGAN cannot be scored", received="no garments", needed="garments of seen patterns in testB"
        )
    scored = [(garment.pattern, score_samples(wearing(index), garment.look)) for index, garment in enumerate(garments)]
    scores = _means([each for pattern, each in scored if pattern not in unseen])
    groups = {pattern: (pattern,) for pattern, _ in scored} | ({UNSEEN: tuple(unseen)} if unseen else {})
    for name, patterns in sorted(groups.items()):
        means = _means([each for pattern, each in scored if pattern in patterns])
        scores |= {f"{score}/{name}": value for score, value in means.items()}
    return scores


def score_each(samples: Sequence[Sample], targets: Sequence[Look]) -> Scores:
    """The scores of `score_fakes` of each sample against its own target, as means over the samples."""
    return _means([score_fakes([sample], target) for sample, target in zip(samples, targets, strict=True)])


def _means(rows: Sequence[Scores]) -> Scores:
    names = sorted({name for row in rows for name in row})
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
