"""Pages for the eye: test cut-outs, what the generators made of them, and the results that need no network."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tryon.evaluation.cyclegan import BASELINES, Sample
from tryon.images.patterns import Look
from tryon.images.sheets import grid

CELL_PX, _ROWS_PER_PAGE = 160, 8
_BASELINE_COLUMNS = ("flat fill", "by luminance")

Pictures = Sequence[NDArray[np.uint8]]


def comparison_pages(
    samples: Sequence[Sample], targets: Sequence[Look], garments: Pictures | None = None
) -> list[NDArray[np.uint8]]:
    """Eight samples a page, a row for each: plain, garment, redrawn, cycled where there is a way back, baselines.

    Args:
        targets: the look that each sample was to take on, for the results without a network.
        garments: what each sample was redrawn in.
    """
    columns = ["plain", *(["garment"] if garments is not None else []), "redrawn"]
    columns += [*(["cycled"] if any(s.cycled is not None for s in samples) else []), *_BASELINE_COLUMNS]
    rows = []
    for index, (sample, target) in enumerate(zip(samples, targets, strict=True)):
        shown = [sample.picture, *([garments[index]] if garments is not None else []), sample.fake]
        shown += [sample.cycled] if sample.cycled is not None else []
        rows.append([*shown, *(redraw(sample.picture, sample.mask, target) for redraw in BASELINES.values())])
    starts = range(0, len(rows), _ROWS_PER_PAGE)
    return [grid(rows[i : i + _ROWS_PER_PAGE], CELL_PX, labels=columns) for i in starts]
