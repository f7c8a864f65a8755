"""The two sides of a CycleGAN: who belongs where, what augmentation does, what is written and read back."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tryon.config import DomainsConfig
from tryon.datasets.domains import (
    SAME_LOOK,
    SIDES,
    TARGET_LOOK,
    Augmentation,
    gather_sides,
    load_domain,
    render_copy,
    side_of,
    write_domains,
)
from tryon.errors import DataError
from tryon.images.files import read_rgba, write_png
from tryon.images.patterns import look_distance, mean_look, measure_look

CONFIG = DomainsConfig(source="plain", min_pictures=2, max_pictures=10, flips=True, max_shift=0.05, max_scale=0.1)
COLOURS = {"white": (230, 230, 228), "red": (190, 40, 45), "green": (50, 120, 60), "blue": (40, 80, 170)}
VIOLET = (110, 60, 170)  # 0.75 from blue: called the same, but further than what is learnt from
SIDE = 64


def shirt(colour: str, *, stripes: bool = False, dots: bool = False, shade: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[6:60, 16:48] = 255
    mask[10:24, 6:58] = 255
    garment = np.broadcast_to(np.array(COLOURS[colour], float), (SIDE, SIDE, 3)).copy()
    if stripes:
        garment[(np.arange(SIDE) // 3) % 2 == 0] = COLOURS["white"]
    if dots:
        garment[::6, ::6] = garment[1::6, ::6] = garment[::6, 1::6] = (0, 0, 0)
    garment = garment * (1 + shade * np.linspace(-1, 1, SIDE)[None, :, None]) + rng.normal(0, 1, garment.shape)
    image = np.where(mask[..., None] > 0, np.clip(garment, 0, 255), 128).astype(np.uint8)
    return image, mask


def save_cutouts(path: Path, shirts: dict) -> None:
    images, masks = zip(*shirts.values(), strict=True) if shirts else ((), ())
    np.savez(
        path,
        images=np.array(images, np.uint8).reshape(-1, SIDE, SIDE, 3),
        masks=np.array(masks, np.uint8).reshape(-1, SIDE, SIDE),
        names=np.array(list(shirts)),
    )


@pytest.fixture
def material(tmp_path: Path) -> tuple[Path, Path]:
    """Cut-outs of shop garments and worn shirts, and the garments' manifest."""
    garments, rows = {}, ["file,pattern,split,kept"]
    listed = [("plain", "white"), ("plain", "red"), ("plain", "green"), ("blue", "blue"), ("blue", "blue")]
    for split in ("train", "test", "validation"):
        for pattern, colour in listed:
            name = f"{len(garments):06d}.jpg"
            garments[name] = shirt(colour, seed=len(garments))
            rows.append(f"{name},{pattern},{split},1")
    garments["000080.jpg"] = shirt("white", seed=80)
    garments["000090.jpg"] = shirt("red", stripes=True)
    rows += ["000080.jpg,plain,test,1", "000090.jpg,blue,train,1", "000091.jpg,blue,train,0"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows) + "\n")
    save_cutouts(tmp_path / "garments.npz", garments)
    worn = {
        "1.jpg": shirt("red", shade=0.15),
        "2.jpg": shirt("blue", shade=0.15),
        "3.jpg": shirt("green", stripes=True),
    }
    save_cutouts(tmp_path / "worn_train.npz", worn)
    save_cutouts(tmp_path / "worn_validation.npz", {"5.jpg": shirt("blue", shade=0.1), "6.jpg": shirt("red")})
    save_cutouts(tmp_path / "worn_test.npz", {"8.jpg": shirt("green", shade=0.1)})
    return tmp_path, tmp_path / "manifest.csv"


def names(sides, side: str) -> list[str]:
    return [cut.name for cut in sides.pictures[side]]


def test_sides_by_list_and_by_look(material):
    sides = gather_sides(*material, "blue", "plain", 2)
    assert names(sides, "trainA") == ["000000.jpg", "000001.jpg", "000002.jpg", "1.jpg"]
    assert names(sides, "trainB") == ["000003.jpg", "000004.jpg", "2.jpg"]  # not 000090: listed, but of another look
    assert names(sides, "valA") == ["000010.jpg", "000011.jpg", "000012.jpg", "6.jpg"]
    assert names(sides, "valB") == ["000013.jpg", "000014.jpg", "5.jpg"]
    assert names(sides, "testA") == ["000005.jpg", "000006.jpg", "000007.jpg", "000080.jpg", "8.jpg"]
    assert names(sides, "testB") == ["000008.jpg", "000009.jpg"]
    assert sides.target.lab[2] < -30


def test_what_a_pattern_is_judged_on_may_lie_further_from_it_than_what_is_learnt(material):
    folder, _ = material
    with np.load(folder / "garments.npz") as content:
        images, masks, listed = dict(content)["images"], content["masks"], content["names"]
    for index, name in enumerate(listed):
        if name in ("000008.jpg", "000009.jpg"):
            images[index][masks[index] > 127] = VIOLET
    np.savez(folder / "garments.npz", images=images, masks=masks, names=listed)
    sides = gather_sides(*material, "blue", "plain", 2)
    assert names(sides, "testB") == ["000008.jpg", "000009.jpg"]
    assert TARGET_LOOK < look_distance(sides.pictures["testB"][0].look, sides.target) <= SAME_LOOK


@pytest.mark.parametrize(
    ("worn", "side"),
    [
        (shirt("blue", shade=0.2), "B"),
        (shirt("red", shade=0.2), "A"),
        (shirt("red", dots=True), None),
        (shirt("blue", stripes=True), None),
    ],
)
def test_side_of_a_worn_shirt(worn, side):
    def look(cut):
        return measure_look(cut[0], cut[1] > 0)

    sources = [look(shirt(colour)) for colour in ("white", "red", "green")]
    assert side_of(look(worn), sources, mean_look([look(shirt("blue"))])) == side


def test_too_few_pictures_name_the_side(material):
    with pytest.raises(DataError, match=r"side trainB \(blue\)"):
        gather_sides(*material, "blue", "plain", 4)


def test_a_side_of_the_validation_needs_a_picture(material):
    folder, manifest = material
    save_cutouts(folder / "worn_validation.npz", {})
    manifest.write_text(manifest.read_text().replace("blue,validation", "other,validation"))
    with pytest.raises(DataError, match=r"side valB \(blue\)") as refusal:
        gather_sides(folder, manifest, "blue", "plain", 2)
    assert "validation split" in str(refusal.value)


def test_a_pattern_without_garments_is_refused(material):
    with pytest.raises(DataError, match="pattern dotted"):
        gather_sides(*material, "dotted", "plain", 2)


def test_missing_and_broken_cutouts_are_refused(material):
    folder, manifest = material
    (folder / "worn_test.npz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"worn_test\.npz holds no cut-outs"):
        gather_sides(folder, manifest, "blue", "plain", 2)
    (folder / "worn_test.npz").unlink()
    with pytest.raises(DataError, match=r"worn_test\.npz is missing"):
        gather_sides(folder, manifest, "blue", "plain", 2)


def test_written_domains_have_the_layout_and_are_filled_up(material, tmp_path):
    sides = gather_sides(*material, "blue", "plain", 2)
    counts = write_domains(sides, tmp_path / "out", 32, CONFIG, seed=3)
    assert counts == {"trainA": 10, "trainB": 10, "valA": 4, "valB": 3, "testA": 5, "testB": 2}
    rows = list(csv.DictReader((tmp_path / "out" / "manifest.csv").read_text().splitlines()))
    assert len(rows) == sum(counts.values())
    assert [row["origin"] for row in rows[:5]] == [*names(sides, "trainA"), "000000.jpg"]
    assert all(row["scale"] == "1.0" and row["flip"] == "0" for row in rows if not row["side"].startswith("train"))
    assert max(abs(float(row["shift_y"])) for row in rows) <= CONFIG.max_shift
    for row in rows:
        assert read_rgba(tmp_path / "out" / row["file"]).shape == (32, 32, 4)
    assert json.loads((tmp_path / "out" / "look.json").read_text()) == sides.target.to_dict()


def test_more_cutouts_than_wanted_are_chosen_from(material, tmp_path):
    sides = gather_sides(*material, "blue", "plain", 2)
    counts = write_domains(sides, tmp_path / "out", 32, dataclasses.replace(CONFIG, max_pictures=2), seed=3)
    assert set(counts.values()) == {2}


def test_same_seed_same_bytes(material, tmp_path):
    sides = gather_sides(*material, "blue", "plain", 2)
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_domains(sides, tmp_path / name, 32, CONFIG, seed=seed)
    content = {
        name: {file.relative_to(tmp_path / name): file.read_bytes() for file in sorted((tmp_path / name).rglob("*.*"))}
        for name in "abc"
    }
    assert content["a"] == content["b"]
    assert content["a"] != content["c"]


def test_a_copy_that_changes_nothing_is_the_cutout():
    image, mask = shirt("red")
    copy = render_copy(image, mask, Augmentation(), SIDE)
    np.testing.assert_array_equal(copy[..., :3], image)
    np.testing.assert_array_equal(copy[..., 3], mask)


def test_flip_and_shift_move_picture_and_mask_together():
    image, mask = shirt("red")
    image[8:12, 20:24] = (255, 255, 0)
    flipped = render_copy(image, mask, Augmentation(flip=True), SIDE)
    np.testing.assert_array_equal(flipped[..., :3], image[:, ::-1])
    np.testing.assert_array_equal(flipped[..., 3], mask[:, ::-1])
    moved = render_copy(image, mask, Augmentation(shift_x=4 / SIDE, shift_y=-2 / SIDE), SIDE)
    np.testing.assert_array_equal(moved[:-2, 4:, :3], image[2:, :-4])
    np.testing.assert_array_equal(moved[:-2, 4:, 3], mask[2:, :-4])
    assert set(np.unique(moved[:, :4, :3])) == {128}


def test_scaling_keeps_the_middle_and_changes_the_area():
    image, mask = shirt("red")
    smaller = render_copy(image, mask, Augmentation(scale=0.9), SIDE)
    assert (smaller[..., 3] > 127).sum() == pytest.approx(0.81 * (mask > 0).sum(), rel=0.03)


def test_loaded_domain_is_in_range_and_sorted(tmp_path):
    for number in (2, 0, 1):
        write_png(tmp_path / f"{number:06d}.png", np.full((32, 32, 4), number * 100, np.uint8))
    domain = load_domain(tmp_path, 32)
    assert domain.names == ("000000.png", "000001.png", "000002.png")
    assert domain.pictures.shape == (3, 32, 32, 3)
    assert domain.masks[:, 0, 0].tolist() == pytest.approx([0, 100 / 255, 200 / 255])
    assert domain.pictures.dtype == domain.masks.dtype == np.float32


def test_loading_refuses_an_empty_folder_and_another_size(tmp_path):
    with pytest.raises(DataError, match="holds no pictures"):
        load_domain(tmp_path)
    write_png(tmp_path / "a.png", np.zeros((32, 32, 4), np.uint8))
    with pytest.raises(DataError, match=r"a\.png has another size"):
        load_domain(tmp_path, 64)


def test_names_of_the_sides():
    assert SIDES == ("trainA", "trainB", "testA", "testB", "valA", "valB")
