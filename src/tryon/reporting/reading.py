"""The artifacts that the report is made of.

`root` is the working folder of a run; every path below it is named in docs/reference/artifacts.md. A required file that
is absent is a `DataError` with the stage that writes it; what a run may lack (answers, timing) comes back empty.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tryon.errors import DataError
from tryon.formats.tables import read_table

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class LossRow:
    """One component's loss after one epoch; `validation` is absent where nothing was validated."""

    epoch: int
    component: str
    train: float
    validation: float | None


@dataclass(frozen=True)
class Pair:
    """One try-on of the test list, with the paths of its pictures where there are any."""

    photo: str
    garment: str
    pattern: str
    photo_path: Path
    garment_path: Path
    result_path: Path | None
    answer_path: Path | None
    refusal: str


def read_json(path: Path, written_by: str) -> dict[str, Any]:
    """A JSON object from a file that a stage must have written."""
    try:
        content = json.loads(_required(path, written_by).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} is not JSON", received=error, remedy=f"run `dvc repro --force {written_by}`"
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds no JSON object", received=type(content).__name__, needed="an object of metrics")
    return content


def read_rows(path: Path, columns: tuple[str, ...], written_by: str) -> list[dict[str, str]]:
    """The rows of a CSV table that a stage must have written, with at least these columns."""
    return read_table(_required(path, written_by), columns)


def read_metrics(root: Path) -> dict[str, float]:
    """All numbers of `metrics/`, named `mask_rcnn/mask_iou`, `cyclegan/blue/cycle_ssim`, ...; timing is left out."""
    figures: dict[str, float] = {}
    folder = root / "metrics"
    for path in sorted(folder.rglob("*.json")):
        if path.name == "timing.json":
            continue
        prefix = path.relative_to(folder).with_suffix("").as_posix()
        figures |= {f"{prefix}/{name}": value for name, value in numbers(read_json(path, "write_report")).items()}
    return figures


def numbers(content: dict[str, Any]) -> dict[str, float]:
    """The entries that are numbers; null (a figure that could not be measured) and texts are left out."""
    kept = {}
    for name, value in content.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            continue
        kept[name] = value
    return kept


def read_losses(path: Path, written_by: str) -> list[LossRow]:
    """The loss table of a training, sorted as it was written."""
    rows = []
    for row in read_rows(path, ("epoch", "component", "train"), written_by):
        try:
            validation = row.get("validation") or ""
            rows.append(
                LossRow(
                    int(row["epoch"]), row["component"], float(row["train"]), float(validation) if validation else None
                )
            )
        except ValueError as error:
            raise DataError(
                f"{path}: a loss is not a number", received=row, remedy=f"run `dvc repro --force {written_by}`"
            ) from error
    return rows


def read_scores(path: Path, written_by: str) -> dict[str, list[tuple[float, float]]]:
    """(epoch, score) of the validation side by the score's name, in the order of the file."""
    scores: dict[str, list[tuple[float, float]]] = {}
    for row in read_rows(path, ("epoch", "component", "validation"), written_by):
        try:
            scores.setdefault(row["component"], []).append((int(row["epoch"]), float(row["validation"])))
        except ValueError as error:
            raise DataError(
                f"{path}: a score is not a number", received=row, remedy=f"run `dvc repro --force {written_by}`"
            ) from error
    return scores


def read_kept_epoch(path: Path, written_by: str) -> int:
    """The epoch whose generators a CycleGAN's `model.json` says it holds."""
    try:
        return int(read_json(path, written_by)["facts"]["kept_epoch"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path} does not say which epoch was kept", received=error, remedy=f"run `dvc repro --force {written_by}`"
        ) from error


def read_pairs(root: Path, pairs_folder: Path) -> list[Pair]:
    """Every try-on of `data/results/results.csv`, with photo, garment and, where it is known, the exact answer."""
    results = root / "data/results"
    rows = read_rows(results / "results.csv", ("photo", "garment", "pattern", "result", "refusal"), "fit_pairs")
    listed = read_rows(pairs_folder / "pairs.csv", ("photo", "garment", "pattern", "answer"), "render_dataset")
    answers = {(row["photo"], row["garment"]): row["answer"] for row in listed}
    pairs = []
    for row in rows:
        answer = answers.get((row["photo"], row["garment"]), "")
        pairs.append(
            Pair(
                photo=row["photo"],
                garment=row["garment"],
                pattern=row["pattern"],
                photo_path=_required(root / "data/photos/test/image" / row["photo"], "curate_photos"),
                garment_path=_garment_path(root, row["pattern"], row["garment"]),
                result_path=_required(results / row["result"], "fit_pairs") if row["result"] else None,
                answer_path=_required(pairs_folder / answer, "render_dataset") if answer else None,
                refusal=row["refusal"],
            )
        )
    return pairs


def read_output_hashes(root: Path) -> list[tuple[str, str, str]]:
    """(stage, output, md5) for every output in `dvc.lock`; empty where nothing has been recorded yet."""
    path = root / "dvc.lock"
    if not path.is_file():
        return []
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return [
        (stage, str(out["path"]), str(out.get("md5", "")))
        for stage, entry in (content.get("stages") or {}).items()
        for out in entry.get("outs", [])
    ]


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder by name; empty where the folder does not exist."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS)


def _garment_path(root: Path, pattern: str, name: str) -> Path:
    """Where a garment's picture lies: under its pattern, or (pattern recognised otherwise) under any pattern."""
    folder = root / "data/garments"
    candidates = [folder / pattern / name, *sorted(folder.glob(f"*/{name}"))]
    return _required(next((path for path in candidates if path.is_file()), candidates[0]), "curate_garments")


def _required(path: Path, written_by: str) -> Path:
    if not path.is_file():
        raise DataError(
            f"{path} is missing: the report cannot be written without it",
            needed=f"the output of stage {written_by}",
            remedy=f"run `dvc repro {written_by}`",
        )
    return path
