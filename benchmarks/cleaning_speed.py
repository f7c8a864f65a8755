"""How long cleaning takes by the number of pictures: that it grows in proportion, and pictures by CPU second.

python benchmarks/cleaning_speed.py --garments ../shared/data/garments [--models models] [--pictures 500 1000 2000]

Collections of so many different pictures, cut, turned and tinted from those of a folder, are cleaned from nothing, as
`tryon clean` does it: measured, judged, compared, tables and page written. With `--models` smaller ones are cleaned
with a Mask R-CNN, too. A cleaning again, when all is measured, is timed as well. CPU seconds of all threads, as other
work on the machine hardly lengthens these; JSON; exit code 1 if pictures of the largest collection take more than
half as long again as those of the smallest.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.cleaning.collections import Collection, clean
from tryon.cleaning.measuring import Model
from tryon.cleaning.model import load_model
from tryon.config import load_params
from tryon.formats.ledger import LedgerRow, write_ledger
from tryon.images.files import encode_jpeg, read_image

Picture = NDArray[np.uint8]

MAX_GROWTH = 1.5  # of the CPU seconds for a picture: noise, not another power
HOSTS = 10


def main() -> int:
    """Time all collections and print JSON; 0 if cleaning grows in proportion."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--garments", type=Path, required=True, help="folder with images/*.jpg")
    parser.add_argument("--models", type=Path, help="folder with mask_rcnn/")
    parser.add_argument("--pictures", type=int, nargs="+", default=[500, 1000, 2000], help="without a model")
    parser.add_argument("--with-model", type=int, nargs="+", default=[100, 200, 400], help="pictures with one")
    arguments = parser.parse_args()
    files = sorted((arguments.garments / "images").glob("*.jpg"))
    found: dict[str, Any] = {"without_model": timings(files, arguments.pictures, None)}
    if arguments.models:
        model = load_model(arguments.models / "mask_rcnn")
        model.find([read_image(files[0])] * 2)  # tracing is no part of a picture's time
        found["with_model"] = timings(files, arguments.with_model, model)
    print(json.dumps(found, indent=2))
    return int(any(growth(rows) > MAX_GROWTH for rows in found.values()))


def growth(rows: Sequence[dict[str, float]]) -> float:
    """CPU seconds for a picture of the largest collection over those of the smallest."""
    return rows[0]["pictures_per_cpu_s"] / rows[-1]["pictures_per_cpu_s"]


def timings(files: Sequence[Path], counts: Sequence[int], model: Model | None) -> list[dict[str, float]]:
    """CPU seconds of a first and a second cleaning of a collection of each size, smallest first."""
    rows = []
    for count in sorted(counts):
        with tempfile.TemporaryDirectory() as place:
            collection = write_collection(Path(place) / "garments", files, count)
            first, kept = timed(collection, model)
            again, _ = timed(collection, model)
        rows.append(
            {
                "pictures": count,
                "first_cpu_s": round(first, 1),
                "pictures_per_cpu_s": round(count / first, 1),
                "again_cpu_s": round(again, 1),
                "kept": kept,
            }
        )
    return rows


def timed(collection: Collection, model: Model | None) -> tuple[float, int]:
    """CPU seconds of one cleaning, and the pictures that it keeps."""
    params = load_params()
    started = time.process_time()
    reports = collection.folder.parent / "reports"
    counts = clean([collection], reports, limits=params.cleaning, decisions={}, seed=params.seed, model=model)
    return time.process_time() - started, counts[collection.folder.name]["kept"]


def write_collection(folder: Path, files: Sequence[Path], count: int) -> Collection:
    """So many pictures with a ledger, as if collected from a few hosts."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for number in range(count):
        content = encode_jpeg(varied(read_image(files[number % len(files)]), np.random.default_rng([3, number])), 90)
        sha256 = hashlib.sha256(content).hexdigest()
        row = ledger_row(sha256, number)
        (folder / row.file).write_bytes(content)
        rows.append(row)
    write_ledger(folder / "ledger.csv", rows)
    return Collection(folder, "blue", "plain")


def varied(picture: Picture, rng: np.random.Generator) -> Picture:
    """A part of a picture, a little turned and tinted, mirrored or not."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-8, 8)), float(rng.uniform(0.9, 1.25)))
    turn[:, 2] += rng.uniform(-0.04, 0.04, 2) * (width, height)
    moved = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101)
    tinted = np.clip(moved * rng.uniform(0.85, 1.1, 3), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(tinted[:, ::-1] if rng.integers(2) else tinted)


def ledger_row(sha256: str, number: int) -> LedgerRow:
    """A kept candidate's row."""
    return LedgerRow(
        file=f"images/{sha256[:20]}.jpg",
        sha256=sha256,
        phash="",
        query="t-shirt",
        source="addresses",
        address=f"https://host{number % HOSTS}.example/{number}.jpg",
        page="",
        title="",
        licence="CC0",
        author="",
        time="2026-11-22T15:04:05Z",
        robots="allowed",
        status=200,
        width=0,
        height=0,
        verdict="kept",
    )


if __name__ == "__main__":
    sys.exit(main())
