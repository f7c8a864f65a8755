"""Scores of the fitted pairs beside the three results without a network: `metrics/fitting.json`, `reports/fitting`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage, track


def main(argv: Sequence[str]) -> None:
    """Score every pair, and show the best and the worst."""
    arguments = _parse(argv)
    params = load_params()
    from tryon.evaluation.fitted_pairs import Folders, case_sheets, read_pairs, score_columns
    from tryon.evaluation.fitting import score_pair, summarise
    from tryon.formats.tables import write_table
    from tryon.images.files import write_png
    from tryon.outputs import new_folder, write_json
    from tryon.tracking import start_run

    folders = Folders(arguments.pairs, arguments.photos, arguments.garments, arguments.results)
    rows = [(read.row, score_pair(read.pair) if read.pair else None) for read in track(read_pairs(folders), "scored")]
    scored = [(row, scores) for row, scores in rows if scores is not None]
    figures = summarise(scored, refused=len(rows) - len(scored), seed=params.seed)
    with new_folder(arguments.report) as building:
        write_table(building / "by_pair.csv", *score_columns(rows))
        for name, sheet in case_sheets(folders, scored):
            write_png(building / "cases" / f"{name}.png", sheet)
        with start_run("evaluate_fitting", {}, {"results": arguments.results}) as run:
            run.log_metrics({key: value for key, value in figures.items() if "/" not in key})
            run.log_file(building / "by_pair.csv", "fitting")
    write_json(arguments.metrics, figures)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate_fitting", description=__doc__)
    for name in ("pairs", "photos", "garments", "results", "metrics", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="as in docs/reference/artifacts.md")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("evaluate_fitting", main))
