"""A workspace in which the stages of Mask R-CNN run in seconds."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from tests.datasets.outlined_folders import write_split
from tests.models.mask_rcnn.mask_rcnn_cases import tiny


def write_workspace(root: Path, **changes: Any) -> None:
    """Write photos, annotations and a params.yaml with a tiny network."""
    for split, count, seed in (("train", 4, 0), ("validation", 2, 1), ("test", 3, 2)):
        write_split(root / "data", split, count, seed=seed)
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["mask_rcnn"] = {**asdict(tiny()), **changes}
    (root / "params.yaml").write_text(yaml.safe_dump(params))
