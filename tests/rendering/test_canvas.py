"""Painting in two parts against painting one picture layer by layer."""

import numpy as np

from tryon.rendering.canvas import LEFT_SLEEVE, TORSO, Canvas, Cloth
from tryon.rendering.drawing import Window

SIDE = 16
WHOLE = Window(0, 0, SIDE, SIDE)


def random_cover(rng: np.random.Generator, window: Window) -> np.ndarray:
    return np.clip(rng.uniform(-0.5, 1.5, window.shape), 0, 1).astype(np.float32)


def cloth(window: Window, cover: np.ndarray, part: int, shade: float) -> Cloth:
    plane = np.full(window.shape, shade, np.float32)
    return Cloth(window, plane, plane, plane.copy(), np.full(window.shape, part, np.uint8), cover)


def test_rest_and_alpha_compose_to_the_layered_picture():
    rng = np.random.default_rng(0)
    canvas = Canvas(SIDE)
    layered = rng.uniform(0, 1, (SIDE, SIDE, 3)).astype(np.float32)
    canvas.rest[:] = layered
    shirt_colour = np.array([0.2, 0.4, 0.9], np.float32)
    windows = [WHOLE, Window(2, 4, 12, 14), Window(0, 0, 8, 16), Window(6, 2, 16, 10)]
    for step, window in enumerate(windows * 2):
        cover = random_cover(rng, window)
        rows = window.slices
        if step % 2:
            canvas.drape(cloth(window, cover, TORSO, 1.0))
            colour = shirt_colour
        else:
            colour = rng.uniform(0, 1, 3).astype(np.float32)
            canvas.paint(window, tuple(colour), cover)
        layered[rows] = layered[rows] * (1 - cover[..., None]) + colour * cover[..., None]
    assert np.allclose(canvas.rest + canvas.alpha[..., None] * shirt_colour, layered, atol=1e-5)


def test_the_upper_piece_owns_what_it_covers_most():
    canvas = Canvas(SIDE)
    canvas.drape(cloth(WHOLE, np.ones(WHOLE.shape, np.float32), TORSO, 0.5))
    half = np.zeros(WHOLE.shape, np.float32)
    half[:, :4], half[:, 4:8] = 0.9, 0.3
    canvas.drape(cloth(WHOLE, half, LEFT_SLEEVE, 0.8))
    assert (canvas.part[:, :4] == LEFT_SLEEVE).all()
    assert (canvas.part[:, 4:] == TORSO).all()
    assert np.allclose(canvas.alpha, 1)


def test_what_is_painted_hides_the_shirt_but_not_that_it_is_worn():
    canvas = Canvas(SIDE)
    canvas.drape(cloth(WHOLE, np.ones(WHOLE.shape, np.float32), TORSO, 1.0))
    window = Window(4, 4, 8, 8)
    canvas.paint(window, (0.5, 0.4, 0.3), np.ones(window.shape, np.float32))
    assert canvas.alpha[window.slices].max() == 0
    assert canvas.worn.min() == 1
    assert canvas.body[window.slices].min() == 1


def test_legwear_is_seen_until_it_is_covered():
    canvas = Canvas(SIDE)
    full = np.ones(WHOLE.shape, np.float32)
    canvas.paint(WHOLE, (0.1, 0.1, 0.4), full, legwear=True)
    window = Window(0, 0, 16, 8)
    canvas.drape(cloth(window, np.ones(window.shape, np.float32), TORSO, 1.0))
    assert canvas.legwear[:8].max() == 0
    assert canvas.legwear[8:].min() == 1


def test_a_shadow_darkens_both_parts_alike():
    canvas = Canvas(SIDE)
    canvas.rest[:] = 0.8
    half = np.full(WHOLE.shape, 0.5, np.float32)
    canvas.drape(cloth(WHOLE, half, TORSO, 1.0))
    before = canvas.rest + (canvas.alpha * canvas.shade)[..., None]
    canvas.darken(WHOLE, np.full(WHOLE.shape, 0.6, np.float32))
    after = canvas.rest + (canvas.alpha * canvas.shade)[..., None]
    assert np.allclose(after, 0.6 * before, atol=1e-6)
