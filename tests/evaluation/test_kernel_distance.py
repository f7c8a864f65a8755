"""Kernel distance and its features against slow, obvious versions."""

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation import kernel_distance as module
from tryon.evaluation.kernel_distance import kernel_distance, own_features


def slow_distance(first, second) -> float:
    def kernel(a, b):
        return (sum(x * y for x, y in zip(a, b, strict=True)) / len(a) + 1) ** 3

    def within(group):
        pairs = [(a, b) for i, a in enumerate(group) for j, b in enumerate(group) if i != j]
        return sum(kernel(a, b) for a, b in pairs) / len(pairs)

    across = [kernel(a, b) for a in first for b in second]
    return within(first) + within(second) - 2 * sum(across) / len(across)


def test_distance_against_loops():
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, (5, 7)), rng.normal(0.5, 1, (4, 7))
    assert kernel_distance(first, second) == pytest.approx(slow_distance(first, second), rel=1e-10)
    assert kernel_distance(first, second) == pytest.approx(kernel_distance(second, first))


def test_it_is_unbiased_and_grows_with_the_difference():
    rng = np.random.default_rng(2)
    near = [kernel_distance(rng.normal(0, 1, (12, 6)), rng.normal(0, 1, (9, 6))) for _ in range(400)]
    far = [kernel_distance(rng.normal(0, 1, (12, 6)), rng.normal(1, 1, (9, 6))) for _ in range(100)]
    assert abs(np.mean(near)) < 3 * np.std(near) / np.sqrt(len(near))
    assert min(near) < 0 < np.mean(far) - 3 * np.std(near)


@pytest.mark.parametrize(("first", "second"), [((1, 3), (4, 3)), ((4, 3), (0, 3)), ((4, 3), (4, 2))])
def test_what_has_no_distance_is_refused(first, second):
    with pytest.raises(DataError, match="two or more pictures"):
        kernel_distance(np.ones(first), np.ones(second))


def test_the_convolution_against_loops():
    rng = np.random.default_rng(3)
    x, kernel = rng.normal(size=(1, 6, 6, 2)).astype(np.float32), rng.normal(size=(3, 3, 2, 4)).astype(np.float32)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    wanted = np.zeros((1, 3, 3, 4))
    for row in range(3):
        for column in range(3):
            patch = padded[0, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            wanted[0, row, column] = [(patch * kernel[..., out]).sum() for out in range(4)]
    np.testing.assert_allclose(module._halved(x, kernel), wanted, rtol=1e-4, atol=1e-5)


def pictures(colour, stripe_px: int, count: int = 6, side: int = 64):
    rng = np.random.default_rng(stripe_px)
    stripes = (np.arange(side) // max(stripe_px, 1)) % 2 * (stripe_px > 0)
    made = np.array(colour) * (1 - 0.7 * stripes[:, None, None]) + rng.normal(0, 6, (count, side, side, 3))
    return np.clip(made, 0, 255).astype(np.uint8)


def test_features_tell_colours_and_stripes_and_are_the_same_every_time():
    blue, other_blue, red = pictures((40, 80, 170), 0), pictures((40, 80, 170), 0, 5), pictures((180, 60, 60), 0)
    striped = pictures((40, 80, 170), 4)
    features = [own_features(group) for group in (blue, other_blue, red, striped)]
    same, colour, stripes = (kernel_distance(features[0], other) for other in features[1:])
    assert abs(same) < 0.05 * min(colour, stripes)
    assert features[0].shape == (6, 2 * sum(module._WIDTHS))
    assert np.array_equal(own_features(blue), features[0])


def test_pictures_of_any_size_are_seen_at_one():
    assert own_features([np.full((200, 150, 3), 90, np.uint8)]) == pytest.approx(
        own_features([np.full((30, 40, 3), 90, np.uint8)])
    )
