"""Let cut-outs be made only with a Mask R-CNN that is good enough: `data/gate_mask_rcnn.json`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tryon.config import load_params
from tryon.console import run_stage
from tryon.errors import DataError, GateError
from tryon.outputs import write_json

_SIGNS = {"min": "at least", "max": "at most"}


def main(argv: Sequence[str]) -> None:
    """Write the small file that cut-outs depend on, or stop with the metrics that miss their limits by name."""
    arguments = _parse(argv)
    arguments.out.unlink(missing_ok=True)
    limits = asdict(load_params().quality)
    figures = _read(arguments.metrics, [_metric(name) for name in limits])
    failed = [_sentence(name, limit, figures) for name, limit in limits.items() if not _is_met(name, limit, figures)]
    if failed:
        raise GateError(
            f"Mask R-CNN missed {len(failed)} of {len(limits)} limits",
            received="".join(f"\n    {sentence}" for sentence in failed),
            needed="a model within all limits of `quality` in params.yaml",
            remedy="look at reports/mask_rcnn/worst and slices.csv, train longer or on more photos like these; "
            "lower a limit only if you would show such cut-outs to a customer",
        )
    # Names only: the figures of a model that passes again must not make everything after it again.
    write_json(arguments.out, {"passed": True, "limits": [_metric(name) for name in limits]})


def _read(metrics: Path, wanted: Sequence[str]) -> dict[str, Any]:
    try:
        figures = json.loads(metrics.read_text(encoding="utf-8"))
        return {name: float(figures[name]) for name in wanted}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{metrics} is no result of evaluate_mask_rcnn",
            received=error,
            needed=f"numbers for {', '.join(wanted)}",
            remedy="run the stage evaluate_mask_rcnn",
        ) from error


def _metric(name: str) -> str:
    return name.split("_", 1)[1]


def _is_met(name: str, limit: float, figures: dict[str, Any]) -> bool:
    value = figures[_metric(name)]
    return bool(value >= limit if name.startswith("min_") else value <= limit)


def _sentence(name: str, limit: float, figures: dict[str, Any]) -> str:
    sign, metric = name.split("_", 1)
    return f"{metric} {figures[metric]:.4g}, {_SIGNS[sign]} {limit:.4g} is asked for"


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gate_mask_rcnn", description=__doc__)
    parser.add_argument("--metrics", type=Path, required=True, help="what evaluate_mask_rcnn wrote")
    parser.add_argument("--out", type=Path, required=True, help="file to write when the model passed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("gate_mask_rcnn", main))
