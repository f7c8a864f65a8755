"""Collections on disk, cleaned: the ledger in, `cleaning.csv`, `labels.csv` and a page of picture sheets out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tryon.cleaning.measuring import Model, measure_collection
from tryon.cleaning.page import write_page
from tryon.cleaning.verdicts import Picture, Verdict, judge
from tryon.config_collections import CleaningConfig
from tryon.errors import DataError
from tryon.formats.decisions import Decision
from tryon.formats.ledger import LedgerRow, read_ledger
from tryon.formats.tables import write_table

LEDGER, CLEANING, LABELS = "ledger.csv", "cleaning.csv", "labels.csv"
NO_MODEL = "none: shirt, several shirts, close-up, upright and frontal view are not checked"
# What is known of a picture that passed: one whole shirt from the front, or nothing without a model.
FLAT, UNCHECKED = "flat", "unchecked"

_PIXEL_COLUMNS = ("width", "height", "blur", "luminance", "border")
_SHIRT_COLUMNS = (
    "score",
    "second_score",
    "upright",
    "outline",
    "bleached",
    "edge",
    "asymmetry",
    "aspect",
    "landmarks",
)
CLEANING_COLUMNS = (
    *("file", "sha256", "split"),
    *_PIXEL_COLUMNS,
    "watermark",
    *_SHIRT_COLUMNS,
    *("model", "kept", "reason", "doubt"),
)
LABEL_COLUMNS = ("file", "split", "colour", "pattern", "view", "sha256")


@dataclass(frozen=True)
class Collection:
    """A folder with a ledger, and what was searched for in it: colour and pattern of the garments."""

    folder: Path
    colour: str
    pattern: str


def clean(
    collections: Sequence[Collection],
    reports: Path,
    *,
    limits: CleaningConfig,
    decisions: Mapping[str, Decision],
    seed: int,
    model: Model | None,
) -> dict[str, Counter[str]]:
    """Judge the kept pictures of all collections together and write each one's tables and `reports/NAME/index.html`.

    Returns:
        For each folder how many pictures were `kept`, and refused for each kind of reason.

    Raises:
        DataError: a ledger is missing or malformed, holds nothing, or two folders have the same name.
    """
    names = [collection.folder.name for collection in collections]
    if len(set(names)) < len(names):
        raise DataError("two collections have the same name", received=", ".join(names), remedy="rename one of them")
    ledgers = [_kept_rows(collection.folder) for collection in collections]
    pictures = [
        Picture(collection.folder.name, row, measured[row.sha256])
        for collection, rows in zip(collections, ledgers, strict=True)
        for measured in [measure_collection(collection.folder, rows, model)]
        for row in rows
    ]
    verdicts = judge(pictures, limits, decisions, seed, with_shirts=model is not None)
    counts = {}
    for collection in collections:
        own = [verdict for verdict in verdicts if verdict.picture.collection == collection.folder.name]
        _write_tables(collection, own, model)
        write_page(reports / collection.folder.name, collection.folder, own, model is not None)
        counts[collection.folder.name] = Counter("kept" if one.kept else one.kind for one in own)
    return counts


def _kept_rows(folder: Path) -> list[LedgerRow]:
    rows = sorted({row.sha256: row for row in read_ledger(folder / LEDGER) if row.kept}.values(), key=lambda r: r.file)
    if not rows:
        raise DataError(f"{folder / LEDGER} has no kept picture", remedy=f"run `tryon collect {folder.name}`")
    outside = [row.file for row in rows if Path(row.file).parent != Path("images")]
    if outside:
        raise DataError(
            f"{folder / LEDGER}, file", received=outside[0], needed="images/NAME", remedy="correct that row"
        )
    return rows


def _write_tables(collection: Collection, verdicts: Sequence[Verdict], model: Model | None) -> None:
    """`labels.csv` last: it is what the next step reads."""
    write_table(collection.folder / CLEANING, CLEANING_COLUMNS, [_row(one, model) for one in verdicts])
    labels = [
        {
            "file": Path(one.picture.row.file).name,
            "split": one.split,
            "colour": collection.colour,
            "pattern": collection.pattern,
            "view": UNCHECKED if model is None else FLAT,
            "sha256": one.picture.row.sha256,
        }
        for one in verdicts
        if one.kept
    ]
    write_table(collection.folder / LABELS, LABEL_COLUMNS, labels)


def _row(one: Verdict, model: Model | None) -> dict[str, object]:
    pixels, shirts = one.picture.measured.pixels, one.picture.measured.shirts if model else None
    return {
        "file": one.picture.row.file,
        "sha256": one.picture.row.sha256,
        "split": one.split,
        **{column: getattr(pixels, column) for column in _PIXEL_COLUMNS if pixels is not None},
        "watermark": f"{one.watermark:.4f}",
        **{column: getattr(shirts, column) for column in _SHIRT_COLUMNS if shirts is not None},
        "model": NO_MODEL if model is None else model.name,
        "kept": int(one.kept),
        "reason": one.reason,
        "doubt": f"{one.doubt:.4f}",
    }
