"""Mask R-CNN measured on the test split: `metrics/mask_rcnn.json` and `reports/mask_rcnn`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.console import run_stage, track

AP_CONFIDENCE = 0.05  # average precision looks at doubtful detections too
OVERLAYS, WORST = 12, 20
PHOTO_COLUMNS = ("photo", "shirt", "source", "found", "score", "mask_iou", "boundary_iou", "slices")
BATCH = 8


def main(argv: Sequence[str]) -> None:
    """Detect, score, and write figures, tables and pictures; record them as a run."""
    arguments = _parse(argv)
    from tryon.datasets.outlines import read_outlines
    from tryon.evaluation.masks import precision_recall
    from tryon.evaluation.shirt_pictures import draw_outlines
    from tryon.evaluation.shirts import SHOP, Found, Truth, score_shirts, summarise
    from tryon.formats.tables import write_table
    from tryon.images.files import read_image, write_png
    from tryon.models.mask_rcnn import load_predictor
    from tryon.outputs import new_folder, write_json
    from tryon.tracking import start_run

    predictor = load_predictor(arguments.model, min_confidence=AP_CONFIDENCE)
    confidence = predictor.config.min_confidence
    photos = read_outlines(arguments.photos, arguments.annotations, "test")
    truths, founds = [], []
    for start in track(range(0, len(photos), BATCH), "batches"):
        images = [read_image(photo.path) for photo in photos[start : start + BATCH]]
        for photo, image, said in zip(photos[start : start + BATCH], images, predictor.predict(images), strict=True):
            slices = tuple(outline.slices for outline in photo.outlines)
            truths.append(Truth(photo.name, photo.source, photo.masks(*image.shape[:2]), slices))
            founds.append(Found(said.boxes, said.scores, said.masks))
    metrics = summarise(truths, founds, confidence)
    scores = [
        row for truth, found in zip(truths, founds, strict=True) for row in score_shirts(truth, found.above(confidence))
    ]
    worn = [place for place, truth in enumerate(truths) if truth.source != SHOP]
    by_name = {photo.name: place for place, photo in enumerate(photos)}
    worst = [by_name[score.photo] for score in sorted(scores, key=lambda score: score.mask_iou)]

    def draw(place: int, path: Path) -> None:
        shown = founds[place].above(confidence).masks
        write_png(path, draw_outlines(read_image(photos[place].path), list(truths[place].masks), list(shown)))

    inputs = {"photos": arguments.photos, "annotations": arguments.annotations, "model": arguments.model}
    with (
        start_run("evaluate_mask_rcnn", {"confidence": confidence}, inputs) as run,
        new_folder(arguments.report) as folder,
    ):
        for place in worn[:: max(1, len(worn) // OVERLAYS)][:OVERLAYS]:
            draw(place, folder / "overlays" / f"{Path(photos[place].name).stem}.png")
        for rank, place in enumerate(list(dict.fromkeys(worst))[:WORST], start=1):
            draw(place, folder / "worst" / f"{rank:02d}_{Path(photos[place].name).stem}.png")
        curve = precision_recall([truths[i].masks for i in worn], [(founds[i].masks, founds[i].scores) for i in worn])
        names = ("threshold_iou", "recall", "precision")
        write_table(folder / "pr_curve.csv", names, [dict(zip(names, row, strict=True)) for row in curve])
        rows = [{**vars(score), "found": int(score.found), "slices": " ".join(score.slices)} for score in scores]
        write_table(folder / "by_photo.csv", PHOTO_COLUMNS, rows)
        write_json(arguments.metrics, metrics)
        run.log_metrics(metrics)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate_mask_rcnn", description=__doc__)
    for name in ("photos", "annotations", "model", "metrics", "report"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="as in docs/reference/artifacts.md")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("evaluate_mask_rcnn", main))
