"""Scores and grids of one pattern's CycleGAN on its test side: `metrics/cyclegan/PATTERN.json`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tryon.console import run_stage

MAX_PAGES = 3


def main(argv: Sequence[str]) -> None:
    """Redraw every test cut-out, score the results beside those that need no network, and draw them."""
    arguments = _parse(argv)
    from tryon.datasets.all_patterns import patterns_tested
    from tryon.datasets.domains import load_domain
    from tryon.evaluation.cyclegan import Sample, score_samples
    from tryon.evaluation.cyclegan_garments import Garment, score_garments
    from tryon.evaluation.cyclegan_pages import comparison_pages
    from tryon.evaluation.sleeves import ground_for, sleeve_retention
    from tryon.images.colour import to_u8
    from tryon.images.files import write_png
    from tryon.models.cyclegan import load_pattern_generator
    from tryon.models.mask_rcnn import load_predictor
    from tryon.outputs import new_folder, write_json
    from tryon.tracking import start_run

    generator, detector = load_pattern_generator(arguments.model), load_predictor(arguments.mask_rcnn)
    plain, pattern = (load_domain(arguments.domains / side, generator.config.size_px) for side in ("testA", "testB"))
    masks = plain.masks > 0.5

    def wearing(chosen: slice) -> list[Sample]:
        garments = generator.garments_for(plain.masks, pattern.pictures[chosen], pattern.masks[chosen])
        fakes = generator.redraw(plain.pictures, plain.masks, garments)
        back = generator.restore(fakes, plain.masks, garments) if generator.config.way_back else None
        cycled = [None] * len(fakes) if back is None else list(to_u8(back))
        return [Sample(*each) for each in zip(to_u8(plain.pictures), masks, to_u8(fakes), cycled, strict=True)]

    samples, shown, targets = wearing(slice(None)), None, [generator.look] * len(masks)
    if generator.config.conditional:
        patterns, unseen = patterns_tested(arguments.domains)
        garments = [Garment(*each) for each in zip(to_u8(pattern.pictures), pattern.masks > 0.5, patterns, strict=True)]
        scores = score_garments(garments, lambda k: wearing(slice(k, k + 1)), unseen)
        worn = [garments[k % len(garments)] for k in range(len(samples))]
        shown, targets = [g.picture for g in worn], [g.look for g in worn]
    else:
        scores = score_samples(samples, generator.look)
    find, fakes = (lambda seen: [found.masks for found in detector.predict(seen)]), [s.fake for s in samples]
    size_px, ground = detector.config.image_size_px, ground_for(generator.look)
    scores["sleeve_retention"] = sleeve_retention(fakes, masks, find, size_px, ground)
    pages = comparison_pages(samples, targets, shown)
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
    for name, what in (
        ("domains", "folder written by prepare_domains"),
        ("model", "folder written by train_cyclegan"),
        ("mask-rcnn", "folder written by train_mask_rcnn"),
        ("metrics", "JSON file to write"),
        ("report", "folder of grids to write"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=what)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("evaluate_cyclegan", main))
