"""From a source folder to curated photos: splits, filters, faults, leaks, decisions, the same bytes every time."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.curating.made_data import (
    GARMENTS,
    PHOTOS,
    SHARED,
    add_garment,
    add_photo,
    annotate,
    bytes_of,
    item,
    manifest,
    picture,
    small_set,
    trousers,
)
from tryon.config import PhotosConfig
from tryon.curating.photos import PHOTO_COLUMNS, Sources, curate_photos
from tryon.errors import DataError
from tryon.formats.decisions import Decision


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    return Sources(*small_set(tmp_path))


def curate(sources: Sources, out: Path, config: PhotosConfig = PHOTOS, **changes: Any) -> Counter[str]:
    arguments = {"photos": config, "garments": GARMENTS, "decisions": {}, "seed": 7} | changes
    return curate_photos(sources, out, **arguments)


def test_a_sound_set_is_kept_whole_with_its_shop_pictures(sources: Sources, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert curate(sources, out) == {"kept train": 5, "kept validation": 3, "kept test": 3}
    rows = manifest(out)
    assert tuple(rows["000001.jpg"]) == PHOTO_COLUMNS
    assert {file for file, row in rows.items() if row["split"] == "test"} == {"000021.jpg", "000022.jpg", "g000003.jpg"}
    for file, row in rows.items():
        source = (sources.photos if row["source"] == "user" else sources.garments) / row["source_path"]
        copy = out / row["split"] / "image" / file
        assert copy.read_bytes() == source.read_bytes()
        assert (out / row["split"] / "annos" / f"{copy.stem}.json").is_file()
    assert rows["g000001.jpg"]["source"] == "shop"
    assert rows["000001.jpg"]["category_ids"] == "1"


def test_twice_gives_the_same_bytes(sources: Sources, tmp_path: Path) -> None:
    curate(sources, tmp_path / "one")
    curate(sources, tmp_path / "two")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_every_kind_of_filter_leaves_a_row_with_its_reason(sources: Sources, tmp_path: Path) -> None:
    photos = sources.photos
    add_photo(photos, "train", "000101", trousers())
    add_photo(photos, "train", "000102", item(viewpoint=3))
    add_photo(photos, "train", "000103", image=picture(103, side=100))
    add_photo(photos, "train", "000104", image=cv2.GaussianBlur(picture(104), (0, 0), 6))
    add_photo(photos, "train", "000105", image=(picture(105) // 30).astype(np.uint8))
    add_photo(photos, "train", "000106", seed=1)
    add_photo(photos, "train", "000107", trousers(bounding_box=[10, 10, 150, 150]), item())
    counts = curate(sources, tmp_path / "out", replace(PHOTOS, viewpoints=[1, 2], min_sharpness=20.0))
    rows = manifest(tmp_path / "out")
    assert rows["000101.jpg"]["reason"] == "category: 8"
    assert rows["000102.jpg"]["reason"] == "viewpoint: 3"
    assert rows["000103.jpg"]["reason"] == "too small: 100 x 100"
    assert rows["000104.jpg"]["reason"].startswith("blurred: ")
    assert rows["000105.jpg"]["reason"].startswith(("exposure: ", "blurred: "))
    assert rows["000106.jpg"]["reason"] == "near-duplicate: 000001.jpg (0 bits)"
    assert rows["000107.jpg"]["reason"] == ""
    assert rows["000107.jpg"]["category_ids"] == "1 8"
    assert counts["kept train"] == 6
    assert not (tmp_path / "out" / "train" / "image" / "000101.jpg").exists()


def test_the_same_picture_in_two_splits_stays_in_test_only(sources: Sources, tmp_path: Path) -> None:
    add_photo(sources.photos, "train", "000200", seed=21)
    add_photo(sources.photos, "validation", "000201", image=cv2.convertScaleAbs(picture(22), alpha=0.93, beta=4))
    add_photo(sources.photos, "train", "000202", image=np.ascontiguousarray(picture(22)[:, ::-1]))
    curate(sources, tmp_path / "out")
    rows = manifest(tmp_path / "out")
    assert rows["000202.jpg"]["reason"] == "near-duplicate: 000022.jpg (0 bits, mirrored)"
    assert rows["000200.jpg"]["reason"].startswith("near-duplicate: 000021.jpg")
    assert rows["000201.jpg"]["reason"].startswith("near-duplicate: 000022.jpg")
    assert rows["000021.jpg"]["kept"] == rows["000022.jpg"]["kept"] == "1"


def test_a_person_rejects_and_keeps(sources: Sources, tmp_path: Path) -> None:
    add_photo(sources.photos, "train", "000101", item(occlusion=3))
    config = replace(PHOTOS, occlusions=[1, 2])
    curate(sources, tmp_path / "before", config)
    rows = manifest(tmp_path / "before")
    assert rows["000101.jpg"]["reason"] == "occlusion: 3"
    decisions = {
        rows[file]["sha256"]: Decision(rows[file]["sha256"], verdict, "two people", "Ada")
        for file, verdict in (("000001.jpg", "reject"), ("000101.jpg", "keep"))
    }
    curate(sources, tmp_path / "after", config, decisions=decisions)
    rows = manifest(tmp_path / "after")
    assert rows["000001.jpg"]["reason"] == "decision: two people (Ada)"
    assert rows["000101.jpg"]["kept"] == "1"


def test_a_shared_folder_is_divided_by_content(tmp_path: Path) -> None:
    photos, garments = small_set(tmp_path)
    for number in range(100, 120):
        add_photo(photos, "train", f"{number:06d}")
    sources = Sources(photos, garments)
    curate(sources, tmp_path / "out", SHARED)
    rows = manifest(tmp_path / "out")
    users = [row for row in rows.values() if row["source"] == "user" and row["source_path"].startswith("train/")]
    assert 6 <= sum(row["split"] == "validation" for row in users) <= 18  # of 24, fair coin
    add_photo(photos, "train", "000300")
    curate(sources, tmp_path / "more", SHARED)
    more = manifest(tmp_path / "more")
    assert all(more[file]["split"] == row["split"] for file, row in rows.items())


def test_single_faulty_files_are_set_aside(sources: Sources, tmp_path: Path) -> None:
    cut = add_photo(sources.photos, "train", "000101")
    cut.write_bytes(cut.read_bytes()[:2000])
    add_photo(sources.photos, "train", "000102")
    (sources.photos / "train" / "annos" / "000102.json").unlink()
    curate(sources, tmp_path / "out")
    rows = manifest(tmp_path / "out")
    assert (rows["000101.jpg"]["kept"], rows["000101.jpg"]["reason"]) == ("0", "undecodable")
    assert (rows["000102.jpg"]["kept"], rows["000102.jpg"]["reason"]) == ("0", "annotation missing")


def test_an_annotation_that_is_no_json_is_set_aside(sources: Sources, tmp_path: Path) -> None:
    (sources.photos / "train" / "annos" / "000001.json").write_text("{")
    curate(sources, tmp_path / "out")
    assert manifest(tmp_path / "out")["000001.jpg"]["reason"] == "annotation unreadable"


def test_many_faults_stop_with_one_message_and_leave_nothing(sources: Sources, tmp_path: Path) -> None:
    for number in range(1, 4):
        (sources.photos / "train" / "annos" / f"{number:06d}.json").unlink()
    with pytest.raises(DataError, match=r"3 of 8 pictures .* are faulty") as raised:
        curate(sources, tmp_path / "out")
    assert "train/image/000001.jpg (annotation missing)" in str(raised.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["garments", "photos"]


def test_a_failed_run_leaves_the_former_result_as_it_was(sources: Sources, tmp_path: Path) -> None:
    curate(sources, tmp_path / "out")
    before = bytes_of(tmp_path / "out")
    for path in (sources.photos / "test" / "image").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="holds no picture"):
        curate(sources, tmp_path / "out")
    assert bytes_of(tmp_path / "out") == before


def test_a_collection_without_annotations_adds_nothing(sources: Sources, tmp_path: Path) -> None:
    add_garment(tmp_path / "bare", "000001", annotated=False)
    counts = curate(Sources(sources.photos, tmp_path / "bare"), tmp_path / "out")
    assert counts == {"kept train": 4, "kept validation": 2, "kept test": 2}


def test_an_outline_outside_of_its_picture_is_left_to_validation(sources: Sources, tmp_path: Path) -> None:
    annotate(sources.photos / "train" / "annos" / "000001.json", item(segmentation=[[-50, 0, 50, 0, 50, 90]]))
    curate(sources, tmp_path / "out")
    assert manifest(tmp_path / "out")["000001.jpg"]["kept"] == "1"


def test_the_real_photos_get_names_that_are_unique(shared_data: Path, tmp_path: Path) -> None:
    real = replace(SHARED, validation_fraction=0.15)
    sources = Sources(shared_data / "deepfashion2", tmp_path / "none")
    add_garment(sources.garments, "000001", annotated=False)
    curate(sources, tmp_path / "out", real)
    rows = manifest(tmp_path / "out")
    assert len(rows) == 216
    assert rows["train_000001.jpg"]["sha256"] != rows["validation_000001.jpg"]["sha256"]
    assert rows["000162.jpg"]["source_path"] == "train/image/000162.jpg"


def test_a_limit_keeps_worn_shirts_first_and_a_part_of_what_a_higher_one_keeps(
    sources: Sources, tmp_path: Path
) -> None:
    kept = []
    for most in (1, 2, 4):
        out = tmp_path / str(most)
        assert curate(sources, out, replace(PHOTOS, max_photos={"train": most}))["kept train"] == most
        rows = manifest(out)
        kept.append({file for file, row in rows.items() if row["split"] == "train" and row["kept"] == "1"})
        assert sum(row["reason"] == "beyond max_photos" for row in rows.values()) == 5 - most
        assert sum(row["kept"] == "1" for row in rows.values() if row["split"] != "train") == 6
    assert kept[0] < kept[1] < kept[2]
    worn = {file for file, row in rows.items() if row["split"] == "train" and row["source"] == "user"}
    assert kept[1] <= worn
