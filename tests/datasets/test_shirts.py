"""Outlined photos to batches: outlines joined to pictures, everything moved together, batches that can be made
again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.datasets.outlined_folders import region, write_split, write_via_file
from tests.models.mask_rcnn.mask_rcnn_cases import rim_landmarks
from tryon.datasets.augmentation import Augmentation, Change
from tryon.datasets.outlines import read_outlines
from tryon.datasets.shirts import ShirtSquares, coverage_box, epoch_batches, fixed_batches, load_shirts, randoms
from tryon.errors import DataError
from tryon.formats.via import ViaFile
from tryon.geometry.landmarks import FLIP_ORDER, UNKNOWN
from tryon.images.files import write_png


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_split(tmp_path, "train", 5)
    return tmp_path


def load(root: Path, split: str = "train", side: int = 64) -> ShirtSquares:
    return load_shirts(root / "photos", root / "annotations", split, side=side, ground=128)


def change(**values: Any) -> Change:
    plain = {"side": 40, "mirrored": False, "scale": 1.0, "shift": (0.0, 0.0), "contrast": 1.0, "brightness": 0.0}
    return Change(**{**plain, "channels": np.ones(3), **values})


def test_outlines_carry_masks_sources_and_slices(tmp_path: Path) -> None:
    masks = write_split(tmp_path, "test", 2, source="shop")
    photos = read_outlines(tmp_path / "photos", tmp_path / "annotations", "test")
    assert [photo.name for photo in photos] == ["000000.png", "000001.png"] and photos[0].source == "shop"
    assert photos[0].outlines[0].slices == ("scale_2", "occlusion_1", "zoom_1", "viewpoint_2")
    for photo, mask in zip(photos, masks, strict=True):
        assert np.array_equal(photo.masks(64, 64), mask[None])


def test_regions_of_one_item_are_one_shirt_and_their_union(tmp_path: Path) -> None:
    path = tmp_path / "photos" / "test" / "image" / "a.png"
    write_png(path, np.zeros((30, 40, 3), np.uint8))
    square = np.array([[2, 2], [10, 2], [10, 10], [2, 10]])
    entry = ViaFile("a.png", path.stat().st_size, (
        region(square), region(square + 4), region(square + 15, item="item2"), region(square[:, ::-1], item=""),
    ))  # fmt: skip
    write_via_file(tmp_path, "test", {entry.key: entry})
    (photo,) = read_outlines(tmp_path / "photos", tmp_path / "annotations", "test")
    masks = photo.masks(30, 40)
    assert len(masks) == 3 and masks[0].sum() == 9 * 9 * 2 - 5 * 5


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: (root / "annotations/train/via_region_data.json").unlink(), "via_region_data.json is missing"),
        (lambda root: (root / "photos/train/image/000001.png").unlink(), "has no picture"),
        (lambda root: (root / "photos/train/image/000001.png").write_bytes(b"other"), "is not of the picture"),
        (lambda root: write_via_file(root, "train", {}), "has no photo"),
    ],
)
def test_folders_that_do_not_fit_are_refused_by_name(root: Path, spoil: Any, said: str) -> None:
    spoil(root)
    with pytest.raises(DataError, match=said):
        load(root)


def test_squares_keep_pictures_and_masks_in_register(root: Path) -> None:
    squares = load(root)
    assert squares.pictures.shape == (5, 128, 128, 3) and len(squares) == 5
    for index in range(5):
        picture, boxes, coverages, *_ = squares.sample(index, Augmentation(), np.random.default_rng(0))
        red = picture[..., 0].astype(int) - picture[..., 1] > 100
        assert np.array_equal(red, coverages[0] > 128)
        assert np.allclose(boxes[0], coverage_box(coverages[0]), atol=1)


def test_the_digest_follows_the_data(root: Path, tmp_path: Path) -> None:
    first = load(root).digest
    assert load(root).digest == first
    write_split(tmp_path, "train", 5, seed=1)
    assert load(root).digest != first


def test_augmented_masks_stay_on_their_shirt(root: Path) -> None:
    squares = load(root)
    strong = Augmentation(flip=True, max_shift=0.15, max_scale=0.3)
    for index in range(5):
        for draw in range(6):
            picture, boxes, coverages, *_ = squares.sample(index, strong, np.random.default_rng(draw))
            red = picture[..., 0].astype(int) - picture[..., 1] > 85
            covered = coverages[0] > 128
            assert (red & covered).sum() / (red | covered).sum() > 0.93
            assert np.allclose(boxes[0], coverage_box(coverages[0]), atol=1.01)


@pytest.mark.parametrize(
    "moved",
    [
        change(mirrored=True),
        change(shift=(5.0, -3.0)),
        change(scale=1.5, mirrored=True, shift=(1.0, 2.0)),
        change(turn_degrees=30.0, shift=(2.0, 0.0)),
        change(turn_degrees=-20.0, mirrored=True, scale=1.2),
    ],
)
def test_changes_move_masks_labels_and_points_alike(moved: Change) -> None:
    dot = np.zeros((40, 40), np.uint8)
    dot[10:13, 20:23] = 255  # its middle pixel is (21, 11)
    for place in np.argwhere(moved.mask(dot) > 128), np.argwhere(moved.labels(dot // 255) == 1):
        assert np.allclose(place.mean(axis=0)[::-1], moved.points([21, 11]), atol=0.5)


def test_changes_move_landmarks_and_exchange_left_and_right() -> None:
    landmarks = np.zeros((25, 3))
    landmarks[1] = (21, 11, 2)  # neck, left
    mirrored = change(mirrored=True).landmarks(landmarks)
    assert mirrored[5].tolist() == [18, 11, 2] and not mirrored[1].any()


def test_a_turn_keeps_lengths_and_the_middle() -> None:
    turned = change(turn_degrees=90.0)
    assert np.allclose(turned.points([19.5, 19.5]), [19.5, 19.5])
    assert np.allclose(turned.points([29.5, 19.5]), [19.5, 29.5])
    turns = [Augmentation(max_rotation_degrees=12.0).draw(np.random.default_rng(seed), 40) for seed in range(40)]
    angles = [one.turn_degrees for one in turns]
    assert -12 <= min(angles) < -6 and 6 < max(angles) <= 12


def test_a_turn_leaves_the_other_draws_as_they_are() -> None:
    strong = Augmentation(True, 0.1, 0.2, 0.3, 0.5, 0.2)
    straight, turned = (
        one.draw(np.random.default_rng(7), 40) for one in (strong, replace(strong, max_rotation_degrees=10.0))
    )
    assert (straight.scale, straight.shift, straight.contrast) == (turned.scale, turned.shift, turned.contrast)
    assert straight.turn_degrees == 0.0 != turned.turn_degrees


def test_mirroring_twice_changes_nothing() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    mirrored = change(mirrored=True)
    assert np.array_equal(mirrored.picture(picture, 128), picture[:, ::-1])
    assert np.array_equal(mirrored.picture(mirrored.picture(picture, 128), 128), picture)


def test_colours_change_without_moving() -> None:
    picture = np.full((40, 40, 3), 100, np.uint8)
    brighter = change(brightness=0.1, channels=np.array([1.0, 1.2, 1.0])).picture(picture, 0)
    assert brighter[0, 0].tolist() == [126, 151, 126]


def test_no_augmentation_changes_nothing() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    assert np.array_equal(Augmentation().draw(np.random.default_rng(5), 40).picture(picture, 0), picture)


@pytest.mark.parametrize("seed", range(8))
def test_a_close_up_shows_the_shirt_large_and_in_the_middle(root: Path, seed: int) -> None:
    squares = load(root)
    picture, boxes, coverages, *_ = squares.sample(
        1, Augmentation(flip=True, close_ups=1.0), np.random.default_rng(seed)
    )
    x1, y1, x2, y2 = boxes[0]
    assert 64 / 1.85 <= max(x2 - x1, y2 - y1) <= 64 / 1.05
    assert abs((x1 + x2) / 2 - 32) < 6 and abs((y1 + y2) / 2 - 32) < 6
    red = picture[..., 0].astype(int) - picture[..., 1] > 85
    assert (red & (coverages[0] > 128)).sum() / (red | (coverages[0] > 128)).sum() > 0.95


@pytest.mark.parametrize("seed", range(8))
def test_surroundings_show_no_shirt(root: Path, seed: int) -> None:
    squares = load(root)
    augmentation = Augmentation(flip=True, surroundings=1.0)
    picture, boxes, coverages, *_ = squares.sample(1, augmentation, np.random.default_rng(seed))
    assert boxes.shape == (0, 4) and len(coverages) == 0
    assert (
        picture[..., 0].astype(int) - picture[..., 1] > 85
    ).mean() < 0.03  # a blurred rim where the window touches it


def test_blanks_replace_the_picture_and_its_shirts_by_spots(root: Path) -> None:
    shirts = load(root)
    seen = [shirts.sample(0, Augmentation(blanks=1.0), np.random.default_rng(seed)) for seed in range(20)]
    for picture, boxes, coverages, landmarks, kinds in seen:
        assert landmarks.shape == (0, 25, 3) and kinds.shape == (64, 64) and not kinds.any()
        assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
        assert boxes.shape == (0, 4) and coverages.shape == (0, 64, 64)
    roughness = [np.abs(np.diff(picture.astype(float), axis=1)).mean() for picture, *_ in seen]
    assert max(roughness) > 8 * min(roughness)  # from a few large spots to noise
    assert (
        sum(np.array_equal(shirts.sample(0, Augmentation(), np.random.default_rng(1))[0], one[0]) for one in seen) == 0
    )


def test_blanks_come_as_often_as_asked() -> None:
    random = np.random.default_rng(5)
    drawn = [Augmentation(blanks=0.25).draw_blank(random, 32) is not None for _ in range(400)]
    assert 0.18 < np.mean(drawn) < 0.32
    assert all(Augmentation().draw_blank(random, 32) is None for _ in range(50))


def test_a_shirt_that_fills_the_picture_has_no_surroundings() -> None:
    whole = [np.array([2.0, 2.0, 62.0, 62.0])]
    random, same = np.random.default_rng(3), np.random.default_rng(3)
    assert Augmentation(surroundings=1.0).draw(random, 64, whole).scale == Augmentation().draw(same, 64, whole).scale


def test_a_shirt_pushed_out_of_the_picture_is_no_object() -> None:
    coverage = np.zeros((1, 64, 64), np.uint8)
    coverage[0, :6, :6] = 255
    squares = ShirtSquares(("a",), np.zeros((1, 64, 64, 3), np.uint8), (coverage,), (np.zeros((1, 25, 3)),), 64, 0, "")
    out = [len(squares.sample(0, Augmentation(max_shift=0.5), np.random.default_rng(seed))[1]) for seed in range(20)]
    assert 0 in out and 1 in out


@pytest.mark.parametrize("augmentation", [Augmentation(), Augmentation(flip=True, max_shift=0.08, max_scale=0.1)])
def test_landmarks_stay_on_their_shirt(root: Path, augmentation: Augmentation) -> None:
    squares = load(root)
    for index in range(5):
        for draw in range(6):
            _, _, coverages, landmarks, _ = squares.sample(index, augmentation, np.random.default_rng(draw))
            assert landmarks.shape == (1, 25, 3)
            expected = rim_landmarks(coverage_box(coverages[0]))
            assert np.abs(landmarks[0, :, :2] - expected[:, :2]).max() < 1.5
            # The hidden ones do not mirror onto each other: a flip shows in the order of the visibilities.
            assert landmarks[0, :, 2].tolist() in (expected[:, 2].tolist(), expected[FLIP_ORDER, 2].tolist())


def test_landmarks_beyond_the_square_are_absent(root: Path) -> None:
    squares, shift = load(root), change(side=128, shift=(60.0, 0.0))
    moved = squares._within(shift.landmarks(squares.landmarks[0][0]))
    beyond = shift.landmarks(squares.landmarks[0][0])[:, 0] >= 127.5
    assert beyond.any() and not beyond.all()
    assert not moved[beyond].any() and (moved[~beyond, 2] > 0).all() and (moved[:, 0] < 63.5).all()


def test_a_wearers_face_stands_behind_the_landmarks(tmp_path: Path) -> None:
    """Of two shirts only the first has a wearer who was annotated; the other's is unknown and stays so when moved."""
    path = tmp_path / "photos" / "test" / "image" / "a.png"
    write_png(path, np.zeros((64, 64, 3), np.uint8))
    person = [30, 20, 2, 36, 16, 2, 24, 16, 1, *[0] * 42]
    said = json.dumps({"person_keypoints": person})
    square = np.array([[20, 30], [40, 30], [40, 60], [20, 60]])
    regions = (region(square, extra=said), region(square - 10, item="item2"))
    entry = ViaFile("a.png", path.stat().st_size, regions)
    write_via_file(tmp_path, "test", {entry.key: entry})
    squares = load_shirts(tmp_path / "photos", tmp_path / "annotations", "test", side=64, ground=128, face=True)
    assert squares.points == 30
    nobody = region(square, extra=json.dumps({"person_keypoints": [0] * 51}))
    entry = replace(entry, regions=(nobody,))
    write_via_file(tmp_path, "test", {entry.key: entry})
    unplaced = load_shirts(tmp_path / "photos", tmp_path / "annotations", "test", side=64, ground=128, face=True)
    assert (unplaced.landmarks[0][0, 25:, 2] == UNKNOWN).all(), "COCO writes so where nobody placed any"
    *_, landmarks, _ = squares.sample(0, Augmentation(), np.random.default_rng(0))
    assert np.allclose(landmarks[0, 25:], np.reshape(person[:15], (5, 3)), atol=0.3)
    assert (landmarks[1, 25:, 2] == UNKNOWN).all()
    mirrored = change(side=128, mirrored=True, shift=(0.0, -36.0))
    moved = [squares._within(mirrored.landmarks(points)) for points in squares.landmarks[0]]
    assert np.allclose(moved[0][25], [63 - 30, 2, 2], atol=0.3) and not moved[0][26:].any(), (
        "eyes are beyond the rim now"
    )
    assert (moved[1][25:, 2] == UNKNOWN).all()


def test_landmarks_of_a_wide_photo_follow_it_into_the_square(tmp_path: Path) -> None:
    path = tmp_path / "photos" / "test" / "image" / "a.png"
    write_png(path, np.zeros((30, 60, 3), np.uint8))
    points = " ".join(["59,29,2", "0,0,1", *["0,0,0"] * 23])
    entry = ViaFile("a.png", path.stat().st_size, (region(np.array([[2, 2], [50, 2], [50, 20]]), landmarks=points),))
    write_via_file(tmp_path, "test", {entry.key: entry})
    squares = load(tmp_path, "test")
    _, _, _, landmarks, _ = squares.sample(0, Augmentation(), np.random.default_rng(0))
    # 60 pixels become 64: the centre of the first one lies at 32/60 - 1/2 of the square, 16 rows down.
    assert np.allclose(landmarks[0, 1], [0.5 * 64 / 60 - 0.5, 16 + 0.5 * 64 / 60 - 0.5, 1])
    assert np.allclose(landmarks[0, 0], [59.5 * 64 / 60 - 0.5, 16 + 29.5 * 64 / 60 - 0.5, 2])
    assert not landmarks[0, 2:].any()


def test_batches_keep_the_largest_shirts_and_pad() -> None:
    coverages = np.zeros((3, 64, 64), np.uint8)
    coverages[0, 5:10, 5:10] = coverages[1, 20:60, 20:60] = coverages[2, 5:20, 30:60] = 255
    landmarks = np.zeros((3, 25, 3))
    landmarks[:, 7] = [[7, 7, 2], [40, 40, 1], [45, 10, 2]]
    squares = ShirtSquares(
        ("a", "b"),
        np.zeros((2, 64, 64, 3), np.uint8),
        (coverages, coverages[:0]),
        (landmarks, landmarks[:0]),
        64,
        0,
        "",
    )
    batch = squares.batch([0, 1], Augmentation(), randoms(1, 0, count=2), 2)
    assert batch["boxes"][0].tolist() == [[20, 20, 60, 60], [30, 5, 60, 20]]
    assert batch["class_ids"].tolist() == [[1, 1], [0, 0]]
    assert not batch["masks"][1].any() and batch["images"].dtype == np.uint8
    assert batch["landmarks"].shape == (2, 2, 25, 3) and batch["landmarks"].dtype == np.float32
    assert batch["landmarks"][0, :, 7].tolist() == [[40, 40, 1], [45, 10, 2]]
    assert np.count_nonzero(batch["landmarks"]) == 6


def test_an_epoch_shows_every_picture_once_and_fills_the_last_batch() -> None:
    batches = epoch_batches(10, 4, seed=1, epoch=0)
    flat = [index for batch in batches for index in batch]
    assert [len(batch) for batch in batches] == [4, 4, 4] and sorted(flat[:10]) == list(range(10))
    assert batches == epoch_batches(10, 4, seed=1, epoch=0) != epoch_batches(10, 4, seed=1, epoch=1)
    assert list(fixed_batches(3, 2)) == [[0, 1], [2, 0]]
    assert epoch_batches(1, 4, seed=1, epoch=0) == [[0, 0, 0, 0]]


def test_batches_can_be_made_again(root: Path) -> None:
    squares = load(root)
    strong = Augmentation(True, 0.1, 0.2, 0.3)
    first, again, other = (squares.batch([0, 1], strong, randoms(7, epoch, 3, count=2), 2) for epoch in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["images"], other["images"])
