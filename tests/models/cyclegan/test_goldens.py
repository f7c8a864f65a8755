"""Networks and optimiser steps against the reference's own outputs, for weights that are made from names and shapes.

`goldens/` holds outputs of the reference implementation (commit 2a7afba2) and how far correct code drifts from them.
The weights are drawn again: RandomState(crc32("NET.KEY")) times 0.02 for kernels and 0.002 for biases, in the
reference's layout.
"""

import json
import random
import zlib
from pathlib import Path
from types import SimpleNamespace

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
GENERATOR_BOUND, CRITIC_BOUND = 3e-4, 4e-4
LOSS_BOUNDS = (2e-5, 8.8e-4, 2.7e-2)


def read(name: str) -> dict:
    return json.loads((GOLDENS / name).read_text())


def drift(what: str) -> np.ndarray:
    """The worst drift of correct code, after each step where there are several."""
    return np.max([np.atleast_1d(one[what]) for one in read("noise_floor.json")["tiny64"].values()], axis=0)


def reference_keys(model, blocks: int) -> list[str]:
    """Names of the reference's weights, in our order."""
    from tryon.models.cyclegan.reference.generators import critic_keys, generator_keys

    return critic_keys() if "critic" in model.name else generator_keys(blocks)


def fill(model, net: str, blocks: int) -> None:
    from tryon.models.cyclegan.reference.generators import reference_shape, to_our_axes

    for weight, key in zip(model.weights, reference_keys(model, blocks), strict=True):
        drawn = np.random.RandomState(zlib.crc32(f"{net}.{key}".encode()))
        scale = 0.002 if key.endswith("bias") else 0.02
        values = scale * drawn.standard_normal(reference_shape(tuple(weight.shape)))
        weight.assign(to_our_axes(values.astype(np.float32)))


def picture(name: str, dtype: str = "float32") -> np.ndarray:
    return np.asarray(Image.open(GOLDENS / f"{name}.png").convert("RGB"), dtype)[None] / 127.5 - 1.0


def probe(values: np.ndarray) -> np.ndarray:
    """Mean, spread, mean size and four elements, as the goldens give them of an array in the reference's layout."""
    flat = np.asarray(values, np.float64).ravel()
    return np.array([flat.mean(), flat.std(), np.abs(flat).mean(), *flat[np.linspace(0, flat.size - 1, 4).astype(int)]])


def test_generator_equals_the_reference():
    from tryon.models.cyclegan import Architecture, build_generator

    generator = build_generator(Architecture(128, 64, 6, 64))
    fill(generator, "G_A", 6)
    expected = np.load(GOLDENS / "generator.npz")["resnet_6blocks_128"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(np.asarray(generator(picture("A_128_0"))), expected, atol=GENERATOR_BOUND)


@pytest.mark.parametrize("size_px", [64, 128])
@pytest.mark.parametrize("domain", ["A", "B"])
def test_critic_equals_the_reference(size_px, domain):
    from tryon.models.cyclegan import Architecture, build_critic

    critic = build_critic(Architecture(size_px, 64, 6, 64))
    fill(critic, "D_A", 6)
    expected = np.load(GOLDENS / "discriminator.npz")[f"{domain}_{size_px}"].transpose(0, 2, 3, 1)
    np.testing.assert_allclose(np.asarray(critic(picture(f"{domain}_{size_px}_0"))), expected, atol=CRITIC_BOUND)


def traced_layers(network: str) -> list[str]:
    """Our layers in the order of the reference's modules; a mirrored border of a block is part of its convolution."""
    if network == "D":
        inner = [f"patch_{n}{part}" for n in (2, 3, 4) for part in ("", "_norm", "_relu")]
        return ["patch_1", "patch_1_relu", *inner, "scores"]
    parts = [("enter", "enter"), ("down_1", "down_1"), ("down_2", "down_2")]
    before = [f"{name}{part}" for name, _ in parts for part in ("", "_norm", "_relu")]
    after = [f"up_{level}{part}" for level in (1, 2) for part in ("_crop", "_norm", "_relu")]
    return ["border_1", *before, *(f"block_{n}" for n in range(1, 10)), *after, "border_2", "leave", "redrawn"]


@pytest.mark.parametrize(("network", "bound"), [("G", GENERATOR_BOUND), ("D", CRITIC_BOUND)])
def test_every_layer_equals_the_references(network, bound):
    import keras

    from tryon.models.cyclegan import Architecture, build_critic, build_generator
    from tryon.models.cyclegan.networks import ReflectionPadding2D

    build, net = (build_generator, "G_A") if network == "G" else (build_critic, "D_A")
    model = build(Architecture(128, 64, 9, 64))
    fill(model, net, 9)
    borders = iter([layer for layer in model.layers if isinstance(layer, ReflectionPadding2D)])
    layers = [next(borders) if "border" in name else model.get_layer(name) for name in traced_layers(network)]
    outputs = keras.Model(model.input, [layer.output for layer in layers])(picture("A_128_0"))
    with np.load(GOLDENS / "layer_trace_128.npz") as truth:
        traced = {name: truth[name] for name in truth.files if name.startswith(network)}
    assert len(traced) == len(layers)
    for (name, expected), output in zip(traced.items(), outputs, strict=True):
        values = np.asarray(output).transpose(0, 3, 1, 2)
        assert values.shape == tuple(expected[7:]), name
        np.testing.assert_allclose(probe(values), expected[:7], atol=bound, err_msg=name)


@pytest.mark.parametrize("network", ["resnet_6blocks", "resnet_9blocks", "basic_discriminator"])
def test_weights_have_the_references_names_shapes_and_order(network):
    from tryon.models.cyclegan import Architecture, build_critic, build_generator
    from tryon.models.cyclegan.reference.generators import reference_shape

    truth, blocks = read("state_dict_keys.json")[network], 9 if "9" in network else 6
    build = build_generator if "resnet" in network else build_critic
    model = build(Architecture(32, 64, blocks, 64))
    assert model.count_params() == truth["parameters"]
    assert reference_keys(model, blocks) == [entry["key"] for entry in truth["entries"]]
    ours = [list(reference_shape(tuple(weight.shape))) for weight in model.weights]
    assert ours == [entry["shape"] for entry in truth["entries"]]


@pytest.mark.slow
def test_three_optimiser_steps_follow_the_reference():
    check_steps("float32", LOSS_BOUNDS, 3 * drift("param_mean"), 3 * drift("picture_mean_abs")[0])


@pytest.mark.slow
def test_three_optimiser_steps_in_float64_differ_by_the_place_of_epsilon_alone(in_float64):
    of_keras = read("noise_floor.json")["tiny64"]["f64 Keras epsilon 1e-8"]
    losses, means = ([1.1 * worst + 1e-8 for worst in of_keras[what]] for what in ("loss_rel", "param_mean"))
    check_steps(in_float64, losses, means, 1.1 * of_keras["picture_mean_abs"])


def check_steps(dtype: str, loss_bounds, mean_bounds, picture_bound: float) -> None:
    from tryon.training.cyclegan_pool import plan_pool
    from tryon.training.cyclegan_step import CompiledStep, StepOptions

    truth = np.load(GOLDENS / "steps_tiny64.npz")
    networks, sides, batch = of_the_golden_steps(dtype)
    step = CompiledStep(networks, StepOptions(cycle_weight=10.0, identity_weight=5.0, pool_size=50, averaging=0.0))
    check_parameters(networks, truth, 0, bound=1e-7)
    for number, (loss_bound, mean_bound) in enumerate(zip(loss_bounds, mean_bounds, strict=True), start=1):
        plans = tuple(plan_pool(50, number - 1, 2, np.random.default_rng(0)) for _ in range(2))
        losses = step(batch, plans, 2e-4, 0.0)
        expected = dict(zip(truth["loss_names"], truth["losses"][number - 1], strict=True))
        for name, value in losses.items():
            assert value == pytest.approx(expected[LOSS_NAMES[name]], rel=loss_bound), (number, name)
        check_parameters(networks, truth, number, bound=mean_bound)
    for generator, side, name in ((networks.plain_to_pattern, 0, "B"), (networks.pattern_to_plain, 1, "A")):
        fakes = np.asarray(generator(sides[side])).transpose(0, 3, 1, 2)
        assert np.abs(fakes - truth[f"fake_{name}_after3"]).mean() < picture_bound


@pytest.mark.slow
def test_gradients_equal_the_references(in_float64):
    """In float64, as the reference's truth: in float32 a rounding at a kink of the losses moves an element by 1e-2."""
    import tensorflow as tf

    from tryon.training.cyclegan_losses import critic_losses, generator_losses

    truth = np.load(GOLDENS / "steps_tiny64.npz")
    networks, _, batch = of_the_golden_steps(in_float64)
    weights = dict(live_weights(networks, truth))
    with tf.GradientTape() as tape:
        losses, *fakes = generator_losses(networks, batch, 10.0, 5.0)
        generators = tf.add_n(losses)
    moved = {place: weight for place, weight in weights.items() if truth["param_names"][place].startswith("G")}
    gradients = dict(zip(moved, tape.gradient(generators, [w.value for w in moved.values()]), strict=True))
    with tf.GradientTape() as tape:
        critics = tf.add_n(critic_losses(networks, batch, *map(tf.constant, fakes)))
    moved = {place: weight for place, weight in weights.items() if place not in gradients}
    gradients |= dict(zip(moved, tape.gradient(critics, [w.value for w in moved.values()]), strict=True))
    for place, gradient in gradients.items():
        expected = truth["grad_probe_step1"][place]
        found = probe(in_the_references_layout(gradient.numpy()))
        np.testing.assert_allclose(found, expected, atol=1e-7 * expected[2], err_msg=truth["param_names"][place])


@pytest.fixture
def in_float64():
    import keras

    from tryon.models.layers.precision import computing_in

    with computing_in("float64"):
        keras.config.set_floatx("float64")
        yield "float64"
        keras.config.set_floatx("float32")


def of_the_golden_steps(dtype: str = "float32"):
    from tryon.models.cyclegan import Architecture
    from tryon.training.cyclegan_losses import Batch, build_networks

    networks = build_networks(Architecture(64, 8, 6, 8), seed=0)
    for name, net in PAPER_NAMES.items():
        fill(getattr(networks, name), net, 6)
    sides = [np.concatenate([picture(f"{side}_64_{i}", dtype) for i in (0, 1)]) for side in "AB"]
    guides, mask = np.zeros((2, 64, 64, 0), dtype), np.ones((2, 64, 64, 1), dtype)
    return networks, sides, Batch(sides[0], guides, mask, sides[1], guides, mask)


def live_weights(networks, truth):
    """Each weight with a gradient (biases in front of instance norm have none): its place in the goldens, itself."""
    places = {name: place for place, name in enumerate(truth["param_names"]) if not truth["param_dead"][place]}
    for name, net in PAPER_NAMES.items():
        model = getattr(networks, name)
        for weight, key in zip(model.weights, reference_keys(model, 6), strict=True):
            if f"{net}.{key}" in places:
                yield places.pop(f"{net}.{key}"), weight
    assert not places


def in_the_references_layout(values: np.ndarray) -> np.ndarray:
    return values.transpose(3, 2, 0, 1) if values.ndim == 4 else values


def check_parameters(networks, truth, number: int, bound: float) -> None:
    import keras

    for place, weight in live_weights(networks, truth):
        found, expected = keras.ops.convert_to_numpy(weight), truth["param_probe"][number, place]
        assert probe(found)[0] == pytest.approx(expected[0], abs=bound), (number, truth["param_names"][place])
        if number == 0:
            np.testing.assert_allclose(probe(in_the_references_layout(found)), expected, atol=bound)


def test_adam_moves_as_the_references():
    import keras

    from tryon.training.cyclegan_step import ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON

    truth = read("misc.json")["adam_lr2e-4_b1_0.5"]
    assert truth["eps"] == ADAM_EPSILON
    weight = keras.Variable(np.zeros(10, np.float32))  # moves do not depend on it, and round finest round 0
    optimizer = keras.optimizers.Adam(2e-4, ADAM_BETA_1, ADAM_BETA_2, ADAM_EPSILON)
    gradients = np.array(truth["gradients"], np.float32)
    large = np.abs(gradients).min(axis=0) >= 1e-3  # below, Keras' place of epsilon shows
    assert large.any()
    for gradient, move in zip(gradients, truth["w_minus_w0_after_each_step"], strict=True):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        np.testing.assert_allclose(np.asarray(weight)[large], np.array(move)[large], atol=0.05 * 2e-4)


class DrawsOfTheReference:
    """A generator of random numbers that draws as the reference does: the slot only when an old picture is shown."""

    def __init__(self, seed: int) -> None:
        self.python = random.Random(seed)

    def integers(self, size: int) -> int:
        self.chance = self.python.uniform(0, 1)
        return self.python.randint(0, size - 1) if self.chance > 0.5 else 0

    def random(self) -> float:
        return self.chance


def shown_by_the_pool(size: int, queries: int, rng) -> np.ndarray:
    from tryon.training.cyclegan_pool import plan_pool

    pool, shown = np.zeros(size, int), []
    for query in range(queries):
        plan = plan_pool(size, query, 1, rng)
        shown.append(pool[plan.slots[0]] if plan.show_old[0] else query)
        if plan.store[0]:
            pool[plan.slots[0]] = query
    return np.array(shown)


def test_pool_gives_the_references_pictures_for_its_random_numbers():
    truth = read("misc.json")["image_pool"]
    draws = DrawsOfTheReference(truth["python_random_seed"])
    assert shown_by_the_pool(truth["pool_size"], 40, draws).tolist() == truth["returned"]


def test_pool_of_fifty_has_the_references_statistics():
    truth = read("misc.json")["image_pool"]["statistics_pool50"]
    shown = shown_by_the_pool(50, 20_000, np.random.default_rng(0))
    queries = np.arange(len(shown))
    assert np.array_equal(shown[:50], queries[:50]) == truth["first_50_returned_unchanged"]
    age = (queries - shown)[50:]
    assert (age == 0).mean() == pytest.approx(truth["fraction_current_once_full"], abs=0.015)
    assert age[age > 0].mean() == pytest.approx(truth["mean_age_of_older_images"], rel=0.05)


def test_adversarial_losses_are_the_references_least_squares():
    from tryon.training.cyclegan_losses import Batch, Networks, critic_losses, generator_losses

    truth = read("misc.json")["gan_loss"]["lsgan"]
    scores = np.load(GOLDENS / "gan_loss_input.npy").astype(np.float32)
    pictures = np.moveaxis(scores, 1, -1)
    as_it_is = lambda x, training: x  # noqa: E731 - networks that give back what they are given
    networks = Networks(SimpleNamespace(mask_composite=False), as_it_is, as_it_is, as_it_is, as_it_is)
    guides, masks = np.zeros((*pictures.shape[:3], 0), np.float32), np.ones((*pictures.shape[:3], 1), np.float32)
    batch = Batch(pictures, guides, masks, pictures, guides, masks)
    losses, *_ = generator_losses(networks, batch, 10.0, 5.0)
    assert [float(loss) for loss in losses] == pytest.approx([truth["True"], truth["True"], 0, 0, 0, 0], rel=1e-6)
    half = (truth["True"] + truth["False"]) / 2
    assert [float(loss) for loss in critic_losses(networks, batch, pictures, pictures)] == pytest.approx([half, half])


@pytest.mark.slow
@pytest.mark.parametrize("net", ["G_A", "G_B", "D_A", "D_B"])
def test_initial_weights_are_spread_as_the_references(net):
    from tryon.models.cyclegan import Architecture
    from tryon.training.cyclegan_losses import build_networks

    truth = read("misc.json")["default_init_statistics"][net]
    networks = build_networks(Architecture(32, 64, 9, 64), seed=1)
    weights = getattr(networks, {paper: ours for ours, paper in PAPER_NAMES.items()}[net]).get_weights()
    kernels = np.concatenate([weight.ravel() for weight in weights if weight.ndim == 4])
    assert kernels.mean() == pytest.approx(truth["kernel_mean"], abs=6 * 0.02 / np.sqrt(kernels.size))
    assert kernels.std() == pytest.approx(truth["kernel_std"], rel=0.003)
    assert max(np.abs(weight).max() for weight in weights if weight.ndim == 1) == truth["bias_abs_max"]
