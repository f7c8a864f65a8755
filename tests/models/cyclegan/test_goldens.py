"""Networks and optimiser steps against the reference's own outputs, for weights that are made from names and shapes.

`goldens/` holds pictures and outputs of the reference implementation (commit 2a7afba2). The weights are drawn again:
RandomState(crc32("NET.KEY")) times 0.02 for kernels and 0.002 for biases, in the reference's layout.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

GOLDENS = Path(__file__).parent / "goldens"
PAPER_NAMES = {"plain_to_pattern": "G_A", "pattern_to_plain": "G_B", "pattern_critic": "D_A", "plain_critic": "D_B"}
LOSS_NAMES = PAPER_NAMES | {
    "cycle_plain": "cycle_A",
    "cycle_pattern": "cycle_B",
    "identity_plain": "idt_B",  # of the net that makes plain
    "identity_pattern": "idt_A",
}
LOSS_BOUNDS = (2e-5, 8.8e-4, 2.7e-2)
# Three times the worst drift of correct code after each step (goldens' noise floor).
PARAMETER_MEAN_BOUNDS = (1.04e-6, 7.4e-6, 5.9e-5)


def reference_keys(model, blocks: int) -> list[str]:
    """Names of the reference's layers with weights, in order."""
    if "critic" in model.name:
        layers = [f"model.{i}" for i in (0, 2, 5, 8, 11)]
    else:
        body = [f"model.{10 + i}.conv_block.{j}" for i in range(blocks) for j in (1, 5)]
        after = 10 + blocks
        layers = ["model.1", "model.4", "model.7", *body, *(f"model.{after + i}" for i in (0, 3, 7))]
    return [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]


def fill(model, net: str, blocks: int = 6) -> None:
    for weight, key in zip(model.weights, reference_keys(model, blocks), strict=True):
        shape = tuple(weight.shape)
        drawn_shape = (shape[3], shape[2], shape[0], shape[1]) if len(shape) == 4 else shape
        random = np.random.RandomState(zlib.crc32(f"{net}.{key}".encode()))
        values = (0.02 if len(shape) == 4 else 0.002) * random.standard_normal(drawn_shape)
        weight.assign(values.transpose(2, 3, 1, 0) if len(shape) == 4 else values)


def picture(name: str) -> np.ndarray:
    return np.asarray(Image.open(GOLDENS / f"{name}.png").convert("RGB"), np.float32)[None] / 127.5 - 1.0


def test_generator_equals_the_reference():
    from tryon.models.cyclegan import Architecture, build_generator

    generator = build_generator(Architecture(128, 64, 6, 64))
    assert generator.count_params() == 7_837_699
    fill(generator, "G_A")
    expected = np.load(GOLDENS / "generator.npz")["resnet_6blocks_128"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(np.asarray(generator(picture("A_128_0"))), expected, atol=3e-4)


@pytest.mark.parametrize("size_px", [64, 128])
@pytest.mark.parametrize("domain", ["A", "B"])
def test_critic_equals_the_reference(size_px, domain):
    from tryon.models.cyclegan import Architecture, build_critic

    critic = build_critic(Architecture(size_px, 64, 6, 64))
    assert critic.count_params() == 2_764_737
    fill(critic, "D_A")
    expected = np.load(GOLDENS / "discriminator.npz")[f"{domain}_{size_px}"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(np.asarray(critic(picture(f"{domain}_{size_px}_0"))), expected, atol=4e-4)


def test_nine_blocks_have_the_papers_size():
    from tryon.models.cyclegan import Architecture, build_generator

    assert build_generator(Architecture(32, 64, 9, 64)).count_params() == 11_378_179


@pytest.mark.slow
def test_three_optimiser_steps_follow_the_reference():
    import keras

    from tryon.models.cyclegan import Architecture
    from tryon.training.cyclegan_losses import Batch, build_networks
    from tryon.training.cyclegan_pool import plan_pool
    from tryon.training.cyclegan_step import CompiledStep, StepOptions

    truth = json.loads((GOLDENS / "steps.json").read_text())
    networks = build_networks(Architecture(64, 8, 6, 8), seed=0)
    for name, net in PAPER_NAMES.items():
        fill(getattr(networks, name), net)
    step = CompiledStep(networks, StepOptions(cycle_weight=10.0, identity_weight=5.0, pool_size=50, averaging=0.0))
    sides = [np.concatenate([picture(f"{side}_64_{i}") for i in (0, 1)]) for side in "AB"]
    guides, mask = np.zeros((2, 64, 64, 0), np.float32), np.ones((2, 64, 64, 1), np.float32)
    batch = Batch(sides[0], guides, mask, sides[1], guides, mask)
    for number, (loss_bound, mean_bound) in enumerate(zip(LOSS_BOUNDS, PARAMETER_MEAN_BOUNDS, strict=True)):
        plans = tuple(plan_pool(50, number, 2, np.random.default_rng(0)) for _ in range(2))
        losses = step(batch, plans, 2e-4, 0.0)
        for name, value in losses.items():
            assert value == pytest.approx(truth["losses"][LOSS_NAMES[name]][number], rel=loss_bound), (number, name)
        for name, net in PAPER_NAMES.items():
            model = getattr(networks, name)
            for weight, key in zip(model.weights, reference_keys(model, 6), strict=True):
                expected = truth["parameter_means"].get(f"{net}.{key}")
                if expected is not None:  # biases in front of instance norm have no gradient, and are left out
                    mean = float(keras.ops.convert_to_numpy(weight).mean())
                    assert mean == pytest.approx(expected[number], abs=mean_bound), (number, net, key)
