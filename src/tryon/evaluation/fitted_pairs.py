"""Fitted pairs read from the folders of the pipeline (docs/reference/artifacts.md), one at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.fitting import FittedPair, Picture, Scores, rank
from tryon.formats.deepfashion2 import LEGWEAR, read_annotation
from tryon.formats.tables import read_table
from tryon.images.files import read_image
from tryon.images.sheets import grid

Row = dict[str, str]

_WORDS = ("photo", "garment", "pattern", "recognised", "refusal")
RESULT_COLUMNS = ("photo", "garment", "pattern", "result", "alpha", "refusal", "recognised", "garment_lab")


@dataclass(frozen=True)
class Folders:
    """Where pairs, photos, garments and results lie."""

    pairs: Path
    photos: Path
    garments: Path
    results: Path


@dataclass(frozen=True, eq=False)
class ReadPair:
    """One row of the results: its words, and its pictures; `pair` is None where the pair was refused."""

    row: Row
    garment: Picture | None = None
    pair: FittedPair | None = None


def read_pairs(folders: Folders, wanted: Callable[[Row], bool] = lambda _: True) -> Iterator[ReadPair]:
    """Every wanted row of the results with its pictures, and with the exact answer where there is one.

    Raises:
        DataError: a table or picture is missing or unfit.
    """
    asked = read_table(folders.pairs / "pairs.csv", ("photo", "garment", "answer"))
    answers = {(row["photo"], row["garment"]): row["answer"] for row in asked}
    for row in read_table(folders.results / "results.csv", RESULT_COLUMNS):
        if not wanted(row):
            continue
        if row["refusal"]:
            yield ReadPair(row)
            continue
        answer = answers.get((row["photo"], row["garment"]), "")
        photo_path = _only(folders.photos, f"*/image/{row['photo']}")
        photo = read_image(photo_path)
        pair = FittedPair(
            photo=photo,
            result=read_image(folders.results / row["result"]),
            alpha=read_image(folders.results / row["alpha"])[..., 0].astype(np.float32) / np.float32(255),
            garment_lab=_lab(row),
            answer=read_image(folders.pairs / answer) if answer else None,
            shirt=true_shirt(photo_path, *photo.shape[:2]) if answer else None,
        )
        yield ReadPair(row, read_image(_only(folders.garments, f"*/{row['garment']}")), pair)


def score_columns(rows: Sequence[tuple[Row, Scores | None]]) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a table of all scores by pair; refused pairs have no scores."""
    names = sorted({name for _, scores in rows for name in scores or {}})
    table = [
        {word: row[word] for word in _WORDS} | {name: f"{value:.4f}" for name, value in (scores or {}).items()}
        for row, scores in rows
    ]
    return [*_WORDS, *names], table


def case_sheets(
    folders: Folders, scored: Sequence[tuple[Row, Scores]], *, count: int = 6, cell_px: int = 256
) -> Iterator[tuple[str, Picture]]:
    """The `count` best and as many worst pairs as (name, sheet): photo, garment, result, and the answer if known."""
    order = rank([scores for _, scores in scored])
    best, worst = order[:count], order[: max(count - 1, len(order) - count - 1) : -1]
    places = {scored[index][0]["result"]: f"best_{place}" for place, index in enumerate(best, 1)}
    places |= {scored[index][0]["result"]: f"worst_{place}" for place, index in enumerate(worst, 1)}
    for read in read_pairs(folders, lambda row: row["result"] in places):
        if read.pair is None or read.garment is None:
            continue
        shown = {"photo": read.pair.photo, "garment": read.garment, "result": read.pair.result}
        if read.pair.answer is not None:
            shown["exact answer"] = read.pair.answer
        name = f"{places[read.row['result']]}_{Path(read.row['result']).stem}"
        yield name, grid([list(shown.values())], cell_px, labels=list(shown))


def true_shirt(photo_path: Path, height: int, width: int) -> NDArray[np.bool_]:
    """The largest annotated item (H, W) of the photo that is no legwear.

    Raises:
        DataError: there is none.
    """
    annotation = read_annotation(photo_path.parent.parent / "annos" / f"{photo_path.stem}.json")
    masks = [item.mask(height, width) for item in annotation.items.values() if item.category_id not in LEGWEAR]
    if not masks:
        raise DataError(f"the annotation of {photo_path} has no shirt", needed="the outline of the shirt")
    return max(masks, key=np.count_nonzero)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise DataError(
            f"{folder}/{pattern} is missing",
            needed="the picture that a result was made from",
            remedy="dvc repro fit_pairs",
        )
    return found[0]


def _lab(row: Row) -> NDArray[np.float32]:
    try:
        lab = np.array([float(value) for value in row["garment_lab"].split()], np.float32)
    except ValueError as error:
        raise DataError("results.csv: garment_lab is not three numbers", received=row["garment_lab"]) from error
    if lab.shape != (3,):
        raise DataError("results.csv: garment_lab is not three numbers", received=row["garment_lab"])
    return lab
