"""What every layer of ours must do: config round trip at values that are not defaults, save and load, a step,
mixed precision."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow

PICTURE = np.random.default_rng(1).standard_normal((4, 6, 6, 3)).astype(np.float32)
CASES: dict[str, dict[str, Any]] = {
    "BatchNorm": {"frozen": True, "momentum": 0.8, "epsilon": 0.01, "name": "own"},
    "ScaledConv2D": {"filters": 5, "kernel_size": 3, "gain": 0.3, "strides": 2, "padding": "same", "name": "own"},
    "WholeWindowConv2D": {"filters": 5, "kernel_size": 6, "name": "own"},
}


def layer_class(name: str) -> Any:
    from tryon.models.layers import convolutions

    return getattr(convolutions, name)


@pytest.mark.parametrize("name", CASES)
def test_config_round_trip_keeps_every_argument(name: str) -> None:
    cls = layer_class(name)
    config = cls(**CASES[name]).get_config()
    again = cls.from_config(config).get_config()
    assert again == config
    for key, value in CASES[name].items():
        assert again[key] == value or tuple(again[key]) == (value, value)


def test_roi_align_config_round_trip() -> None:
    from tryon.models.layers.roi_align import RoIAlign

    config = RoIAlign(5, (2, 4), samples=3, name="own").get_config()
    assert RoIAlign.from_config(config).get_config() == config
    assert (config["size"], config["strides"], config["samples"]) == (5, [2, 4], 3)


def test_corner_roi_align_config_round_trip() -> None:
    from tryon.models.layers.roi_align import CornerRoIAlign

    config = CornerRoIAlign(5, (2, 4), picture_px=96, name="own").get_config()
    assert CornerRoIAlign.from_config(config).get_config() == config
    assert (config["size"], config["strides"], config["picture_px"]) == (5, [2, 4], 96)


@pytest.mark.parametrize("name", CASES)
def test_saved_and_loaded_gives_the_same_output(name: str, tmp_path: Path) -> None:
    import keras

    inputs = keras.Input((6, 6, 3))
    model = keras.Model(inputs, layer_class(name)(**CASES[name])(inputs))
    model.layers[1].set_weights([np.abs(value) + 0.1 for value in model.layers[1].get_weights()])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(model.predict(PICTURE, verbose=0), again.predict(PICTURE, verbose=0))


@pytest.mark.parametrize("name", CASES)
def test_a_training_step_moves_what_learns(name: str) -> None:
    import keras

    inputs = keras.Input((6, 6, 3))
    outputs = layer_class(name)(**CASES[name])(inputs)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", jit_compile=False)
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    loss = model.train_on_batch(PICTURE, np.ones((4, *outputs.shape[1:]), np.float32))
    assert np.isfinite(loss)
    assert all(not np.array_equal(old, new.numpy()) for old, new in zip(before, model.trainable_weights, strict=True))


@pytest.mark.parametrize("name", ["ScaledConv2D", "WholeWindowConv2D"])
def test_mixed_precision_computes_in_half(name: str) -> None:
    outputs = layer_class(name)(**CASES[name], dtype="mixed_bfloat16")(PICTURE)
    assert outputs.dtype == "bfloat16"


def test_frozen_statistics_stay_while_scale_learns() -> None:
    from tryon.models.layers.convolutions import BatchNorm

    layer = BatchNorm(frozen=True)
    outputs = layer(PICTURE * 3 + 1, training=True)
    assert np.allclose(outputs, (PICTURE * 3 + 1) / np.sqrt(1.001), atol=1e-4)
    assert np.all(layer.moving_mean.numpy() == 0) and len(layer.trainable_weights) == 2


def test_a_whole_window_is_a_convolution_with_valid_padding() -> None:
    import keras

    own, plain = layer_class("WholeWindowConv2D")(5, 6), keras.layers.Conv2D(5, 6)
    own.build((None, 6, 6, 3))
    plain.build((None, 6, 6, 3))
    plain.set_weights([np.random.default_rng(2).standard_normal(w.shape) for w in plain.weights])
    own.set_weights(plain.get_weights())
    assert np.allclose(own(PICTURE), plain(PICTURE)[:, 0, 0], atol=1e-4)


def test_scaled_weights_keep_unit_variance_through_a_relu() -> None:
    """Brock et al.: with unit-variance rectified input of gain sqrt(2 / (1 - 1/pi)) the output has unit
    variance again."""
    import keras

    from tryon.models.layers.convolutions import ScaledConv2D

    keras.utils.set_random_seed(3)
    noise = np.random.default_rng(4).standard_normal((8, 16, 16, 64)).astype(np.float32)
    outputs = np.asarray(ScaledConv2D(64, 3)(np.maximum(noise, 0)))
    assert outputs.std(axis=(0, 1, 2)).mean() == pytest.approx(1.0, abs=0.1)


def test_a_gain_of_zero_starts_as_nothing() -> None:
    assert np.all(np.asarray(layer_class("ScaledConv2D")(4, 3, gain=0.0)(PICTURE)) == 0)
