"""The recipe of a step: schedules, the 2017 implementation's update and decay, precision, several devices."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import ellipse_batch, ellipse_pictures, tiny
from tryon.errors import ConfigError

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_the_rate_warms_up(name: str) -> None:
    from tryon.training.mask_rcnn_optimizer import build_optimizer

    config = tiny(optimizer=name, epochs=4, warm_up_epochs=1, learning_rate=0.01)
    optimizer = build_optimizer(config, steps_per_epoch=10)
    rates = [float(optimizer._learning_rate(step)) for step in (0, 10, 39)]
    assert rates[0] == pytest.approx(0.0001) and rates[1] == pytest.approx(0.01)
    assert rates[2] < 0.0005 if name == "adamw" else rates[2] == pytest.approx(0.01)


def test_sgd_moves_weights_as_the_2017_implementation_does() -> None:
    """Decay, momentum, and gradients scaled together when their common norm is above 5, step by step in NumPy."""
    import keras

    from tryon.training.mask_rcnn_optimizer import build_optimizer

    optimizer = build_optimizer(tiny(optimizer="sgd", learning_rate=0.001, warm_up_epochs=0, weight_decay=0.5), 10)
    start = {"kernel": np.array([1.0, -2.0]), "bias": np.array([[3.0]]), "gamma": np.array([4.0])}
    variables = [keras.Variable(value.astype(np.float32), name=name) for name, value in start.items()]
    gradients = [[np.array([30.0, 40.0]), np.array([[0.5]]), np.array([0.2])],
                 [np.array([0.3, 0.4]), np.array([[2.0]]), np.array([0.1])]]  # fmt: skip
    momentum = [np.zeros_like(value) for value in start.values()]
    expected = list(start.values())
    decays = [0.5 * 2 / 2, 0.5 * 2, 0.0]  # of the mean squares; a scale does not decay
    for step in gradients:
        whole = [g + decay * value for g, decay, value in zip(step, decays, expected, strict=True)]
        norm = np.sqrt(sum(float((gradient**2).sum()) for gradient in whole))
        scale = 5.0 / norm if norm >= 5.0 else 1.0
        momentum = [0.9 * m - 0.001 * scale * gradient for m, gradient in zip(momentum, whole, strict=True)]
        expected = [value + m for value, m in zip(expected, momentum, strict=True)]
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype(np.float32)) for gradient in step], variables)
    for variable, value in zip(variables, expected, strict=True):
        assert np.allclose(np.asarray(variable), value, atol=1e-6)


def one_step(**changes: Any) -> tuple[Any, Any, dict[str, float]]:
    """A network after one training step, the training model, and the losses of the step."""
    import keras

    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.training.mask_rcnn_optimizer import build_optimizer
    from tryon.training.mask_rcnn_step import MaskRCNNLosses

    config = tiny(warm_up_epochs=0, **changes)
    network = build_mask_rcnn(config, 1)
    model = MaskRCNNLosses(network)
    jax = keras.backend.backend() == "jax"  # which is quicker compiled; TensorFlow is not, for so few steps
    model.compile(optimizer=build_optimizer(config, 1), run_eagerly=not jax, jit_compile=jax)
    losses = model.train_on_batch(ellipse_batch(config, 2, len(network.anchors)), return_dict=True)
    return network, model, {name: float(value) for name, value in losses.items()}


def test_the_decay_acts_on_the_weights_but_is_no_loss_that_is_reported() -> None:
    plain, _, losses = one_step(optimizer="sgd", learning_rate=0.01, weight_decay=0.0)
    decayed, _, same = one_step(optimizer="sgd", learning_rate=0.01, weight_decay=50.0)
    assert losses == same
    for layer in ("mrcnn_mask_conv1", "fpn_p2"):
        before, after = (np.abs(network.weights_by_layer()[layer][0]).mean() for network in (plain, decayed))
        assert after < before


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains_and_predicts_with_float32_weights_and_losses(precision: str) -> None:
    import keras

    from tryon.models.mask_rcnn import Predictor, build_mask_rcnn
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    _, _, whole = one_step(landmarks=True)
    network, model, losses = one_step(landmarks=True, precision=precision)
    assert keras.config.dtype_policy().name == "float32", "the policy leaked"
    assert {layer.compute_dtype for layer in network.named_layers()} == {precision.removeprefix("mixed_")}
    assert all(weight.dtype == "float32" for weight in network.weights)
    for name in whole:
        assert losses[name] == pytest.approx(whole[name], rel=0.1, abs=0.02)
    before = weights_to_bytes(network)
    out = model(ellipse_batch(network.config, 2, len(network.anchors)))
    assert {keras.backend.standardize_dtype(value.dtype) for value in out.values()} == {"float32"}
    model.train_on_batch(ellipse_batch(network.config, 2, len(network.anchors), seed=1))
    assert weights_to_bytes(network) != before
    sure = build_mask_rcnn(tiny(precision=precision, min_confidence=0.0, landmarks=True), 3)
    (logits,) = [layer for layer in sure.named_layers() if layer.name == "mrcnn_class_logits"]
    logits.set_weights([logits.get_weights()[0], np.array([0.0, 5.0], np.float32)])
    for found in Predictor(sure).predict(list(ellipse_pictures(2, 80)[0])):
        assert len(found) > 0 and np.isfinite(found.boxes).all() and found.mask_probs.dtype == np.float32
        assert found.landmarks.dtype == np.float32 and np.isfinite(found.landmarks).all()


def test_float16_scales_its_loss_and_resumes_with_the_scale() -> None:
    from tryon.training.mask_rcnn_optimizer import build_optimizer

    optimizer = build_optimizer(tiny(precision="mixed_float16"), 1)
    assert float(optimizer.scale_loss(1.0)) > 1000
    optimizer.build([])
    assert "dynamic_scale" in [variable.name for variable in optimizer.variables]


def test_several_devices_need_the_jax_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from tryon.training.mask_rcnn_devices import share_batches

    share_batches(1)
    assert keras.distribution.distribution() is None
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(ConfigError, match=r"JAX backend only[\s\S]*2 devices on tensorflow[\s\S]*KERAS_BACKEND=jax"):
        share_batches(2)
    assert keras.distribution.distribution() is None


SHARED = """
import keras, numpy as np
from tests.models.mask_rcnn.mask_rcnn_cases import tiny
from tests.training.test_mask_rcnn_recipe import one_step
from tryon.errors import ConfigError
from tryon.training.mask_rcnn_devices import share_batches

whole = {"landmarks": True, "face": True}
alone = one_step(**whole)
share_batches(2)
shared = one_step(devices=2, **whole)
variable = shared[0].trainable_weights[0]
print(len(variable.value.sharding.device_set), max(abs(alone[2][name] - shared[2][name]) for name in alone[2]))
weights = [network.weights_by_layer()["mrcnn_mask_conv1"][0] for network in (alone[0], shared[0])]
print(float(np.abs(weights[0] - weights[1]).max()))
try:
    share_batches(3)
except ConfigError as error:
    print(error)
"""


def test_two_devices_learn_what_one_does() -> None:
    """On the JAX backend, with two devices that JAX makes of this CPU."""
    pytest.importorskip("jax")
    import os

    environment = {"KERAS_BACKEND": "jax", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, "-c", SHARED], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second, *message = done.stdout.splitlines()
    assert first.split()[0] == "2" and float(first.split()[1]) < 1e-4
    assert float(second) < 1e-4
    assert "at most 2" in "\n".join(message)
