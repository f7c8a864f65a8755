"""Mask R-CNN measured on the test split: `metrics/mask_rcnn.json` and `reports/mask_rcnn`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tryon.console import run_stage

AP_CONFIDENCE = 0.05  # average precision looks at doubtful detections too
OVERLAYS, WORST = 12, 20


def main(argv: Sequence[str]) -> None:
    """Detect, score, and write figures, tables and pictures; record them as a run."""
    arguments = _parse(argv)
    from tryon.datasets.outlines import read_outlines
    from tryon.evaluation.shirt_sets import measure_photos
    from tryon.evaluation.shirts import summarise
    from tryon.models.mask_rcnn import load_predictor
    from tryon.outputs import new_folder, write_json
    from tryon.tracking import start_run

    predictor = load_predictor(arguments.model, min_confidence=AP_CONFIDENCE)
    confidence = predictor.config.min_confidence
    inputs = {"photos": arguments.photos, "annotations": arguments.annotations, "model": arguments.model}
    with start_run("evaluate_mask_rcnn", {"confidence": confidence}, inputs) as run:
        photos = read_outlines(arguments.photos, arguments.annotations, "test")
        measured = measure_photos(predictor.predict, photos, confidence)
        metrics = summarise(measured)
        with new_folder(arguments.report) as folder:
            _write_tables(folder, measured)
            _draw(folder, photos, measured, confidence)
        write_json(arguments.metrics, metrics)
        run.log_metrics(metrics)


def _write_tables(folder: Path, measured: list[Any]) -> None:
    from tryon.evaluation.shirts import CURVE_COLUMNS, SCORE_COLUMNS, SLICE_COLUMNS, curve_rows, slice_rows
    from tryon.formats.tables import write_table

    write_table(folder / "pr_curve.csv", CURVE_COLUMNS, curve_rows(measured))
    write_table(folder / "by_photo.csv", SCORE_COLUMNS, [score.row() for photo in measured for score in photo.scores])
    write_table(folder / "slices.csv", SLICE_COLUMNS, slice_rows(measured))


def _draw(folder: Path, photos: list[Any], measured: list[Any], confidence: float) -> None:
    """Some photos of worn shirts evenly over the split, and the worst shirts closely, with a table of their scores."""
    from tryon.evaluation.shirt_pictures import draw_closely, draw_landmarks, draw_outlines
    from tryon.evaluation.shirts import SCORE_COLUMNS, SHOP, worst_shirts
    from tryon.formats.tables import write_table
    from tryon.images.files import read_image, write_png

    paths = {photo.name: photo.path for photo in photos}
    worn = [photo for photo in measured if photo.truth.source != SHOP]
    for photo in worn[:: max(1, len(worn) // OVERLAYS)][:OVERLAYS]:
        found, image = photo.found.above(confidence), read_image(paths[photo.truth.name])
        drawn = draw_outlines(image, list(photo.truth.masks), list(found.masks))
        if found.landmarks is not None:
            drawn = draw_landmarks(drawn, image.shape[1], photo.truth.landmarks, found.landmarks)
        write_png(folder / "overlays" / f"{Path(photo.truth.name).stem}.png", drawn)
    rows = []
    for rank, (photo, score) in enumerate(worst_shirts(measured, WORST), start=1):
        name = f"{rank:02d}_{Path(score.photo).stem}_{score.shirt}.png"
        shirt, masks = photo.truth.masks[score.shirt - 1], photo.found.above(confidence).masks
        write_png(folder / "worst" / name, draw_closely(read_image(paths[score.photo]), shirt, list(masks)))
        rows.append({"picture": name, **score.row()})
    write_table(folder / "worst.csv", ("picture", *SCORE_COLUMNS), rows)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate_mask_rcnn", description=__doc__)
    for name in ("photos", "annotations", "model", "metrics", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="as in docs/reference/artifacts.md")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("evaluate_mask_rcnn", main))
