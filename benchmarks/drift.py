"""Does drift raise an alarm where the data moved, and none where only the seed differs?

    python benchmarks/drift.py --accepted DATA [--others DATA ...]

A DATA folder holds curated `photos` and `garments`. Compares each of the others with the accepted one, and changed
copies of half the accepted photos (darker, blurred, smaller, cropped, tinted) with the other half. Prints JSON: the
largest stability index, the traits that moved. Exit code 1 if one of the others raises an alarm or a change none.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tryon.config import load_params
from tryon.curating import drift
from tryon.curating.accepting import compare_folders
from tryon.curating.facts import gather_facts
from tryon.images.files import read_image, write_jpeg

CHANGES: dict[str, Callable[[Any], Any]] = {
    "15 % darker": lambda image: (image * 0.85).astype(np.uint8),
    "30 % darker": lambda image: (image * 0.7).astype(np.uint8),
    "blurred by 1 px": lambda image: cv2.GaussianBlur(image, (0, 0), 1.0),
    "0.8 of the size": lambda image: cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA),
    "cropped to 3:4": lambda image: image[:, image.shape[1] // 8 : -(image.shape[1] // 8)],
    "warmer light": lambda image: np.clip(image * [1.08, 1.0, 0.92], 0, 255).astype(np.uint8),
}


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accepted", type=Path, required=True)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    arguments = parser.parse_args(argv)
    accepted = drift.describe(values(arguments.accepted))
    others = {folder.as_posix(): report(drift.compare(accepted, values(folder))) for folder in arguments.others}
    changes = changed(sorted((arguments.accepted / "photos/train/image").glob("[0-9]*.jpg")))
    print(json.dumps({"others": others, "changes": changes}, indent=2))
    alarms = [name for name, one in others.items() if one["moved"]]
    return 1 if alarms or any(not one["moved"] for one in changes.values()) else 0


def values(folder: Path) -> dict[str, dict[str, Any]]:
    """The traits of a curated folder."""
    return drift.values_of(gather_facts(folder / "photos", folder / "garments", load_params().validation))


def changed(paths: Sequence[Path]) -> dict[str, Any]:
    """Every second photo, changed, against the others as they are."""
    with tempfile.TemporaryDirectory() as name:
        before = Path(name) / "before"
        for path in paths[::2]:
            write_jpeg(before / path.name, read_image(path))
        found = {}
        for number, (kind, change) in enumerate(CHANGES.items()):
            for path in paths[1::2]:
                write_jpeg(Path(name) / str(number) / path.name, np.ascontiguousarray(change(read_image(path))))
            found[kind] = report(compare_folders(before, Path(name) / str(number)))
        return found


def report(moves: Sequence[drift.Drift]) -> dict[str, Any]:
    """The largest index of all, and of groups too large for chance; what moved."""
    large = [move.psi for move in moves if move.group == "photos"]
    return {
        "moved": {move.name: round(move.psi, 2) for move in moves if move.moved},
        "largest_index": round(max(move.psi for move in moves), 3),
        "largest_index_of_photos": round(max(large), 3) if large else None,
        "traits": len(moves),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
