"""What a trained pattern leaves behind: losses, scores and grids by epoch, generators (`models/cyclegan/PATTERN`)."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.datasets.domains import Domain
from tryon.errors import DataError
from tryon.evaluation.picking import pick
from tryon.formats.tables import write_table
from tryon.images.animation import encode_gif
from tryon.images.files import read_image, write_png
from tryon.images.patterns import Look
from tryon.models.cyclegan.storage import save_pattern_generator
from tryon.outputs import new_folder, write_bytes
from tryon.training.cyclegan import Losses, PatternNetworks, TrainingResult
from tryon.training.cyclegan_grids import epoch_grid

LOSS_COLUMNS = ("epoch", "component", "train")
SCORE_COLUMNS = ("epoch", "component", "validation")
ANIMATION = "epochs.gif"


class Recorder(Protocol):
    """What a run is recorded with (`tryon.tracking.Run`, which library code does not import)."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Record values of an epoch."""

    def log_picture(self, name: str, rgb: NDArray[np.uint8], step: int | None = None) -> None:
        """Record a picture."""


class EpochGrids:
    """Watches a training: records the losses of each epoch, and every few epochs keeps a grid of a few fixed pictures.

    Args:
        folder: where the grids are kept until the training is done; beside the checkpoints, so that they outlive a
            kill.
        every_epochs: distance between grids; the last epoch always has one.
    """

    def __init__(
        self, folder: Path, plain: Domain, pattern: Domain, *, every_epochs: int, last_epoch: int, recorder: Recorder
    ) -> None:
        self.folder, self._sides, self._recorder = folder, (plain, pattern), recorder
        self._every_epochs, self._last_epoch = every_epochs, last_epoch

    def __call__(self, epoch: int, losses: Losses, networks: PatternNetworks) -> None:
        """Record an epoch, counted from 1."""
        self._recorder.log_metrics(
            {f"loss/train/{component}": value for component, value in losses.items()}, step=epoch
        )
        if epoch % self._every_epochs and epoch != self._last_epoch:
            return
        page = epoch_grid(networks, *self._sides)
        name = f"epoch_{epoch:03d}.png"
        write_png(self.folder / name, page)
        self._recorder.log_picture(f"grids/{name}", page)


def write_trained_pattern(folder: Path, pattern: str, result: TrainingResult, look_file: Path, grids: Path) -> None:
    """Write `model.json`, `weights.h5`, `look.json`, `losses.csv`, `scores.csv` and `grids/`, whole or not at all.

    Args:
        look_file: the measured look of the target, written by prepare_domains.
        grids: folder of `epoch_NNN.png`.
    """
    networks = result.networks
    facts = {
        "pattern": pattern,
        "epochs": len(result.losses),
        "steps": result.steps,
        "generator_parameters": int(networks.plain_to_pattern.count_params()),
        "critic_parameters": int(networks.pattern_critic.count_params()),
        "losses": _rounded(result.losses[-1]),
        "kept_epoch": result.kept_epoch,
        "kept_weights": result.kept_weights,
    }
    if result.scores:
        facts |= {
            "best_epoch": pick(result.scores),
            "kept_scores": _rounded(result.scores[result.kept_epoch - 1]),
            "last_scores": _rounded(result.scores[-1]),
        }
    with new_folder(folder) as building:
        save_pattern_generator(building, networks.generators, networks.architecture, read_look(look_file), facts)
        write_table(building / "losses.csv", LOSS_COLUMNS, _rows(result.losses, LOSS_COLUMNS))
        write_table(building / "scores.csv", SCORE_COLUMNS, _rows(result.scores, SCORE_COLUMNS))
        _write_grids(building / "grids", sorted(grids.glob("epoch_*.png")))


def read_look(path: Path) -> Look:
    """The look of a target, as prepare_domains measured it.

    Raises:
        DataError: the file is missing or does not describe a look.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} holds no look", received=error, remedy="dvc repro prepare_domains") from error
    return Look.from_dict(content)


def _write_grids(folder: Path, pages: Sequence[Path]) -> None:
    folder.mkdir()
    for page in pages:
        shutil.copyfile(page, folder / page.name)
    if pages:
        captions = [f"epoch {int(page.stem.removeprefix('epoch_'))}" for page in pages]
        write_bytes(folder / ANIMATION, encode_gif([read_image(page) for page in pages], captions))


def _rows(epochs: Sequence[Mapping[str, float]], columns: Sequence[str]) -> list[dict[str, object]]:
    return [
        dict(zip(columns, (epoch, component, f"{value:.6f}"), strict=True))
        for epoch, row in enumerate(epochs, start=1)
        for component, value in row.items()
    ]


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in values.items()}
