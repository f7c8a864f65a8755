"""The page of a data check: one offline HTML file with the failing pictures, beside Great Expectations' own results."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2

from tryon.curating.drift import Drift
from tryon.curating.expectations import Outcome, Validated
from tryon.curating.facts import Facts, Row
from tryon.curating.splitting import SPLITS
from tryon.curating.thumbnails import thumbnail
from tryon.outputs import new_folder, write_json, write_text

_SHOWN_ROWS = 12  # pictures for each expectation: enough to see the kind of fault
_HEADINGS = {
    "photos_manifest": "Photos",
    "photos": "Photos",
    "items": "Annotated items",
    "garments_manifest": "Garments",
    "garments": "Garments",
    "counts": "Numbers",
    "ledger": "Collections and their ledgers",
    "collected_files": "Collections and their ledgers",
    "drift": "Drift",
}
_SLICES = ("source", "viewpoint", "scale", "occlusion", "zoom_in")


def write_report(
    out: Path,
    folders: Mapping[str, Path],
    facts: Facts,
    validated: Validated,
    figures: Mapping[str, Any],
    moves: Sequence[Drift] = (),
) -> None:
    """Write `out/index.html` and `out/gx/TABLE.json`; `folders` are those of `photos` and `garments`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    page = environment.get_template("report.html.jinja").render(
        figures=figures,
        groups=_grouped([_described(outcome, facts) for outcome in validated.outcomes]),
        failures=[_shown(outcome, facts, folders) for outcome in validated.outcomes if outcome.failing],
        moves=[_drawn(move) for move in sorted(moves, key=lambda move: (not move.moved, -move.psi))],
        dropped={name: _dropped(facts.tables[f"{name}_manifest"]) for name in ("photos", "garments")},
        slices=_slices(facts.tables["photos_manifest"]),
        splits=SPLITS,
    )
    with new_folder(out) as folder:
        write_text(folder / "index.html", page)
        for table, result in validated.documents.items():
            write_json(folder / "gx" / f"{table}.json", _without_run(result))


def _described(outcome: Outcome, facts: Facts) -> Row:
    return {
        "name": outcome.check.name,
        "meaning": outcome.check.meaning,
        "passed": outcome.passed,
        "rows": len(facts.tables[outcome.check.table]),
        "failing": len(outcome.failing),
    }


def _grouped(described: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """The expectations under headings, in the order of their tables."""
    groups: dict[str, list[Row]] = {}
    for one in described:
        groups.setdefault(_HEADINGS[one["name"].split(".")[0]], []).append(one)
    return list(groups.items())


def _shown(outcome: Outcome, facts: Facts, folders: Mapping[str, Path]) -> Row:
    """A failed or tolerated expectation with thumbnails of its first failing rows."""
    first = "garments" if outcome.check.table.startswith("garment") else "photos"
    places = [folders[first], *(folder for name, folder in folders.items() if name != first), Path()]
    rows = [facts.tables[outcome.check.table][number] for number in outcome.failing]
    return {
        **_described(outcome, facts),
        "cards": [_card(places, row) for row in rows[:_SHOWN_ROWS]],
        "more": max(0, len(rows) - _SHOWN_ROWS),
    }


def _card(places: Sequence[Path], row: Mapping[str, Any]) -> Row:
    names = [row[key] for key in ("picture", "other") if key in row]
    paths = [next((place / name for place in places if (place / name).is_file()), Path(name)) for name in names]
    return {"label": row["label"], "pictures": [thumbnail(path, row.get("item")) for path in paths]}


def _drawn(move: Drift) -> Row:
    """A trait as pairs of bars, before and now, in percent of the highest."""
    highest = max(*move.before, *move.now)
    return {
        "name": move.name,
        "psi": f"{move.psi:.2f}",
        "moved": move.moved,
        "bins": [
            {"name": name, "before": before, "now": now, "heights": [50 * before / highest, 50 * now / highest]}
            for name, before, now in zip(move.bins, move.before, move.now, strict=True)
        ],
    }


def _dropped(manifest: Sequence[Mapping[str, str]]) -> list[tuple[str, int]]:
    """How many candidates were dropped for each kind of reason, the most frequent first."""
    reasons = Counter(row.get("reason", "").split(":", 1)[0] for row in manifest if row["kept"] != "1")
    return sorted(reasons.items(), key=lambda item: (-item[1], item[0]))


def _slices(manifest: Sequence[Mapping[str, str]]) -> list[tuple[str, str, list[int]]]:
    """Kept photos by attribute, value and split."""
    kept = [row for row in manifest if row["kept"] == "1"]
    table = []
    for attribute in _SLICES:
        for value in sorted({row.get(attribute, "") for row in kept}):
            members = Counter(row["split"] for row in kept if row.get(attribute, "") == value)
            table.append((attribute, value, [members[split] for split in SPLITS]))
    return table


def _without_run(result: Any) -> dict[str, Any]:
    """Great Expectations' result without what differs from run to run: ids, times, versions."""
    content = json.loads(json.dumps(result.to_json_dict()))
    return {key: content[key] for key in ("success", "results", "statistics", "suite_name") if key in content}
