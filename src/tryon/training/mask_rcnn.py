"""Training of Mask R-CNN: losses of five components by epoch for train and validation, checkpoints, resume.

A step depends on nothing but the weights, the optimiser's state, the seed and the step's number. So a training
that was killed and resumed from a checkpoint ends with the same bytes as one that was not.
"""

import dataclasses
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tryon.config import MaskRCNNConfig
from tryon.datasets.augmentation import Augmentation
from tryon.datasets.shirts import Batch, ShirtSquares, epoch_batches, fixed_batches, randoms
from tryon.errors import ConfigError, TrainingError
from tryon.models.mask_rcnn.losses import COMPONENTS
from tryon.models.mask_rcnn.network import MaskRCNN, build_mask_rcnn
from tryon.models.mask_rcnn.storage import fill_weights
from tryon.training.checkpoints import Checkpoint, CheckpointStore
from tryon.training.mask_rcnn_optimizer import build_optimizer
from tryon.training.mask_rcnn_step import MaskRCNNLosses

logger = logging.getLogger("tryon")

CHECKPOINT_INTERVAL_S = 20.0
PROGRESS_INTERVAL_S = 10.0
TOTAL = "total"
AHEAD = 2  # batches that are made while a step is computed

EpochReport = Callable[[int, dict[str, float]], None]


@dataclass
class Progress:
    """How far training has come: what a checkpoint holds beside the weights."""

    step: int = 0
    sums: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COMPONENTS, 0.0))
    rows: list[dict[str, Any]] = field(default_factory=list)
    best_validation: float | None = None
    best_epoch: int = 0


@dataclass(frozen=True)
class Trained:
    """A trained network, the rows of `losses.csv`, and facts for `model.json`."""

    network: MaskRCNN
    rows: list[dict[str, Any]]
    facts: dict[str, Any]


def run_name(config: MaskRCNNConfig, seed: int, train: ShirtSquares, validation: ShirtSquares) -> str:
    """A digest of everything that a training's result depends on: configuration, seed and data."""
    said = json.dumps([dataclasses.asdict(config), seed, train.digest, validation.digest], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


class MaskRCNNTraining:
    """One training run, from fresh or given weights or from its newest checkpoint to the end.

    Args:
        config: architecture and recipe.
        seed: of weights, order, augmentation and sampling.
        train: pictures to learn from.
        validation: pictures whose losses are reported.
        store: where checkpoints go; None: none are written.
        checkpoint_interval_s: least seconds between checkpoints within an epoch.
    """

    def __init__(
        self,
        config: MaskRCNNConfig,
        seed: int,
        train: ShirtSquares,
        validation: ShirtSquares,
        *,
        store: CheckpointStore | None = None,
        checkpoint_interval_s: float = CHECKPOINT_INTERVAL_S,
    ) -> None:
        self.config, self.seed, self.train, self.validation = config, seed, train, validation
        self.store, self.checkpoint_interval_s = store, checkpoint_interval_s
        self.network = start_network(config, seed)
        self.steps_per_epoch = -(-len(train) // config.batch_size)
        self.augmentation = Augmentation(
            flip=config.flip,
            max_shift=config.max_shift,
            max_scale=config.max_scale,
            colour_jitter=config.colour_jitter,
            close_ups=config.close_ups,
            surroundings=config.surroundings,
            blanks=config.blanks,
        )
        self.model = MaskRCNNLosses(self.network)
        optimizer = build_optimizer(config, self.steps_per_epoch)
        optimizer.build(self.model.trainable_variables)
        self.model.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
        self.progress = Progress()

    def run(self, on_epoch: EpochReport | None = None) -> Trained:
        """Train to the end.

        Args:
            on_epoch: gets the epoch's number, from 1, and `loss/train/COMPONENT`, `loss/validation/COMPONENT`.

        Raises:
            TrainingError: a loss is not finite.
        """
        self._resume()
        clock = _Clock(self.progress.step, self.config.epochs * self.steps_per_epoch, self.config.batch_size)
        while not self._finished():
            epoch = self.progress.step // self.steps_per_epoch
            for index, batch in self._batches_left(epoch):
                self._step(batch)
                clock.tick(self.progress.step)
                if index + 1 < self.steps_per_epoch and clock.seconds_since_save() >= self.checkpoint_interval_s:
                    self._save(clock)
            metrics = self._close_epoch(epoch)
            if clock.seconds_since_save() >= self.checkpoint_interval_s or self._finished():
                self._save(clock)
            logger.info("epoch %d of %d: %s", epoch + 1, self.config.epochs, _summary(metrics))
            if on_epoch is not None:
                on_epoch(epoch + 1, metrics)
        return Trained(self.network, self.progress.rows, self._facts())

    def _batches_left(self, epoch: int) -> Iterator[tuple[int, Batch]]:
        """The epoch's batches from the next step on, each made while the step before it is computed."""
        batches = epoch_batches(len(self.train), self.config.batch_size, self.seed, epoch)
        left = range(self.progress.step % self.steps_per_epoch, self.steps_per_epoch)
        with ThreadPoolExecutor(max_workers=1) as pool:
            coming = [pool.submit(self.train_batch, batches[index], epoch, index) for index in left[:AHEAD]]
            for index in left:
                if index + AHEAD in left:
                    coming.append(pool.submit(self.train_batch, batches[index + AHEAD], epoch, index + AHEAD))
                yield index, coming.pop(0).result()

    def train_batch(self, indices: list[int], epoch: int, index: int) -> Batch:
        """The batch number `index` of an epoch: pictures, annotations and the noise of sampling."""
        draws = randoms(self.seed, epoch, index, count=len(indices))
        batch = self.train.batch(indices, self.augmentation, draws, self.config.max_instances)
        return self._with_noise(batch, 3, epoch, index)

    def validate(self) -> dict[str, float]:
        """Mean losses over the validation pictures, unchanged and with the same sampling every time."""
        sums, count = dict.fromkeys(COMPONENTS, 0.0), 0
        for index, indices in enumerate(fixed_batches(len(self.validation), self.config.batch_size)):
            draws = randoms(self.seed, 0, index, count=len(indices))
            batch = self.validation.batch(indices, Augmentation(), draws, self.config.max_instances)
            losses = self.model.test_on_batch(self._with_noise(batch, 4, index), return_dict=True)
            sums = {name: sums[name] + float(losses[name]) for name in COMPONENTS}
            count += 1
        return {name: value / count for name, value in sums.items()}

    def _step(self, batch: Batch) -> None:
        losses = self.model.train_on_batch(batch, return_dict=True)
        self.progress.step += 1
        for name in COMPONENTS:
            value = float(losses[name])
            if not np.isfinite(value):
                raise TrainingError(
                    f"the loss {name} is not finite at step {self.progress.step}",
                    received=value,
                    remedy="lower mask_rcnn.learning_rate or lengthen mask_rcnn.warm_up_epochs in params.yaml",
                )
            self.progress.sums[name] += value

    def _close_epoch(self, epoch: int) -> dict[str, float]:
        """Record the epoch's losses and start new sums; returns them as metrics."""
        train = {name: value / self.steps_per_epoch for name, value in self.progress.sums.items()}
        validation = self.validate()
        metrics: dict[str, float] = {}
        for side in (train, validation):
            side[TOTAL] = sum(side[name] for name in COMPONENTS)
        for name in (*COMPONENTS, TOTAL):
            row = {"epoch": epoch + 1, "component": name, "train": train[name], "validation": validation[name]}
            self.progress.rows.append(row)
            metrics[f"loss/train/{name}"], metrics[f"loss/validation/{name}"] = train[name], validation[name]
        best = self.progress.best_validation
        if best is None or validation["mrcnn_mask"] < best:
            self.progress.best_validation, self.progress.best_epoch = validation["mrcnn_mask"], epoch + 1
        self.progress.sums = dict.fromkeys(COMPONENTS, 0.0)
        return metrics

    def _finished(self) -> bool:
        if self.progress.step >= self.config.epochs * self.steps_per_epoch:
            return True
        patience, epochs_done = self.config.early_stop_epochs, self.progress.step // self.steps_per_epoch
        at_epoch_end = self.progress.step % self.steps_per_epoch == 0
        return at_epoch_end and 0 < patience <= epochs_done - self.progress.best_epoch and epochs_done > 0

    def _with_noise(self, batch: Batch, *where: int) -> Batch:
        random = np.random.default_rng([self.seed, *where])
        B = len(batch["images"])
        anchors, rois = len(self.network.anchors), self.config.proposals + self.config.max_instances
        batch["anchor_noise"] = random.random((B, anchors), dtype=np.float32)
        batch["roi_noise"] = random.random((B, rois), dtype=np.float32)
        return batch

    def _save(self, clock: "_Clock") -> None:
        if self.store is not None:
            self.store.save(self.progress.step, self._arrays(), dataclasses.asdict(self.progress))
        clock.saved()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays = {
            f"weight/{name}/{index}": value
            for name, values in self.network.weights_by_layer().items()
            for index, value in enumerate(values)
        }
        for index, variable in enumerate(self.model.optimizer.variables):
            arrays[f"optimizer/{index}"] = keras.ops.convert_to_numpy(variable)
        return arrays

    def _resume(self) -> None:
        checkpoint = self.store.load_latest() if self.store is not None else None
        if checkpoint is None:
            return
        self._restore(checkpoint)
        logger.info(
            "resumed from the checkpoint of step %d in %s", checkpoint.step, self.store.folder if self.store else ""
        )

    def _restore(self, checkpoint: Checkpoint) -> None:
        for layer in self.network.named_layers():
            layer.set_weights(
                [checkpoint.arrays[f"weight/{layer.name}/{index}"] for index in range(len(layer.weights))]
            )
        for index, variable in enumerate(self.model.optimizer.variables):
            variable.assign(checkpoint.arrays[f"optimizer/{index}"])
        self.progress = Progress(**checkpoint.state)

    def _facts(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "train_pictures": len(self.train),
            "validation_pictures": len(self.validation),
            "epochs": len(self.progress.rows) // (len(COMPONENTS) + 1),
            "steps": self.progress.step,
            "best_epoch": self.progress.best_epoch,
        }


def start_network(config: MaskRCNNConfig, seed: int) -> MaskRCNN:
    """A network with the starting weights and the learning layers that the configuration asks for.

    Raises:
        ConfigError: `weights` names neither `none` nor a file.
        ModelError: the file does not hold this network's weights.
    """
    network = build_mask_rcnn(config, seed)
    if config.weights != "none":
        path = Path(config.weights)
        if not path.is_file():
            raise ConfigError(
                "params.yaml: mask_rcnn.weights names no weights that can be loaded",
                received=config.weights,
                needed="`none`, or the path of a weights.h5 of this project",
                remedy="set mask_rcnn.weights: none to train from scratch",
            )
        fill_weights(network, path.read_bytes(), path)
    network.choose_layers(config.layers)
    return network


class _Clock:
    """Progress lines with rate and time left, and the time since the last checkpoint."""

    def __init__(self, step: int, steps: int, batch_size: int) -> None:
        self._first, self._steps, self._batch_size = step, steps, batch_size
        self._started = self._reported = self._saved_at = time.monotonic()

    def tick(self, step: int) -> None:
        now = time.monotonic()
        if step == self._first + 1:
            self._first, self._started = step, now  # the first step compiles: not part of the rate
        elif now - self._reported >= PROGRESS_INTERVAL_S:
            self._reported = now
            rate = (step - self._first) / (now - self._started)
            left_s = (self._steps - step) / rate
            logger.info("step %d of %d, %.1f images/s, %.0f s left", step, self._steps, rate * self._batch_size, left_s)

    def saved(self) -> None:
        self._saved_at = time.monotonic()

    def seconds_since_save(self) -> float:
        return time.monotonic() - self._saved_at


def _summary(metrics: dict[str, float]) -> str:
    train = ", ".join(f"{name} {metrics[f'loss/train/{name}']:.3f}" for name in (*COMPONENTS, TOTAL))
    return f"{train}; validation {metrics[f'loss/validation/{TOTAL}']:.3f}"
