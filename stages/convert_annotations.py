"""Photos in DeepFashion2 layout to one VIA file and one COCO file for each split."""

import argparse
import dataclasses
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon import outputs
from tryon.config import load_params
from tryon.console import run_stage
from tryon.errors import DataError
from tryon.formats import coco, deepfashion2, via, via_garments
from tryon.formats.checking import TOLERANCE_PX
from tryon.formats.faults import Faults
from tryon.formats.landmark_outlines import outlined_by_landmarks
from tryon.images.files import read_size

SPLITS = ("train", "validation", "test")

logger = logging.getLogger("tryon")


def main(argv: Sequence[str]) -> None:
    """Convert the annotations of all splits; only garments of `photos.categories` are kept, with the asked outlines."""
    parser = argparse.ArgumentParser(prog="convert_annotations", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of splits with image/ and annos/")
    parser.add_argument("--out", type=Path, required=True, help="folder to write SPLIT/*.json to")
    arguments = parser.parse_args(argv)
    params = load_params()
    with outputs.new_folder(arguments.out) as folder:
        for split in SPLITS:
            hurried = params.annotations.outline == "landmarks" and split != "test"  # tests are against the truth
            convert_split(arguments.photos / split, folder / split, params.photos.categories, by_landmarks=hurried)


def convert_split(photos: Path, out: Path, categories: Sequence[int], *, by_landmarks: bool = False) -> None:
    """Write `via_region_data.json` and `coco.json` of one split, with polygons through the landmarks if asked."""
    if not (photos / "image").is_dir():
        raise DataError(
            f"{photos} is no split of photos", needed="a folder image/ in it", remedy="run curate_photos first"
        )
    faults, pictures = Faults(), []
    for path in sorted((photos / "image").iterdir()):
        with faults:
            pictures.append(convert_photo(path, categories))
    faults.settle(str(photos))
    names = [name for name, *_ in pictures]
    sizes = [(photos / "image" / name).stat().st_size for name in names]
    if by_landmarks:
        pictures = [(*picture[:3], outlined_by_landmarks(picture[3])) for picture in pictures]
    annotations = [annotation for *_, annotation in pictures]
    via.write_via(out / "via_region_data.json", via_garments.to_via(zip(names, sizes, annotations, strict=True)))
    coco.write_coco(out / "coco.json", pictures)
    garments = sum(len(annotation.items) for annotation in annotations)
    logger.info("%s: %d photos, %d garments", photos.name, len(pictures), garments)


def convert_photo(path: Path, categories: Sequence[int]) -> coco.Picture:
    """A photo's name, height, width, and its annotation with the garments of `categories` only."""
    annotation_path = path.parent.parent / "annos" / f"{path.stem}.json"
    if not annotation_path.is_file():
        raise DataError(
            f"photo {path} has no annotation",
            needed=str(annotation_path),
            remedy="add the annotation, or remove the photo, and run curate_photos again",
        )
    annotation = deepfashion2.read_annotation(annotation_path)
    height, width = read_size(path)
    deepfashion2.check_inside(annotation, height, width, TOLERANCE_PX, str(annotation_path))
    wanted = {name: item for name, item in annotation.items.items() if item.category_id in categories}
    return path.name, height, width, dataclasses.replace(annotation, items=wanted)


if __name__ == "__main__":
    sys.exit(run_stage("convert_annotations", main))
