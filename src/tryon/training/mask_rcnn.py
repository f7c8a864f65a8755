"""Training of Mask R-CNN: losses by component by epoch for train and validation, checkpoints, resume.

A step depends on nothing but the weights, the optimiser's state, the seed and the step's number. So a training
that was killed and resumed from a checkpoint ends with the same bytes as one that was not.
"""

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tryon.config import MaskRCNNConfig
from tryon.datasets.augmentation import Augmentation
from tryon.datasets.shirts import Batch, ShirtSquares, epoch_batches, fixed_batches, randoms
from tryon.errors import ConfigError, TrainingError
from tryon.geometry.landmarks import ABSENT
from tryon.models.mask_rcnn.initial_weights import WeightReport, load_initial_weights, weights_digest
from tryon.models.mask_rcnn.landmarks import LANDMARKS
from tryon.models.mask_rcnn.losses import components_of, total
from tryon.models.mask_rcnn.network import MaskRCNN, build_mask_rcnn
from tryon.models.mask_rcnn.second_look import FACE_RISE
from tryon.training.checkpoints import Checkpoint, CheckpointStore
from tryon.training.mask_rcnn_devices import share_batches
from tryon.training.mask_rcnn_optimizer import build_optimizer
from tryon.training.mask_rcnn_progress import TOTAL, Clock, Progress, summary
from tryon.training.mask_rcnn_step import MaskRCNNLosses

logger = logging.getLogger("tryon")

CHECKPOINT_INTERVAL_S = 20.0
AHEAD = 2  # batches that are made while a step is computed

EpochReport = Callable[[int, dict[str, float]], None]


@dataclass(frozen=True)
class Trained:
    """A trained network, the rows of `losses.csv`, and facts for `model.json`."""

    network: MaskRCNN
    rows: list[dict[str, Any]]
    facts: dict[str, Any]


def run_name(config: MaskRCNNConfig, seed: int, train: ShirtSquares, validation: ShirtSquares) -> str:
    """A digest of everything that a training's result depends on: configuration, starting weights, seed and data."""
    given = weights_digest(config.weights)
    said = json.dumps([dataclasses.asdict(config), given, seed, train.digest, validation.digest], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


class MaskRCNNTraining:
    """One training run, from fresh or given weights or from its newest checkpoint to the end.

    Args:
        config: architecture and recipe.
        seed: of weights, order, augmentation and sampling, together with `config.repetition`.
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
        """Prepare everything up to the first step.

        Raises:
            ConfigError: there is more than one class; landmarks are to be learnt and no training picture has one; or
                as `start_network`.
        """
        self.config, self.seed = config, seed + config.repetition
        self.train, self.validation = train, validation
        self.components = components_of(config)
        if len(config.class_names) != 1:
            raise ConfigError(
                "params.yaml: mask_rcnn.class_names: training knows one class, that of every outline",
                received=", ".join(config.class_names),
                needed="one name",
                remedy="name one class; networks of more classes are for weights that were trained elsewhere",
            )
        if config.landmarks:
            _check_landmarks(train, config.face)
        self.store, self.checkpoint_interval_s = store, checkpoint_interval_s
        share_batches(config.devices)
        self.network, self.initial = start_network(config, self.seed)
        self.steps_per_epoch = -(-len(train) // config.batch_size)
        self.augmentation = Augmentation(
            flip=config.flip,
            max_shift=config.max_shift,
            max_scale=config.max_scale,
            max_rotation_degrees=config.max_rotation_degrees,
            recolour=config.recolour,
            colour_jitter=config.colour_jitter,
            close_ups=config.close_ups,
            surroundings=config.surroundings,
            blanks=config.blanks,
            close_up_rise=FACE_RISE if config.face else 0.0,
        )
        self.model = MaskRCNNLosses(self.network)
        optimizer = build_optimizer(config, self.steps_per_epoch)
        optimizer.build(self.model.trainable_variables)
        self.model.compile(optimizer=optimizer, jit_compile=keras.backend.backend() == "jax")
        self.progress = Progress(sums=dict.fromkeys(self.components, 0.0))
        self._best: dict[str, list[NDArray[np.float32]]] = {}

    def run(self, on_epoch: EpochReport | None = None) -> Trained:
        """Train to the end.

        Args:
            on_epoch: gets the epoch's number, from 1, and `loss/train/COMPONENT`, `loss/validation/COMPONENT`.

        Raises:
            TrainingError: a loss is not finite.
        """
        self._resume()
        clock = Clock(self.progress.step, self.config.epochs * self.steps_per_epoch, self.config.batch_size)
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
            logger.info("epoch %d of %d: %s", epoch + 1, self.config.epochs, summary(metrics))
            if on_epoch is not None:
                on_epoch(epoch + 1, metrics)
        if self._best:
            self._fill(self._best)
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
        sums, count = dict.fromkeys(self.components, 0.0), 0
        for index, indices in enumerate(fixed_batches(len(self.validation), self.config.batch_size)):
            draws = randoms(self.seed, 0, index, count=len(indices))
            batch = self.validation.batch(indices, Augmentation(), draws, self.config.max_instances)
            losses = self.model.test_on_batch(self._with_noise(batch, 4, index), return_dict=True)
            sums = {name: sums[name] + float(losses[name]) for name in self.components}
            count += 1
        return {name: value / count for name, value in sums.items()}

    def _step(self, batch: Batch) -> None:
        losses = self.model.train_on_batch(batch, return_dict=True)
        self.progress.step += 1
        for name in self.components:
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
            side[TOTAL] = total(side)
        for name in (*self.components, TOTAL):
            row = {"epoch": epoch + 1, "component": name, "train": train[name], "validation": validation[name]}
            self.progress.rows.append(row)
            metrics[f"loss/train/{name}"], metrics[f"loss/validation/{name}"] = train[name], validation[name]
        best, reached = self.progress.best_validation, validation["mrcnn_mask"]
        # Exactly 0 means that no RoI was positive: there was no mask to judge.
        if reached > 0 and (best is None or reached < best):
            self.progress.best_validation, self.progress.best_epoch = reached, epoch + 1
            if self.config.keep_weights == "best":
                self._best = self.network.weights_by_layer()
        self.progress.sums = dict.fromkeys(self.components, 0.0)
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
        anchors, rois = len(self.network.anchors), self.config.train_proposals + self.config.max_instances
        batch["anchor_noise"] = random.random((B, anchors), dtype=np.float32)
        batch["roi_noise"] = random.random((B, rois), dtype=np.float32)
        return batch

    def _save(self, clock: Clock) -> None:
        if self.store is not None:
            self.store.save(self.progress.step, self._arrays(), dataclasses.asdict(self.progress))
        clock.saved()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays = {
            f"{kind}/{name}/{index}": value
            for kind, weights in (("weight", self.network.weights_by_layer()), ("best", self._best))
            for name, values in weights.items()
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
        self._fill(self._weights_in(checkpoint, "weight"))
        if any(name.startswith("best/") for name in checkpoint.arrays):
            self._best = self._weights_in(checkpoint, "best")
        for index, variable in enumerate(self.model.optimizer.variables):
            variable.assign(checkpoint.arrays[f"optimizer/{index}"])
        self.progress = Progress(**checkpoint.state)

    def _weights_in(self, checkpoint: Checkpoint, kind: str) -> dict[str, list[NDArray[np.float32]]]:
        return {
            layer.name: [checkpoint.arrays[f"{kind}/{layer.name}/{index}"] for index in range(len(layer.weights))]
            for layer in self.network.named_layers()
        }

    def _fill(self, weights: dict[str, list[NDArray[np.float32]]]) -> None:
        for layer in self.network.named_layers():
            layer.set_weights(weights[layer.name])

    def _facts(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "train_pictures": len(self.train),
            "validation_pictures": len(self.validation),
            "epochs": len(self.progress.rows) // (len(self.components) + 1),
            "steps": self.progress.step,
            "best_epoch": self.progress.best_epoch,
            "kept_weights": self.config.keep_weights,
            "initial_weights": self.initial.facts() if self.initial else None,
        }


def _check_landmarks(train: ShirtSquares, face: bool) -> None:
    """Refuse to learn landmarks from nothing: what such a head says would look like an answer."""
    if not any((landmarks[:, :LANDMARKS, 2] > ABSENT).any() for landmarks in train.landmarks):
        raise ConfigError(
            "params.yaml: mask_rcnn.landmarks is true, but no training photo has a landmark",
            needed="shirts whose annotation has some of the 25 landmarks",
            remedy="set mask_rcnn.landmarks: false",
        )
    if face and not any((landmarks[:, LANDMARKS:, 2] > ABSENT).any() for landmarks in train.landmarks):
        raise ConfigError(
            "params.yaml: mask_rcnn.face is true, but no training photo has a face",
            needed="shirts whose annotation has person_keypoints (docs/reference/annotations.md)",
            remedy="set mask_rcnn.face: false",
        )


def start_network(config: MaskRCNNConfig, seed: int) -> tuple[MaskRCNN, WeightReport | None]:
    """A network with the starting weights and the learning layers that the configuration asks for, and what was loaded.

    Raises:
        ConfigError: `weights` names nothing that can be loaded.
        ModelError: the file is damaged or does not fit this network.
        ServiceError: published weights cannot be fetched.
    """
    network = build_mask_rcnn(config, seed)
    report = load_initial_weights(network)
    network.choose_layers(config.layers)
    return network, report
