"""Does the epoch that the rule picks agree with exact answers? Trains as params.yaml says, fits after every epoch.

python benchmarks/cyclegan_picking.py [--data data] [--mask-rcnn models/mask_rcnn] [--patterns blue striped] [--pairs N]

For each pattern: the rendered test pairs whose exact answer is known are fitted with the generators of every epoch.
Prints, in Markdown, a row for each score of the validation side (the rating first) with its rank correlation (Kendall's
tau / Spearman's rho) with the truth by epoch, turned so that 1 is full agreement; then the truth itself of the epoch
that the rule picks, of the last epoch and of the truly best one. Truths, inside the true shirt:
- colour, SSIM: CIEDE2000 to and SSIM with the exact answer, pixel by pixel;
- shifted colour, shifted SSIM: the same at the best vertical shift of the answer by up to half a stripe, since nothing
  says where a stripe has to begin; for striped answers only;
- palette: CIEDE2000 of the colours of result and answer, both in the order of their lightness, wherever they are;
- retention: what Mask R-CNN finds of the validation side's shirts when they are redrawn (`sleeve_retention`).
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr
from skimage.color import rgb2lab

from tryon.config import Params, load_params
from tryon.console import run_command, set_up_logging
from tryon.datasets.domains import SIDES, Domain, load_domain
from tryon.evaluation.colour import ciede2000, lab_distances
from tryon.evaluation.fitted_pairs import true_shirt
from tryon.evaluation.picking import RATING, pick
from tryon.evaluation.sleeves import ground_for, sleeve_retention
from tryon.evaluation.stripes import stripe_frequency_and_angle
from tryon.evaluation.structure import ssim
from tryon.fitting import Fitter
from tryon.fitting.segments import Segment
from tryon.formats.tables import read_table
from tryon.geometry.boxes import from_mask
from tryon.images.colour import to_u8
from tryon.images.files import read_image
from tryon.images.patterns import STRIPED_FROM
from tryon.models.cyclegan import PatternGenerator
from tryon.models.cyclegan.storage import TO_PATTERN, TO_PLAIN
from tryon.models.mask_rcnn import load_predictor
from tryon.models.mask_rcnn.predictor import Predictor
from tryon.training.cyclegan import PatternNetworks, train_cyclegan
from tryon.training.cyclegan_judging import Judge
from tryon.training.cyclegan_outputs import read_look

Picture = NDArray[np.uint8]
Scores = dict[str, float]
# Truths and scores of which more is better; of all others, less is.
MORE_IS_BETTER = {
    *("SSIM", "shifted SSIM", "retention"),
    *("fold_correlation", "silhouette_iou", "cycle_ssim", "stripe_strength"),
}
CONTEXT_PX, SHADES = 8, 32


@dataclass(frozen=True, eq=False)
class Pair:
    """What is worn in a photo and wanted there, the exact answer, and the true shirt."""

    worn: Segment | None
    garment: Segment | None
    answer: Picture
    shirt: NDArray[np.bool_]


class Silent:
    """Stands where a run is recorded."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record nothing."""

    def log_picture(self, name: str, rgb: Picture, step: int | None = None) -> None:
        """Record nothing."""


def main(argv: Sequence[str]) -> None:
    """Train, fit and print for each pattern."""
    arguments, params = parse(argv), load_params()
    predictor = load_predictor(arguments.mask_rcnn)
    for pattern in arguments.patterns or params.patterns:
        scores, truths = by_epoch(params, arguments, predictor, pattern)
        print("\n".join(report(pattern, scores, truths)), flush=True)


def by_epoch(
    params: Params, arguments: argparse.Namespace, predictor: Predictor, pattern: str
) -> tuple[list[Scores], list[Scores]]:
    """The scores of the validation side and the truths, of each epoch of a training."""
    folder, size_px = arguments.data / "domains" / pattern, params.cyclegan.size_px
    sides = {side: load_domain(folder / side, size_px) for side in SIDES}
    look = read_look(folder / "look.json")
    fitting = replace(params.fitting, cloth="generator")  # it is the generators that are compared
    fitter = Fitter(predictor, {}, fitting, params.cutouts.margin)
    pairs = read_pairs(arguments.data, fitter, pattern, arguments.pairs)
    truths: list[Scores] = []

    def fit_all(epoch: int, losses: Mapping[str, float], networks: PatternNetworks) -> None:
        generators = networks.generators
        generator = PatternGenerator(networks.architecture, look, {}, generators[TO_PATTERN], generators.get(TO_PLAIN))
        dressed = Fitter(predictor, {pattern: generator}, fitting, params.cutouts.margin)
        found = [truth(dressed.dress(p.worn, p.garment, pattern).image, p) for p in pairs]
        truths.append({name: float(np.mean([each[name] for each in found])) for name in found[0]})
        truths[-1]["retention"] = retention(generator, sides["valA"], sides["valB"], predictor)

    judge = Judge(sides["valA"], (sides["trainB"], sides["valB"]), look, Silent())
    with tempfile.TemporaryDirectory() as checkpoints:
        config = replace(params.cyclegan, keep_weights="last")
        sides_trained = (sides["trainA"], sides["trainB"])
        result = train_cyclegan(config, *sides_trained, params.seed, Path(checkpoints), fit_all, judge)
    return result.scores, truths


def read_pairs(data: Path, fitter: Fitter, pattern: str, count: int) -> list[Pair]:
    """The first `count` rendered pairs of a pattern with an exact answer, their shirts found once."""
    pairs: list[Pair] = []
    for row in read_table(data / "rendered/pairs/pairs.csv", ("photo", "garment", "pattern", "answer")):
        if row["pattern"] != pattern or not row["answer"] or len(pairs) == count:
            continue
        photo_path, garment_path = (
            data / "photos/test/image" / row["photo"],
            data / "garments" / pattern / row["garment"],
        )
        photo = read_image(photo_path)
        worn, garment = fitter.segment([photo, read_image(garment_path)])
        if worn is None or garment is None:
            continue
        answer = read_image(data / "rendered/pairs" / row["answer"])
        pairs.append(Pair(worn, garment, answer, true_shirt(photo_path, *photo.shape[:2])))
    return pairs


def truth(result: Picture, pair: Pair) -> Scores:
    """How near one result is to the exact answer."""
    window = _window(pair.shirt)
    result, answer, shirt = result[window], pair.answer[window], pair.shirt[window]
    scores = {"colour": ciede2000(result, answer, shirt), "SSIM": ssim(result, answer, shirt)}
    frequency, _, strength = stripe_frequency_and_angle(answer, shirt)
    if strength >= STRIPED_FROM:
        reach = int(np.ceil(shirt.any(axis=1).sum() / frequency / 2))
        moved = [(np.roll(answer, by, axis=0), shirt & np.roll(shirt, by, axis=0)) for by in range(-reach, reach + 1)]
        scores["shifted colour"] = min(ciede2000(result, other, inside) for other, inside in moved)
        scores["shifted SSIM"] = max(ssim(result, other, inside) for other, inside in moved)
    return scores | {"palette": float(lab_distances(palette(result, shirt), palette(answer, shirt)).mean())}


def palette(picture: Picture, shirt: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean Lab (P, 3) of equal shares of the shirt's pixels, from the darkest to the lightest."""
    lab = rgb2lab(picture[shirt])
    return np.stack([share.mean(axis=0) for share in np.array_split(lab[np.argsort(lab[:, 0])], SHADES)])


def retention(generator: PatternGenerator, plain: Domain, pattern: Domain, predictor: Predictor) -> float:
    """Sleeve retention, by the detector, of a domain's redrawn shirts."""
    garments = generator.garments_for(plain.masks, pattern.pictures, pattern.masks)
    fakes, masks = list(to_u8(generator.redraw(plain.pictures, plain.masks, garments))), list(plain.masks > 0.5)
    size_px, ground = predictor.config.image_size_px, ground_for(generator.look)
    return sleeve_retention(
        fakes, masks, lambda shown: [list(f.masks) for f in predictor.predict(shown)], size_px, ground
    )


def report(pattern: str, scores: Sequence[Scores], truths: Sequence[Scores]) -> list[str]:
    """Two tables in Markdown: agreement of each score with each truth, and the truth of the epochs that matter."""
    names = list(truths[0])
    lines = [
        "",
        f"| {pattern}: score of the validation side | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for score in (RATING, *(name for name in scores[0] if name != RATING)):
        lines.append(f"| {score} | " + " | ".join(agreement(scores, score, truths, name) for name in names) + " |")
    lines += ["", f"| {pattern}: truth of | epoch | " + " | ".join(names) + " |", "|---" * (len(names) + 2) + "|"]
    chosen = {"the picked epoch": pick(scores), "the last epoch": len(scores)}
    for what, epoch in chosen.items():
        lines.append(f"| {what} | {epoch} | " + " | ".join(f"{truths[epoch - 1][name]:.3f}" for name in names) + " |")
    best = [max if name in MORE_IS_BETTER else min for name in names]
    tops = [choose(each[name] for each in truths) for choose, name in zip(best, names, strict=True)]
    return [*lines, "| the best epoch of each truth | | " + " | ".join(f"{top:.3f}" for top in tops) + " |"]


def agreement(scores: Sequence[Scores], score: str, truths: Sequence[Scores], name: str) -> str:
    """Kendall's tau and Spearman's rho of a score with a truth over the epochs; `-` where one of them never changes."""
    said, true = (np.array([each[key] for each in values]) for values, key in ((scores, score), (truths, name)))
    if np.ptp(said) == 0 or np.ptp(true) == 0:
        return "-"
    sign = 1 if (score in MORE_IS_BETTER) == (name in MORE_IS_BETTER) else -1
    return f"{sign * kendalltau(said, true).statistic:.2f} / {sign * spearmanr(said, true).statistic:.2f}"


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="cyclegan_picking", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of a finished run")
    parser.add_argument("--mask-rcnn", type=Path, default=Path("models/mask_rcnn"))
    parser.add_argument("--patterns", nargs="*", help="default: all of params.yaml")
    parser.add_argument("--pairs", type=int, default=10, help="pairs fitted after each epoch")
    return parser.parse_args(argv)


def _window(shirt: NDArray[np.bool_]) -> tuple[slice, slice]:
    left, top, right, bottom = (int(value) for value in from_mask(shirt))
    rows = slice(max(0, top - CONTEXT_PX), bottom + CONTEXT_PX)
    return rows, slice(max(0, left - CONTEXT_PX), right + CONTEXT_PX)


if __name__ == "__main__":
    set_up_logging()
    sys.exit(run_command("cyclegan_picking", main))
