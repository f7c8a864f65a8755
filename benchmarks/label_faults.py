"""What validation finds of faults put into sound annotations, kind by kind, and its false alarms on sound ones.

    python benchmarks/label_faults.py --photos data/photos [--sound ../shared/data/garments ...]

Each fault is put into copies of the annotations of `--photos` (25 landmarks needed), in several strengths; a fault is
found if any expectation about items fails for that item, or the annotation can no longer be read. Prints JSON; exit
code 1 if a promise of docs/reference/curation.md is broken.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tryon.curating.facts import item_rows
from tryon.errors import DataError
from tryon.formats.deepfashion2 import Annotation, Item, annotation_to_dict, parse_annotation, read_annotation
from tryon.geometry.landmarks import FLIP_ORDER
from tryon.images.files import read_image

TOP = 1
MAX_FALSE_ALARMS = 0.01
MIN_RECALL = 0.85  # of the strongest of each kind


@dataclass(frozen=True)
class Sample:
    """A picture with its annotation and the name of its shirt."""

    path: Path
    image: Any
    annotation: Annotation
    shirt: str

    @property
    def item(self) -> Item:
        return self.annotation.items[self.shirt]


Fault = Callable[[Sample, Sample, float, np.random.Generator], Any]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="curated photos with landmarks")
    parser.add_argument("--sound", type=Path, nargs="*", default=[], help="further folders with annos/")
    parser.add_argument("--limit", type=int, default=200, help="pictures of each folder")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    samples = [one for split in sorted(arguments.photos.glob("*/annos")) for one in load(split.parent, "user")]
    result = measure(thin(samples, arguments.limit), arguments.seed)
    result["false_alarms"] = {arguments.photos.as_posix(): alarms(samples)} | {
        folder.as_posix().removeprefix("../"): alarms(list(load(folder))) for folder in arguments.sound
    }
    print(json.dumps(result, indent=2))
    return 1 if broken(result) else 0


def load(folder: Path, source: str = "") -> Iterator[Sample]:
    """The annotated shirts of a folder."""
    images = folder / ("image" if (folder / "image").is_dir() else "images")
    for path in sorted((folder / "annos").glob("*.json")):
        annotation = read_annotation(path)
        shirts = [name for name, item in annotation.items.items() if item.category_id == TOP]
        if shirts and source in ("", annotation.source):
            yield Sample(path, read_image(images / f"{path.stem}.jpg"), annotation, shirts[0])


def thin(samples: Sequence[Sample], limit: int) -> list[Sample]:
    """About so many of them, evenly spread."""
    return list(samples[:: max(1, len(samples) // limit)])[:limit]


def measure(samples: Sequence[Sample], seed: int) -> dict[str, Any]:
    """Recall by kind and strength, and how often each expectation was the one that found it."""
    rng = np.random.default_rng(seed)
    recall: dict[str, dict[str, float]] = {}
    finders: dict[str, dict[str, int]] = {}
    for kind, (fault, strengths) in FAULTS.items():
        found_by: Counter[str] = Counter()
        for strength in strengths:
            hits = 0
            for index, sample in enumerate(samples):
                other = samples[(index + 1 + int(rng.integers(len(samples) - 1))) % len(samples)]
                found = findings(sample, fault(sample, other, strength, rng))
                hits += bool(found)
                found_by.update(found)
            recall.setdefault(kind, {})[f"{strength:g}"] = round(hits / len(samples), 3)
        finders[kind] = dict(found_by.most_common(4))
    return {"pictures": len(samples), "recall": recall, "found_by": finders}


def alarms(samples: Sequence[Sample]) -> dict[str, Any]:
    """How many sound annotations an expectation finds fault with."""
    found = [findings(sample, annotation_to_dict(sample.annotation)) for sample in samples]
    return {
        "pictures": len(samples),
        "alarms": sum(bool(one) for one in found),
        "by": dict(Counter(name for one in found for name in one)),
    }


def findings(sample: Sample, content: Any) -> set[str]:
    """The expectations that fail for the shirt, or for an item that was added to its picture."""
    try:
        items = parse_annotation(content, sample.path.name).items
    except DataError:
        return {"annotated"}
    if not any(item.category_id == TOP for item in items.values()):
        return {"wanted"}
    known = set(sample.annotation.items) - {sample.shirt}
    rows = [row for row in item_rows("", items, sample.image, frozenset({TOP})) if row["item"] not in known]
    return {name for row in rows for name, value in row.items() if value is False}


def broken(result: dict[str, Any]) -> list[str]:
    """The promises that are not kept."""
    weak = [kind for kind, by_strength in result["recall"].items() if list(by_strength.values())[-1] < MIN_RECALL]
    noisy = [name for name, one in result["false_alarms"].items() if one["alarms"] > MAX_FALSE_ALARMS * one["pictures"]]
    return weak + noisy


def changed(sample: Sample, **changes: Any) -> Any:
    """The annotation's JSON with the shirt changed."""
    items = {**sample.annotation.items, sample.shirt: replace(sample.item, **changes)}
    return annotation_to_dict(replace(sample.annotation, items=items))


def size(sample: Sample) -> float:
    """The root of the shirt's area in pixels."""
    return float(np.sqrt(sample.item.mask(*sample.image.shape[:2]).sum()))


def anywhere(rng: np.random.Generator) -> np.ndarray:
    turn = rng.uniform(0, 2 * np.pi)
    return np.array([np.cos(turn), np.sin(turn)])


def moved(points: Any, shift: Any, scale: Any = 1.0) -> np.ndarray:
    """Landmarks or points moved; absent landmarks stay."""
    result = np.array(points, float)
    present = result[:, 2] > 0 if result.shape[1] == 3 else np.ones(len(result), bool)
    result[present, :2] = result[present, :2] * scale + shift
    return result


def whole(sample: Sample, shift: Any, scale: Any = 1.0) -> Any:
    """All parts of the shirt moved together: nothing but the picture can tell."""
    item = sample.item
    box = (np.asarray(item.bounding_box, float).reshape(2, 2) * scale + shift).reshape(4)
    return changed(
        sample,
        polygons=tuple(moved(one, shift, scale) for one in item.polygons),
        landmarks=moved(item.landmarks, shift, scale),
        bounding_box=box,
    )


def shift_all(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    return whole(sample, strength * size(sample) * anywhere(rng))


def wrong_scale(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    return whole(sample, 0.0, 1 - strength)


def swap_pictures(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    ratio = np.array(sample.image.shape[1::-1]) / np.array(other.image.shape[1::-1])
    theirs = replace(sample, annotation=other.annotation, shirt=other.shirt)
    return whole(theirs, 0.0, ratio) if ratio.tolist() != [1, 1] else annotation_to_dict(other.annotation)


def swap_outline(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    return changed(sample, polygons=other.item.polygons)


def cross_outline(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    polygon = np.array(sample.item.polygons[0])
    count = max(2, int(strength * len(polygon)))
    start = int(rng.integers(len(polygon) - count + 1))
    polygon[start : start + count] = polygon[start : start + count][::-1]
    return changed(sample, polygons=(polygon, *sample.item.polygons[1:]))


def cut_outline(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    """The rest of the outline is lost below a line."""
    polygon = np.array(sample.item.polygons[0], float)
    top, bottom = polygon[:, 1].min(), polygon[:, 1].max()
    return changed(sample, polygons=(np.minimum(polygon, [np.inf, bottom - strength * (bottom - top)]),))


def shift_landmarks(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    return changed(sample, landmarks=moved(sample.item.landmarks, strength * size(sample) * anywhere(rng)))


def stray_landmark(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    """One visible landmark lies off: away from the shirt's middle."""
    points = np.array(sample.item.landmarks, float)
    number = rng.choice(np.flatnonzero(points[:, 2] == 2))
    away = points[number, :2] - points[points[:, 2] > 0, :2].mean(axis=0)
    points[number, :2] += strength * size(sample) * away / max(np.linalg.norm(away), 1e-6)
    return changed(sample, landmarks=points)


def swap_sides(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    """Left and right are exchanged: all of them, or one pair of neck and body."""
    points = np.array(sample.item.landmarks, float)
    if strength == 1:
        return changed(sample, landmarks=points[FLIP_ORDER])
    pairs = [i for i in (1, 6, 11, 12, 13, 14) if points[[i, FLIP_ORDER[i]], 2].all()]
    number = int(rng.choice(pairs))
    points[[number, FLIP_ORDER[number]]] = points[[FLIP_ORDER[number], number]]
    return changed(sample, landmarks=points)


def grow_box(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    x1, y1, x2, y2 = np.asarray(sample.item.bounding_box, float)
    grown = strength * np.array([x1 - x2, y1 - y2, x2 - x1, y2 - y1]) / 2
    return changed(sample, bounding_box=np.array([x1, y1, x2, y2]) + grown)


def box_as_width_height(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    x1, y1, x2, y2 = np.asarray(sample.item.bounding_box, float)
    return changed(sample, bounding_box=np.array([x1, y1, x2 - x1, y2 - y1]))


def wrong_category(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    content = changed(sample)
    content[sample.shirt] |= {"category_id": 2, "category_name": "long sleeve top"}
    return content


def annotate_twice(sample: Sample, other: Sample, strength: float, rng: np.random.Generator) -> Any:
    """A second item: the same outline, moved by a little."""
    again = replace(sample.item, polygons=tuple(moved(one, strength * size(sample)) for one in sample.item.polygons))
    return annotation_to_dict(replace(sample.annotation, items={**sample.annotation.items, "item9": again}))


# The last strength of each kind is the one that must be found.
FAULTS: dict[str, tuple[Fault, tuple[float, ...]]] = {
    "annotation of another picture": (swap_pictures, (1,)),
    "outline of another picture": (swap_outline, (1,)),
    "all moved, by size": (shift_all, (0.03, 0.05, 0.1, 0.2)),
    "all at a smaller scale": (wrong_scale, (0.05, 0.1, 0.2, 0.5)),
    "outline crosses itself": (cross_outline, (0.05, 0.1, 0.3)),
    "outline cut off, by height": (cut_outline, (0.1, 0.2, 0.4)),
    "landmarks moved, by size": (shift_landmarks, (0.05, 0.1, 0.2, 0.4)),
    "one landmark off, by size": (stray_landmark, (0.1, 0.2, 0.4)),
    "left and right exchanged: a pair, all": (swap_sides, (0, 1)),
    "box larger": (grow_box, (0.1, 0.2, 0.4)),
    "box as x, y, width, height": (box_as_width_height, (1,)),
    "wrong category": (wrong_category, (1,)),
    "item annotated twice": (annotate_twice, (0.1, 0.05, 0)),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
