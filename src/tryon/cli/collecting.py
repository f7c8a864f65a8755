"""`tryon collect`: pictures from the network into data/collected."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tryon.cli.application import app
from tryon.errors import ServiceError

if TYPE_CHECKING:
    from tryon.collecting.collection import Report

COLLECTED = Path("data/collected")
FORGOTTEN = Path("decisions/forgotten.csv")


@app.command()
def collect(
    slugs: Annotated[
        list[str] | None, typer.Argument(metavar="[SLUG]...", help="Names of collecting.queries; all if none is given.")
    ] = None,
) -> None:
    """Collect openly licensed pictures, politely.

    Killed or failed, run again, it goes on where it stopped.

    \b
    Example:
    tryon collect blue_t_shirt
    """
    import os

    from tryon.collecting.guard import Guard, loopback_endpoints
    from tryon.collecting.running import collect as run
    from tryon.collecting.sources.registry import find_source
    from tryon.config import load_params
    from tryon.formats.tombstones import read_tombstones

    reports = run(
        COLLECTED,
        slugs or [],
        load_params().collecting,
        find_source=find_source,
        tombstones=read_tombstones(FORGOTTEN),
        guard=Guard(loopback=loopback_endpoints(os.environ)),
    )
    _show(reports)


def _show(reports: "list[Report]") -> None:
    """A line for each collection and what refused the others; an error where sources failed and nothing came."""
    from tryon.console import print_table

    for report in reports:
        total = sum(report.verdicts.values())
        print(f"{COLLECTED / report.slug}: {report.verdicts.get('kept', 0)} of {total} candidates kept")
    verdicts = sorted({verdict for report in reports for verdict in report.verdicts} - {"kept"})
    if verdicts:
        rows = [(verdict, *(str(report.verdicts.get(verdict, 0)) for report in reports)) for verdict in verdicts]
        print_table(("refused", *(report.slug for report in reports)), rows)
    silent = [report for report in reports if report.troubles and not report.verdicts]
    if silent:
        raise ServiceError(
            f"nothing was found for {', '.join(report.slug for report in silent)}",
            received="; ".join(trouble for report in silent for trouble in report.troubles),
            remedy="try again later, or choose other sources in collecting.queries",
        )
