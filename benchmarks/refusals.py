"""How often a trained Mask R-CNN takes a picture without a person for a shirt, and how often it finds a shirt.

python benchmarks/refusals.py --models models [--count 60] [--photos ../shared/data/deepfashion2/validation]

Pictures without a person: drawn backdrops of each kind, smooth blobs of colour, white noise; each is new (none was a
training picture). Pictures with one: rendered test photos, and photos in DeepFashion2's layout if a folder is given.
A picture is refused as `tryon fit` refuses it: nothing was found, or less than `fitting.min_shirt_area`. Prints, for
each kind, how many were not refused, in how many the shirt was found (IoU with the annotated one 0.5 or more), and the
highest score.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import FittingConfig, load_params
from tryon.console import print_table
from tryon.fitting.segments import Predictor, find_shirts
from tryon.formats.deepfashion2 import read_annotation
from tryon.geometry.masks import iou
from tryon.images.files import read_image
from tryon.models.mask_rcnn import load_predictor
from tryon.rendering.annotation import SHORT_SLEEVE_TOP, visible_mask
from tryon.rendering.backdrop import KINDS, Kind, draw_backdrop
from tryon.rendering.dataset import draw_photo
from tryon.rendering.drawing import soft_noise
from tryon.rendering.light import sample_light
from tryon.rendering.photo import wear

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
FOUND_IOU = 0.5
SEED = 3


def main() -> None:
    """Show the model every kind of picture and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/")
    parser.add_argument("--count", type=int, default=60, help="drawn pictures of each kind")
    parser.add_argument("--photos", type=Path, help="one split in DeepFashion2's layout: image, annos")
    arguments = parser.parse_args()
    params, count = load_params(), arguments.count
    predictor = load_predictor(arguments.models / "mask_rcnn")
    size = params.render.size_px
    empty = {f"backdrop: {kind}": backdrops(kind, count, size) for kind in KINDS}
    empty |= {"blobs of colour": blobs(count, size), "noise": noise(count, size)}
    rows = [row(name, [(one, None) for one in made], predictor, params.fitting) for name, made in empty.items()]
    rows.append(row("rendered test photos", list(people(params.seed, count, size)), predictor, params.fitting))
    if arguments.photos:
        rows.append(row(str(arguments.photos), list(read_photos(arguments.photos)), predictor, params.fitting))
    print_table(("pictures", "number", "not refused", "shirt found", "highest score"), rows)


def row(
    name: str, pictures: list[tuple[Picture, list[Mask] | None]], predictor: Predictor, fitting: FittingConfig
) -> tuple[str, ...]:
    """One line of the table; masks are those of the shirts in the picture, None where there is nobody."""
    found = find_shirts(predictor, [picture for picture, _ in pictures])
    taken = [one is not None and one.mask.mean() >= fitting.min_shirt_area for one in found]
    right = [
        one is not None and max(iou(one.mask, mask) for mask in masks) >= FOUND_IOU
        for one, (_, masks) in zip(found, pictures, strict=True)
        if masks
    ]
    highest = max((one.score for one in found if one is not None), default=None)
    return (
        name,
        str(len(pictures)),
        str(sum(taken)),
        str(sum(right)) if right else "-",
        "-" if highest is None else f"{highest:.2f}",
    )


def backdrops(kind: Kind, count: int, size_px: int) -> Iterator[Picture]:
    """Drawn walls, rooms and streets that nobody stands before."""
    for index in range(count):
        rng = np.random.default_rng([SEED, KINDS.index(kind), index])
        yield to_u8(draw_backdrop(rng, kind, size_px, sample_light(rng), None))


def blobs(count: int, size_px: int) -> Iterator[Picture]:
    """Smooth spots of random colours and sizes."""
    for index in range(count):
        rng = np.random.default_rng([SEED, len(KINDS), index])
        sigma = size_px * float(rng.uniform(0.05, 0.25))
        channels = [soft_noise(rng, (size_px, size_px), sigma) for _ in range(3)]
        yield to_u8(rng.uniform(0.2, 0.8, 3) + rng.uniform(0.05, 0.25) * np.stack(channels, axis=-1))


def noise(count: int, size_px: int) -> Iterator[Picture]:
    """Every pixel of its own random colour."""
    for index in range(count):
        yield np.random.default_rng([SEED, len(KINDS) + 1, index]).integers(0, 256, (size_px, size_px, 3), np.uint8)


def people(seed: int, count: int, size_px: int) -> Iterator[tuple[Picture, list[Mask]]]:
    """Rendered photos of the test split with their shirts."""
    for index in range(count):
        drawn, look, _ = draw_photo(seed, "test", index, size_px)
        yield wear(drawn, look).image, [visible_mask(drawn.alpha)]


def read_photos(folder: Path) -> Iterator[tuple[Picture, list[Mask]]]:
    """Photos of a folder with their shirts."""
    for path in sorted((folder / "image").glob("*.jpg")):
        image = read_image(path)
        items = read_annotation(folder / "annos" / f"{path.stem}.json").items.values()
        yield image, [item.mask(*image.shape[:2]) for item in items if item.category_id == SHORT_SLEEVE_TOP]


def to_u8(picture: NDArray[np.floating]) -> Picture:
    """Colours in [0, 1] as bytes."""
    return np.asarray(np.clip(picture * 255 + 0.5, 0, 255), np.uint8)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
