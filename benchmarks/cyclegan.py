"""Speed and memory of CycleGAN: inference and training steps, beside the machine's ceiling.

python benchmarks/cyclegan.py [--networks paper] [--blocks 9] [--filters 64] [--critic-filters 64] [--size-px 128]
                              [--batch 1] [--threads 2] [--repeats 10] [--cases inference step] [--out FILE]

Prints JSON: for each case and batch size the median and the least time of a call in milliseconds after a warm-up, the
process's peak memory in MiB, the floating-point operations of plain convolutions (multiply and add count as two; of a
step: three times those forwards, and no more than that), the rate, and that rate as a fraction of the ceiling: the rate
of a large matrix product on as many threads. Convolutions by tiles need fewer multiplications than plain ones, so that
the fraction may exceed 1. `paper` are the reference's networks and losses, of the sizes given; `params` those of
params.yaml. An inference is one generator on pictures in memory; a step begins with a batch in memory and ends with
updated weights of all networks and the losses. Weights are fresh. Every case runs in a process of its own.
"""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from timing import Anatomy, Case, add_options, run

ROOT = Path(__file__).parents[1]
CASES = ("inference", "step")


def main() -> None:
    """Measure every case in a child process and print all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", choices=("paper", "params"), default="paper")
    parser.add_argument("--blocks", type=int, help="residual blocks of a generator; default: the networks' own")
    parser.add_argument("--filters", type=int, help="of a generator's first layer")
    parser.add_argument("--critic-filters", type=int, help="of a critic's first layer")
    parser.add_argument("--size-px", type=int, help="side of the square pictures")
    parser.add_argument("--batch", type=int, nargs="+", default=[1], help="pictures a call; of a step: of each side")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    add_options(parser)
    arguments = parser.parse_args()
    wanted = [(case, batch) for case in arguments.cases for batch in arguments.batch]
    config = configuration(arguments)
    for name in ("size_px", "generator_blocks", "generator_filters", "critic_filters"):
        setattr(arguments, name, getattr(config, name))
    settings = ("networks", "size_px", "generator_blocks", "generator_filters", "critic_filters", "threads")
    run(__file__, arguments, wanted, settings, build_case)


def configuration(arguments: argparse.Namespace) -> Any:
    """The paper's networks or those of params.yaml, with the sizes that were asked for."""
    from tryon.config import CycleGANConfig, load_params
    from tryon.yaml_files import read_yaml

    config = load_params(ROOT / "params.yaml").cyclegan
    if arguments.networks == "paper":
        preset = read_yaml(ROOT / "experiments/cyclegan_paper.yaml")["cyclegan"]
        config = CycleGANConfig(**{**asdict(config), **preset})
    wished = {
        "size_px": arguments.size_px,
        "generator_blocks": arguments.blocks,
        "generator_filters": arguments.filters,
        "critic_filters": arguments.critic_filters,
    }
    return replace(config, **{name: value for name, value in wished.items() if value is not None})


def build_case(arguments: argparse.Namespace, case: str, batch: int) -> Case:
    """What is timed of networks with fresh weights."""
    config = replace(configuration(arguments), batch_size=batch, objective="cycle")
    return inference(config) if case == "inference" else training_step(config)


def inference(config: Any) -> Case:
    """One generator on noise."""
    from tryon.models.cyclegan import build_generator
    from tryon.training.cyclegan import architecture_of

    architecture = architecture_of(config)
    generator = build_generator(architecture)
    shape = (config.batch_size, config.size_px, config.size_px, architecture.input_channels)
    pictures = np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)
    total = config.batch_size * operations(generator)
    return Case(lambda: generator.predict_on_batch(pictures), lambda: Anatomy(total, {}, {}))


def training_step(config: Any) -> Case:
    """A step on noise, its draws included."""
    from tryon.models.cyclegan.guides import guide_channels
    from tryon.training.cyclegan import architecture_of, step_options
    from tryon.training.cyclegan_losses import Batch, build_networks
    from tryon.training.cyclegan_pool import plan_pool
    from tryon.training.cyclegan_step import CompiledStep

    architecture, random = architecture_of(config), np.random.default_rng(2)
    networks = build_networks(architecture, seed=0)
    step = CompiledStep(networks, step_options(config))
    masks = np.ones((config.batch_size, config.size_px, config.size_px), np.float32)
    sides = [random.uniform(-1, 1, (*masks.shape, 3)).astype(np.float32) for _ in range(2)]
    given = [(side, guide_channels(masks, architecture), masks[..., None]) for side in sides]
    batch = Batch(*given[0], *given[1])

    def call() -> Any:
        plans = [plan_pool(config.pool_size, 0, config.batch_size, random) for _ in step.pools]
        extras = step.draw_extras(batch, random)
        return step(batch, plans, config.learning_rate, config.weight_averaging, extras)

    # A step translates, cycles and repeats both sides: six pictures through generators, six through critics.
    pair = operations(networks.plain_to_pattern) + operations(networks.pattern_critic)
    return Case(call, lambda: Anatomy(3 * 6 * config.batch_size * pair, {}, {}))


def operations(model: Any) -> float:
    """Two for each multiply and add of a picture's plain convolutions; of transposed ones too, by their inputs."""
    total = 0.0
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            seen = layer.input.shape if "transpose" in type(layer).__name__.lower() else layer.output.shape
            total += 2.0 * float(np.prod(layer.kernel.shape)) * float(np.prod(seen[1:3]))
    return total


if __name__ == "__main__":
    main()
