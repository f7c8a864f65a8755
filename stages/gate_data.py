"""Let the pipeline go on only with data that met its expectations: `data/gate.json`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tryon.console import run_stage
from tryon.errors import DataError, GateError
from tryon.outputs import write_json

_NAMED_ROWS = 3  # of each failed expectation; the report shows more, with pictures


def main(argv: Sequence[str]) -> None:
    """Write the small file that everything after depends on, or stop with the failed expectations by name."""
    arguments = _parse(argv)
    arguments.out.unlink(missing_ok=True)
    figures = _read(arguments.metrics)
    if figures["expectations_failed"]:
        raise GateError(
            f"the data failed {figures['expectations_failed']} of {figures['expectations']} expectations",
            received="".join(f"\n    {_sentence(failed)}" for failed in figures["failed"]),
            needed="data that meets all of them, within the tolerances of `validation` in params.yaml",
            remedy="look at reports/data/index.html, mend the source or reject pictures in decisions/, then run again",
        )
    write_json(arguments.out, {"passed": True, "expectations": figures["expectations"]})


def _read(metrics: Path) -> dict[str, Any]:
    try:
        figures = json.loads(metrics.read_text(encoding="utf-8"))
        figures["expectations"], figures["expectations_failed"], figures["failed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{metrics} is no result of validate_data",
            received=error,
            needed="expectations, expectations_failed and failed",
            remedy="run the stage validate_data",
        ) from error
    return dict(figures)


def _sentence(failed: dict[str, Any]) -> str:
    """One failed expectation with its first failing rows."""
    rows, named = failed["rows"], failed["rows"][:_NAMED_ROWS]
    more = f" and {failed['failing_rows'] - len(named)} more" if failed["failing_rows"] > len(named) else ""
    return f"{failed['expectation']} ({failed['meaning']})" + (f": {', '.join(named)}{more}" if rows else "")


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gate_data", description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="what validate_data wrote")
    parser.add_argument("--out", type=Path, required=True, help="file to write when the data passed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("gate_data", main))
