"""The CycleGAN of one pattern, trained; goes on from its last checkpoint: `models/cyclegan/PATTERN`."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage

CHECKPOINTS = Path(".tryon/checkpoints")
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def main(argv: Sequence[str]) -> None:
    """Train as `params.yaml` says, record the run, and write generators, losses and epoch grids."""
    arguments = _parse(argv)
    params = load_params()
    if params.cyclegan.threads:  # TensorFlow reads it once, when it starts
        os.environ |= dict.fromkeys(THREADS, str(params.cyclegan.threads))
    from tryon.datasets.domains import SIDES, load_domain
    from tryon.tracking import start_run
    from tryon.training.cyclegan import run_digest, train_cyclegan
    from tryon.training.cyclegan_judging import Judge
    from tryon.training.cyclegan_outputs import ANIMATION, EpochGrids, read_look, write_trained_pattern

    config, stage = params.cyclegan, f"train_cyclegan@{arguments.pattern}"
    domains = [load_domain(arguments.domains / side, config.size_px) for side in SIDES]
    plain, pattern, test_plain, test_pattern, judged_plain, judged_pattern = domains
    digest = run_digest(config, plain, pattern, params.seed, judged_plain, judged_pattern)
    run_folder, look_file = CHECKPOINTS / stage / digest, arguments.domains / "look.json"
    settings = {"pattern": arguments.pattern, "seed": params.seed, "cyclegan": asdict(config)}
    with start_run(stage, settings, {"domains": arguments.domains}) as run:
        grids = EpochGrids(
            run_folder / "grids",
            test_plain,
            test_pattern,
            every_epochs=config.grid_every_epochs,
            last_epoch=config.constant_epochs + config.decay_epochs,
            recorder=run,
        )
        judge = Judge(judged_plain, (pattern, judged_pattern), read_look(look_file), run)
        result = train_cyclegan(config, plain, pattern, params.seed, run_folder, grids, judge)
        write_trained_pattern(arguments.model, arguments.pattern, result, look_file, grids.folder)
        for name in ("losses.csv", "scores.csv", f"grids/{ANIMATION}"):
            run.log_file(arguments.model / name)
    shutil.rmtree(CHECKPOINTS / stage)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="train_cyclegan", description=__doc__)
    parser.add_argument("--pattern", required=True, help="name of the pattern")
    parser.add_argument("--domains", type=Path, required=True, help="folder written by prepare_domains")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("train_cyclegan", main))
