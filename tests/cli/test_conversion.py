"""`tryon convert`: lossless through all formats, and plain words for what cannot be converted."""

from pathlib import Path

import numpy as np
import pytest

from tryon.conversion import Format, convert
from tryon.errors import DataError, UsageError
from tryon.formats.deepfashion2 import Annotation, Item, annotation_to_dict, read_annotation, write_annotation
from tryon.images.files import read_image, write_jpeg


def item(category_id: int, shift: int) -> Item:
    outline = np.array([[4, 4], [20, 5], [18, 30], [5, 28]]) + shift
    landmarks = np.zeros((25 if category_id == 1 else 14, 3), int)
    landmarks[3] = (10 + shift, 8, 2)
    return Item(
        polygons=(outline, outline + 3),
        category_id=category_id,
        category_name={1: "short sleeve top", 8: "trousers"}[category_id],
        bounding_box=np.array([4, 4, 24, 34]) + shift,
        landmarks=landmarks,
        scale=2,
        occlusion=1,
        zoom_in=3,
        viewpoint=2,
        style=1,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two annotated pictures in DeepFashion2's layout."""
    folder = tmp_path / "source"
    for number in (1, 2):
        items = {"item1": item(1, number)} | ({"item2": item(8, 5)} if number == 2 else {})
        write_annotation(folder / "annos" / f"{number:06d}.json", Annotation("user", number, items))
        write_jpeg(folder / "image" / f"{number:06d}.jpg", np.full((48, 40, 3), number * 40, np.uint8))
    return folder


def contents(folder: Path) -> dict[str, object]:
    return {path.name: annotation_to_dict(read_annotation(path)) for path in sorted((folder / "annos").glob("*.json"))}


@pytest.mark.parametrize("middle", [Format.COCO, Format.VIA])
def test_there_and_back_is_lossless(source: Path, tmp_path: Path, middle: Format) -> None:
    there = tmp_path / "there.json"
    assert convert(source, there, from_format=Format.DEEPFASHION2, to_format=middle).pictures == 2
    assert convert(there, tmp_path / "back", from_format=middle, to_format=Format.DEEPFASHION2).pictures == 2
    assert contents(tmp_path / "back") == contents(source)


def test_coco_to_via_takes_sizes_from_the_named_pictures(source: Path, tmp_path: Path) -> None:
    coco, via = tmp_path / "coco.json", tmp_path / "via.json"
    convert(source, coco, from_format=Format.DEEPFASHION2, to_format=Format.COCO)
    assert convert(coco, via, from_format=Format.COCO, to_format=Format.VIA, images=source / "image").pictures == 2
    size = (source / "image/000001.jpg").stat().st_size
    assert f'"000001.jpg{size}"' in via.read_text()


def test_pictures_annotations_and_keys_shrink_together(source: Path, tmp_path: Path) -> None:
    via = tmp_path / "via.json"
    convert(source, via, from_format=Format.DEEPFASHION2, to_format=Format.VIA)
    small, again = tmp_path / "small", tmp_path / "again.json"
    options = {"from_format": Format.VIA, "images": source / "image", "max_side_px": 24}
    assert convert(via, small, to_format=Format.DEEPFASHION2, **options).pictures == 2
    assert convert(small, again, from_format=Format.DEEPFASHION2, to_format=Format.VIA).pictures == 2
    for number in (1, 2):
        name = f"{number:06d}"
        assert read_image(small / f"image/{name}.jpg").shape == (24, 20, 3)
        assert f'"{name}.jpg{(small / f"image/{name}.jpg").stat().st_size}"' in again.read_text()
        before, after = (read_annotation(folder / f"annos/{name}.json").items["item1"] for folder in (source, small))
        np.testing.assert_allclose(after.polygons[1], (before.polygons[1] + 0.5) / 2 - 0.5)
        np.testing.assert_allclose(after.landmarks[3, :2], (before.landmarks[3, :2] + 0.5) / 2 - 0.5)
        np.testing.assert_allclose(after.bounding_box, before.bounding_box / 2)
    with pytest.raises(UsageError, match="would take their own place"):
        convert(via, source, to_format=Format.DEEPFASHION2, **options)
    with pytest.raises(UsageError, match="only a DeepFashion2 folder"):
        convert(source, via, from_format=Format.DEEPFASHION2, to_format=Format.VIA, max_side_px=24)


def test_a_picture_that_is_needed_and_missing_is_named(source: Path, tmp_path: Path) -> None:
    (source / "image/000002.jpg").unlink()
    with pytest.raises(DataError, match=r"000002\.json has no picture\n.*000002\.jpg\n.*\n.*--images"):
        convert(source, tmp_path / "x.json", from_format=Format.DEEPFASHION2, to_format=Format.VIA)
    assert not (tmp_path / "x.json").exists()


def test_a_folder_without_annotations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="annos is missing"):
        convert(tmp_path, tmp_path / "x.json", from_format=Format.DEEPFASHION2, to_format=Format.COCO)
    (tmp_path / "annos").mkdir()
    with pytest.raises(DataError, match="describes no picture"):
        convert(tmp_path, tmp_path / "x.json", from_format=Format.DEEPFASHION2, to_format=Format.COCO)


def test_a_damaged_annotation_leaves_the_old_target(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("old")
    (source / "annos/000001.json").write_text('{"source": "user"')
    with pytest.raises(DataError, match=r"000001\.json"):
        convert(source, target, from_format=Format.DEEPFASHION2, to_format=Format.COCO)
    assert target.read_text() == "old"


def test_the_same_format_twice_is_wrong_usage(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        convert(source, tmp_path, from_format=Format.COCO, to_format=Format.COCO)
