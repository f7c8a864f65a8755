"""How many faulty pictures cleaning finds, how many good ones it refuses, and what each limit is chosen from.

python benchmarks/cleaning.py --garments ../shared/data/garments --models models [--photos ../shared/data/deepfashion2]

Good pictures: those of labels.csv that lie flat or hang. Faulty ones: the labelled close-ups and bad views, good
pictures made faulty in known ways (benchmarks/faulty_pictures.py), and other garments cut out of `--photos`.
`limits` is of the train split alone, whose good pictures are those that no model was trained on (they have no
outline): for each limit its place among them, the part of them beyond it, the limit that would refuse one in a hundred,
and the part of each of its faults found at both. All other figures are of the validation and test splits with the
limits of params.yaml, each fault beside all good pictures: `own` is the check meant for it, `any` all checks together.
`hosts` and `copies` tell from how many pictures of a host a mark is found, and which copies are found. `--measured`
names a file that keeps what the model said: a second run with other limits is shown no picture.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from cleaning_pairs import copies, hosts
from cleaning_samples import FOUND_BY, Sample, read_samples, sample, write_samples

from tryon.cleaning import checks
from tryon.cleaning.checks import doubt
from tryon.cleaning.model import load_model
from tryon.config import CleaningConfig, load_params

REVIEWED = 0.2  # of the pictures, the most doubtful first
WANTED = 0.01  # of the good pictures: what a limit may refuse by itself
# Each limit: its key, the place in it where it has two, the check, the measurement, and whether more of it is worse.
LIMITS = (
    ("max_blur", None, checks.BLURRED, "blur", True),
    ("exposure", 0, checks.EXPOSURE, "luminance", False),
    ("exposure", 1, checks.EXPOSURE, "luminance", True),
    ("max_border", None, checks.BORDER, "border", True),
    ("max_watermark", None, checks.WATERMARK, "watermark", True),
    ("min_shirt_score", None, checks.NO_SHIRT, "score", False),
    ("min_outline", None, checks.NO_SHIRT, "outline", False),
    ("max_second_score", None, checks.SEVERAL_SHIRTS, "second_score", True),
    ("max_edge", None, checks.CLOSE_UP, "edge", True),
    ("max_bleached", None, checks.EXPOSURE, "bleached", True),
    ("min_upright", None, checks.NOT_UPRIGHT, "upright", False),
    ("min_frontal_score", None, checks.NOT_FRONTAL, "score", False),
    ("max_asymmetry", None, checks.NOT_FRONTAL, "asymmetry", True),
    ("shirt_aspect", 0, checks.NOT_FRONTAL, "aspect", False),
    ("shirt_aspect", 1, checks.NOT_FRONTAL, "aspect", True),
    ("min_landmarks", None, checks.NOT_FRONTAL, "landmarks", False),
)


def main() -> None:
    """Measure all pictures and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--garments", type=Path, required=True, help="labelled collection: images, annos, labels.csv")
    parser.add_argument("--photos", type=Path, help="photos of people in DeepFashion2's layout: train, validation")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/")
    parser.add_argument("--train", type=int, default=32, help="good pictures of the train split that are made faulty")
    parser.add_argument("--count", type=int, default=48, help="the same of the other splits")
    parser.add_argument("--measured", type=Path, help="file of measurements: read if it exists, else written")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    limits = load_params().cleaning
    found = report(samples_of(arguments), limits)
    found |= {"hosts": hosts(arguments.garments, limits), "copies": copies(arguments.garments, limits)}
    print(json.dumps(found, indent=2))


def samples_of(arguments: argparse.Namespace) -> list[Sample]:
    """The samples of an earlier run, or measured now."""
    if arguments.measured is not None and arguments.measured.is_file():
        return read_samples(arguments.measured)
    model = load_model(arguments.models / "mask_rcnn")
    samples = list(sample(arguments.garments, arguments.photos, model, arguments.train, arguments.count))
    if arguments.measured is not None:
        write_samples(arguments.measured, samples)
    return samples


def report(samples: Sequence[Sample], limits: CleaningConfig) -> dict[str, Any]:
    """All figures of single pictures."""
    good = [one for one in samples if not one.fault and not one.train]
    faults = [fault for fault in FOUND_BY if any(one.fault == fault for one in samples)]
    return {
        "limits": [evidence(samples, limits, *row) for row in LIMITS],
        "good": {"pictures": len(good), **refused_by_check(good, limits)},
        "good_of_train": refused_by_check([one for one in samples if not one.fault and one.train], limits),
        "faults": {
            fault: scores(good, [one for one in samples if one.fault == fault], fault, limits) for fault in faults
        },
        "doubt": ranking([one for one in samples if not one.train], limits),
    }


def evidence(
    samples: Sequence[Sample], limits: CleaningConfig, key: str, place: int | None, check: str, measure: str, high: bool
) -> dict[str, Any]:
    """What a limit does on the train split, and what the limit would do that refuses one good picture in a hundred."""
    values = {
        fault: np.array([measured(one, measure) for one in samples if one.train and one.fault == fault])
        for fault in ("", *(fault for fault, by in FOUND_BY.items() if by == check))
    }
    set_to = getattr(limits, key) if place is None else getattr(limits, key)[place]
    strict = float(np.quantile(values[""], 1 - WANTED if high else WANTED, method="higher" if high else "lower"))

    def beyond(fault: str, limit: float) -> float | None:
        found = values[fault]
        return round(float((found > limit if high else found < limit).mean()), 3) if len(found) else None

    return {
        "limit": key if place is None else f"{key}[{place}]",
        "set_to": set_to,
        "good_pictures": len(values[""]),
        "good_percentiles_1_50_99": np.round(np.percentile(values[""], [1, 50, 99]), 4).tolist(),
        "good_refused": beyond("", set_to),
        "limit_of_one_in_a_hundred": round(strict, 4),
        "found": {fault: [beyond(fault, set_to), beyond(fault, strict)] for fault in values if fault},
    }


def measured(one: Sample, measure: str) -> float:
    """A measurement by its name; landmarks of a model without them never refuse."""
    if measure == "watermark":
        return one.watermark
    value = getattr(one.pixels if hasattr(one.pixels, measure) else one.shirts, measure)
    return 1.0 if value is None else float(value)


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


if __name__ == "__main__":
    main()
