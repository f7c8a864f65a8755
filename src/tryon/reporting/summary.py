"""The end of a run on a terminal: where the report is, and its headline figures beside their targets.

`python -m tryon.reporting.summary reports/index.html` prints the same for a report that is already there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.config import PARAMS_FILE, load_params
from tryon.console import print_table, run_command
from tryon.errors import DataError
from tryon.reporting.figures import VERDICT_COLOURS, figure_rows
from tryon.reporting.page import headline


def print_summary(root: Path, report: Path) -> None:
    """The headline table of the run in `root` and the report's whole path, on stdout.

    Raises:
        DataError: the report has not been written.
    """
    if not report.is_file():
        raise DataError(f"{report} is missing: no report has been written", remedy="run `make repro`")
    print_table(*figure_rows(headline(root, load_params(root / PARAMS_FILE))), VERDICT_COLOURS)
    print(f"Report: {report.resolve()}")


def main(argv: Sequence[str]) -> None:
    """Print the summary of the run in the working folder."""
    parser = argparse.ArgumentParser(prog="python -m tryon.reporting.summary", description=__doc__)
    parser.add_argument("report", type=Path, help="the page that was written")
    print_summary(Path(), parser.parse_args(argv).report)


if __name__ == "__main__":
    sys.exit(run_command("summary", main))
