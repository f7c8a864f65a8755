"""What the sleeve retention of a redrawn shirt can be at best, and whether it notices sleeves that are gone, by ground.

python benchmarks/sleeve_retention.py [--domains data/domains] [--models models] [--patterns blue striped]

For each pattern, on the cut-outs of testA and testB: retention by the trained Mask R-CNN with each cut-out on the
neutral ground, on white and on black (the metric's is marked by *). Rows: the pictures before they are redrawn, real
garments of the pattern, the flat fill, the generator's fakes; then the fakes with a part of their sleeves, from the
cuff on, drawn as something else. Sleeves are what lies beside the columns of the torso, those that more than
`TORSO` of the mask's height fills. `silhouette` is the score that needs no network. The last line is its rank
correlation (Kendall's tau) with the retention on the metric's ground, over all fakes with none, a third, two thirds and
all of their sleeves missing.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

from tryon.config import load_params
from tryon.console import print_table, run_command
from tryon.datasets.domains import load_domain
from tryon.evaluation.cyclegan import flat_fill_result
from tryon.evaluation.sleeves import BLACK, WHITE, ground_for, silhouette_iou, sleeve_retention
from tryon.images.colour import to_u8
from tryon.images.cutouts import NEUTRAL_GROUND_U8
from tryon.images.patterns import Look
from tryon.models.cyclegan import load_pattern_generator
from tryon.models.mask_rcnn import load_predictor
from tryon.models.mask_rcnn.predictor import Predictor

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Shirts = Sequence[tuple[Picture, Mask]]
GROUNDS = {"neutral": NEUTRAL_GROUND_U8, "white": WHITE, "black": BLACK}
SHADES = {"gone": (NEUTRAL_GROUND_U8,) * 3, "light skin": (205, 160, 130), "dark skin": (95, 65, 50)}
PARTS = (0.0, 1 / 3, 2 / 3, 1.0)
TORSO = 0.6


def main(argv: Sequence[str]) -> None:
    """Print one table for each pattern."""
    arguments = parse(argv)
    predictor = load_predictor(arguments.models / "mask_rcnn")
    for pattern in arguments.patterns or load_params().patterns:
        generator = load_pattern_generator(arguments.models / "cyclegan" / pattern)
        plain, real = (
            load_domain(arguments.domains / pattern / side, generator.config.size_px) for side in ("testA", "testB")
        )
        garments = generator.garments_for(plain.masks, real.pictures, real.masks)
        redrawn = to_u8(generator.redraw(plain.pictures, plain.masks, garments))
        fakes = list(zip(redrawn, plain.masks > 0.5, strict=True))
        rows = {
            "before": list(zip(to_u8(plain.pictures), plain.masks > 0.5, strict=True)),
            "real garments": list(zip(to_u8(real.pictures), real.masks > 0.5, strict=True)),
            "flat fill": flat_filled(plain.pictures, plain.masks > 0.5, generator.look),
            "fakes": fakes,
        }
        rows |= {f"sleeves: {name}": [without(*fake, 1.0, colour) for fake in fakes] for name, colour in SHADES.items()}
        own = ground_for(generator.look)
        header = [pattern, *(f"{name}{'*' * (ground == own)}" for name, ground in GROUNDS.items()), "silhouette"]
        print_table(tuple(header), [(name, *figures(shirts, predictor)) for name, shirts in rows.items()])
        print(f"silhouette with retention: tau {agreement(fakes, predictor, own):.2f}", flush=True)


def figures(shirts: Shirts, predictor: Predictor) -> list[str]:
    """Retention on each ground, and the silhouette."""
    found = [retention(shirts, predictor, ground) for ground in GROUNDS.values()]
    return [f"{value:.3f}" for value in (*found, np.mean([silhouette_iou(*shirt) for shirt in shirts]))]


def retention(shirts: Shirts, predictor: Predictor, ground: int) -> float:
    """Sleeve retention of pictures with their masks."""
    pictures, masks = zip(*shirts, strict=True)
    side = predictor.config.image_size_px
    return sleeve_retention(
        pictures, masks, lambda shown: [list(f.masks) for f in predictor.predict(shown)], side, ground
    )


def agreement(fakes: Shirts, predictor: Predictor, ground: int) -> float:
    """Kendall's tau of silhouette and retention over fakes that miss more and more of their sleeves."""
    worn = [without(*fake, part, SHADES["gone"]) for fake in fakes for part in PARTS]
    return float(
        kendalltau(
            [silhouette_iou(*one) for one in worn], [retention([one], predictor, ground) for one in worn]
        ).statistic
    )


def without(fake: Picture, mask: Mask, part: float, colour: tuple[int, int, int]) -> tuple[Picture, Mask]:
    """The fake with the outer `part` of each sleeve in another colour, and its mask."""
    columns = np.flatnonzero(mask.any(axis=0))
    torso = np.flatnonzero(mask.sum(axis=0) > TORSO * np.count_nonzero(mask.any(axis=1)))
    left, right = columns[0] + part * (torso[0] - columns[0]), columns[-1] - part * (columns[-1] - torso[-1])
    place = np.arange(mask.shape[1])
    painted = fake.copy()
    painted[mask & ((place < left) | (place > right))] = colour
    return painted, mask


def flat_filled(pictures: NDArray[np.float32], masks: NDArray[np.bool_], look: Look) -> Shirts:
    """The result without a network that has the right outline by construction."""
    return [(flat_fill_result(picture, mask, look), mask) for picture, mask in zip(to_u8(pictures), masks, strict=True)]


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="sleeve_retention", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--domains", type=Path, default=Path("data/domains"))
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/ and cyclegan/")
    parser.add_argument("--patterns", nargs="*", help="default: all of params.yaml")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_command("sleeve_retention", main))
