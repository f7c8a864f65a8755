"""Shop garments of each pattern, chosen by their labels: `data/garments`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage

logger = logging.getLogger("tryon")


def main(argv: Sequence[str]) -> None:
    """Curate the garments as `params.yaml` says, and log what was kept and why the rest was not."""
    arguments = _parse(argv)
    params = load_params()
    from tryon.curating.garments import curate_garments
    from tryon.formats.decisions import read_decisions
    from tryon.formats.tombstones import read_tombstones

    counts = curate_garments(
        arguments.garments,
        arguments.out,
        garments=params.garments,
        decisions=read_decisions(arguments.decisions),
        forgotten=read_tombstones(arguments.forgotten).sha256s,
        seed=params.seed,
    )
    logger.info("%s: %s", arguments.out, ", ".join(f"{what} {count}" for what, count in sorted(counts.items())))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="curate_garments", description=__doc__)
    parser.add_argument("--garments", type=Path, required=True, help="garment collection with labels.csv")
    parser.add_argument("--decisions", type=Path, required=True, help="a person's decisions, keyed by sha256")
    parser.add_argument("--forgotten", type=Path, required=True, help="what must not be used again")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("curate_garments", main))
