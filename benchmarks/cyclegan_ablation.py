"""What each choice of the CycleGAN is worth: the default and what it is without one of its parts, or with another.

python benchmarks/cyclegan_ablation.py [--domains data/domains] [--mask-rcnn models/mask_rcnn] [--patterns blue striped]
                                       [--variants default plain ...] [--steps 680] [--seeds 1] [--out FOLDER]

Trains every variant as params.yaml says, but for what `VARIANTS` lists, on trainA and trainB of each pattern, and
scores what it makes of testA. Prints one table for each pattern, in Markdown: first the two results that need no
network, then the variants; the mean over the seeds, and behind `±` how far they lie from it. Columns:
- sleeves: IoU of the shirt that Mask R-CNN finds in the fake with the mask that was put in;
- colour: CIEDE2000 to the target look; frequency, angle, strength: of stripes, for a striped target;
- folds: correlation of the luminance with the input's;
- border: CIEDE2000 in a band of 2 pixels on each side of the outline: outside to the ground that was put in, inside of
  the band's mean colour to the target's;
- cycle: SSIM of the picture that came back with the one that was put in; none where there is no way back;
- CPU s: processor seconds of the training, all threads together; none where it was stopped in between.

FOLDER (default reports/cyclegan_ablation) gets results.json, table.md and a sheet for each pattern: rows test shirts,
columns variants, first seed. A finished training is kept there and not repeated; one that was stopped goes on.
"""

import argparse
import json
import logging
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.config import CycleGANConfig, load_params
from tryon.console import run_command, set_up_logging
from tryon.datasets.domains import Domain, load_domain
from tryon.evaluation.borders import border
from tryon.evaluation.colour import ciede2000, ciede2000_to_lab
from tryon.evaluation.cyclegan import BASELINES, Sample, score_samples
from tryon.evaluation.sleeves import ground_for, sleeve_retention
from tryon.images.colour import to_u8
from tryon.images.files import read_image, write_png
from tryon.images.patterns import Look
from tryon.images.sheets import grid
from tryon.models.cyclegan import PatternGenerator
from tryon.models.cyclegan.storage import TO_PATTERN, TO_PLAIN
from tryon.models.mask_rcnn import load_predictor
from tryon.models.mask_rcnn.predictor import Predictor
from tryon.outputs import write_json, write_text
from tryon.training.cyclegan import run_digest, train_cyclegan
from tryon.training.cyclegan_outputs import read_look

WITHOUT_MASK = {"mask_composite": False, "mask_input": False, "position_input": False}
AUGMENTED = {"augmentation": ["colour", "translation", "cutout"]}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "plain": WITHOUT_MASK,
    "plain, garment losses": {**WITHOUT_MASK, "loss_region": "garment"},
    "composite alone": {"mask_input": False, "position_input": False},
    "no position": {"position_input": False},
    "picture losses": {"loss_region": "picture"},
    "garment losses": {"loss_region": "garment"},
    "no identity": {"identity_weight": 0.0},
    "identity as cycle": {"identity_weight": 5.0, "cycle_weight": 5.0},
    "transposed": {"upsampling": "transposed"},
    "resized": {"upsampling": "resize"},
    "no average": {"weight_averaging": 0.0},
    "contrastive": {"objective": "contrastive", "loss_region": "garment"},
    "moved and cut": {"augmentation": ["translation", "cutout"]},
    "augmented": AUGMENTED,
    "garment losses, augmented": {"loss_region": "garment", **AUGMENTED},
    "contrastive, augmented": {"objective": "contrastive", "loss_region": "garment", **AUGMENTED},
}
COLUMNS = {
    "sleeves": ("sleeve_retention", 3),
    "colour": ("ciede2000_to_target", 2),
    "frequency": ("stripe_frequency_error", 2),
    "angle": ("stripe_angle_error_deg", 1),
    "strength": ("stripe_strength", 2),
    "folds": ("fold_correlation", 2),
    "border": ("border_error", 2),
    "cycle": ("cycle_ssim", 2),
    "CPU s": ("cpu_s", 0),
}
BORDER_PX, CELL_PX, SHEET_ROWS = 2, 96, 8
Pictures = NDArray[np.uint8]
Scores = dict[str, float]

logger = logging.getLogger("tryon")


@dataclass(frozen=True, eq=False)
class Bench:
    """What all variants of one pattern share: its domains, its look, and the network that looks for sleeves."""

    pattern: str
    plain: Domain
    target: Domain
    test: Domain
    look: Look
    predictor: Predictor
    out: Path

    def score(self, fakes: Pictures, cycled: Sequence[Pictures | None]) -> Scores:
        """All scores of what was made of the test pictures (N, S, S, 3)."""
        masks, pictures = self.test.masks > 0.5, to_u8(self.test.pictures)
        samples = [Sample(*values) for values in zip(pictures, masks, fakes, cycled, strict=True)]
        scores = {key: value for key, value in score_samples(samples, self.look).items() if not _of_baseline(key)}
        side = self.predictor.config.image_size_px
        scores["sleeve_retention"] = sleeve_retention(
            list(fakes), list(masks), self._find_shirts, side, ground_for(self.look)
        )
        scores["border_error"] = float(np.mean([border_error(s, self.look) for s in samples]))
        return scores

    def _find_shirts(self, shown: Sequence[Pictures]) -> list[Any]:
        return [found.masks for found in self.predictor.predict(shown)]


def main(argv: Sequence[str]) -> None:
    """Train and score what is asked for, and print the tables."""
    arguments = parse(argv)
    params, results, tables = load_params(), [], []
    seeds = [params.seed + offset for offset in range(arguments.seeds)]
    # Variants are compared at their last epoch: nothing is picked, so that none is lucky.
    config = replace(with_steps(params.cyclegan, arguments.steps), keep_weights="last")
    planned = variants(config, arguments.variants)
    for pattern in arguments.patterns or params.patterns:
        bench = open_bench(arguments, pattern, config.size_px)
        rows = {name: [scored_baseline(bench, name)] for name in BASELINES}
        for number, (name, changed) in enumerate(planned.items(), start=1):
            for seed in seeds:
                logger.info("%s: variant %d of %d, %s, seed %d", pattern, number, len(planned), name, seed)
                rows.setdefault(name, []).append(trained_and_scored(bench, changed, seed))
        results += [{"pattern": pattern, "variant": name, **run} for name, runs in rows.items() for run in runs]
        tables.append(table(pattern, rows))
        write_png(bench.out / f"{pattern}.png", sheet(bench, {name: runs[0] for name, runs in rows.items()}))
    write_json(arguments.out / "results.json", {"steps": total_steps(config), "seeds": seeds, "runs": results})
    write_text(arguments.out / "table.md", "\n".join(tables))
    print("\n".join(tables))


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=Path, default=Path("data/domains"), help="folder with one for each pattern")
    parser.add_argument("--mask-rcnn", type=Path, default=Path("models/mask_rcnn"))
    parser.add_argument("--patterns", nargs="+", help="default: those of params.yaml")
    parser.add_argument("--variants", nargs="+", choices=tuple(VARIANTS), metavar="NAME", help=f"{list(VARIANTS)}")
    parser.add_argument("--steps", type=int, help="default: those of params.yaml; its epochs become shorter or longer")
    parser.add_argument("--seeds", type=int, default=1, help="how many, from that of params.yaml on")
    parser.add_argument("--out", type=Path, default=Path("reports/cyclegan_ablation"))
    return parser.parse_args(argv)


def total_steps(config: CycleGANConfig) -> int:
    """Steps of a whole training."""
    return (config.constant_epochs + config.decay_epochs) * config.steps_per_epoch


def with_steps(config: CycleGANConfig, steps: int | None) -> CycleGANConfig:
    """The same schedule with about as many steps as asked for."""
    epochs = config.constant_epochs + config.decay_epochs
    return replace(config, steps_per_epoch=max(1, round(steps / epochs))) if steps else config


def variants(config: CycleGANConfig, names: Sequence[str] | None) -> dict[str, CycleGANConfig]:
    """The variants asked for; where all are, without those that equal one before them."""
    found: dict[str, CycleGANConfig] = {}
    for name in names or VARIANTS:
        changed = replace(config, **VARIANTS[name])
        if names or changed not in found.values():
            found[name] = changed
    return found


def open_bench(arguments: argparse.Namespace, pattern: str, size_px: int) -> Bench:
    """Domains and look of a pattern, with the trained Mask R-CNN."""
    folder = arguments.domains / pattern
    plain, target, test = (load_domain(folder / side, size_px) for side in ("trainA", "trainB", "testA"))
    predictor = load_predictor(arguments.mask_rcnn)
    return Bench(pattern, plain, target, test, read_look(folder / "look.json"), predictor, arguments.out)


def scored_baseline(bench: Bench, name: str) -> dict[str, Any]:
    """Scores of a result that needs no network."""
    masks, pictures = bench.test.masks > 0.5, to_u8(bench.test.pictures)
    fakes = np.stack([BASELINES[name](p, mask, bench.look) for p, mask in zip(pictures, masks, strict=True)])
    return {"scores": bench.score(fakes, [None] * len(fakes)), "fakes": keep_fakes(bench, name, fakes)}


def trained_and_scored(bench: Bench, config: CycleGANConfig, seed: int) -> dict[str, Any]:
    """Scores of a variant; taken from the folder where its training has been finished before."""
    digest = run_digest(config, bench.plain, bench.target, seed)
    kept = bench.out / "runs" / f"{digest}.json"
    if not kept.is_file():
        write_json(kept, _train(bench, config, seed, digest))
    run: dict[str, Any] = json.loads(kept.read_text())
    return run


def _train(bench: Bench, config: CycleGANConfig, seed: int, digest: str) -> dict[str, Any]:
    checkpoints = bench.out / "checkpoints" / digest
    goes_on, started = checkpoints.exists(), time.process_time()
    result = train_cyclegan(config, bench.plain, bench.target, seed, checkpoints)
    spent_s = time.process_time() - started
    networks = result.networks.generators
    generator = PatternGenerator(
        result.networks.architecture, bench.look, {}, networks[TO_PATTERN], networks.get(TO_PLAIN)
    )
    garments = generator.garments_for(bench.test.masks, bench.target.pictures, bench.target.masks)
    drawn = generator.redraw(bench.test.pictures, bench.test.masks, garments)
    cycled: Sequence[Any] = [None] * len(drawn)
    if generator.config.way_back:
        cycled = list(to_u8(generator.restore(drawn, bench.test.masks, garments)))
    fakes = to_u8(drawn)
    scores = bench.score(fakes, cycled) | ({} if goes_on else {"cpu_s": spent_s})
    shutil.rmtree(checkpoints)
    return {"seed": seed, "config": asdict(config), "scores": scores, "fakes": keep_fakes(bench, digest, fakes)}


def keep_fakes(bench: Bench, name: str, fakes: Pictures) -> str:
    """The path, within the folder, of a strip with the first fakes side by side."""
    path = f"runs/{bench.pattern}_{name}.png"
    write_png(bench.out / path, np.concatenate(fakes[:SHEET_ROWS], axis=1))
    return path


def border_error(sample: Sample, look: Look) -> float:
    """Halo and rim: how far a band on each side of the outline is from what should be there; mean of the two."""
    band = border(sample.mask, BORDER_PX)
    halo = ciede2000(sample.fake, sample.picture, band & ~sample.mask)
    return (halo + ciede2000_to_lab(sample.fake, np.array(look.lab), band & sample.mask)) / 2


def table(pattern: str, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The table of a pattern in Markdown; columns without any value are left out."""
    shown = {title: key for title, key in COLUMNS.items() if any(key[0] in run[0]["scores"] for run in rows.values())}
    lines = [f"| {pattern} | {' | '.join(shown)} |", "|---" * (len(shown) + 1) + "|"]
    for name, runs in rows.items():
        cells = [cell([r["scores"][key] for r in runs if key in r["scores"]], digits) for key, digits in shown.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(values: Sequence[float], digits: int) -> str:
    """The mean, and the largest distance from it where there are several."""
    if not values:
        return "-"
    mean = float(np.mean(values))
    spread = f" ± {max(abs(value - mean) for value in values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean:.{digits}f}{spread}"


def sheet(bench: Bench, runs: Mapping[str, Mapping[str, Any]]) -> Pictures:
    """Test shirts by variants."""
    columns = [to_u8(bench.test.pictures[:SHEET_ROWS])]
    for run in runs.values():
        strip = read_image(bench.out / run["fakes"])
        columns.append(np.stack(np.split(strip, strip.shape[1] // strip.shape[0], axis=1)))
    rows = [[column[row] for column in columns] for row in range(len(columns[0]))]
    return grid(rows, CELL_PX, labels=("put in", *runs))


def _of_baseline(key: str) -> bool:
    return any(key.endswith(f"_{name}") for name in BASELINES)


if __name__ == "__main__":
    set_up_logging()
    sys.exit(run_command("cyclegan_ablation", main))
