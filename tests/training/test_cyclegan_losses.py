"""Losses against plain NumPy, with networks whose answers are known."""

import numpy as np
import pytest

from tryon.models.cyclegan import Architecture
from tryon.training.cyclegan_losses import (
    COMPONENTS,
    CRITIC_COMPONENTS,
    GENERATOR_COMPONENTS,
    Batch,
    Networks,
    critic_losses,
    generator_losses,
)

BARE = Architecture(8, 4, 1, 4)
COMPOSITE = Architecture(8, 4, 1, 4, mask_composite=True)


class Adds:
    """A generator that adds a constant to the picture."""

    def __init__(self, constant: float) -> None:
        self.constant = constant

    def __call__(self, inputs, training):
        return inputs[..., :3] + self.constant


class MeanScore:
    """A critic whose only score is the picture's mean."""

    def __call__(self, pictures, training):
        from keras import ops

        return ops.mean(pictures, axis=(1, 2, 3), keepdims=True)


def a_batch(plain: float = 0.1, pattern: float = -0.2, count: int = 2) -> Batch:
    shape = (count, 8, 8, 3)
    guides, mask = np.zeros((count, 8, 8, 0), np.float32), np.ones((count, 8, 8, 1), np.float32)
    return Batch(np.full(shape, plain, np.float32), guides, mask, np.full(shape, pattern, np.float32), guides, mask)


def networks(architecture: Architecture = BARE) -> Networks:
    return Networks(architecture, Adds(0.3), Adds(-0.5), MeanScore(), MeanScore())


def test_generator_losses_are_those_of_the_paper():
    losses, fake_pattern, fake_plain = generator_losses(networks(), a_batch(), cycle_weight=10.0, identity_weight=5.0)
    named = {name: float(value) for name, value in zip(GENERATOR_COMPONENTS, losses, strict=True)}
    assert named["plain_to_pattern"] == pytest.approx((0.4 - 1) ** 2)
    assert named["pattern_to_plain"] == pytest.approx((-0.7 - 1) ** 2)
    assert named["cycle_plain"] == pytest.approx(10 * 0.2, rel=1e-5)
    assert named["cycle_pattern"] == pytest.approx(10 * 0.2, rel=1e-5)
    assert named["identity_plain"] == pytest.approx(5 * 0.5, rel=1e-5)
    assert named["identity_pattern"] == pytest.approx(5 * 0.3, rel=1e-5)
    np.testing.assert_allclose(np.asarray(fake_pattern), 0.4, atol=1e-6)
    np.testing.assert_allclose(np.asarray(fake_plain), -0.7, atol=1e-6)


def test_critics_want_one_for_real_and_zero_for_fake():
    batch = a_batch()
    shown = np.full((2, 8, 8, 3), 0.4, np.float32), np.full((2, 8, 8, 3), -0.7, np.float32)
    pattern_loss, plain_loss = (float(value) for value in critic_losses(networks(), batch, *shown))
    assert pattern_loss == pytest.approx(0.5 * ((-0.2 - 1) ** 2 + 0.4**2))
    assert plain_loss == pytest.approx(0.5 * ((0.1 - 1) ** 2 + 0.7**2))


def test_outside_of_the_mask_nothing_is_asked_for():
    batch = a_batch()
    mask = np.zeros((2, 8, 8, 1), np.float32)
    mask[:, :4] = 1.0
    ground = {"plain": batch.plain * mask, "pattern": batch.pattern * mask}
    masked = Batch(ground["plain"], batch.plain_guides, mask, ground["pattern"], batch.pattern_guides, mask)
    losses, fake_pattern, _ = generator_losses(networks(COMPOSITE), masked, 10.0, 5.0)
    fakes = np.asarray(fake_pattern)
    assert not fakes[:, 4:].any()
    np.testing.assert_allclose(fakes[:, :4], 0.4, atol=1e-6)
    assert float(losses[GENERATOR_COMPONENTS.index("identity_plain")]) == pytest.approx(5 * 0.5 / 2, rel=1e-5)


def test_losses_on_the_garment_forget_the_background_and_the_garments_size():
    rng = np.random.default_rng(2)
    plain, pattern = rng.uniform(-1, 1, (2, 2, 8, 8, 3)).astype(np.float32)
    masks = np.zeros((2, 8, 8, 1), np.float32)
    masks[0, :2], masks[1, :, :7] = 1.0, 1.0
    guides = np.zeros((2, 8, 8, 0), np.float32)
    losses, *_ = generator_losses(networks(), Batch(plain, guides, masks, pattern, guides, masks), 10.0, 5.0)
    elsewhere = np.where(masks > 0, plain, 0.9).astype(np.float32)
    batches = [Batch(side, guides, masks, pattern, guides, masks) for side in (plain, elsewhere)]
    found = [generator_losses(networks(), batch, 10.0, 5.0, region="garment")[0] for batch in batches]
    place = GENERATOR_COMPONENTS.index("cycle_plain")
    assert float(found[0][place]) == pytest.approx(float(losses[place]), rel=1e-5)  # the same change everywhere
    assert float(found[0][place]) == pytest.approx(float(found[1][place]), rel=1e-5)


def test_losses_on_the_garment_against_numpy():
    class Draws:
        """A generator that draws the same picture always."""

        def __call__(self, inputs, training):
            return np.linspace(-1, 1, inputs.shape[0] * 192, dtype=np.float32).reshape(-1, 8, 8, 3)

    batch = a_batch()
    masks = (np.random.default_rng(0).random((2, 8, 8, 1)) > 0.6).astype(np.float32)
    masked = Batch(batch.plain, batch.plain_guides, masks, batch.pattern, batch.pattern_guides, masks)
    drawing = Networks(BARE, Draws(), Draws(), MeanScore(), MeanScore())
    losses, *_ = generator_losses(drawing, masked, 1.0, 5.0, region="garment")
    drawn = np.linspace(-1, 1, 2 * 192, dtype=np.float32).reshape(-1, 8, 8, 3)
    expected = np.mean([np.abs(d - 0.1)[m[..., 0] > 0].mean() for d, m in zip(drawn, masks, strict=True)])
    assert float(losses[GENERATOR_COMPONENTS.index("cycle_plain")]) == pytest.approx(expected, rel=1e-5)


def test_a_garment_that_covers_nothing_costs_nothing():
    batch = a_batch()
    empty = np.zeros((2, 8, 8, 1), np.float32)
    masked = Batch(batch.plain, batch.plain_guides, empty, batch.pattern, batch.pattern_guides, empty)
    losses, *_ = generator_losses(networks(), masked, 10.0, 5.0, region="garment")
    assert [float(value) for value in losses[2:]] == [0.0] * 4


def test_critics_are_shown_the_changed_pictures_and_cycles_are_not():
    def darker(pictures, use):
        return pictures * 0.5

    plain_view, *fakes = generator_losses(networks(), a_batch(), 10.0, 5.0)
    changed, *_ = generator_losses(networks(), a_batch(), 10.0, 5.0, augment=darker)
    assert float(changed[0]) == pytest.approx((0.5 * 0.4 - 1) ** 2)
    assert [float(value) for value in changed[2:]] == [float(value) for value in plain_view[2:]]
    pattern_loss, _ = critic_losses(networks(), a_batch(), *fakes, augment=darker)
    assert float(pattern_loss) == pytest.approx(0.5 * ((-0.1 - 1) ** 2 + 0.2**2), rel=1e-5)


def test_a_batch_gives_the_mean_of_its_pictures():
    one, three = (generator_losses(networks(), a_batch(count=count), 10.0, 5.0)[0] for count in (1, 3))
    assert [float(value) for value in one] == pytest.approx([float(value) for value in three])


def test_names_are_complete():
    assert COMPONENTS == GENERATOR_COMPONENTS + CRITIC_COMPONENTS
    assert len(set(COMPONENTS)) == 8
