"""Speed of our networks beside the reference implementations, alternating in one run.

python benchmarks/side_by_side.py mask_rcnn --python PYTHON [--cases inference inference-full heads 3+ all] [--rounds 2]
python benchmarks/side_by_side.py cyclegan --python PYTHON [--cases inference step] [--rounds 2]

PYTHON is an interpreter in whose environment the reference can be imported: for Mask R-CNN Python 3.7 with mrcnn 0.2,
imgaug, TensorFlow 1.15, Keras 2.2.5, h5py below 3 and protobuf below 3.21; for CycleGAN any Python with torch. Neither
is in this project's environment. Sizes are those of the usual comparison: Mask R-CNN with ResNet-50 at 256 px,
inference of one picture and training steps of two; CycleGAN with ResNet generators of 9 blocks, inference at 256 px and
steps at 128 px with one picture.

Prints JSON: for each case of both the median and the least milliseconds of a call and the peak memory of the process
in MiB, as medians over all rounds, and `times_faster`, the ratio of the medians. Every measurement is a process of its
own.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# By network and case: our case, picture side and batch.
CASES = {
    "mask_rcnn": {case: (256, 1 if "inference" in case else 2) for case in
                  ("inference", "inference-full", "heads", "3+", "all")},
    "cyclegan": {"inference": (256, 1), "step": (128, 1)},
}  # fmt: skip
CHILDREN = {"mask_rcnn": "mask_rcnn_reference_child.py", "cyclegan": "cyclegan_pytorch_child.py"}


def main() -> None:
    """Measure every case of both in turn and print the ratios as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=tuple(CASES))
    parser.add_argument("--python", required=True, help="interpreter that has the reference")
    parser.add_argument("--cases", nargs="+", help="default: all of the network")
    parser.add_argument("--rounds", type=int, default=2, help="how often both are measured")
    parser.add_argument("--repeats", type=int, default=8, help="calls of ours, and of the reference's inference")
    parser.add_argument("--reference-repeats", type=int, help="calls of the reference's training step")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    known = CASES[arguments.network]
    cases = arguments.cases or list(known)
    if unknown := set(cases) - set(known):
        parser.error(
            f"no such cases of {arguments.network}: {', '.join(sorted(unknown))}; there are {', '.join(known)}"
        )
    print(json.dumps({"threads": arguments.threads, "cases": [compare(arguments, case) for case in cases]}, indent=2))


def compare(arguments: argparse.Namespace, case: str) -> dict[str, Any]:
    """Both in turn, and by how much ours is faster."""
    rounds = []
    for number in range(arguments.rounds):
        print(f"{case}, round {number + 1} of {arguments.rounds} ...", file=sys.stderr)
        rounds.append((ours(arguments, case), reference(arguments, case)))
    own, other = (middle(measured) for measured in zip(*rounds, strict=True))
    ratio = round(other["median_ms"] / own["median_ms"], 2)
    return {"case": case, "ours": own, "reference": other, "times_faster": ratio}


def ours(arguments: argparse.Namespace, case: str) -> dict[str, float]:
    """What this project's own benchmark measures."""
    side, batch = CASES[arguments.network][case]
    size = ["--size-px", str(side), "--batch", str(batch)]
    options = ["--cases", case, "--repeats", str(arguments.repeats), "--threads", str(arguments.threads)]
    command = [sys.executable, str(HERE / f"{arguments.network}.py"), *size, *options]
    (measured,) = json.loads(printed(command))["cases"]
    return dict(measured)


def reference(arguments: argparse.Namespace, case: str) -> dict[str, float]:
    """What the reference's own interpreter measures."""
    side, batch = CASES[arguments.network][case]
    repeats = arguments.repeats if "inference" in case else arguments.reference_repeats or arguments.repeats
    given = [case, str(side), str(batch), str(repeats), str(arguments.threads)]
    return dict(
        json.loads(printed([arguments.python, str(HERE / CHILDREN[arguments.network]), *given]).splitlines()[-1])
    )


def printed(command: Sequence[str]) -> str:
    """Standard output of a command; its errors are shown where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return done.stdout


def middle(measured: Sequence[dict[str, float]]) -> dict[str, float]:
    """Medians over the rounds."""
    names = ("median_ms", "least_ms", "peak_memory_mib")
    return {name: round(statistics.median(each[name] for each in measured), 1) for name in names}


if __name__ == "__main__":
    main()
