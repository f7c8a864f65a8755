"""Accepting a version of the data: from then on its distributions are what later versions are compared with."""

import json
from collections.abc import Sequence
from pathlib import Path

from tryon.curating import drift
from tryon.curating.candidates import PICTURE_SUFFIXES
from tryon.curating.drift import Drift
from tryon.curating.measuring import examine, in_threads
from tryon.curating.traits import APPEARANCE, appearance
from tryon.errors import DataError, GateError
from tryon.outputs import write_json

METRICS = Path("metrics/data.json")
DISTRIBUTIONS = Path("reports/data/distributions.json")
ACCEPTED = Path("decisions/accepted_data.json")
_DRIFT = "drift.steady"
_PICTURES = "pictures"


def accept_data(root: Path) -> int:
    """Take the distributions that `validate_data` found as the accepted ones; how many traits they are of.

    Raises:
        GateError: an expectation failed, other than that nothing drifted.
        DataError: there is no data check yet.
    """
    try:
        figures = json.loads((root / METRICS).read_text(encoding="utf-8"))
        found = drift.read_accepted(root / DISTRIBUTIONS)
        failed = [one["expectation"] for one in figures["failed"] if one["expectation"] != _DRIFT]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError("there is no data check to accept", received=error, remedy="dvc repro gate_data") from error
    if failed:
        raise GateError(
            "the data does not meet its expectations",
            received=", ".join(failed),
            needed="all of them, drift aside",
            remedy="look at reports/data/index.html and mend the data first",
        )
    write_json(root / ACCEPTED, found)
    return sum(map(len, found.values()))


def compare_folders(before: Path, now: Path) -> list[Drift]:
    """How the pictures of two folders differ in size, sharpness, light and colour.

    Raises:
        DataError: a folder has no picture that can be decoded.
    """
    values = [{_PICTURES: _appearances(folder)} for folder in (before, now)]
    return drift.compare(drift.describe(values[0]), values[1])


def _appearances(folder: Path) -> dict[str, Sequence[float | str]]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    looks = [look for look in in_threads(_appearance, paths) if look["aspect"] is not None]
    if not looks:
        raise DataError(f"{folder} has no picture to compare", received=f"{len(paths)} picture files")
    return {trait: [value for look in looks if (value := look[trait]) is not None] for trait in APPEARANCE}


def _appearance(path: Path) -> dict[str, float | None]:
    return appearance(*examine(path))
