"""Scores and grids of one pattern's CycleGAN on its test side: `metrics/cyclegan/PATTERN.json`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.console import run_stage

CELL_PX, ROWS_PER_PAGE, MAX_PAGES = 160, 8, 3
BASELINE_COLUMNS = ("flat fill", "by luminance")


def main(argv: Sequence[str]) -> None:
    """Redraw every test cut-out, score the results beside those that need no network, and draw them."""
    arguments = _parse(argv)
    from tryon.datasets.domains import load_domain
    from tryon.evaluation.cyclegan import BASELINES, Sample, score_samples
    from tryon.evaluation.sleeves import ground_for, sleeve_retention
    from tryon.images.colour import to_u8
    from tryon.images.files import write_png
    from tryon.images.sheets import grid
    from tryon.models.cyclegan import load_pattern_generator, placed_in_turn
    from tryon.models.mask_rcnn import load_predictor
    from tryon.outputs import new_folder, write_json
    from tryon.tracking import start_run

    generator, detector = load_pattern_generator(arguments.model), load_predictor(arguments.mask_rcnn)
    plain = load_domain(arguments.domains / "testA", generator.config.size_px)
    pattern = load_domain(arguments.domains / "testB", generator.config.size_px)
    garments = None
    if generator.config.needs_garment:
        garments = placed_in_turn(plain.masks, pattern.pictures, pattern.masks)
    fakes, cycled = generator.redraw(plain.pictures, plain.masks, garments), [None] * len(plain.names)
    if generator.config.way_back:
        cycled = list(to_u8(generator.restore(fakes, plain.masks, garments)))
    masks = plain.masks > 0.5
    pictures, fakes = to_u8(plain.pictures), to_u8(fakes)
    samples = [Sample(*values) for values in zip(pictures, masks, fakes, cycled, strict=True)]
    scores = score_samples(samples, generator.look)
    size_px, ground = detector.config.image_size_px, ground_for(generator.look)
    scores["sleeve_retention"] = sleeve_retention(
        fakes, masks, lambda shown: [found.masks for found in detector.predict(shown)], size_px, ground
    )
    columns = ("plain", "redrawn", *(["cycled"] if generator.config.way_back else []), *BASELINE_COLUMNS)
    rows = [
        [
            *(shown for shown in (s.picture, s.fake, s.cycled) if shown is not None),
            *(redraw(s.picture, s.mask, generator.look) for redraw in BASELINES.values()),
        ]
        for s in samples
    ]
    pages = [grid(rows[i : i + ROWS_PER_PAGE], CELL_PX, labels=columns) for i in range(0, len(rows), ROWS_PER_PAGE)]
    stage = f"evaluate_cyclegan@{arguments.pattern}"
    with new_folder(arguments.report) as building, start_run(stage, generator.facts, {"model": arguments.model}) as run:
        for number, page in enumerate(pages[:MAX_PAGES], start=1):
            write_png(building / f"test_{number}.png", page)
            run.log_picture(f"test/test_{number}.png", page)
        run.log_metrics({f"cyclegan/{name}": value for name, value in scores.items()})
    write_json(arguments.metrics, {name: round(value, 4) for name, value in scores.items()})


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate_cyclegan", description=__doc__)
    parser.add_argument("--pattern", required=True, help="name of the pattern")
    parser.add_argument("--domains", type=Path, required=True, help="folder written by prepare_domains")
    parser.add_argument("--model", type=Path, required=True, help="folder written by train_cyclegan")
    parser.add_argument("--mask-rcnn", type=Path, required=True, help="folder written by train_mask_rcnn")
    parser.add_argument("--metrics", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--report", type=Path, required=True, help="folder of grids to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("evaluate_cyclegan", main))
