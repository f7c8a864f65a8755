"""What a training of Mask R-CNN leaves: weights, description and losses, the same bytes for the same training."""

from pathlib import Path

from tryon.formats.tables import write_table
from tryon.models.mask_rcnn.storage import save_model
from tryon.outputs import new_folder
from tryon.training.mask_rcnn import Trained

LOSS_COLUMNS = ("epoch", "component", "train", "validation")


def write_trained(folder: Path, trained: Trained) -> None:
    """Write `model.json`, `weights.h5` and `losses.csv` into a folder that appears when all of them are there."""
    rows = [{**row, "train": f"{row['train']:.6f}", "validation": f"{row['validation']:.6f}"} for row in trained.rows]
    with new_folder(folder) as building:
        save_model(building, trained.network, trained.facts)
        write_table(building / "losses.csv", LOSS_COLUMNS, rows)
