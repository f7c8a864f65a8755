"""What a photo shows beside its shirts: read from the annotations, moved with the picture, recoloured by itself."""

from pathlib import Path

import numpy as np
import pytest

from tests.datasets.outlined_folders import annotate, item, write_split
from tryon.config import GARMENT_KINDS
from tryon.datasets.augmentation import Augmentation
from tryon.datasets.garment_kinds import OTHER_KINDS, read_other_garments
from tryon.datasets.recolouring import recoloured
from tryon.datasets.shirts import ShirtSquares, load_shirts, randoms
from tryon.errors import DataError
from tryon.formats.deepfashion2 import CATEGORIES

NOTHING, SHIRT, UPPER, LOWER, DRESS = range(5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_split(tmp_path, "train", 3)
    annotate(tmp_path, item(1, 30, 0, 60, 63), item(8, 0, 50, 63, 63), item(4, 0, 0, 12, 40))
    return tmp_path


def load(root: Path, *, other_garments: bool = True) -> ShirtSquares:
    return load_shirts(
        root / "photos", root / "annotations", "train", side=64, ground=128, other_garments=other_garments
    )


def test_every_category_but_the_shirt_is_of_one_kind() -> None:
    listed = sorted(category for categories in OTHER_KINDS.values() for category in categories)
    assert listed == sorted(set(CATEGORIES) - {1}) and set(OTHER_KINDS) == set(GARMENT_KINDS[SHIRT + 1 :])


def test_other_garments_are_read_by_kind(root: Path) -> None:
    kinds = read_other_garments(root / "photos/train/image/000000.png", 64, 64)
    assert kinds[20, 5] == UPPER and kinds[60, 30] == LOWER and kinds[20, 40] == NOTHING and kinds[45, 5] == NOTHING
    assert (kinds == UPPER).sum() == 13 * 41 and (kinds == LOWER).sum() == 14 * 64


def test_a_photo_without_annotation_is_refused_by_name(root: Path) -> None:
    (root / "photos/train/annos/000001.json").unlink()
    with pytest.raises(DataError, match=r"000001\.png has no annotation of other garments[\s\S]*000001\.json"):
        load(root)
    assert load(root, other_garments=False).others is None


def test_kinds_are_part_of_the_batch_where_they_were_read(root: Path) -> None:
    batch = load(root).batch([0, 2], Augmentation(), randoms(1, 0, count=2), 2)
    kinds, covered = batch["kinds"], batch["masks"][:, 0] >= 128
    assert kinds.shape == (2, 64, 64) and kinds.dtype == np.uint8
    assert (kinds[covered] == SHIRT).all() and (kinds[~covered] != SHIRT).all()
    assert (kinds[:, :40, :12] == UPPER).all() and (kinds[:, 52:, :12] == LOWER).all()
    assert "kinds" not in load(root, other_garments=False).batch([0], Augmentation(), randoms(1, 0, count=1), 2)


def test_other_garments_change_what_a_training_is_of(root: Path) -> None:
    assert load(root).digest != load(root, other_garments=False).digest


@pytest.mark.parametrize("seed", range(6))
def test_kinds_move_with_their_picture(root: Path, seed: int) -> None:
    squares = load(root)
    marked = np.where((squares.others == UPPER)[..., None], np.uint8(255), np.uint8(0)).repeat(3, axis=-1)
    marked = ShirtSquares(squares.names, marked, squares.coverages, squares.landmarks, 64, 0, "", squares.others)
    strong = Augmentation(flip=True, max_shift=0.1, max_scale=0.2, max_rotation_degrees=20.0)
    picture, _, coverages, _, kinds = marked.sample(0, strong, np.random.default_rng(seed))
    shown, said = (picture[..., 0] > 128) & (coverages[0] < 128), kinds == UPPER
    assert said.any() and (shown & said).sum() / (shown | said).sum() > 0.85


def test_a_region_gets_another_mean_colour_and_keeps_its_folds() -> None:
    random = np.random.default_rng(3)
    picture = random.integers(112, 124, (40, 40, 3)).astype(np.uint8)
    region = np.zeros((40, 40), bool)
    region[10:30, 5:35] = True
    changed = recoloured(picture, [region], 1.0, np.random.default_rng(4))
    inside, outside = np.s_[12:28, 7:33], ~region
    outside[9:31, 4:36] = False  # the soft rim
    assert np.array_equal(changed[outside], picture[outside])
    assert np.abs(changed[inside].mean(axis=(0, 1)) - picture[inside].mean(axis=(0, 1))).max() > 15
    moved = changed[inside].astype(float) - picture[inside]
    assert moved.std(axis=(0, 1)).max() < 1.0  # one shift for all pixels: what differs between them stays
    assert np.array_equal(picture, np.random.default_rng(3).integers(112, 124, (40, 40, 3)))


def test_regions_are_recoloured_as_often_as_asked_each_by_itself() -> None:
    picture = np.full((20, 20, 3), 120, np.uint8)
    left = np.zeros((20, 20), bool)
    left[:, :8] = True
    right, none = left[:, ::-1].copy(), np.zeros((20, 20), bool)
    random = np.random.default_rng(0)
    changes = [recoloured(picture, [left, none, right], 0.3, random)[10, [2, 10, 17]] != 120 for _ in range(200)]
    often = np.mean([change.any(axis=-1) for change in changes], axis=0)
    assert 0.2 < often[0] < 0.4 and often[1] == 0 and 0.2 < often[2] < 0.4
    assert any(change[0].any() != change[2].any() for change in changes)
    assert np.array_equal(recoloured(picture, [left], 0.0, random), picture)


def test_shirts_and_other_garments_are_recoloured_in_a_sample(root: Path) -> None:
    squares = load(root)
    ways = Augmentation(), Augmentation(recolour=1.0)
    plain, changed = (squares.sample(0, way, np.random.default_rng(2)) for way in ways)
    differs = np.abs(plain[0].astype(int) - changed[0]).max(axis=-1) > 8
    for kind in (SHIRT, UPPER, LOWER):
        assert differs[plain[4] == kind].mean() > 0.8
    assert differs[plain[4] == NOTHING].mean() < 0.15  # soft rims
    for before, after in zip(plain[1:], changed[1:], strict=True):
        assert np.array_equal(before, after)
