"""Stage `write_report`: one offline page of everything that a run made."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.console import run_stage


def main(argv: Sequence[str]) -> None:
    """Write the report of the run in the working folder."""
    parser = argparse.ArgumentParser(prog="write_report", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the page to write")
    args = parser.parse_args(argv)

    from tryon.config import load_params
    from tryon.reporting.page import write_report
    from tryon.tracking import run_key

    write_report(Path(), args.out, load_params(), run_key())


if __name__ == "__main__":
    sys.exit(run_stage("write_report", main))
