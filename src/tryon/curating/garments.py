"""Shop garments, chosen for each pattern by their labels: `data/garments`."""

from collections import Counter
from collections.abc import Container, Mapping
from pathlib import Path

from tryon.config import GarmentsConfig
from tryon.curating.candidates import read_labels, splits_of
from tryon.curating.copying import copy_picture
from tryon.curating.filters import size_reason
from tryon.curating.judging import (
    Judged,
    apply_decisions,
    drop_forgotten,
    refuse_many_faults,
    reject_near_duplicates,
    summarise,
)
from tryon.curating.measuring import in_threads, measure
from tryon.curating.splitting import divide
from tryon.errors import DataError
from tryon.formats.decisions import Decision
from tryon.formats.tables import write_table
from tryon.outputs import new_folder

GARMENT_COLUMNS = (
    "file",
    "pattern",
    "split",
    "colour",
    "label_pattern",
    "view",
    "source_path",
    "sha256",
    "phash",
    "width",
    "height",
    "kept",
    "reason",
)

Label = Mapping[str, str]


def curate_garments(
    folder: Path,
    out: Path,
    *,
    garments: GarmentsConfig,
    decisions: Mapping[str, Decision],
    forgotten: Container[str] = frozenset(),
    seed: int,
) -> Counter[str]:
    """Write `out/PATTERN/FILE` and `out/manifest.csv`: one row for each pattern that a garment's labels match.

    Args:
        folder: a collection with its table of labels.
        out: folder to write.
        garments: which rows make up a pattern, and what a picture must meet.
        decisions: a person's, by sha256.
        forgotten: sha256s that must not be used again.
        seed: divides training and validation.

    Returns:
        How many garments were kept in each split (`kept train`, ...), and dropped for each kind of reason.

    Raises:
        DataError: the table of labels is unfit, no label matches a pattern, or too many files are faulty.
    """
    columns = tuple(sorted({column for rule in garments.select.values() for column in rule}))
    labels = read_labels(folder, columns)
    patterns = {pattern: _matching(labels, garments.select[pattern]) for pattern in sorted(garments.select)}
    _refuse_empty_patterns(patterns, folder, garments)
    wanted = set().union(*patterns.values())
    chosen = [label for label in labels if label["file"] in wanted]
    judged = list(in_threads(lambda label: _judge(folder, label, garments, seed), chosen))
    refuse_many_faults(judged, folder)
    judged = reject_near_duplicates(drop_forgotten(apply_decisions(judged, decisions), forgotten))
    pairs = list(zip(chosen, judged, strict=True))
    with new_folder(out) as building:
        rows = []
        for pattern, files in patterns.items():
            (building / pattern).mkdir()
            members = [(label, one) for label, one in pairs if label["file"] in files]
            rows += [_row(pattern, label, one) for label, one in members]
            for _, one in members:
                if one.kept:
                    _copy(folder, building / pattern, one, garments.max_side_px)
        write_table(building / "manifest.csv", GARMENT_COLUMNS, rows)
    return summarise(judged)


def _refuse_empty_patterns(patterns: Mapping[str, set[str]], folder: Path, garments: GarmentsConfig) -> None:
    for pattern, files in patterns.items():
        if not files:
            raise DataError(
                f"no garment of {folder / 'labels.csv'} matches the pattern {pattern}",
                received=f"garments.select.{pattern}: {dict(garments.select[pattern])}",
                needed="labels that have one of these values in every column",
                remedy="widen the rule in params.yaml, or collect such garments",
            )


def _matching(labels: list[dict[str, str]], rule: Mapping[str, list[str]]) -> set[str]:
    """The files whose labels have one of the accepted values in every column of the rule."""
    return {label["file"] for label in labels if all(label[column] in rule[column] for column in rule)}


def _judge(folder: Path, label: Label, garments: GarmentsConfig, seed: int) -> Judged:
    source_path = f"images/{label['file']}"
    measured = measure(folder / source_path, label.get("sha256", ""))
    splits = splits_of(label, garments)
    shared = len(splits) > 1
    view_reason = "" if label["view"] in garments.views else f"view: {label['view']}"
    return Judged(
        file=f"{Path(label['file']).stem}.jpg",
        split=divide(measured.sha256, seed, garments.validation_fraction) if shared else splits[0],
        source_path=source_path,
        measurement=measured,
        near_bits=garments.near_duplicate_bits,
        reason=measured.fault or view_reason or size_reason(measured, garments.min_side_px),
    )


def _copy(folder: Path, target: Path, one: Judged, max_side_px: int) -> None:
    long_side_px = max(one.measurement.width, one.measurement.height)
    copy_picture(folder / one.source_path, target / one.file, long_side_px, max_side_px)


def _row(pattern: str, label: Label, one: Judged) -> dict[str, object]:
    return {
        "file": one.file,
        "pattern": pattern,
        "split": one.split,
        "colour": label["colour"],
        "label_pattern": label["pattern"],
        "view": label["view"],
        "source_path": one.source_path,
        "sha256": one.measurement.sha256,
        "phash": one.measurement.phash_hex,
        "width": one.measurement.width,
        "height": one.measurement.height,
        "kept": int(one.kept),
        "reason": one.reason,
    }
