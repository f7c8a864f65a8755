"""How many faulty pictures cleaning finds, how many good ones it refuses, and whether its doubt ranks its errors.

python benchmarks/cleaning.py --garments ../shared/data/garments --models models [--train 60] [--count 200]

Good pictures: those of labels.csv that lie flat or hang. Faulty ones: the labelled close-ups and bad views, and good
pictures made faulty in known ways (benchmarks/faulty_pictures.py). Limits are chosen on the train split: `train` shows
the 1st, 50th and 99th percentile of each measurement, of its good pictures and of each fault. Precision and recall are
of the validation and test splits with the limits of params.yaml, each fault beside all good pictures: `own` is the
check meant for it, `any` all checks together. The labelled faults are nearly all of the train split.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from faulty_pictures import MARKS, PIXEL_FAULTS, SHIRT_FAULTS, Mask, Picture, beside, marked, saved
from near_duplicates import CHANGES

from tryon.cleaning import checks
from tryon.cleaning.checks import Finding, check_pixels, check_shirts, doubt
from tryon.cleaning.measuring import Model
from tryon.cleaning.model import load_model
from tryon.cleaning.pixels import PixelFacts, measure_pixels, unpack_overlay
from tryon.cleaning.shirts import ShirtFacts, measure_shirts
from tryon.cleaning.verdicts import colour_distance
from tryon.cleaning.watermarks import agreement
from tryon.config import CleaningConfig, load_params
from tryon.console import track
from tryon.curating.candidates import read_labels
from tryon.formats.deepfashion2 import read_annotation
from tryon.images.files import read_image
from tryon.images.hashing import hamming

GOOD_VIEWS = ("flat", "hanging")
HOST = 16  # pictures that share a mark, as those of one host do
SEVERAL = "several shirts"
FOUND_BY = {
    "out of focus": checks.BLURRED,
    "shaken": checks.BLURRED,
    "dark": checks.EXPOSURE,
    "overexposed": checks.EXPOSURE,
    "framed": checks.BORDER,
    **{f"mark, {kind}": checks.WATERMARK for kind in MARKS},
    "close-up": checks.CLOSE_UP,
    "labelled close-up": checks.CLOSE_UP,
    "folded": checks.NOT_FRONTAL,
    "lying sideways": checks.NOT_FRONTAL,
    "turned away": checks.NOT_FRONTAL,
    "no shirt": checks.NO_SHIRT,
    SEVERAL: checks.SEVERAL_SHIRTS,
}
REVIEWED = 0.2  # of the pictures, the most doubtful first


@dataclass
class Sample:
    """One picture with what was measured; `fault` is empty for a good one."""

    fault: str
    train: bool
    pixels: PixelFacts
    shirts: ShirtFacts
    watermark: float = 0.0

    def findings(self, limits: CleaningConfig) -> list[Finding]:
        """All checks."""
        return [*check_pixels(self.pixels, self.watermark, limits), *check_shirts(self.shirts, limits)]

    def refused(self, limits: CleaningConfig, check: str = "") -> bool:
        """Whether the check refuses it, or any."""
        return any(one.refused and check in ("", one.check) for one in self.findings(limits))


def main() -> None:
    """Measure all pictures and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--garments", type=Path, required=True, help="labelled collection: images, annos, labels.csv")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/")
    parser.add_argument("--train", type=int, default=60, help="good pictures of the train split that are made faulty")
    parser.add_argument("--count", type=int, default=200, help="the same of the other splits")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    limits = load_params().cleaning
    model = load_model(arguments.models / "mask_rcnn")
    samples = list(sample(arguments.garments, model, arguments.train, arguments.count))
    found = report(samples, limits) | {"copies": copies(arguments.garments, arguments.count, limits)}
    print(json.dumps(found, indent=2))


def report(samples: Sequence[Sample], limits: CleaningConfig) -> dict[str, Any]:
    """All figures."""
    good = [one for one in samples if not one.fault and not one.train]
    faults = sorted({one.fault for one in samples} - {""})
    return {
        "good": {"pictures": len(good), **refused_by_check(good, limits)},
        "train": {
            fault or "good": quantiles([one for one in samples if one.train and one.fault == fault])
            for fault in ("", *faults)
        },
        "faults": {
            fault: scores(good, [one for one in samples if one.fault == fault], fault, limits) for fault in faults
        },
        "doubt": ranking([one for one in samples if not one.train], limits),
    }


def refused_by_check(good: Sequence[Sample], limits: CleaningConfig) -> dict[str, int]:
    """How many good pictures each check refuses."""
    counts = {
        check: sum(one.refused(limits, check) for one in good) for check in checks.PIXEL_CHECKS + checks.SHIRT_CHECKS
    }
    return {"any": sum(one.refused(limits) for one in good)} | {check: n for check, n in counts.items() if n}


def scores(good: Sequence[Sample], faulty: Sequence[Sample], fault: str, limits: CleaningConfig) -> dict[str, Any]:
    """Recall and precision of the check that is meant for a fault, and of any check, on held-out pictures."""
    held_out = [one for one in faulty if not one.train] or list(faulty)  # the labelled ones are nearly all of train
    found = {
        name: sum(one.refused(limits, check) for one in held_out)
        for name, check in (("own", FOUND_BY[fault]), ("any", ""))
    }
    alarms = {
        "own": sum(one.refused(limits, FOUND_BY[fault]) for one in good),
        "any": sum(one.refused(limits) for one in good),
    }
    return {"check": FOUND_BY[fault], "pictures": len(held_out)} | {
        f"{measure}_{name}": value
        for name in found
        for measure, value in (
            ("recall", round(found[name] / len(held_out), 3)),
            ("precision", round(found[name] / max(1, found[name] + alarms[name]), 3)),
        )
    }


def quantiles(pictures: Sequence[Sample]) -> dict[str, list[float]]:
    """The 1st, 50th and 99th percentile of each measurement."""
    values = {
        "blur": [one.pixels.blur for one in pictures],
        "luminance": [one.pixels.luminance for one in pictures],
        "border": [one.pixels.border for one in pictures],
        "watermark": [one.watermark for one in pictures],
        "score": [one.shirts.score for one in pictures],
        "second_score": [one.shirts.second_score for one in pictures],
        "edge": [one.shirts.edge for one in pictures],
        "asymmetry": [one.shirts.asymmetry for one in pictures],
        "aspect": [one.shirts.aspect for one in pictures],
        "landmarks": [one.shirts.landmarks for one in pictures if one.shirts.landmarks is not None],
    }
    return {name: np.round(np.percentile(found, [1, 50, 99]), 4).tolist() for name, found in values.items() if found}


def ranking(samples: Sequence[Sample], limits: CleaningConfig) -> dict[str, Any]:
    """How many of cleaning's errors a person meets who reviews the most doubtful pictures first.

    As many faulty pictures as good ones, drawn from all faults alike.
    """
    rng = np.random.default_rng(1)
    good, faulty = ([one for one in samples if bool(one.fault) == wanted] for wanted in (False, True))
    chosen = [*good, *(faulty[index] for index in rng.permutation(len(faulty))[: len(good)])]
    doubts = np.array([doubt(one.findings(limits)) for one in chosen])
    wrong = np.array([one.refused(limits) != bool(one.fault) for one in chosen])
    first = np.argsort(-doubts, kind="stable")[: round(REVIEWED * len(chosen))]
    by_chance = [wrong[rng.permutation(len(chosen))[: len(first)]].sum() for _ in range(1000)]
    return {
        "pictures": len(chosen),
        "errors": int(wrong.sum()),
        "reviewed": len(first),
        "errors_found": int(wrong[first].sum()),
        "errors_found_by_chance": round(float(np.mean(by_chance)), 1),
        "share": round(float(wrong[first].sum() / max(1, wrong.sum())), 3),
    }


def copies(folder: Path, count: int, limits: CleaningConfig) -> dict[str, Any]:
    """The share of changed copies that hash and colours find, and how often they take two pictures for one."""
    labels = evenly([label for label in read_labels(folder) if label["view"] in GOOD_VIEWS], count)
    pictures = [read_image(folder / "images" / label["file"]) for label in labels]
    facts = [measure_pixels(picture) for picture in pictures]
    found = {
        name: [near(one, measure_pixels(change(picture)), limits) for one, picture in zip(facts, pictures, strict=True)]
        for name, change in CHANGES.items()
    }
    pairs = [near(one, other, limits) for one, other in combinations(facts, 2)]
    return {
        "pictures": len(pictures),
        "found": {name: round(sum(map(all, both)) / len(both), 3) for name, both in found.items()},
        "different_pairs": len(pairs),
        "near_by_hash": sum(by_hash for by_hash, _ in pairs),
        "near_by_hash_and_colours": sum(map(all, pairs)),
    }


def near(one: PixelFacts, other: PixelFacts, limits: CleaningConfig) -> tuple[bool, bool]:
    """Whether two pictures are near by hash, straight or mirrored, and then by colours."""
    straight, mirrored = hamming(one.phash, other.phash), hamming(one.mirrored, other.phash)
    distance = colour_distance(one, other, mirrored=mirrored < straight)
    return min(straight, mirrored) <= limits.near_duplicate_bits, distance <= limits.max_colour_distance


def sample(folder: Path, model: Model, train: int, count: int) -> Iterable[Sample]:
    """Good pictures, labelled faults, and made ones."""
    labels = read_labels(folder)
    good = [label for label in labels if label["view"] in GOOD_VIEWS]
    masked = [label for label in good if (folder / "annos" / f"{Path(label['file']).stem}.json").is_file()]
    halves = [
        evenly([label for label in masked if label["split"] == "train"], train),
        evenly([label for label in masked if label["split"] != "train"], count),
    ]
    shown = [*evenly([label for label in good if label["split"] == "train"], 2 * train)]
    shown += [label for label in good if label["split"] != "train"]
    for label in track(shown, "good pictures"):
        yield measured("", label, read_image(folder / "images" / label["file"]), model)
    for label in labels:
        if label["view"] in ("closeup", "bad"):
            yield measured("labelled close-up", label, read_image(folder / "images" / label["file"]), model)
    for half in halves:
        yield from made_faulty(folder, half, model)
        yield from made_marked(folder, half, model)


def made_faulty(folder: Path, labels: Sequence[dict[str, str]], model: Model) -> Iterable[Sample]:
    """Each picture with each fault of the pixels and of the shirt."""
    for number, label in enumerate(track(labels, "faults")):
        picture, mask = read(folder, label)
        rng = np.random.default_rng([7, number])
        for fault, spoil in PIXEL_FAULTS.items():
            yield measured(fault, label, saved(spoil(picture, rng)), model)
        for fault, change in SHIRT_FAULTS.items():
            yield measured(fault, label, saved(change(picture, mask, rng)), model)
        other, _ = read(folder, labels[(number + 1) % len(labels)])
        yield measured(SEVERAL, label, saved(beside(picture, other)), model)


def made_marked(folder: Path, labels: Sequence[dict[str, str]], model: Model) -> Iterable[Sample]:
    """Groups of pictures with the same mark, as those of one host have it."""
    for start in range(0, len(labels) - HOST + 1, HOST):
        group = labels[start : start + HOST]
        for kind in MARKS:
            pictures = [
                saved(marked(read(folder, label)[0], np.random.default_rng([9, start]), kind)) for label in group
            ]
            found = [measured(f"mark, {kind}", label, one, model) for label, one in zip(group, pictures, strict=True)]
            values = agreement(np.stack([unpack_overlay(one.pixels.overlay) for one in found]))
            for one, value in zip(found, values, strict=True):
                one.watermark = float(value)
            yield from found


def measured(fault: str, label: dict[str, str], picture: Picture, model: Model) -> Sample:
    """A picture with its measurements."""
    return Sample(fault, label["split"] == "train", measure_pixels(picture), measure_shirts([picture], model.find)[0])


def read(folder: Path, label: dict[str, str]) -> tuple[Picture, Mask]:
    """A picture with the mask of its shirt."""
    picture = read_image(folder / "images" / label["file"])
    items = read_annotation(folder / "annos" / f"{Path(label['file']).stem}.json").items.values()
    return picture, next(iter(items)).mask(*picture.shape[:2])


def evenly(labels: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    """So many rows, evenly chosen by file."""
    return (
        [labels[index] for index in np.unique(np.linspace(0, len(labels) - 1, count).round().astype(int))]
        if labels
        else []
    )


if __name__ == "__main__":
    main()
