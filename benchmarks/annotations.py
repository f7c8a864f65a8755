"""What real DeepFashion2 annotations are like: their boxes, their outlines, and how few points an outline needs.

python benchmarks/annotations.py --points 30 60 120 ../shared/data/deepfashion2/validation/annos/*.json

A row for each item: the largest distance in pixels by which a side of the box lies outside and inside of the outline's
own box, the IoU of the two boxes, how many of its outlines cross themselves, and the longest side. Then, for outlines
of at most so many points (`tryon propose --points`), the IoU of the simplified with the annotated mask.
"""

import argparse
from pathlib import Path

import numpy as np

from tryon.console import print_table
from tryon.formats.deepfashion2 import Item, read_annotation
from tryon.geometry import polygons
from tryon.geometry.boxes import iou_matrix
from tryon.geometry.outlining import outline_mask


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="annotation files")
    parser.add_argument("--points", type=int, nargs="*", default=[], help="most points of an outline")
    parser.add_argument("--category", type=int, default=1, help="whose outlines are simplified")
    arguments = parser.parse_args()
    items = [
        (f"{path.name} {name}", item)
        for path in arguments.files
        for name, item in sorted(read_annotation(path).items.items())
    ]
    columns = ("item", "looser by", "tighter by", "box IoU", "crossing", "longest side")
    print_table(columns, [(name, *described(item)) for name, item in items])
    chosen = [item for _, item in items if item.category_id == arguments.category]
    if arguments.points and chosen:
        print_table(("points", "items", "mean IoU", "least IoU"), [simplified(chosen, n) for n in arguments.points])


def described(item: Item) -> tuple[str, ...]:
    """A row of the first table."""
    points = np.concatenate(item.polygons)
    low, high = points.min(axis=0), points.max(axis=0)
    box = np.asarray(item.bounding_box, float)
    looser = np.concatenate([low - box[:2], box[2:] - high])
    overlap = float(iou_matrix([box], [[*low, *(high + 1)]])[0, 0])
    crossing = sum(not polygons.is_valid(polygon) for polygon in item.polygons)
    distances = (max(0.0, looser.max()), max(0.0, -looser.min()))
    return (*(f"{value:.0f}" for value in distances), f"{overlap:.2f}", str(crossing), f"{(high - low).max():.0f}")


def simplified(items: list[Item], max_points: int) -> tuple[str, ...]:
    """A row of the second table."""
    ious = []
    for item in items:
        width, height = np.ceil(np.concatenate(item.polygons).max(axis=0)).astype(int) + 1
        ious.append(outline_mask(item.mask(height, width), max_points).iou)
    return str(max_points), str(len(ious)), f"{np.mean(ious):.3f}", f"{min(ious):.3f}"


if __name__ == "__main__":
    main()
