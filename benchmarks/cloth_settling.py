"""Fit how worn cloth settles beside its frame: the table that `tryon.fitting.settling` reads.

python benchmarks/cloth_settling.py --out src/tryon/fitting/settling.csv [--models models] [--photos 1000] [--seed 991]

Draws photos, finds the shirt in each, and fits a normal distribution to where landmarks and outline are seen on the
framed cloth, together with how the renderer's own cloth lies beside it. Every photo counts a second time as its mirror
image, and photos in which much is wrong count little. Prints the errors across (u) and along the cloth (v) with and
without settling, each photo settled by the fit of the four fifths it is not among: root mean squares over the pixels of
the torso in centimetres, of the median photo and of one that nine tenths are better than. Without `--out` nothing is
written.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from cloth_frames import Drawn, flat_torso, part_of, photos
from numpy.typing import NDArray

from tryon.console import print_table
from tryon.fitting.frames import Floats, RoundFrame, settling_at, settling_terms
from tryon.fitting.posing import round_body, trusted_points
from tryon.fitting.segments import Predictor, find_shirts
from tryon.fitting.settling import COLUMNS, SETTLING, SIGHTS, Settler, sights
from tryon.formats.tables import write_table
from tryon.models.mask_rcnn import load_predictor
from tryon.rendering.canvas import TORSO

Points = NDArray[np.float64]
_LEAST_PIXELS = 200  # of a torso, to tell how it settles
_BELOW_COLLAR_CM = 8.0
_RIDGE = 60.0  # photos: by how many more of no covariance the fit is held back
_ROUNDS = 10  # of weighing photos by their errors
_FOLDS = 5
# Of a mirrored cloth, x runs the other way.
_MIRROR = np.array([-1, 1, -1, 1, -1, 1])


class Settled(NamedTuple):
    """A shirt: its sights, the round cloth's x and y (N,) and the renderer's u and v of its pixels, the terms (6,) from
    the ones to the others."""

    seen: Points
    framed: tuple[Floats, Floats]
    truth: tuple[Floats, Floats]
    terms: Points


def main() -> None:
    """Fit, write, and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/")
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=991)
    parser.add_argument("--size-px", type=int, default=256)
    parser.add_argument("--out", type=Path, help="the table to write")
    given = parser.parse_args()
    predictor = load_predictor(given.models / "mask_rcnn")
    shirts = list(observed(predictor, photos(given.seed, given.photos, given.size_px)))
    if given.out:
        write(given.out, fit(shirts))
    errors = np.array([(measure(shirt, None), measure(shirt, of)) for shirt, of in held_out(shirts)])
    print_table(
        ("cloth", "photos", "u, median", "u, nine tenths", "v, median", "v, nine tenths"),
        [
            (name, str(len(of)), *(f"{np.quantile(of[:, axis], part):.2f}" for axis in (0, 1) for part in (0.5, 0.9)))
            for name, of in zip(("framed", "settled"), errors.swapaxes(0, 1), strict=True)
        ],
    )


def observed(predictor: Predictor, drawn: Iterator[Drawn]) -> Iterator[Settled]:
    """The shirts that are found, with what there is to learn."""
    for each in drawn:
        (found,) = find_shirts(predictor, [each.picture])
        if found is None or found.landmarks is None:
            continue
        points = trusted_points(found.landmarks, found.face, found.mask.shape)
        frame = round_body(flat_torso(found, "worn"), points)
        if frame is not None:
            shirt = of_shirt(each, frame, sights(frame, points, found.mask), found.mask)
            if shirt is not None:
                yield shirt


def of_shirt(drawn: Drawn, frame: RoundFrame, seen: Points, mask: NDArray[np.bool_]) -> Settled | None:
    """The cloth of the torso; None where too little of it is seen."""
    places, v = part_of(drawn.canvas, TORSO)
    u = part_of(drawn.canvas, TORSO, "u")[1]
    columns, rows = places.T.astype(int)
    kept = mask[rows, columns] & (v > _BELOW_COLLAR_CM)
    if np.count_nonzero(kept) < _LEAST_PIXELS:
        return None
    x, y = frame.to_cloth(columns[kept].astype(np.float32), rows[kept].astype(np.float32))
    terms = settling_terms(x, y).T
    told = [np.linalg.lstsq(terms, true - framed, rcond=None)[0] for true, framed in ((u[kept], x), (v[kept], y))]
    return Settled(seen, (x, y), (u[kept].astype(np.float32), v[kept].astype(np.float32)), np.concatenate(told))


def fit(shirts: list[Settled]) -> Settler:
    """The distribution of shirts and their mirror images."""
    seen, terms = np.array([shirt.seen for shirt in shirts]), np.array([shirt.terms for shirt in shirts])
    seen, terms = np.concatenate([seen, mirrored(seen)]), np.concatenate([terms, terms * _MIRROR])
    none = np.empty(0)
    found = Settler(np.nanmedian(seen, axis=0), np.nanstd(seen, axis=0), none, none, np.median(terms, axis=0))
    inputs = np.nan_to_num(found.standardised(seen))
    usual = np.median(np.abs(terms - found.constants), axis=0)
    trust = np.ones(len(inputs))
    for _ in range(_ROUNDS):
        share = trust / trust.sum()
        found = found._replace(constants=share @ terms)
        weighed, targets = inputs.T * share, terms - found.constants
        found = found._replace(
            covariance=weighed @ inputs + _RIDGE / len(inputs) * np.eye(len(SIGHTS)), shared=weighed @ targets
        )
        expected = inputs @ np.linalg.solve(found.covariance, found.shared)
        trust = 1 / (1 + np.square((targets - expected) / usual).mean(axis=1) / 4)
    return found


def mirrored(seen: Points) -> Points:
    """The sights (..., N) of the mirrored picture."""
    names = [_other_side(name) for name in SIGHTS]
    signs = [-1 if name.endswith(" x") or " at " in name else 1 for name in SIGHTS]
    return np.asarray(seen[..., [SIGHTS.index(name) for name in names]] * signs)


def _other_side(name: str) -> str:
    for here, there in (("left", "right"), ("right", "left")):
        if here in name:
            return name.replace(here, there)
    return name


def held_out(shirts: list[Settled]) -> Iterator[tuple[Settled, Settler]]:
    """Each shirt with a fit that it is not part of."""
    for fold in range(_FOLDS):
        of = fit([shirt for index, shirt in enumerate(shirts) if index % _FOLDS != fold])
        yield from ((shirt, of) for shirt in shirts[fold::_FOLDS])


def measure(shirt: Settled, of: Settler | None) -> tuple[float, float]:
    """Root mean square errors of u and v."""
    added = np.zeros((2, len(shirt.framed[0])))
    if of is not None:
        added = settling_at(of.terms(shirt.seen), *shirt.framed)
    u, v = (
        float(np.sqrt(np.square(framed + more - true).mean()))
        for framed, more, true in zip(shirt.framed, added, shirt.truth, strict=True)
    )
    return u, v


def write(path: Path, of: Settler) -> None:
    """The table that `settler` reads: the constants first."""
    rows: list[dict[str, object]] = [{name: f"{value:.5f}" for name, value in zip(SETTLING, of.constants, strict=True)}]
    values = np.column_stack([of.means, of.deviations, of.shared, of.covariance])
    for name, row in zip(SIGHTS, values, strict=True):
        rows.append(dict(zip(COLUMNS, (name, *(f"{value:.5f}" for value in row)), strict=True)))
    write_table(path, COLUMNS, rows)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
