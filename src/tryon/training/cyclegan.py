"""Training of the CycleGAN of one pattern: the loop, what it records, and how it goes on after being stopped.

Everything random in a step comes from (seed, step), so that a resumed training needs only what `CompiledStep.variables`
holds, the losses so far and the step, and ends in the same bytes as one that was never stopped.
"""

import hashlib
import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from tryon.config import CycleGANConfig
from tryon.datasets.domains import Domain
from tryon.errors import TrainingError
from tryon.evaluation.cyclegan import Scores
from tryon.evaluation.picking import pick
from tryon.models.cyclegan.guides import guide_channels, to_network
from tryon.models.cyclegan.networks import Architecture
from tryon.training.checkpoints import CheckpointStore
from tryon.training.cyclegan_contrastive import Contrast, OneWayNetworks, build_one_way_networks
from tryon.training.cyclegan_crops import RandomCrops
from tryon.training.cyclegan_garments import GarmentSource
from tryon.training.cyclegan_losses import Batch, Networks, build_networks
from tryon.training.cyclegan_pool import plan_pool
from tryon.training.cyclegan_progress import Progress
from tryon.training.cyclegan_step import CompiledStep, StepOptions

logger = logging.getLogger("tryon")

Losses = dict[str, float]
_BEST = "best/"
PatternNetworks = Networks | OneWayNetworks


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Networks after the last step, but the generators of `kept_epoch` (averaged where that was asked for).

    Args:
        losses: means of each epoch.
        scores: of each epoch, as the judge gave them; empty without one.
        kept_epoch: counted from 1.
        kept_weights: why that one: it is the `last`, or the `best` by `tryon.evaluation.picking`.
    """

    networks: PatternNetworks
    losses: list[Losses]
    steps: int
    scores: list[Scores]
    kept_epoch: int
    kept_weights: str


class EpochWatcher(Protocol):
    """What is called after each epoch (counted from 1) with its mean losses and the networks as they are."""

    def __call__(self, epoch: int, losses: Losses, networks: PatternNetworks) -> None: ...


class Judge(Protocol):
    """What scores the generators after each epoch (counted from 1): `RATING` among the scores, the less the better."""

    def __call__(self, epoch: int, networks: PatternNetworks) -> Scores: ...


def architecture_of(config: CycleGANConfig) -> Architecture:
    """The part of the configuration that is needed to build the networks."""
    return Architecture(
        size_px=config.size_px,
        generator_filters=config.generator_filters,
        generator_blocks=config.generator_blocks,
        critic_filters=config.critic_filters,
        edge_kernel_px=config.edge_kernel_px,
        resize_convolution=config.upsampling == "resize",
        mask_input=config.mask_input,
        position_input=config.position_input,
        mask_composite=config.mask_composite,
        plain_in_grey=config.plain_in_grey,
        way_back=config.objective == "cycle",
        garment_input=config.garment_input,
        garment_code=config.garment_code,
        conditional=config.mode == "conditional",
    )


def step_options(config: CycleGANConfig) -> StepOptions:
    """The part of the configuration that is needed for a step."""
    return StepOptions(
        cycle_weight=config.cycle_weight,
        identity_weight=config.identity_weight,
        pool_size=config.pool_size,
        averaging=config.weight_averaging,
        loss_region=config.loss_region,
        augmentation=tuple(config.augmentation),
        contrast=Contrast(
            config.contrast_weight,
            config.contrast_identity_weight,
            config.contrast_patches,
            config.contrast_features,
        ),
    )


def run_digest(config: CycleGANConfig, plain: Domain, pattern: Domain, seed: int, *judged: Domain) -> str:
    """Sixteen hex digits that differ whenever a checkpoint of one run must not be continued by the other.

    Args:
        judged: further domains, which the judge looks at.
    """
    digest = hashlib.sha256(json.dumps([asdict(config), seed], sort_keys=True).encode())
    for domain in (plain, pattern, *judged):
        digest.update(domain.pictures.tobytes())
        digest.update(domain.masks.tobytes())
    return digest.hexdigest()[:16]


def learning_rate_at(epoch: int, config: CycleGANConfig) -> float:
    """The rate of an epoch counted from 0: constant, then linear towards 0, which the last epoch does not reach."""
    over = max(0, epoch + 1 - config.constant_epochs)
    return config.learning_rate * (1.0 - over / (config.decay_epochs + 1))


def train_cyclegan(
    config: CycleGANConfig,
    plain: Domain,
    pattern: Domain,
    seed: int,
    checkpoints: Path,
    on_epoch: EpochWatcher | None = None,
    judge: Judge | None = None,
) -> TrainingResult:
    """Train until the last epoch, going on from the newest checkpoint if there is one.

    Args:
        checkpoints: folder of this run alone (name it by `run_digest`); it stays, for the caller to remove once the
            result is safe.
        judge: needed where `config.keep_weights` is `best`.

    Raises:
        TrainingError: a loss is not finite.
    """
    assert judge is not None or config.keep_weights == "last", "without a judge no epoch is the best"
    keras.utils.set_random_seed(seed)
    training = _Training(config, plain, pattern, seed, checkpoints)
    training.resume()
    while training.epoch < training.epochs:
        losses = training.run_epoch()
        with training.averaged():
            if judge is not None:
                training.take_scores(judge(training.epoch, training.networks))
            if on_epoch is not None:
                on_epoch(training.epoch, losses, training.networks)
        training.save()
    kept_epoch = training.settle()
    scored = (training.scores, kept_epoch, config.keep_weights)
    return TrainingResult(training.networks, training.history, training.steps, *scored)


class _Training:
    """The state of one run."""

    def __init__(self, config: CycleGANConfig, plain: Domain, pattern: Domain, seed: int, checkpoints: Path) -> None:
        self.config, self.seed = config, seed
        self.epochs = config.constant_epochs + config.decay_epochs
        architecture = architecture_of(config)
        options = step_options(config)
        self.networks: PatternNetworks = (
            build_networks(architecture, seed)
            if architecture.way_back
            else build_one_way_networks(architecture, options.contrast, seed)
        )
        self.step_state = CompiledStep(self.networks, options)
        self.crops = RandomCrops(config.size_px, config.load_px, config.flip)
        self.plain, self.pattern = (
            [self.crops.enlarge(to_network(domain.pictures)), self.crops.enlarge(domain.masks)[..., None]]
            for domain in (plain, pattern)
        )
        self.garments = GarmentSource(pattern) if architecture.needs_garment else None
        self.store = CheckpointStore(checkpoints)
        self.history: list[Losses] = []
        self.scores: list[Scores] = []
        self._best: dict[str, NDArray[np.float32]] = {}
        self.steps = 0
        self.progress = Progress(self.epochs, config.steps_per_epoch, 2 * config.batch_size)

    @property
    def epoch(self) -> int:
        """Epochs that are finished."""
        return len(self.history)

    def resume(self) -> None:
        """Take up the newest checkpoint, if there is one."""
        checkpoint = self.store.load_latest()
        if checkpoint is None:
            return
        for name, variable in self.step_state.variables().items():
            variable.assign(checkpoint.arrays[name])
        self.steps = checkpoint.step
        components = self.step_state.components
        self.history = [{name: losses[name] for name in components} for losses in checkpoint.state["history"]]
        self.scores = checkpoint.state["scores"]
        self._best = {
            name.removeprefix(_BEST): array for name, array in checkpoint.arrays.items() if name.startswith(_BEST)
        }
        logger.info("goes on after epoch %d of %d", self.epoch, self.epochs)

    def save(self) -> None:
        """Keep everything that a resumed run needs."""
        arrays = {name: keras.ops.convert_to_numpy(v) for name, v in self.step_state.variables().items()}
        arrays |= {_BEST + name: array for name, array in self._best.items()}
        self.store.save(self.steps, arrays, {"history": self.history, "scores": self.scores})

    def take_scores(self, scores: Scores) -> None:
        """Note the scores of the epoch that just ended, and the generators as they are if it is the best so far."""
        self.scores.append(dict(sorted(scores.items())))  # the order that a checkpoint gives back
        if self.config.keep_weights == "best" and pick(self.scores) == self.epoch:
            self._best = {name: keras.ops.convert_to_numpy(v) for name, v in self._generator_weights().items()}

    def settle(self) -> int:
        """Put the weights that are kept into the generators; returns the epoch that they are of, counted from 1."""
        if self.config.keep_weights == "last":
            self.step_state.store_averages()
            return self.epoch
        for name, variable in self._generator_weights().items():
            variable.assign(self._best[name])
        return pick(self.scores)

    def _generator_weights(self) -> dict[str, Any]:
        generators = self.networks.generators.items()
        return {f"{name}/{weight.path}": weight for name, network in generators for weight in network.weights}

    def averaged(self) -> Any:
        """A context in which the generators hold their averaged weights."""
        return self.step_state.averaged_generators()

    def run_epoch(self) -> Losses:
        """One epoch's mean losses."""
        rate = learning_rate_at(self.epoch, self.config)
        sums = dict.fromkeys(self.step_state.components, 0.0)
        for _ in range(self.config.steps_per_epoch):
            for component, value in self._run_step(rate).items():
                sums[component] += value
        losses = {component: total / self.config.steps_per_epoch for component, total in sums.items()}
        self.history.append(losses)
        return losses

    def _run_step(self, rate: float) -> Losses:
        rng = np.random.default_rng([self.seed, self.steps])
        size = self.config.batch_size
        batch = self._batch(rng)
        plans = [plan_pool(self.config.pool_size, self.steps, size, rng) for _ in self.step_state.pools]
        extras = self.step_state.draw_extras(batch, rng)
        averaging = _averaging_at(self.steps, self.config.weight_averaging)
        losses = self.step_state(batch, plans, rate, averaging, extras)
        refuse_non_finite(losses, self.steps)
        self.steps += 1
        self.progress.report(self.steps, losses)
        return losses

    def _batch(self, rng: np.random.Generator) -> Batch:
        """Random pictures of both domains, with garments where the generators read them."""
        plain, pattern = (
            rng.integers(len(side[0]), size=self.config.batch_size) for side in (self.plain, self.pattern)
        )
        for_plain = for_pattern = None
        if self.garments is not None:
            for_plain = self.garments.for_plain(self.plain[1][plain][..., 0], rng)
            for_pattern = self.garments.for_pattern(pattern, rng)
        return Batch(
            *self._side(self.plain, plain, for_plain, rng), *self._side(self.pattern, pattern, for_pattern, rng)
        )

    def _side(
        self,
        side: list[NDArray[np.float32]],
        chosen: NDArray[np.integer],
        garments: NDArray[np.float32] | None,
        rng: np.random.Generator,
    ) -> list[NDArray[np.float32]]:
        """Pictures, guide channels and masks (B, S, S, 1) of one domain as the networks take them."""
        pictures, masks = self.crops.cut([array[chosen] for array in side], rng)
        return [pictures, guide_channels(masks[..., 0], self.networks.architecture, garments), masks]


def _averaging_at(step: int, averaging: float) -> float:
    """Share of the old average that is kept: rises to `averaging`, so that the first weights are soon forgotten."""
    return min(averaging, (1.0 + step) / (10.0 + step))


def refuse_non_finite(losses: Losses, step: int) -> None:
    """Stop on the first loss that is not finite; `step` counts from 0.

    Raises:
        TrainingError: names the component.
    """
    for component, value in losses.items():
        if not np.isfinite(value):
            raise TrainingError(
                f"the loss {component} of the CycleGAN is not finite in step {step + 1}",
                received=value,
                needed="a number",
                remedy="lower cyclegan.learning_rate, or look at the pictures of the domain",
            )
