"""RoIAlign against a loop that anyone can check by eye."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def bilinear(grid: np.ndarray, y: float, x: float) -> np.ndarray:
    """The value at cell coordinates (centre of the first cell: 0, 0); places outside read the border."""
    height, width = grid.shape[:2]
    y, x = min(max(y, 0.0), height - 1), min(max(x, 0.0), width - 1)
    y0, x0 = int(np.floor(y)), int(np.floor(x))
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    dy, dx = y - y0, x - x0
    top = grid[y0, x0] * (1 - dx) + grid[y0, x1] * dx
    bottom = grid[y1, x0] * (1 - dx) + grid[y1, x1] * dx
    return top * (1 - dy) + bottom * dy


def slow_align(
    levels: list[np.ndarray], strides: tuple[int, ...], roi: np.ndarray, size: int, samples: int
) -> np.ndarray:
    side = np.sqrt(max((roi[2] - roi[0]) * (roi[3] - roi[1]), 1e-6))
    index = int(np.clip(np.round(4 + np.log2(side / 224)) - np.log2(strides[0]), 0, len(levels) - 1))
    grid, stride = levels[index], strides[index]
    cells = np.zeros((size, size, grid.shape[-1]))
    for row in range(size):
        for column in range(size):
            for i in range(samples):
                for j in range(samples):
                    y = roi[1] + (row + (i + 0.5) / samples) * (roi[3] - roi[1]) / size
                    x = roi[0] + (column + (j + 0.5) / samples) * (roi[2] - roi[0]) / size
                    cells[row, column] += bilinear(grid, y / stride - 0.5, x / stride - 0.5) / samples**2
    return cells


def feature_maps(batch: int, side: int, strides: tuple[int, ...], channels: int = 3) -> list[np.ndarray]:
    random = np.random.default_rng(1)
    return [random.standard_normal((batch, side // s, side // s, channels)).astype(np.float32) for s in strides]


@pytest.mark.parametrize(("size", "samples"), [(7, 1), (3, 2)])
def test_equals_the_loop_on_every_level(size: int, samples: int) -> None:
    from keras import ops

    from tryon.models.layers.roi_align import RoIAlign

    strides = (4, 8, 16)
    levels = feature_maps(2, 256, strides)
    rois = np.array(
        [
            [[10, 20, 40, 50], [0, 0, 256, 256], [3.3, 7.1, 130.2, 90.5], [100, 100, 101, 101]],
            [[-20, -10, 30, 30], [200, 210, 300, 290], [0, 0, 0, 0], [60, 10, 180, 200]],
        ],
        np.float32,
    )
    pooled = ops.convert_to_numpy(RoIAlign(size, strides, samples)(rois, levels))
    for b in range(2):
        for r in range(4):
            expected = slow_align([level[b] for level in levels], strides, rois[b, r], size, samples)
            assert np.allclose(pooled[b, r], expected, atol=1e-4), (b, r)


def test_a_linear_ramp_is_read_exactly() -> None:
    """On f(y, x) = x every cell holds its centre's x: nothing is rounded, unlike in RoIPool."""
    from keras import ops

    from tryon.models.layers.roi_align import RoIAlign

    ramp = np.broadcast_to((np.arange(16, dtype=np.float32) + 0.5)[None, None, :, None] * 4, (1, 16, 16, 1))
    pooled = ops.convert_to_numpy(RoIAlign(4, (4,))(np.array([[[10, 10, 42, 42]]], np.float32), [ramp]))
    assert np.allclose(pooled[0, 0, :, :, 0], 10 + (np.arange(4) + 0.5) * 8, atol=1e-4)


def test_a_mirrored_map_gives_the_mirrored_cells() -> None:
    from keras import ops

    from tryon.models.layers.roi_align import RoIAlign

    (level,) = feature_maps(1, 64, (4,))
    align = RoIAlign(5, (4,))
    straight = ops.convert_to_numpy(align(np.array([[[9, 12, 40, 50]]], np.float32), [level]))
    mirrored = ops.convert_to_numpy(align(np.array([[[64 - 40, 12, 64 - 9, 50]]], np.float32), [level[:, :, ::-1]]))
    assert np.allclose(straight, mirrored[:, :, :, ::-1], atol=1e-5)


def test_gradients_reach_the_map_and_are_finite() -> None:
    import tensorflow as tf

    from tryon.models.layers.roi_align import RoIAlign

    level = tf.constant(feature_maps(1, 64, (4,))[0])
    rois = np.array([[[0, 0, 0, 0], [5, 5, 60, 60]]], np.float32)
    with tf.GradientTape() as tape:
        tape.watch(level)
        total = tf.reduce_sum(RoIAlign(3, (4,))(rois, [level])[0, 1])
    gradient = tape.gradient(total, level).numpy()
    assert np.isfinite(gradient).all() and gradient.sum() == pytest.approx(3 * 3 * 3, rel=1e-4)


def slow_corner_align(grid: np.ndarray, roi: np.ndarray, size: int) -> np.ndarray:
    """One sample a cell, from border to border of a RoI in fractions of the map; 0 beyond the map."""
    height, width, channels = grid.shape
    cells = np.zeros((size, size, channels))
    for row in range(size):
        for column in range(size):
            y = (roi[1] + (roi[3] - roi[1]) * row / (size - 1)) * (height - 1)
            x = (roi[0] + (roi[2] - roi[0]) * column / (size - 1)) * (width - 1)
            if 0 <= y <= height - 1 and 0 <= x <= width - 1:
                cells[row, column] = bilinear(grid, y, x)
    return cells


def test_corner_samples_equal_the_loop_within_and_beyond_the_map() -> None:
    from keras import ops

    from tryon.models.layers.roi_align import CornerRoIAlign

    (level,) = feature_maps(2, 64, (4,))
    rois = np.array([[[0.1, 0.2, 0.7, 0.9], [0, 0, 1, 1]], [[-0.3, -0.1, 0.5, 1.2], [0.5, 0.5, 0.5, 0.5]]], np.float32)
    pooled = ops.convert_to_numpy(CornerRoIAlign(5, (4,), 64)(rois, [level]))
    for b in range(2):
        for r in range(2):
            assert np.allclose(pooled[b, r], slow_corner_align(level[b], rois[b, r], 5), atol=1e-4), (b, r)


@pytest.mark.parametrize(("side_px", "level"), [(0.0, 0), (100.0, 1), (224.0, 2), (500.0, 3), (1023.0, 3)])
def test_corner_samples_choose_the_level_by_the_side_in_the_picture(side_px: float, level: int) -> None:
    """Equation 1 of the pyramid networks' paper: 224 pixels are read from P4, half of that from P3."""
    from tryon.models.layers.roi_align import CornerRoIAlign

    maps = [np.full((1, 64 >> index, 64 >> index, 1), index, np.float32) for index in range(4)]
    side = side_px / 1023
    pooled = np.asarray(CornerRoIAlign(2, (4, 8, 16, 32), 1024)(np.array([[[0, 0, side, side]]], np.float32), maps))
    assert np.all(pooled == level)


@pytest.mark.parametrize("corners", [False, True])
def test_each_roi_is_cropped_from_the_mask_of_its_own_object(corners: bool) -> None:
    from keras import ops

    from tryon.models.layers.roi_align import CornerRoIAlign, RoIAlign

    random = np.random.default_rng(3)
    masks = random.integers(0, 256, (2, 3, 40, 32), np.uint8)
    owners = np.array([[0, 2], [1, 1]], np.int32)
    rois = np.array([[[4, 6, 20, 30], [-5, -3, 36, 44]], [[10.5, 2.25, 11, 39], [0, 0, 32, 40]]], np.float32)
    rois = rois / np.float32([32, 40, 32, 40]) if corners else rois
    align = CornerRoIAlign(7, (1,), 40) if corners else RoIAlign(7, (1,))
    cropped = ops.convert_to_numpy(align.crop(rois, ops.convert_to_tensor(masks), owners))
    for b in range(2):
        for r in range(2):
            own = masks[b, owners[b, r], ..., None] / 255
            slow = slow_corner_align(own, rois[b, r], 7) if corners else slow_align([own], (1,), rois[b, r], 7, 1)
            assert np.allclose(cropped[b, r], slow[..., 0], atol=1e-5), (b, r)


def test_a_crop_is_what_the_same_mask_gives_as_a_map() -> None:
    """To the last bit when computed by itself; compiled into a step, sums may round otherwise."""
    from keras import ops

    from tryon.models.layers.roi_align import RoIAlign

    random = np.random.default_rng(4)
    masks = random.integers(0, 256, (2, 3, 48, 48), np.uint8)
    owners, corner = random.integers(0, 3, (2, 4)), random.uniform(-8, 30, (2, 4, 2))
    rois = np.concatenate([corner, corner + random.uniform(2, 30, (2, 4, 2))], axis=-1).astype(np.float32)
    own = np.take_along_axis(masks, owners[:, :, None, None], axis=1).reshape(8, 48, 48, 1).astype(np.float32) / 255
    whole = RoIAlign(14, (1,))(rois.reshape(8, 1, 4), [ops.convert_to_tensor(own.astype(np.float32))])
    cropped = RoIAlign(14, (1,)).crop(rois, ops.convert_to_tensor(masks), owners)
    assert np.array_equal(np.asarray(cropped).reshape(8, 14, 14), np.asarray(whole)[:, 0, ..., 0])
