"""Render the embedded default data: photos, garments, and pairs with exact answers."""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage, track


def main(argv: Sequence[str]) -> None:
    """Write the three folders named on the command line from `seed` and `render` of params.yaml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder for photos in DeepFashion2's layout")
    parser.add_argument("--garments", type=Path, required=True, help="folder for the collection of shop pictures")
    parser.add_argument("--pairs", type=Path, required=True, help="folder for pairs.csv and the exact answers")
    arguments = parser.parse_args(argv)
    params = load_params()

    from tryon.rendering.dataset import write_dataset

    folders = (arguments.photos, arguments.garments, arguments.pairs)
    watch = partial(track, what="rendered")
    write_dataset(params.render, params.seed, *folders, workers=os.cpu_count() or 1, watch=watch)


if __name__ == "__main__":
    sys.exit(run_stage("render_dataset", main))
