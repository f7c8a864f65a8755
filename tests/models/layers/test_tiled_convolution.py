"""Convolutions by tiles against plain sums, forwards and backwards."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

BORDERS = ("reflect", "constant")


def random_values(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def plainly(x: np.ndarray, kernel: np.ndarray, border: str) -> np.ndarray:
    """In double precision, one place of the kernel after the other."""
    height, width = x.shape[1:3]
    wide = np.pad(x.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)), mode=border)
    kernel = kernel.astype(np.float64)
    return sum(wide[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(
    ("batch", "height", "width", "channels", "filters"), [(1, 4, 4, 1, 1), (2, 8, 12, 5, 3), (2, 7, 14, 3, 2)]
)
def test_tiles_give_the_sums_of_products(batch, height, width, channels, filters, border) -> None:
    from tryon.models.layers.tiled_convolution import convolve_by_tiles

    x, kernel = random_values(batch, height, width, channels), random_values(3, 3, channels, filters, seed=1)
    np.testing.assert_allclose(np.asarray(convolve_by_tiles(x, kernel, border)), plainly(x, kernel, border), atol=5e-5)


@pytest.mark.parametrize("border", BORDERS)
def test_rounding_errors_stay_small_in_wide_layers(border) -> None:
    from tryon.models.layers.tiled_convolution import convolve_by_tiles

    x, kernel = random_values(1, 32, 32, 256), 0.02 * random_values(3, 3, 256, 256, seed=1)
    np.testing.assert_allclose(np.asarray(convolve_by_tiles(x, kernel, border)), plainly(x, kernel, border), atol=4e-5)


@pytest.mark.parametrize(("border", "width"), [("reflect", 4), ("constant", 6)])
def test_gradients_are_those_of_the_plain_convolution(border, width) -> None:
    import tensorflow as tf

    from tryon.models.layers.tiled_convolution import convolve_by_tiles

    x, kernel = random_values(2, 8, width, 3), random_values(3, 3, 3, 5, seed=1)
    slope = random_values(2, 8, width, 5, seed=2)
    given = [tf.constant(x), tf.constant(kernel)]
    with tf.GradientTape() as tape:
        tape.watch(given)
        out = convolve_by_tiles(*given, border)
    to_x, to_kernel = (value.numpy() for value in tape.gradient(out, given, tf.constant(slope)))
    # The convolution is linear in both: its gradient in a direction is its value there.
    for seed in range(3):
        direction = random_values(*x.shape, seed=seed)
        there = (plainly(direction, kernel, border) * slope).sum()
        assert (to_x * direction).sum() == pytest.approx(there, rel=1e-4, abs=1e-3)
        direction = random_values(*kernel.shape, seed=seed)
        there = (plainly(x, direction, border) * slope).sum()
        assert (to_kernel * direction).sum() == pytest.approx(there, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize(
    ("side", "channels", "precision", "by_tiles"),
    [(8, 128, "float32", 1), (6, 128, "float32", 0), (8, 127, "float32", 0), (8, 128, "bfloat16", 0)],
)
def test_layer_chooses_tiles_where_they_fit_pay_and_are_exact(side, channels, precision, by_tiles) -> None:
    from tryon.models.layers.tiled_convolution import MirroredConv2D

    layer, x = MirroredConv2D(128, bias_initializer="ones", dtype=precision), random_values(2, side, side, channels)
    out = np.asarray(layer(x), np.float32)
    assert layer.by_tiles == bool(by_tiles)
    expected = plainly(x, np.asarray(layer.kernel, np.float32), "reflect") + 1
    np.testing.assert_allclose(out, expected, atol=1e-4 if precision == "float32" else 0.2)


@pytest.mark.parametrize(
    ("side", "channels", "precision", "training", "by_tiles"),
    [
        (14, 128, "float32", False, True),
        (13, 128, "float32", False, False),
        (14, 127, "float32", False, False),
        (14, 128, "bfloat16", False, False),
        (16, 128, "float32", True, True),
        (15, 128, "float32", True, False),
    ],
)
def test_padded_layer_takes_tiles_where_they_pay(side, channels, precision, training, by_tiles, monkeypatch) -> None:
    from tryon.models.layers import tiled_convolution

    taken, convolve = [], tiled_convolution.convolve_by_tiles
    monkeypatch.setattr(tiled_convolution, "convolve_by_tiles", lambda *given: taken.append(1) or convolve(*given))
    layer = tiled_convolution.TiledConv2D(128, activation="relu", bias_initializer="ones", dtype=precision)
    x = random_values(1, side, side, channels)
    out = np.asarray(layer(x, training=training), np.float32)
    assert bool(taken) == by_tiles
    expected = np.maximum(plainly(x, np.asarray(layer.kernel, np.float32), "constant") + 1, 0)
    np.testing.assert_allclose(out, expected, atol=1e-4 if precision == "float32" else 0.2)
