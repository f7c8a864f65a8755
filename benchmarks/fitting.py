"""What each part of the fitting is worth, on rendered pairs with exact answers.

python benchmarks/fitting.py [--models models] [--data data] [--count N] [--sheet OUT.png]

For each variant and pattern: means over the pairs of the distances to the exact answer inside the true shirt
(CIEDE2000, SSIM, PSNR, colour error at the border), of the place error of stripes in periods (0.25 by chance), and
milliseconds a pair beside the models that find the shirts. The variants differ from the parameter file in what their
name says. `--sheet` shows photo, garment, every variant and the exact answer of the first pairs.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import FittingConfig, load_params
from tryon.console import print_table
from tryon.evaluation.baselines import flat_fill, recolour_by_luminance
from tryon.evaluation.fitted_pairs import true_shirt
from tryon.evaluation.fitting import FittedPair, Scores, score_pair
from tryon.fitting import Fitter, Segment, garment_cloth, shading, uncovered
from tryon.formats.deepfashion2 import read_annotation, read_keypoints
from tryon.formats.json_files import Place
from tryon.formats.tables import read_table
from tryon.geometry.landmarks import ABSENT, FACE
from tryon.images.blending import edge_alpha
from tryon.images.files import read_image, write_png
from tryon.images.sheets import grid

Picture = NDArray[np.uint8]
_COLUMNS = ("ciede2000", "ssim", "psnr", "border_ciede2000", "stripe_phase_error")
_SHEET_PAIRS = 8


@dataclass(frozen=True, eq=False)
class Pair:
    """Two found shirts with their true landmarks (25, 3), the wearer's true face (5, 3), the exact answer and the true
    shirt (H, W)."""

    pattern: str
    worn: Segment
    garment: Segment
    landmarks: tuple[NDArray[np.float32], NDArray[np.float32]]
    face: NDArray[np.float32] | None
    answer: Picture
    shirt: NDArray[np.bool_]


Fit = Callable[[Pair], Picture]


def main() -> None:
    """Find every shirt once, fit every pair in every way, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/ and cyclegan/")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with photos/, garments/ and rendered/")
    parser.add_argument("--count", type=int, help="only the first pairs")
    parser.add_argument("--sheet", type=Path, help="PNG to write")
    arguments = parser.parse_args()
    params = load_params()
    models = arguments.models
    fitter = Fitter.load(models / "mask_rcnn", models / "cyclegan", params.fitting, params.cutouts.margin)
    pairs = found_pairs(fitter, arguments.data, arguments.count)
    ways = variants(fitter, params.fitting)
    rows, shown = [], []
    for name, fit in ways.items():
        scored, results, spent_ms = run(pairs, fit)
        shown.append(results)
        rows += [(name, *row, spent_ms) for row in summary(pairs, scored)]
    print_table(("variant", "pattern", "pairs", "CIEDE2000", "SSIM", "PSNR", "border", "stripe place", "ms"), rows)
    if arguments.sheet:
        write_png(arguments.sheet, sheet(pairs, dict(zip(ways, shown, strict=True))))


def found_pairs(fitter: Fitter, data: Path, count: int | None = None) -> list[Pair]:
    """The first pairs, or all, with an answer, whose photo and garment are there and in which both shirts are found."""
    found: dict[Path, Segment | None] = {}

    def segment(path: Path) -> Segment | None:
        if path not in found:
            found[path] = fitter.segment([read_image(path)])[0]
        return found[path]

    pairs = []
    for row in read_table(data / "rendered/pairs/pairs.csv", ("photo", "garment", "pattern", "answer"))[:count]:
        photos, garments = data.glob(f"photos/*/image/{row['photo']}"), data.glob(f"garments/*/{row['garment']}")
        photo, garment = next(photos, None), next(garments, None)
        if not row["answer"] or photo is None or garment is None:
            continue
        worn, target = segment(photo), segment(garment)
        if worn is not None and target is not None:
            lying = data / "rendered/garments/annos" / f"{garment.stem}.json"
            wearing = photo.parent.parent / "annos" / f"{photo.stem}.json"
            landmarks = true_landmarks(wearing), true_landmarks(lying)
            answer = read_image(data / "rendered/pairs" / row["answer"])
            shirt = true_shirt(photo, *worn.mask.shape)
            pairs.append(Pair(row["pattern"], uncovered(worn), target, landmarks, true_face(wearing), answer, shirt))
    return pairs


def true_landmarks(annotation: Path) -> NDArray[np.float32]:
    """The annotated landmarks (25, 3) of the shirt, as a network that is always right would give them."""
    return _sure(read_annotation(annotation).items["item1"].landmarks)


def true_face(annotation: Path) -> NDArray[np.float32] | None:
    """The annotated face (5, 3) of the wearer, likewise; None where nobody placed it."""
    keypoints = read_keypoints(read_annotation(annotation).items["item1"].extra, Place(str(annotation)))
    return None if keypoints is None else _sure(keypoints[: len(FACE)])


def _sure(points: NDArray[np.number]) -> NDArray[np.float32]:
    return np.column_stack([points[:, :2], points[:, 2] > ABSENT]).astype(np.float32)


def variants(fitter: Fitter, config: FittingConfig) -> dict[str, Fit]:
    """Every way to fit a pair, by name."""

    def fitted(change: Callable[[Pair], tuple[Segment, Segment]] = lambda pair: (pair.worn, pair.garment),
               **settings: Any) -> Fit:  # fmt: skip
        other = fitter.with_config(replace(config, **settings))
        return lambda pair: other.dress(*change(pair)).image

    def without(module: Any, part: str, instead: Callable[..., Any]) -> Fit:
        def fit(pair: Pair) -> Picture:
            with patch.object(module, part, instead):
                return fitter.dress(pair.worn, pair.garment).image

        return fit

    def recoloured(paint: Callable[..., Picture]) -> Fit:
        return lambda pair: paint(
            pair.worn.picture, edge_alpha(pair.worn.mask, config.border_px), np.array(pair.garment.look.lab, np.float32)
        )

    def with_landmarks(pair: Pair, of: Sequence[NDArray[np.float32] | None]) -> tuple[Segment, Segment]:
        face = None if of[0] is None else pair.face
        return replace(pair.worn, landmarks=of[0], face=face), replace(pair.garment, landmarks=of[1])

    return {
        "flat fill": recoloured(flat_fill),
        "recoloured by luminance": recoloured(recolour_by_luminance),
        "as in params.yaml": fitted(),
        "cloth: generator": fitted(cloth="generator"),
        "cloth: generator, match_colour: 0": fitted(cloth="generator", match_colour=0.0),
        "cloth: garment": fitted(cloth="garment"),
        "cloth: garment, by its box": fitted(lambda pair: with_landmarks(pair, (None, None)), cloth="garment"),
        "cloth: garment, true landmarks": fitted(lambda pair: with_landmarks(pair, pair.landmarks), cloth="garment"),
        "collar as torso": without(garment_cloth, "with_collar", lambda pose, *_: pose),
        "no repeats in two ways": without(garment_cloth, "find_lattice", lambda *_: None),
        "noise as folds": without(shading, "_without_noise", lambda light, _: light),
        "detail: 0.5": fitted(detail=0.5),
        "detail: 0": fitted(detail=0.0),
        "match_colour: 0": fitted(match_colour=0.0),
        "match_colour: 1": fitted(match_colour=1.0),
        "border_px: 0.5": fitted(border_px=0.5),
        "border_px: 2": fitted(border_px=2.0),
    }


def run(pairs: Sequence[Pair], fit: Fit) -> tuple[list[Scores], list[Picture], str]:
    """Scores and result of each pair, and the mean time of one."""
    started = time.perf_counter()
    results = [fit(pair) for pair in pairs]
    spent_ms = (time.perf_counter() - started) / max(1, len(pairs)) * 1000
    return [score(pair, result) for pair, result in zip(pairs, results, strict=True)], results, f"{spent_ms:.0f}"


def score(pair: Pair, result: Picture) -> Scores:
    """Distances of a result to the exact answer."""
    alpha = pair.worn.mask.astype(np.float32)
    lab = np.array(pair.garment.look.lab, np.float32)
    return score_pair(FittedPair(pair.worn.picture, result, alpha, lab, pair.answer, pair.shirt))


def summary(pairs: Sequence[Pair], scored: Sequence[Scores]) -> list[tuple[str, ...]]:
    """Pattern, number of pairs and mean scores, for each pattern."""
    rows = []
    for pattern in sorted({pair.pattern for pair in pairs}):
        of = [scores for pair, scores in zip(pairs, scored, strict=True) if pair.pattern == pattern]
        means = [[each[name] for each in of if name in each] for name in _COLUMNS]
        rows.append((pattern, str(len(of)), *(f"{np.mean(values):.3f}" if values else "-" for values in means)))
    return rows


def sheet(pairs: Sequence[Pair], results: dict[str, list[Picture]]) -> Picture:
    """One row for each of the first pairs of the last pattern."""
    last = max(pair.pattern for pair in pairs)
    chosen = [index for index, pair in enumerate(pairs) if pair.pattern == last][:_SHEET_PAIRS]
    cells = [
        [pairs[i].worn.picture, pairs[i].garment.picture, *(each[i] for each in results.values()), pairs[i].answer]
        for i in chosen
    ]
    return grid(cells, 192, labels=["photo", "garment", *results, "exact answer"])


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
