"""Every test pair fitted: photo and garment in, result and soft mask out: `data/results`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage, track

COLUMNS = ("photo", "garment", "pattern", "result", "alpha", "refusal", "recognised", "garment_lab", "alignment")


def main(argv: Sequence[str]) -> None:
    """Fit the pairs; a pair that cannot be fitted is a row with the reason."""
    arguments = _parse(argv)
    params = load_params()
    from tryon.fitting import Fitter
    from tryon.fitting.pairs import PairFitter
    from tryon.formats.tables import read_table, write_table
    from tryon.outputs import new_folder
    from tryon.tracking import run_key

    pairs = read_table(arguments.pairs / "pairs.csv", ("photo", "garment", "pattern", "answer"))
    fitter = Fitter.load(arguments.mask_rcnn, arguments.cyclegan, params.fitting, params.cutouts.margin)
    with new_folder(arguments.out) as building:
        pair_fitter = PairFitter(fitter, building, run_key())
        rows = []
        for pair in track(pairs, "fitted"):
            photo = _first(arguments.photos, f"*/image/{pair['photo']}")
            garment = _first(arguments.garments, f"*/{pair['garment']}")
            words = {name: pair[name] for name in ("photo", "garment", "pattern")}
            rows.append(words | pair_fitter.fit(photo, garment))
        write_table(building / "results.csv", COLUMNS, rows)


def _first(folder: Path, pattern: str) -> Path | None:
    return next(iter(sorted(folder.glob(pattern))), None)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fit_pairs", description=__doc__)
    for name in ("pairs", "photos", "garments", "mask-rcnn", "cyclegan", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="folder, as in docs/reference/artifacts.md")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("fit_pairs", main))
