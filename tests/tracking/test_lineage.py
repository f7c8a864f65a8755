"""Asked backwards: which runs read a version of the data, which models came of them, which pictures show it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tryon.tracking import start_run
from tryon.tracking.lineage import Lineage

pytestmark = pytest.mark.slow
READ, OTHER = "a" * 32 + ".dir", "b" * 32 + ".dir"
LOCK = "stages:\n  curate_photos:\n    outs:\n    - path: data/photos\n      md5: {}\n"


def record(stage: str, digest: str) -> None:
    """A run of a stage that read `data/photos` in that version and kept a picture and a file."""
    Path("dvc.lock").write_text(LOCK.format(digest))
    with start_run(stage, {}, {"photos": Path("data/photos")}) as run:
        run.log_picture("grids/epoch", np.zeros((4, 4, 3), np.uint8), step=1)
        run.log_metrics({"loss": 1.0})
        run.log_file(Path("dvc.lock"))


def test_runs_models_and_pictures_of_one_version(store: Path, runs: Callable[[], list[Any]]) -> None:
    from mlflow import MlflowClient

    record("train_mask_rcnn", READ)
    record("train_mask_rcnn", OTHER)
    lineage = Lineage()
    [seen] = lineage.runs_that_read({"data/photos": [READ], "data/garments": [READ]})
    assert (seen.stage, seen.pictures) == ("train_mask_rcnn", ("grids/epoch_0001.png",))
    assert {run.info.run_id for run in runs()} > {seen.run_id}

    client = MlflowClient(f"sqlite:///{store}")
    client.create_registered_model("mask-rcnn")
    for tags in ({"run_key": seen.run_key}, {"dvc.out": "c" * 32}, {"run_key": "another"}):
        client.create_model_version("mask-rcnn", source=str(store.parent), tags=tags)
    client.set_registered_model_alias("mask-rcnn", "champion", "1")
    found = lineage.registered([seen.run_key], ["c" * 32])
    assert [(model.name, model.version, model.aliases) for model in found] == [
        ("mask-rcnn", "1", ("champion",)),
        ("mask-rcnn", "2", ()),
    ]

    lineage.remove_pictures(seen)
    assert lineage.runs_that_read({"data/photos": [READ]})[0].pictures == ()
    assert "dvc.lock" in [entry.path for entry in client.list_artifacts(seen.run_id)]
    [other] = lineage.runs_that_read({"data/photos": [OTHER]})
    assert other.pictures == ("grids/epoch_0001.png",)


def test_asking_makes_no_store(workspace: Path) -> None:
    lineage = Lineage(f"sqlite:///{workspace}/none.db")
    assert lineage.runs_that_read({"data/photos": [READ]}) == []
    assert lineage.registered(["key"], []) == []
    assert not list(workspace.glob("*.db"))


def test_a_server_that_is_away_is_an_error_within_seconds() -> None:
    with pytest.raises(OSError):
        Lineage("http://127.0.0.1:1")
