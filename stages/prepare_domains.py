"""The two sides of one pattern's CycleGAN from the cut-outs: `data/domains/PATTERN`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage

logger = logging.getLogger("tryon")


def main(argv: Sequence[str]) -> None:
    """Sort cut-outs into the two sides, augment the training ones, and log how many pictures each side has."""
    arguments = _parse(argv)
    params = load_params()
    from tryon.datasets.all_patterns import gather_all_sides
    from tryon.datasets.domains import gather_sides, write_domains
    from tryon.outputs import new_folder

    manifest, least = arguments.garments / "manifest.csv", params.domains.min_pictures
    if params.cyclegan.mode == "conditional":
        unseen = params.cyclegan.unseen_patterns
        sides = gather_all_sides(arguments.cutouts, manifest, params.domains.source, unseen, least)
    else:
        sides = gather_sides(arguments.cutouts, manifest, arguments.pattern, params.domains.source, least)
    with new_folder(arguments.out) as building:
        counts = write_domains(
            sides,
            building,
            params.cyclegan.size_px,
            params.domains,
            params.seed,
            plain_in_grey=params.cyclegan.plain_in_grey,
        )
    for side, count in counts.items():
        logger.info("%s/%s: %d pictures of %d cut-outs", arguments.out, side, count, len(sides.pictures[side]))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="prepare_domains", description=__doc__)
    parser.add_argument("--pattern", required=True, help="target pattern, as in params.yaml `patterns`")
    parser.add_argument("--cutouts", type=Path, required=True, help="folder written by segment_garments")
    parser.add_argument("--garments", type=Path, required=True, help="folder written by curate_garments")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("prepare_domains", main))
