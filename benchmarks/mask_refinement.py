"""What each refinement makes of the masks of trained networks, on photos with outlined shirts.

python benchmarks/mask_refinement.py --models models [OTHER/models ...] [--data data] [--split test]

For each network and refinement: means over the worn shirts that were found of mask IoU, boundary IoU and the border's
colour error (`border_ciede2000` of metrics/mask_rcnn.json), the mean IoU of a photo's mask with that of the mirrored
photo, and milliseconds that refining one photo takes.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.console import print_table
from tryon.datasets.outlines import read_outlines
from tryon.evaluation.borders import cutout_border_ciede2000
from tryon.evaluation.masks import boundary_iou, mask_iou
from tryon.images.files import read_image
from tryon.images.refinement import Method, refine
from tryon.models.mask_rcnn import load_predictor
from tryon.models.mask_rcnn.predictor import Predictor

Mask = NDArray[np.bool_]


class Shirt(NamedTuple):
    """A worn shirt, and what a network without refinement says of it in the photo and in the mirrored photo."""

    photo: NDArray[np.uint8]
    truth: Mask
    probs: NDArray[np.float32]
    mirrored: NDArray[np.float32]


def main() -> None:
    """Predict once with each network, refine in every way, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, nargs="+", default=[Path("models")], help="folders with mask_rcnn/")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with photos/ and annotations/")
    parser.add_argument("--split", default="test")
    arguments = parser.parse_args()
    rows = []
    for models in arguments.models:
        shirts = found_shirts(load_predictor(models / "mask_rcnn"), arguments.data, arguments.split)
        rows += [(str(models), str(len(shirts)), *score(shirts, method)) for method in get_args(Method)]
    header = (
        "network",
        "shirts",
        "refinement",
        "mask IoU",
        "boundary IoU",
        "border colour error",
        "mirrored IoU",
        "ms",
    )
    print_table(header, rows)


def found_shirts(predictor: Predictor, data: Path, split: str) -> list[Shirt]:
    """The worn shirts of a split that the network finds, with its masks as they are before any refinement."""
    predictor.refinement = "none"
    shirts = []
    for outlined in read_outlines(data / "photos", data / "annotations", split):
        if outlined.source == "shop":
            continue
        photo = read_image(outlined.path)
        straight, mirrored = predictor.predict([photo, np.ascontiguousarray(photo[:, ::-1])])
        for truth in outlined.masks(*photo.shape[:2]):
            probs = nearest(straight.mask_probs, truth)
            other = nearest(mirrored.mask_probs[:, :, ::-1], truth)
            if probs is not None and other is not None:
                shirts.append(Shirt(photo, truth, probs, other))
    return shirts


def nearest(mask_probs: NDArray[np.float32], truth: Mask) -> NDArray[np.float32] | None:
    """The mask that overlaps the true one most; None where none does."""
    overlaps = [mask_iou(probs > 0.5, truth) for probs in mask_probs]
    return mask_probs[int(np.argmax(overlaps))] if overlaps and max(overlaps) > 0 else None


def score(shirts: Sequence[Shirt], method: Method) -> tuple[str, ...]:
    """The columns of the table from the refinement's name on."""
    started = time.perf_counter()
    masks = [refine(shirt.photo, shirt.probs, method) > 0.5 for shirt in shirts]
    spent_ms = (time.perf_counter() - started) / max(1, len(shirts)) * 1000
    flipped = [refine_mirrored(shirt, method) for shirt in shirts]
    figures = (
        np.mean([mask_iou(mask, shirt.truth) for mask, shirt in zip(masks, shirts, strict=True)]),
        np.mean([boundary_iou(mask, shirt.truth) for mask, shirt in zip(masks, shirts, strict=True)]),
        np.mean(
            [cutout_border_ciede2000(shirt.photo, mask, shirt.truth) for mask, shirt in zip(masks, shirts, strict=True)]
        ),
        np.mean([mask_iou(mask, other) for mask, other in zip(masks, flipped, strict=True)]),
    )
    return method, *(f"{figure:.3f}" for figure in figures), f"{spent_ms:.0f}"


def refine_mirrored(shirt: Shirt, method: Method) -> Mask:
    """The refined mask of the mirrored photo, mirrored back."""
    photo, probs = np.ascontiguousarray(shirt.photo[:, ::-1]), np.ascontiguousarray(shirt.mirrored[:, ::-1])
    return refine(photo, probs, method)[:, ::-1] > 0.5


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
