"""`validate_data`: read the curated data, compare it with its expectations, and record the result whatever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tryon.config import ValidationConfig
from tryon.curating import drift
from tryon.curating.checks import checks
from tryon.curating.drift import Drift
from tryon.curating.expectations import Outcome, run_checks
from tryon.curating.facts import Facts, gather_facts
from tryon.curating.ledgers import LedgerRules, collections_of, gather_ledgers
from tryon.curating.report import write_report
from tryon.curating.splitting import SPLITS
from tryon.formats.decisions import Decision
from tryon.formats.tombstones import Tombstones
from tryon.outputs import write_json

DISTRIBUTIONS = "distributions.json"  # of the report: what `tryon accept` accepts
_NAMED_ROWS = 50  # of a failed expectation in the metrics file, which lies in Git


@dataclass(frozen=True)
class Curated:
    """What is validated.

    Args:
        photos: folder that `curate_photos` wrote.
        garments: folder that `curate_garments` wrote.
        sources: what these were made from; those with a ledger are held against it.
        tombstones: what was forgotten.
        decisions: a person's, by sha256.
        accepted: distributions of the version that was accepted; nothing is compared where it is empty.
    """

    photos: Path
    garments: Path
    sources: Sequence[Path] = ()
    tombstones: Tombstones = field(default_factory=Tombstones)
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    accepted: Mapping[str, drift.Described] = field(default_factory=dict)


def validate_data(curated: Curated, validation: ValidationConfig, *, metrics: Path, report: Path) -> dict[str, Any]:
    """Check the data; write `metrics` (figures and failures) and the folder `report` (a page, results, distributions).

    Returns:
        The content of the metrics file.

    Raises:
        DataError: a folder, manifest or ledger cannot be read at all. Data that is merely bad is recorded, not raised.
    """
    facts = gather_facts(curated.photos, curated.garments, validation, curated.tombstones.sha256s)
    if collections := collections_of(curated.sources):
        rules = LedgerRules(validation.licences, curated.tombstones, curated.decisions)
        facts.tables |= gather_ledgers(collections, rules)
    values = drift.values_of(facts)
    moves = drift.compare(curated.accepted, values)
    if moves:
        facts.tables["drift"] = [_drift_row(move) for move in moves]
    validated = run_checks(facts, checks(validation, facts.tables))
    figures = summary(facts, validated.outcomes, moves)
    folders = {"photos": curated.photos, "garments": curated.garments}
    write_report(report, folders, facts, validated, figures, moves)
    write_json(report / DISTRIBUTIONS, drift.describe(values))
    write_json(metrics, figures)
    return figures


def summary(facts: Facts, outcomes: Sequence[Outcome], moves: Sequence[Drift] = ()) -> dict[str, Any]:
    """The figures by their names of the design, and `failed`: each failed expectation with the rows to blame."""
    photos = [row["split"] for row in facts.tables["photos"]]
    failed = [outcome for outcome in outcomes if not outcome.passed]
    return {
        **{f"photos_{split}": photos.count(split) for split in SPLITS},
        "garments": len({row["file"] for row in facts.tables["garments"]}),
        "collected": len(facts.tables.get("ledger", ())),
        "drifted": sum(move.moved for move in moves),
        **{f"drift/{move.name}": round(move.psi, 4) for move in moves},
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


def _drift_row(move: Drift) -> dict[str, Any]:
    return {
        "label": f"{move.name}: stability index {move.psi:.2f}",
        "steady": not move.moved,
        "psi": move.psi,
        "chance": move.chance,
    }
