"""Experiments that were repeated with several seeds: their means with bootstrap intervals, and what lies between two.

A value is a cell of a table (seeds, shirts): every seed was measured on the same test photos.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.datasets.outlines import SHOP
from tryon.errors import DataError
from tryon.evaluation.bootstrap import crossed_difference, crossed_interval
from tryon.formats.tables import read_table
from tryon.reporting.figures import comparison_rows, show
from tryon.reporting.reading import read_metrics

BY_PHOTO = Path("reports/mask_rcnn/by_photo.csv")
MEASURED = ("mask_iou", "boundary_iou", "found")
METRIC_OF = {
    "mask_iou": "mask_rcnn/mask_iou",
    "boundary_iou": "mask_rcnn/boundary_iou",
    "found": "mask_rcnn/found_rate",
}
SEED = 1  # of the bootstrap: the same table prints the same intervals
Rows = tuple[tuple[str, ...], list[tuple[str, ...]]]


@dataclass(frozen=True)
class Repeated:
    """An experiment's repetitions: the mean of each metric over the seeds, and the scores by worn shirt.

    Args:
        scores: for each of `MEASURED` (seeds, shirts); empty where no shirts were scored.
        shirts: (photo, shirt) of the columns.
    """

    seeds: int
    metrics: Mapping[str, float]
    scores: Mapping[str, NDArray[np.float64]]
    shirts: tuple[tuple[str, str], ...]


def read_repeated(workspaces: Sequence[Path]) -> Repeated:
    """What the workspaces of one experiment measured; repetitions without tested photos do not count yet.

    Raises:
        DataError: their test photos differ.
    """
    workspaces = [path for path in workspaces if (path / BY_PHOTO).is_file()] or workspaces[:1]
    measured = [read_metrics(workspace) for workspace in workspaces]
    common = [name for name in measured[0] if all(name in figures for figures in measured)]
    metrics = {name: float(np.mean([figures[name] for figures in measured])) for name in common}
    tables = [_scores(workspace) for workspace in workspaces]
    shirts = tuple(tables[0])
    if any(tuple(table) != shirts for table in tables):
        raise DataError(
            f"the repetitions {', '.join(path.name for path in workspaces)} were tested on different photos",
            needed="the same test split in each",
            remedy="run the experiment again: each repetition is brought up to date",
        )
    scores = {
        name: np.array([[table[shirt][place] for shirt in shirts] for table in tables])
        for place, name in enumerate(MEASURED)
        if shirts
    }
    return Repeated(len(workspaces), metrics, scores, shirts)


def repeated_rows(repeated: Mapping[str, Repeated], *, slices: bool = False) -> Rows:
    """Titles and rows of experiments side by side: means over seeds, for repeated ones with intervals."""
    titles, rows = comparison_rows({name: one.metrics for name, one in repeated.items()}, slices=slices)
    of_metric = {metric: name for name, metric in METRIC_OF.items()}
    filled = [
        (
            row[0],
            *(
                _with_interval(cell, one, of_metric.get(row[0]))
                for cell, one in zip(row[1:], repeated.values(), strict=True)
            ),
        )
        for row in rows
    ]
    counts = [("repetitions", *(str(one.seeds) for one in repeated.values()))]
    return titles, [*(counts if any(one.seeds > 1 for one in repeated.values()) else []), *filled]


def difference_rows(repeated: Mapping[str, Repeated]) -> Rows:
    """Titles and rows of each experiment minus the one before it, for those scored on the same shirts."""
    rows = []
    for (first, before), (second, after) in pairwise(repeated.items()):
        if before.seeds > 1 < after.seeds and before.shirts and before.shirts == after.shirts:
            cells = [_difference(before.scores[name], after.scores[name]) for name in MEASURED]
            rows.append((f"{second} minus {first}", *cells))
    return ("difference", *(METRIC_OF[name].removeprefix("mask_rcnn/") for name in MEASURED)), rows


def _difference(before: NDArray[np.float64], after: NDArray[np.float64]) -> str:
    low, high = crossed_difference(before, after, SEED)
    return f"{after.mean() - before.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def _with_interval(cell: str, one: Repeated, score: str | None) -> str:
    if score is None or not one.scores or one.seeds == 1:
        return cell
    low, high = crossed_interval(one.scores[score], SEED)
    return f"{cell} [{show(METRIC_OF[score], low)}, {show(METRIC_OF[score], high)}]"


def _scores(workspace: Path) -> dict[tuple[str, str], tuple[float, ...]]:
    """The scores of every worn shirt by photo and number; empty before `evaluate_mask_rcnn`."""
    path = workspace / BY_PHOTO
    if not path.is_file():
        return {}
    rows = read_table(path, ("photo", "shirt", "source", *MEASURED))
    return {
        (row["photo"], row["shirt"]): tuple(float(row[name]) for name in MEASURED)
        for row in rows
        if row["source"] != SHOP
    }
