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
    from tryon.evaluation.shirt_sets import detect_in_photos
    from tryon.evaluation.shirts import score_shirts, summarise
    from tryon.models.mask_rcnn import load_predictor
    from tryon.outputs import new_folder, write_json
    from tryon.tracking import start_run

    predictor = load_predictor(arguments.model, min_confidence=AP_CONFIDENCE)
    confidence = predictor.config.min_confidence
    inputs = {"photos": arguments.photos, "annotations": arguments.annotations, "model": arguments.model}
    with start_run("evaluate_mask_rcnn", {"confidence": confidence}, inputs) as run:
        photos = read_outlines(arguments.photos, arguments.annotations, "test")
        truths, founds = detect_in_photos(predictor.predict, photos)
        metrics = summarise(truths, founds, confidence)
        shown = [found.above(confidence) for found in founds]
        scores = [score for truth, found in zip(truths, shown, strict=True) for score in score_shirts(truth, found)]
        with new_folder(arguments.report) as folder:
            _write_tables(folder, truths, founds, scores)
            _draw(folder, photos, truths, shown, scores)
        write_json(arguments.metrics, metrics)
        run.log_metrics(metrics)


def _write_tables(folder: Path, truths: list[Any], founds: list[Any], scores: list[Any]) -> None:
    from tryon.evaluation.shirts import CURVE_COLUMNS, SCORE_COLUMNS, curve_rows
    from tryon.formats.tables import write_table

    write_table(folder / "pr_curve.csv", CURVE_COLUMNS, curve_rows(truths, founds))
    write_table(folder / "by_photo.csv", SCORE_COLUMNS, [score.row() for score in scores])


def _draw(folder: Path, photos: list[Any], truths: list[Any], shown: list[Any], scores: list[Any]) -> None:
    """Some worn shirts evenly over the split, and the worst ones."""
    from tryon.evaluation.shirt_pictures import draw_outlines
    from tryon.evaluation.shirts import SHOP, worst_photos
    from tryon.images.files import read_image, write_png

    worn = [place for place, truth in enumerate(truths) if truth.source != SHOP]
    overlays = [("overlays", place, "") for place in worn[:: max(1, len(worn) // OVERLAYS)][:OVERLAYS]]
    places = {photo.name: place for place, photo in enumerate(photos)}
    worst = [("worst", places[name], f"{rank:02d}_") for rank, name in enumerate(worst_photos(scores)[:WORST], start=1)]
    for kind, place, prefix in overlays + worst:
        photo = read_image(photos[place].path)
        drawn = draw_outlines(photo, list(truths[place].masks), list(shown[place].masks))
        write_png(folder / kind / f"{prefix}{Path(photos[place].name).stem}.png", drawn)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate_mask_rcnn", description=__doc__)
    for name in ("photos", "annotations", "model", "metrics", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="as in docs/reference/artifacts.md")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("evaluate_mask_rcnn", main))
