"""What stands in for the garment beside each picture of a batch."""

import numpy as np
import pytest

from tryon.datasets.domains import Domain
from tryon.training.cyclegan_garments import GarmentSource, relit

SIDE = 32
MASK = np.zeros((SIDE, SIDE), np.float32)
MASK[4:28, 6:26] = 1.0


def striped_domain(count: int = 3) -> Domain:
    rows = (np.arange(SIDE) // 4 % 2).astype(np.float32)
    pictures = [np.where(MASK[..., None] > 0, (0.2 + 0.05 * k + 0.5 * rows)[:, None, None], 0.5) for k in range(count)]
    stacked = np.stack([np.broadcast_to(p, (SIDE, SIDE, 3)) for p in pictures]).astype(np.float32)
    return Domain(stacked, np.stack([MASK] * count), tuple(map(str, range(count))))


def test_a_pattern_keeps_its_own_stripes_in_their_place():
    source, rng = GarmentSource(striped_domain()), np.random.default_rng(0)
    garments = source.for_pattern(np.array([2, 0, 1, 2]), rng)
    for garment, k in zip(garments, (2, 0, 1, 2), strict=True):
        known = (garment != 0.5).any(axis=-1) & (MASK > 0)
        assert known.mean() > 0.5 * MASK.mean()
        picture = source.pattern.pictures[k]
        assert np.corrcoef(garment[known][:, 0], picture[known][:, 0])[0, 1] > 0.8
        assert garment[known].mean() == pytest.approx(picture[known].mean(), rel=0.35)
        assert np.unique(garment[MASK == 0]).tolist() == [0.5]


def test_its_light_and_its_rims_differ_from_draw_to_draw():
    picture = striped_domain().pictures[0]
    drawn = [relit(picture, MASK > 0.5, np.random.default_rng(seed)) for seed in range(12)]
    assert len({one.tobytes() for one in drawn}) == 12
    assert len({int((one == 0.5).all(axis=-1).sum()) for one in drawn}) > 3
    again = relit(picture, MASK > 0.5, np.random.default_rng(4))
    np.testing.assert_array_equal(again, drawn[4])


def test_the_light_has_no_direction_of_its_own():
    picture = np.full((SIDE, SIDE, 3), 0.4, np.float32)
    lights = [relit(picture, np.ones((SIDE, SIDE), bool), np.random.default_rng(s)) for s in range(60)]
    middle = np.stack(lights)[:, 8:24, 8:24]
    assert middle.mean(axis=0) == pytest.approx(0.4, rel=0.15)
    assert middle.std() > 0.02


def test_a_plain_shirt_gets_a_garment_of_the_pattern_in_its_place():
    source = GarmentSource(striped_domain())
    worn = np.zeros((2, SIDE, SIDE), np.float32)
    worn[:, 10:30, 2:30] = 1.0
    garments = source.for_plain(worn, np.random.default_rng(1))
    assert garments.shape == (2, SIDE, SIDE, 3)
    assert np.unique(garments[worn == 0]).tolist() == [0.5]
    assert (garments[worn > 0].min(), garments[worn > 0].max()) == (
        pytest.approx(0.25, abs=0.06),
        pytest.approx(0.75, abs=0.06),
    )


@pytest.mark.parametrize(
    "mask", [np.zeros((SIDE, SIDE), bool), np.eye(1, SIDE * SIDE, 70, dtype=bool).reshape(SIDE, SIDE)]
)
def test_nothing_and_one_pixel_are_no_error(mask):
    out = relit(np.ones((SIDE, SIDE, 3), np.float32), mask, np.random.default_rng(0))
    assert np.isfinite(out).all()
    assert (out[~mask] == 0.5).all()
