"""Training: equal bytes for equal seeds, going on after `kill -9` as if nothing had happened, and loud failures."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.datasets.outlined_folders import annotate, item, write_split
from tests.models.mask_rcnn.mask_rcnn_cases import tiny
from tryon.datasets.shirts import ShirtSquares, load_shirts
from tryon.errors import ConfigError, ModelError, TrainingError

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SEED = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_split(root, "train", 6)
    write_split(root, "validation", 3, seed=1)
    return root


def load(folder: Path) -> tuple[ShirtSquares, ShirtSquares]:
    train, validation = (
        load_shirts(folder / "photos", folder / "annotations", split, side=64, ground=128)
        for split in ("train", "validation")
    )
    return train, validation


def training(folder: Path, store: Path | None = None, **changes: Any) -> Any:
    from tryon.training.checkpoints import CheckpointStore
    from tryon.training.mask_rcnn import MaskRCNNTraining

    slots = None if store is None else CheckpointStore(store)
    return MaskRCNNTraining(tiny(**changes), SEED, *load(folder), store=slots, checkpoint_interval_s=0.0)


def weights_of(trained: Any) -> bytes:
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    return weights_to_bytes(trained.network)


@pytest.fixture(scope="module")
def whole(folder: Path) -> tuple[Any, list[tuple[int, dict[str, float]]]]:
    """A training that nothing interrupts, and what it reported; its checkpoints stay in `whole`."""
    run = training(folder, folder / "whole")
    reports: list[tuple[int, dict[str, float]]] = []
    return run.run(lambda epoch, metrics: reports.append((epoch, metrics))), reports


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.test_mask_rcnn_training import training

run = training(Path(sys.argv[1]), Path(sys.argv[2]))
step = run._step

def step_then_die(batch):
    if run.progress.step == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    step(batch)

run._step = step_then_die
run.run()
"""


def test_killed_and_resumed_ends_with_the_same_bytes(
    folder: Path, whole: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Killed in the middle of the second epoch; a damaged newest checkpoint costs some steps and nothing else."""
    command = [sys.executable, "-c", KILLED, str(folder), str(tmp_path)]
    child = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert child.returncode == -9, child.stderr
    newest = max(tmp_path.glob("*.ckpt"), key=lambda path: path.stat().st_mtime_ns)
    content = bytearray(newest.read_bytes())
    content[len(content) // 3] ^= 1
    newest.write_bytes(content)
    caplog.set_level("INFO", "tryon")
    resumed = training(folder, tmp_path)
    result = resumed.run()
    assert weights_of(result) == weights_of(whole[0])
    assert result.rows == whole[0].rows and result.facts == whole[0].facts
    assert f"{newest.name} is damaged and not used" in caplog.text
    assert "resumed from the checkpoint of step 3" in caplog.text


def test_a_finished_training_resumes_as_finished(folder: Path, whole: Any) -> None:
    again = training(folder, folder / "whole")
    again._step = None  # no step may be made
    assert weights_of(again.run()) == weights_of(whole[0])


def test_losses_of_train_and_validation_by_epoch(whole: Any) -> None:
    trained, reports = whole
    components = ["rpn_class", "rpn_bbox", "mrcnn_class", "mrcnn_bbox", "mrcnn_mask", "total"]
    assert [(row["epoch"], row["component"]) for row in trained.rows] == [(e, c) for e in (1, 2) for c in components]
    assert [epoch for epoch, _ in reports] == [1, 2]
    for row in trained.rows:
        assert 0 <= row["train"] < 10 and 0 <= row["validation"] < 10
        assert reports[row["epoch"] - 1][1][f"loss/validation/{row['component']}"] == row["validation"]
    total = trained.rows[5]
    assert total["train"] == pytest.approx(sum(row["train"] for row in trained.rows[:5]))
    assert trained.facts["steps"] == 6 and trained.facts["train_pictures"] == 6


def test_landmarks_and_kinds_of_other_garments_have_losses_of_their_own(folder: Path) -> None:
    from tryon.training.mask_rcnn import MaskRCNNTraining

    split = {"photos": folder / "photos", "annotations": folder / "annotations", "side": 64, "ground": 128}
    for side, count in (("train", 6), ("validation", 3)):
        annotate(folder, item(8, 0, 40, 63, 63), split=side)
        assert len(list((folder / "photos" / side / "annos").iterdir())) == count
    sides = [load_shirts(split=side, other_garments=True, **split) for side in ("train", "validation")]
    changes = {"landmarks": True, "other_garments": True, "epochs": 16, "warm_up_epochs": 0}
    config = tiny(recolour=0.2, max_rotation_degrees=10.0, blanks=0.0, **changes)
    rows = MaskRCNNTraining(config, SEED, *sides).run().rows
    first = {row["component"]: row for row in rows[: len(rows) // 16]}
    names = ["rpn_class", "rpn_bbox", "mrcnn_class", "mrcnn_bbox", "mrcnn_mask", "mrcnn_landmark", "mrcnn_visibility"]
    assert list(first) == [*names, "garment_kind", "total"]
    said = {row["component"]: row["train"] for row in rows[: len(first) - 1]}
    assert first["total"]["train"] == pytest.approx(sum(said.values()) + said["mrcnn_landmark"]), (
        "landmarks count twice"
    )
    # An untrained map is near to knowing nothing, which is 1; of three visibilities it is log 3.
    assert 0.5 < first["mrcnn_landmark"]["validation"] < 1.1 and 0 < first["mrcnn_visibility"]["validation"] < 1.2
    own = [row for row in rows if row["component"] == "garment_kind"]
    assert len(own) == 16 and all(0 < own[-1][side] < 0.8 * own[0][side] for side in ("train", "validation"))


def test_landmarks_are_not_learnt_from_nothing(folder: Path) -> None:
    from tryon.training.mask_rcnn import MaskRCNNTraining

    train, validation = load(folder)
    bare = dataclasses.replace(train, landmarks=tuple(points * 0 for points in train.landmarks))
    with pytest.raises(ConfigError, match=r"no training photo has a landmark[\s\S]*landmarks: false"):
        MaskRCNNTraining(tiny(landmarks=True), SEED, bare, validation)


def test_a_face_is_not_learnt_from_photos_that_have_none(folder: Path) -> None:
    from tryon.training.mask_rcnn import MaskRCNNTraining

    split = {"photos": folder / "photos", "annotations": folder / "annotations", "side": 64, "ground": 128}
    train, validation = (load_shirts(split=side, face=True, **split) for side in ("train", "validation"))
    with pytest.raises(ConfigError, match=r"no training photo has a face[\s\S]*face: false"):
        MaskRCNNTraining(tiny(landmarks=True, face=True), SEED, train, validation)


def test_outputs_are_written_whole(whole: Any, tmp_path: Path) -> None:
    from tryon.formats.tables import read_table
    from tryon.models.mask_rcnn import load_predictor
    from tryon.training.mask_rcnn_outputs import LOSS_COLUMNS, write_trained

    write_trained(tmp_path / "model", whole[0])
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["losses.csv", "model.json", "weights.h5"]
    assert len(read_table(tmp_path / "model" / "losses.csv", LOSS_COLUMNS)) == 12
    assert load_predictor(tmp_path / "model").config == whole[0].network.config


def test_a_loss_that_is_not_finite_stops_and_is_named(folder: Path) -> None:
    run = training(folder)
    run.model.train_on_batch = lambda batch, return_dict: {
        "rpn_class": 0.1, "rpn_bbox": 0.1, "mrcnn_class": 0.1, "mrcnn_bbox": np.nan, "mrcnn_mask": 0.1
    }  # fmt: skip
    with pytest.raises(TrainingError, match=r"mrcnn_bbox is not finite at step 1[\s\S]*learning_rate"):
        run.run()


def test_more_classes_than_outlines_tell_apart_are_refused(folder: Path) -> None:
    names = ["trousers", "short sleeve top"]
    with pytest.raises(ConfigError, match="trousers, short sleeve top"):
        training(folder, class_names=names)


def pretend_step(run: Any) -> None:
    """A step that changes a weight at once: what these tests are about is which weights are kept."""
    run.progress.step += 1
    layer = run.network.named_layers()[0]
    layer.set_weights([value + run.progress.step for value in layer.get_weights()])


def stopped_early(folder: Path, store: Path | None = None, die_at: int = 0) -> Any:
    """A training whose mask loss on the validation photos is best after the second epoch; it stops after the fourth.

    The first epoch has no loss of masks at all: no RoI was positive, which is no success.
    """
    run = training(folder, store, epochs=9, early_stop_epochs=2, keep_weights="best")
    losses = dict.fromkeys(["rpn_class", "rpn_bbox", "mrcnn_class", "mrcnn_bbox"], 0.1)

    def step_or_die(batch: Any) -> None:
        if die_at and run.progress.step == die_at:
            raise KeyboardInterrupt
        pretend_step(run)

    run._step = step_or_die
    run.validate = lambda: {**losses, "mrcnn_mask": [0.0, 0.4, 0.41, 0.42][run.progress.step // 3 - 1]}
    return run


@pytest.fixture(scope="module")
def two_epochs(folder: Path) -> bytes:
    """Weights after two epochs of the training that stops early; it must not know that it ends."""
    run = training(folder, epochs=9)
    for _ in range(6):
        pretend_step(run)
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    return weights_to_bytes(run.network)


def test_early_stop_on_the_validation_mask_loss_keeps_the_best_weights(folder: Path, two_epochs: bytes) -> None:
    result = stopped_early(folder).run()
    assert (result.facts["epochs"], result.facts["best_epoch"]) == (4, 2)
    assert weights_of(result) == two_epochs


def test_early_stop_with_the_last_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="keep_weights: best"):
        tiny(early_stop_epochs=2, keep_weights="last")


def test_the_best_weights_survive_a_kill(folder: Path, two_epochs: bytes, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        stopped_early(folder, tmp_path, die_at=8).run()
    resumed = stopped_early(folder, tmp_path)
    assert weights_of(resumed.run()) == two_epochs
    again = stopped_early(folder, tmp_path, die_at=resumed.progress.step)
    assert weights_of(again.run()) == two_epochs


def test_training_starts_from_given_weights(whole: Any, folder: Path, tmp_path: Path) -> None:
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes
    from tryon.training.mask_rcnn import start_network

    (tmp_path / "weights.h5").write_bytes(weights_of(whole[0]))
    network, report = start_network(tiny(weights=str(tmp_path / "weights.h5"), layers="heads"), SEED)
    assert weights_to_bytes(network) == weights_of(whole[0]) and report is not None
    assert not any(layer.trainable_weights for layer in network.trunk.layers if layer.name.startswith(("conv", "res")))
    with pytest.raises(ModelError, match="rpn_conv_shared"):
        start_network(tiny(weights=str(tmp_path / "weights.h5"), rpn_channels=32), SEED)
    run = training(folder, weights=str(tmp_path / "weights.h5"), weights_exclude=["mrcnn_mask"])
    assert run._facts()["initial_weights"] == run.initial.facts()
    assert run._facts()["initial_weights"]["fresh"] == ["mrcnn_mask"]


def test_a_repetition_draws_other_weights_on_the_same_data(folder: Path) -> None:
    first, second = training(folder), training(folder, repetition=1)
    assert (
        first.network.weights_by_layer()["conv1"][0].tobytes()
        != second.network.weights_by_layer()["conv1"][0].tobytes()
    )
    assert first.train.digest == second.train.digest and second.seed == SEED + 1


def test_the_run_is_named_by_all_that_it_depends_on(folder: Path, tmp_path: Path) -> None:
    from tryon.training.mask_rcnn import run_name

    train, validation = load(folder)
    name = run_name(tiny(), 1, train, validation)
    assert name == run_name(tiny(), 1, train, validation)
    others = {run_name(tiny(epochs=3), 1, train, validation), run_name(tiny(), 2, train, validation)}
    assert name not in others | {run_name(tiny(), 1, validation, train)}
    weights = tmp_path / "weights.h5"
    weights.write_bytes(b"1")
    first = run_name(tiny(weights=str(weights)), 1, train, validation)
    weights.write_bytes(b"2")
    assert run_name(tiny(weights=str(weights)), 1, train, validation) != first != name
