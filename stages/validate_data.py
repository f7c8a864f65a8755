"""Compare the curated data with its expectations and record the result: `metrics/data.json`, `reports/data`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage

logger = logging.getLogger("tryon")


def main(argv: Sequence[str]) -> None:
    """Validate as `params.yaml` says; bad data is recorded here and stopped by the gate."""
    arguments = _parse(argv)
    params = load_params()
    from tryon.curating.drift import read_accepted
    from tryon.curating.validating import Curated, validate_data
    from tryon.formats.decisions import read_decisions
    from tryon.formats.tombstones import read_tombstones

    curated = Curated(
        arguments.photos,
        arguments.garments,
        sources=arguments.sources,
        tombstones=read_tombstones(arguments.forgotten),
        decisions=read_decisions(arguments.decisions),
        accepted=read_accepted(arguments.accepted),
    )
    figures = validate_data(curated, params.validation, metrics=arguments.metrics, report=arguments.report)
    logger.info(
        "%s: %d of %d expectations failed %s",
        arguments.metrics,
        figures["expectations_failed"],
        figures["expectations"],
        [failed["expectation"] for failed in figures["failed"]] or "",
    )


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="validate_data", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="curated photos")
    parser.add_argument("--garments", type=Path, required=True, help="curated garments")
    parser.add_argument("--sources", type=Path, nargs="+", required=True, help="folders these were curated from")
    parser.add_argument("--decisions", type=Path, required=True, help="a person's decisions about garments")
    parser.add_argument("--forgotten", type=Path, required=True, help="what must not be there")
    parser.add_argument("--accepted", type=Path, required=True, help="distributions of the accepted version")
    parser.add_argument("--metrics", type=Path, required=True, help="JSON file of figures and failures to write")
    parser.add_argument("--report", type=Path, required=True, help="folder of the page to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("validate_data", main))
