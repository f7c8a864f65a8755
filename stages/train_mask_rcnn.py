"""Mask R-CNN, trained on outlined photos; goes on from its last checkpoint: `models/mask_rcnn`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tryon.config import load_params
from tryon.console import run_stage

CHECKPOINTS = Path(".tryon/checkpoints/train_mask_rcnn")


def main(argv: Sequence[str]) -> None:
    """Train as `params.yaml` says, record the run, and write weights, description and losses."""
    arguments = _parse(argv)
    params = load_params()
    from tryon.datasets.shirts import load_shirts
    from tryon.models.mask_rcnn.conventions import conventions_of
    from tryon.models.mask_rcnn.initial_weights import suited_to_weights
    from tryon.tracking import start_run
    from tryon.training.checkpoints import CheckpointStore
    from tryon.training.mask_rcnn import MaskRCNNTraining, run_name
    from tryon.training.mask_rcnn_outputs import write_trained

    config = suited_to_weights(params.mask_rcnn)
    sizes = {"side": config.image_size_px, "ground": conventions_of(config).ground}
    sizes |= {"face": config.face, "other_garments": config.other_garments}
    train, validation = (
        load_shirts(arguments.photos, arguments.annotations, split, **sizes) for split in ("train", "validation")
    )
    store = CheckpointStore(CHECKPOINTS / run_name(config, params.seed, train, validation))
    inputs = {"photos": arguments.photos, "annotations": arguments.annotations}
    with start_run("train_mask_rcnn", {"seed": params.seed, "mask_rcnn": asdict(config)}, inputs) as run:
        training = MaskRCNNTraining(config, params.seed, train, validation, store=store)
        trained = training.run(lambda epoch, metrics: run.log_metrics(metrics, step=epoch))
        write_trained(arguments.model, trained)
        run.log_file(arguments.model / "losses.csv")
    CheckpointStore(CHECKPOINTS).clear()


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="train_mask_rcnn", description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder written by curate_photos")
    parser.add_argument("--annotations", type=Path, required=True, help="folder written by convert_annotations")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("train_mask_rcnn", main))
