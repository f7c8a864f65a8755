"""How many faulty pictures cleaning finds, how many good ones it refuses, and what each limit is chosen from.

python benchmarks/cleaning.py --garments ../shared/data/garments --models models [--photos ../shared/data/deepfashion2]

Good pictures: those of labels.csv that lie flat or hang. Faulty ones: the labelled close-ups and bad views, good
pictures made faulty in known ways (benchmarks/faulty_pictures.py), and other garments cut out of `--photos`.
`limits` and `train` are of the train split alone, whose good pictures are those that no model was trained on (they have
no outline): for each limit its place among them, how many it refuses, the part of its faults that it finds, and the
limit that the rule of benchmarks/cleaning_limits.py chooses. All other figures are of the validation and test splits
with the limits of params.yaml, each fault beside all good pictures: `own` is by the check meant for it, `any` by all.
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
from cleaning_limits import LIMITS, choose
from cleaning_pairs import copies, hosts
from cleaning_samples import FOUND_BY, Sample, compared, read_samples, sample, write_samples

from tryon.cleaning import checks
from tryon.cleaning.checks import doubt
from tryon.cleaning.model import load_model
from tryon.config import load_params
from tryon.config_collections import CleaningConfig

REVIEWED = 0.2  # of the pictures, the most doubtful first


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
    found = report(compared(samples_of(arguments)), limits)
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
        "limits": evidence(samples, limits),
        "good": {"pictures": len(good), **refused_by_check(good, limits)},
        "train": {
            "good": refused_by_check([one for one in samples if not one.fault and one.train], limits),
            "found_by_any": found_by_any([one for one in samples if one.train], limits),
        },
        "faults": {
            fault: scores(good, [one for one in samples if one.fault == fault], fault, limits) for fault in faults
        },
        "doubt": ranking([one for one in samples if not one.train], limits),
    }


def evidence(samples: Sequence[Sample], limits: CleaningConfig) -> list[dict[str, Any]]:
    """For each limit what it does on the train split, beside the limit that the rule of cleaning_limits.py chooses."""
    train = [one for one in samples if one.train]
    by_fault = {fault: [one for one in train if one.fault == fault] for fault in ("", *FOUND_BY)}
    chosen = choose(train)
    return [
        {
            "limit": limit.name,
            "set_to": limit.of(limits),
            "chosen": chosen[limit.name],
            "good_percentiles_1_50_99": np.round(np.percentile(limit.values(by_fault[""]), [1, 50, 99]), 4).tolist(),
            "good_refused": int(limit.beyond(by_fault[""], limit.of(limits)).sum()),
            "found": {
                fault: round(float(limit.beyond(those, limit.of(limits)).mean()), 3)
                for fault, those in by_fault.items()
                if those and FOUND_BY.get(fault) == limit.check
            },
        }
        for limit in LIMITS
    ]


def refused_by_check(good: Sequence[Sample], limits: CleaningConfig) -> dict[str, int]:
    """How many good pictures each check refuses."""
    counts = {
        check: sum(one.refused(limits, check) for one in good) for check in checks.PIXEL_CHECKS + checks.SHIRT_CHECKS
    }
    return {"any": sum(one.refused(limits) for one in good)} | {check: n for check, n in counts.items() if n}


def found_by_any(samples: Sequence[Sample], limits: CleaningConfig) -> dict[str, float]:
    """The part of each fault that any check finds."""
    return {
        fault: round(float(np.mean([one.refused(limits) for one in samples if one.fault == fault])), 3)
        for fault in FOUND_BY
        if any(one.fault == fault for one in samples)
    }


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
