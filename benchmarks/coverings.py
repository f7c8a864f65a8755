"""What a fit leaves out of worn shirts because something lies before them: straps, hair, arms.

python benchmarks/coverings.py [--models models] [--count 100] [--photos ../shared/data/deepfashion2/validation ...]

Prints a line for drawn photos, each new (none was a training picture), with the masks that a trained Mask R-CNN finds,
and one for each folder in DeepFashion2's layout, with the annotated outlines, which hardly hold anything but the shirt:
shirts, pixels of their masks that are not the shirt's (none by definition of annotated ones), how many of these are
left out, how many of the shirt's own, and the number of shirts that lose more than 0.3 % of themselves.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from refusals import people, read_photos

from tryon.config import load_params
from tryon.console import print_table
from tryon.fitting.coverings import covering
from tryon.fitting.segments import Predictor, find_shirts
from tryon.models.mask_rcnn import load_predictor

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
SEED = 11
LOST = 0.003


def main() -> None:
    """Look for coverings in all pictures and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/")
    parser.add_argument("--count", type=int, default=100, help="drawn photos")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="splits in DeepFashion2's layout")
    arguments = parser.parse_args()
    predictor = load_predictor(arguments.models / "mask_rcnn")
    rows = [row("drawn, masks found", found(predictor, arguments.count, load_params().render.size_px))]
    for folder in arguments.photos:
        shirts = ((image, mask, mask) for image, masks in read_photos(folder) for mask in masks if mask.any())
        rows.append(row(f"{folder}, annotated", shirts))
    print_table(("photos", "shirts", "not the shirt's", "left out", "the shirt's, left out", "shirts that lose"), rows)


def found(predictor: Predictor, count: int, size_px: int) -> Iterator[tuple[Picture, Mask, Mask]]:
    """New drawn photos, the mask that is found in each, and the true one."""
    for photo, (truth,) in people(SEED, count, size_px):
        (shirt,) = find_shirts(predictor, [photo])
        if shirt is not None:
            yield photo, shirt.mask, truth


def row(name: str, shirts: Iterable[tuple[Picture, Mask, Mask]]) -> tuple[str, ...]:
    """One line of the table, of pictures, masks and true shirts."""
    counts = np.array([_count(*each) for each in shirts]).reshape(-1, 4)
    wrong, right_out, own_out, _ = counts.sum(axis=0)
    losers = np.count_nonzero(counts[:, 2] > LOST * counts[:, 3])
    return name, *map(str, (len(counts), wrong, right_out, own_out, losers))


def _count(picture: Picture, mask: Mask, truth: Mask) -> tuple[int, ...]:
    before = covering(picture, mask)
    return tuple(int(np.count_nonzero(each)) for each in (mask & ~truth, before & ~truth, before & truth, truth))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
