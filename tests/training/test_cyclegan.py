"""Training of a pattern: schedule, going on after a kill, refusals, and whether it learns at all."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tryon.config import CycleGANConfig
from tryon.datasets.domains import Domain
from tryon.errors import TrainingError

ROOT = Path(__file__).parents[2]
TINY = CycleGANConfig(
    mode="per_pattern",
    unseen_patterns=[],
    size_px=32,
    generator_filters=4,
    generator_blocks=1,
    critic_filters=4,
    edge_kernel_px=3,
    upsampling="resize",
    plain_in_grey=False,
    objective="cycle",
    cycle_weight=5.0,
    identity_weight=2.5,
    contrast_weight=1.0,
    contrast_identity_weight=1.0,
    contrast_patches=16,
    contrast_features=8,
    loss_region="picture",
    augmentation=[],
    mask_composite=True,
    mask_input=True,
    position_input=True,
    garment_input=True,
    garment_code=3,
    weight_averaging=0.9,
    pool_size=3,
    load_px=0,
    flip=False,
    learning_rate=1e-3,
    constant_epochs=2,
    decay_epochs=1,
    steps_per_epoch=3,
    batch_size=2,
    keep_weights="last",
    grid_every_epochs=2,
    threads=0,
)


def domain(colour: tuple[float, float, float], count: int = 4, seed: int = 0) -> Domain:
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, 32, 32), np.float32)
    masks[:, 5:27, 7:25] = 1.0
    shade = 1 + 0.1 * rng.standard_normal((count, 32, 32, 1)).astype(np.float32)
    garment = np.clip(np.array(colour, np.float32) * shade, 0, 1)
    pictures = np.where(masks[..., None] > 0, garment, np.float32(0.5)).astype(np.float32)
    return Domain(pictures, masks, tuple(f"{i:06d}.png" for i in range(count)))


PLAIN, PATTERN = domain((0.8, 0.8, 0.8)), domain((0.1, 0.2, 0.7), seed=1)


BEST = dataclasses.replace(TINY, keep_weights="best")


def run(folder: Path, config: CycleGANConfig = TINY, seed: int = 5, on_epoch=None, plain: Domain = PLAIN, judge=None):
    from tryon.training.cyclegan import train_cyclegan

    return train_cyclegan(config, plain, PATTERN, seed, folder, on_epoch, judge)


def second_is_best(epoch, networks):
    """A judge that likes the second epoch."""
    return {"rating": abs(epoch - 2) + 0.5, "cycle_ssim": 0.1 * epoch}


def weights(result) -> list[np.ndarray]:
    return [weight for network in result.networks.generators.values() for weight in network.get_weights()]


def kill_in_epoch(folder: Path, epoch: int) -> None:
    """Train in a process of its own that is killed when the epoch ends, before its checkpoint."""
    script = (
        "import importlib.util, os, signal\n"
        f"spec = importlib.util.spec_from_file_location('t', {str(Path(__file__))!r})\n"
        "t = importlib.util.module_from_spec(spec); spec.loader.exec_module(t)\n"
        f"stop = lambda e, l, n: os.kill(os.getpid(), signal.SIGKILL) if e == {epoch} else None\n"
        f"t.run(t.Path({str(folder)!r}), t.BEST, on_epoch=stop, judge=t.second_is_best)\n"
    )
    child = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=os.environ, capture_output=True, check=False)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()[-2000:]


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A training that nothing interrupts, its folder, and the generators' weights after each epoch."""
    seen, folder = {}, tmp_path_factory.mktemp("straight")

    def watch(epoch, losses, networks):
        seen[epoch] = [*networks.plain_to_pattern.get_weights(), *networks.pattern_to_plain.get_weights()]

    return run(folder, BEST, on_epoch=watch, judge=second_is_best), folder, seen


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(straight, tmp_path):
    from tryon.training.cyclegan import run_digest
    from tryon.training.cyclegan_outputs import write_trained_pattern

    kill_in_epoch(tmp_path / "killed", epoch=3)
    assert list((tmp_path / "killed").glob("slot_*.ckpt"))
    seen = []
    resumed = run(
        tmp_path / "killed", BEST, on_epoch=lambda epoch, *_: seen.append(epoch), judge=second_is_best
    )  # the best epoch was before the kill
    assert seen == [3]
    straight, folder, _ = straight
    assert resumed.losses == straight.losses
    assert resumed.scores == straight.scores
    assert resumed.kept_epoch == straight.kept_epoch == 2
    assert resumed.steps == straight.steps == 9
    look = tmp_path / "look.json"
    look.write_text(json.dumps(some_look().to_dict()))
    for name, result in (("a", resumed), ("b", straight)):
        write_trained_pattern(tmp_path / name, "blue", result, look, tmp_path / "no grids")
    for file in ("weights.h5", "model.json", "losses.csv", "scores.csv", "look.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file
    # A finished run, started again before its checkpoints were removed, gives the same without a step.
    again = run(folder, BEST, on_epoch=lambda *_: pytest.fail("an epoch was run"), judge=second_is_best)
    assert all(np.array_equal(a, b) for a, b in zip(weights(again), weights(straight), strict=True))
    assert len({run_digest(TINY, PLAIN, PATTERN, seed) for seed in (1, 1, 2)}) == 2


@pytest.mark.slow
def test_the_weights_of_the_best_epoch_are_kept_or_those_of_the_last(straight, tmp_path):
    best, _, seen = straight
    last = run(tmp_path / "last", judge=second_is_best)
    assert (best.kept_epoch, last.kept_epoch) == (2, 3)
    for result, epoch in ((best, 2), (last, 3)):
        assert all(np.array_equal(a, b) for a, b in zip(weights(result), seen[epoch], strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(seen[2], seen[3], strict=True))
    assert best.scores == last.scores and best.losses == last.losses, "judging changes nothing"
    with pytest.raises(AssertionError, match="without a judge"):
        run(tmp_path / "none", BEST)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "contrastive", "loss_region": "garment"},
        {"objective": "contrastive", "augmentation": ["translation"], "pool_size": 0},
        {"load_px": 36, "flip": True, "garment_input": False, "garment_code": 0},
        {"loss_region": "garment", "augmentation": ["colour", "translation", "cutout"]},
    ],
    ids=["contrastive", "contrastive augmented", "cropped", "augmented"],
)
def test_every_way_of_training_goes_on_to_the_same_weights(tmp_path, changes):
    config = dataclasses.replace(TINY, **changes)

    def keep_as_if_killed(epoch, losses, networks):
        if epoch == 2:
            shutil.copytree(tmp_path / "straight", tmp_path / "killed")

    straight = run(tmp_path / "straight", config, on_epoch=keep_as_if_killed)
    epochs = []
    resumed = run(tmp_path / "killed", config, on_epoch=lambda epoch, *_: epochs.append(epoch))
    assert epochs == [2, 3]
    assert resumed.losses == straight.losses
    assert all(np.array_equal(a, b) for a, b in zip(weights(resumed), weights(straight), strict=True))
    one_way = config.objective == "contrastive"
    assert list(straight.networks.generators) == ["plain_to_pattern", "pattern_to_plain"][: 1 if one_way else 2]


@pytest.mark.slow
def test_a_pattern_without_a_way_back_is_kept_and_shown_as_such(straight, tmp_path):
    from tryon.errors import ModelError
    from tryon.models.cyclegan import load_pattern_generator
    from tryon.training.cyclegan_contrastive import CONTRASTIVE_COMPONENTS
    from tryon.training.cyclegan_grids import COLUMNS, ONE_WAY_COLUMNS, epoch_grid
    from tryon.training.cyclegan_outputs import write_trained_pattern

    config = dataclasses.replace(TINY, objective="contrastive", constant_epochs=1, decay_epochs=0)
    result, both = run(tmp_path / "one way", config), straight[0]
    assert tuple(result.losses[0]) == CONTRASTIVE_COMPONENTS
    look = tmp_path / "look.json"
    look.write_text(json.dumps(some_look().to_dict()))
    write_trained_pattern(tmp_path / "model", "blue", result, look, tmp_path / "no grids")
    loaded = load_pattern_generator(tmp_path / "model")
    assert not loaded.config.way_back
    assert loaded.redraw(PLAIN.pictures, PLAIN.masks, PATTERN.pictures).shape == PLAIN.pictures.shape
    with pytest.raises(ModelError, match="knows no way back"):
        loaded.restore(PLAIN.pictures, PLAIN.masks)
    narrow, wide = (epoch_grid(r.networks, PLAIN, PATTERN) for r in (result, both))
    assert narrow.shape[0] == wide.shape[0]
    assert narrow.shape[1] - 4 == pytest.approx((wide.shape[1] - 4) * len(ONE_WAY_COLUMNS) / len(COLUMNS))


def some_look():
    from tryon.images.patterns import measure_look

    return measure_look(np.full((32, 32, 3), 90, np.uint8), np.ones((32, 32), bool))


@pytest.mark.slow
def test_it_learns_the_colour(tmp_path):
    from tryon.models.cyclegan import placed_in_turn
    from tryon.models.cyclegan.storage import translate

    config = dataclasses.replace(TINY, steps_per_epoch=40, learning_rate=2e-3, weight_averaging=0.0)
    result = run(tmp_path, config)
    garments = placed_in_turn(PLAIN.masks, PATTERN.pictures, PATTERN.masks)
    network, architecture = result.networks.plain_to_pattern, result.networks.architecture
    fakes = translate(network, PLAIN.pictures, PLAIN.masks, architecture, garments)
    inside = PLAIN.masks > 0
    distance = np.abs(fakes[inside].mean(axis=0) - PATTERN.pictures[inside].mean(axis=0)).max()
    before = np.abs(PLAIN.pictures[inside].mean(axis=0) - PATTERN.pictures[inside].mean(axis=0)).max()
    assert distance < 0.3 * before
    assert np.unique(fakes[~inside]).tolist() == [0.5]
    assert result.losses[-1]["cycle_pattern"] < result.losses[0]["cycle_pattern"]


def test_a_loss_that_is_not_finite_stops_by_name():
    from tryon.training.cyclegan import refuse_non_finite

    refuse_non_finite({"cycle_plain": 0.3}, step=6)
    with pytest.raises(TrainingError, match=r"the loss plain_critic of the CycleGAN is not finite in step 7"):
        refuse_non_finite({"cycle_plain": 0.3, "plain_critic": float("nan")}, step=6)


@pytest.mark.slow
def test_a_picture_that_is_not_finite_stops_the_training(tmp_path):
    broken = dataclasses.replace(PLAIN, pictures=np.full_like(PLAIN.pictures, np.nan))
    with pytest.raises(TrainingError, match="is not finite in step 1"):
        run(tmp_path, plain=broken)


def test_learning_rate_is_the_references():
    from tryon.training.cyclegan import learning_rate_at

    golden = ROOT / "tests" / "models" / "cyclegan" / "goldens" / "misc.json"
    rates = json.loads(golden.read_text())["lr_per_epoch_100_plus_100"]
    config = dataclasses.replace(TINY, learning_rate=2e-4, constant_epochs=100, decay_epochs=100)
    assert [learning_rate_at(epoch, config) for epoch in range(200)] == pytest.approx(rates)


def test_no_decay_keeps_the_rate():
    from tryon.training.cyclegan import learning_rate_at

    config = dataclasses.replace(TINY, decay_epochs=0)
    assert {learning_rate_at(epoch, config) for epoch in range(config.constant_epochs)} == {1e-3}


def test_other_settings_data_or_seed_are_another_run():
    from tryon.training.cyclegan import run_digest

    others = [
        run_digest(TINY, PLAIN, PATTERN, 1),
        run_digest(dataclasses.replace(TINY, cycle_weight=9.0), PLAIN, PATTERN, 1),
        run_digest(TINY, PATTERN, PLAIN, 1),
        run_digest(TINY, domain((0.8, 0.8, 0.8), seed=9), PATTERN, 1),
        run_digest(TINY, PLAIN, PATTERN, 2),
        run_digest(TINY, PLAIN, PATTERN, 1, PLAIN),
    ]
    assert len(set(others)) == len(others)
    assert run_digest(TINY, PLAIN, PATTERN, 1) == others[0]
