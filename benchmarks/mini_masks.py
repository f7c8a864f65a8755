"""What the 2017 implementation's mini-masks (56 x 56 within the box) would save and lose: targets of the mask head.

python benchmarks/mini_masks.py [--annotations data/annotations/test] [--sizes-px 128 256 1024] [--repeats 10]

Prints JSON. `targets`: for each side of the picture the median time in milliseconds and the peak memory in MiB of
making the targets of a step, from whole masks and from mini-masks: 2 pictures, 100 objects each, 200 RoIs, targets of
28 x 28, as the reference has them; each in a process of its own. `masks`: over the annotated shirts, how well masks
agree with themselves after they were mini-masks, and the targets of their boxes with those of the whole masks, as the
mean difference of coverage.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from timing import environment, timed

PICTURES, OBJECTS, ROIS, TARGET_PX = 2, 100, 200, 28


def main() -> None:
    """Measure both, or as a child process one case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--annotations", type=Path, default=Path("data/annotations/test"), help="holds coco.json")
    parser.add_argument("--sizes-px", type=int, nargs="+", default=[128, 256, 1024])
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        size_px, mini = json.loads(arguments.only)
        print(json.dumps(measure(size_px, mini, arguments.repeats)))
        return
    wanted = [(size_px, mini) for size_px in arguments.sizes_px for mini in (False, True)]
    report = {"targets": [_in_child(arguments, *case) for case in wanted]}
    print(json.dumps({**report, "masks": agreement(arguments.annotations / "coco.json")}, indent=2))


def _in_child(arguments: argparse.Namespace, size_px: int, mini: bool) -> dict[str, Any]:
    command = [sys.executable, __file__, "--repeats", str(arguments.repeats), "--only", json.dumps([size_px, mini])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment(arguments))
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(size_px: int, mini: bool, repeats: int) -> dict[str, Any]:
    """Time and memory of the targets of one step, in this process."""
    import tensorflow as tf

    from tryon.models.mask_rcnn.conventions import REFERENCE
    from tryon.models.mask_rcnn.reference.masks import MINI_SHAPE
    from tryon.models.mask_rcnn.targets import roi_targets

    random = np.random.default_rng(1)
    corners = random.uniform(0, 0.5, (PICTURES, OBJECTS, 2))
    boxes = np.concatenate([corners, corners + random.uniform(0.1, 0.5, corners.shape)], axis=-1).astype(np.float32)
    shape = MINI_SHAPE if mini else (size_px, size_px)
    gt = {
        "boxes": boxes,
        "class_ids": np.ones((PICTURES, OBJECTS), np.int32),
        "masks": np.full((PICTURES, OBJECTS, *shape), 255, np.uint8),
    }
    given = {name: tf.constant(value) for name, value in gt.items()}
    proposals = tf.constant(np.concatenate([boxes, boxes + np.float32(0.01)], axis=1))
    noise = tf.constant(random.random((PICTURES, 3 * OBJECTS), np.float32))

    def targets(gt: Any) -> Any:
        settings: dict[str, Any] = {"rois": ROIS, "conventions": REFERENCE, "mask_side": TARGET_PX, "mini_masks": mini}
        return roi_targets(proposals, tf.ones(proposals.shape[:2], bool), gt, noise, **settings).masks

    compiled = tf.function(targets)
    seconds = timed(lambda: compiled(given), 2, repeats)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    masks = "mini" if mini else "whole"
    return {"size_px": size_px, "masks": masks, "median_ms": _ms(seconds), "peak_memory_mib": round(peak / 1024)}


def agreement(coco: Path) -> dict[str, float]:
    """How close mini-masks are to the masks that they were made of, over the annotated garments of a COCO file."""
    from tryon.evaluation.masks import boundary_iou, mask_iou
    from tryon.formats.coco import read_coco
    from tryon.geometry.boxes import from_mask
    from tryon.images.resizing import resize
    from tryon.models.mask_rcnn.reference.masks import expand_masks, minimise_masks

    scores = []
    for _, height, width, annotation in read_coco(coco):
        for item in annotation.items.values():
            mask = item.mask(height, width)
            left, top, right, bottom = from_mask(mask).astype(int)
            box = np.array([[top, left, bottom, right]])
            mini = minimise_masks(box, mask[..., None])
            back = expand_masks(box, mini, height, width)[..., 0]
            part = mask[top:bottom, left:right].astype(np.float32)
            whole, small = (resize(each, TARGET_PX, TARGET_PX) for each in (part, mini[..., 0].astype(np.float32)))
            scores.append((mask_iou(mask, back), boundary_iou(mask, back), float(np.abs(whole - small).mean())))
    means = np.mean(scores, axis=0).round(4).tolist()
    return {"garments": len(scores), **dict(zip(("mask_iou", "boundary_iou", "target_difference"), means, strict=True))}


def _ms(seconds: list[float]) -> float:
    return round(statistics.median(seconds) * 1000, 1)


if __name__ == "__main__":
    main()
