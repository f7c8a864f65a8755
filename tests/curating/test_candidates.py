"""Where candidates come from and what they are called."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.curating.made_data import GARMENTS, add_garment, add_photo
from tryon.curating.candidates import read_labels, refuse_equal_names, shop_candidates, splits_of, user_candidates
from tryon.curating.splitting import Split
from tryon.errors import DataError

SPLITS: dict[Split, str] = {"train": "train", "validation": "validation", "test": "test"}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    add_photo(tmp_path, "train", "000001")
    add_photo(tmp_path, "train", "000002")
    add_photo(tmp_path, "validation", "000001", seed=11)
    add_photo(tmp_path, "test", "000003")
    return tmp_path


def test_a_unique_name_is_kept_and_a_shared_one_gets_its_folder_in_front(photos: Path) -> None:
    files = {one.source_path: one.file for one in user_candidates(photos, SPLITS)}
    assert files == {
        "train/image/000001.jpg": "train_000001.jpg",
        "train/image/000002.jpg": "000002.jpg",
        "validation/image/000001.jpg": "validation_000001.jpg",
        "test/image/000003.jpg": "000003.jpg",
    }


def test_folders_that_are_not_used_do_not_count(photos: Path) -> None:
    files = [one.file for one in user_candidates(photos, {"train": "train", "test": "test"})]
    assert files == ["000003.jpg", "000001.jpg", "000002.jpg"]


def test_a_shared_folder_is_read_once_for_both_splits(photos: Path) -> None:
    candidates = user_candidates(photos, {"train": "train", "validation": "train", "test": "validation"})
    assert [one.splits for one in candidates] == [("train", "validation")] * 2 + [("test",)]


@pytest.mark.parametrize("part", ["image", "annos"])
def test_a_missing_part_of_the_layout_is_named(photos: Path, part: str) -> None:
    (photos / "test" / part).rename(photos / "elsewhere")
    with pytest.raises(DataError, match=rf"test/{part} is missing") as raised:
        user_candidates(photos, SPLITS)
    assert "remedy" in str(raised.value)


def test_an_empty_folder_is_named(photos: Path) -> None:
    (photos / "test" / "image" / "000003.jpg").unlink()
    with pytest.raises(DataError, match=r"test/image holds no picture"):
        user_candidates(photos, SPLITS)


def test_a_folder_without_any_annotation_is_named(photos: Path) -> None:
    for path in (photos / "train" / "annos").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="no annotation of the 2 pictures") as raised:
        user_candidates(photos, SPLITS)
    assert "000001.json" in str(raised.value)


def test_shop_pictures_need_an_annotation_and_an_allowed_view(tmp_path: Path) -> None:
    add_garment(tmp_path, "000001", split="test")
    add_garment(tmp_path, "000002", annotated=False)
    add_garment(tmp_path, "000003", view="closeup")
    candidates = shop_candidates(tmp_path, GARMENTS)
    assert [(one.file, one.splits, one.source) for one in candidates] == [("g000001.jpg", ("test",), "shop")]


def test_only_train_garments_are_divided() -> None:
    divided = replace(GARMENTS, validation_fraction=0.3)
    assert splits_of({"split": "train"}, divided) == ("train", "validation")
    assert splits_of({"split": "test"}, divided) == ("test",)
    assert splits_of({"split": "train"}, GARMENTS) == ("train",)


def test_labels_are_ordered_by_file(tmp_path: Path) -> None:
    for name in ("000003", "000001"):
        add_garment(tmp_path, name)
    assert [label["file"] for label in read_labels(tmp_path)] == ["000001.jpg", "000003.jpg"]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"split": "holdout"}, "unknown split"),
        ({"file": "../secret.jpg"}, "no plain file name"),
        ({"file": "000001.png"}, "several rows for 000001"),
    ],
)
def test_bad_labels_are_refused(tmp_path: Path, second: dict[str, str], message: str) -> None:
    add_garment(tmp_path, "000001")
    add_garment(tmp_path, "000002", **second)
    with pytest.raises(DataError, match=message) as raised:
        read_labels(tmp_path)
    assert "remedy" in str(raised.value)


def test_a_missing_table_or_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"labels\.csv"):
        read_labels(tmp_path)
    add_garment(tmp_path, "000001")
    with pytest.raises(DataError, match="small_logo"):
        read_labels(tmp_path, ("small_logo",))


def test_two_pictures_of_one_stem_are_refused(photos: Path) -> None:
    picture = photos / "train" / "image" / "000002.jpg"
    picture.with_suffix(".png").write_bytes(picture.read_bytes())
    with pytest.raises(DataError, match="both be named") as raised:
        refuse_equal_names(user_candidates(photos, SPLITS))
    assert "000002.png" in str(raised.value)
