"""What a trained pattern leaves behind: losses by epoch, epoch grids, generators (`models/cyclegan/PATTERN`)."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.datasets.domains import Domain
from tryon.errors import DataError
from tryon.formats.tables import write_table
from tryon.images.files import write_png
from tryon.images.patterns import Look
from tryon.models.cyclegan.storage import save_pattern_generator
from tryon.outputs import new_folder
from tryon.training.cyclegan import Losses, PatternNetworks, TrainingResult
from tryon.training.cyclegan_grids import epoch_grid

LOSS_COLUMNS = ("epoch", "component", "train")


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
    """Write `model.json`, `weights.h5`, `look.json`, `losses.csv` and `grids/`, whole or not at all.

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
        "losses": {component: round(value, 6) for component, value in result.losses[-1].items()},
    }
    with new_folder(folder) as building:
        save_pattern_generator(building, networks.generators, networks.architecture, read_look(look_file), facts)
        write_table(building / "losses.csv", LOSS_COLUMNS, _loss_rows(result.losses))
        (building / "grids").mkdir()
        for file in sorted(grids.glob("epoch_*.png")):
            shutil.copyfile(file, building / "grids" / file.name)


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


def _loss_rows(losses: list[Losses]) -> list[dict[str, object]]:
    return [
        {"epoch": epoch, "component": component, "train": f"{value:.6f}"}
        for epoch, row in enumerate(losses, start=1)
        for component, value in row.items()
    ]
