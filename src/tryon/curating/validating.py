"""`validate_data`: read the curated data, compare it with its expectations, and record the result whatever it is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tryon.config import ValidationConfig
from tryon.curating.checks import checks
from tryon.curating.expectations import Outcome, run_checks
from tryon.curating.facts import Facts, gather_facts
from tryon.curating.report import write_report
from tryon.curating.splitting import SPLITS
from tryon.outputs import write_json

_NAMED_ROWS = 50  # of a failed expectation in the metrics file, which lies in Git


def validate_data(
    photos: Path, garments: Path, validation: ValidationConfig, *, metrics: Path, report: Path
) -> dict[str, Any]:
    """Check both curated folders; write `metrics` (figures and failures) and the folder `report` (a page, results).

    Returns:
        The content of the metrics file.

    Raises:
        DataError: a folder or manifest cannot be read at all. Data that is merely bad is recorded, not raised.
    """
    facts = gather_facts(photos, garments, validation)
    validated = run_checks(facts, checks(validation))
    figures = summary(facts, validated.outcomes)
    write_report(report, photos, garments, facts, validated, figures)
    write_json(metrics, figures)
    return figures


def summary(facts: Facts, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The figures by their names of the design, and `failed`: each failed expectation with the rows to blame."""
    photos = [row["split"] for row in facts.tables["photos"]]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    return {
        **{f"photos_{split}": photos.count(split) for split in SPLITS},
        "garments": len({row["file"] for row in facts.tables["garments"]}),
        "expectations": len(outcomes),
        "expectations_failed": len(failed),
        "failed": [
            {
                "expectation": outcome.check.name,
                "meaning": outcome.check.meaning,
                "failing_rows": len(outcome.failing),
                "rows": [facts.tables[outcome.check.table][row]["label"] for row in outcome.failing[:_NAMED_ROWS]],
            }
            for outcome in failed
        ],
    }
