"""How far the bounding boxes of DeepFashion2 annotations lie from the outlines that they go round.

python benchmarks/annotations.py ../shared/data/annotation_samples/deepfashion2_000001.json ...

A row for each item: the largest distance in pixels by which a side of the box lies outside and inside of the outline's
own box, and the outline's longest side.
"""

import argparse
from pathlib import Path

import numpy as np

from tryon.console import print_table
from tryon.formats.deepfashion2 import Item, read_annotation


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="annotation files")
    rows = [
        (f"{path.name} {name}", *(f"{value:.0f}" for value in distances(item)))
        for path in parser.parse_args().files
        for name, item in sorted(read_annotation(path).items.items())
    ]
    print_table(("item", "looser by", "tighter by", "longest side"), rows)


def distances(item: Item) -> tuple[float, float, float]:
    """By how many pixels the box is looser and tighter than the outline at most, and the outline's longest side."""
    points = np.concatenate(item.polygons)
    low, high = points.min(axis=0), points.max(axis=0)
    box = np.asarray(item.bounding_box, float)
    looser = np.concatenate([low - box[:2], box[2:] - high])
    return max(0.0, looser.max()), max(0.0, -looser.min()), float((high - low).max())


if __name__ == "__main__":
    main()
