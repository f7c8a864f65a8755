"""convert_annotations: what it writes, twice the same bytes, and bad input as one message with nothing half-written."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.convert_annotations import main
from tests.formats.annotation_strategies import photo, top
from tryon.console import run_stage
from tryon.formats import coco, via, via_garments
from tryon.formats.json_files import write_json
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP
from tryon.images.files import write_jpeg

TROUSERS = top(category_id=8, category_name="trousers", landmarks=[0] * 42)


def add_photo(photos: Path, split: str, number: int, content: dict[str, Any] | None, side: int = 40) -> Path:
    image = np.full((side, side + 8, 3), number, np.uint8)
    path = photos / split / "image" / f"{number:06d}.jpg"
    write_jpeg(path, image)
    if content is not None:
        write_json(photos / split / "annos" / f"{number:06d}.json", content)
    return path


@pytest.fixture
def photos(workspace: Path) -> Path:
    """Two training photos (one with trousers besides), one for validation and one for test."""
    folder = workspace / "data" / "photos"
    add_photo(folder, "train", 1, photo(item2=TROUSERS))
    add_photo(folder, "train", 2, {"source": "shop", "pair_id": 3, "item1": TROUSERS})
    add_photo(folder, "validation", 3, photo())
    add_photo(folder, "test", 4, photo())
    return folder


def convert(photos: Path) -> int:
    return run_stage("convert_annotations", main, ["--photos", str(photos), "--out", "out"])


def test_writes_both_forms_of_every_split(photos: Path) -> None:
    assert convert(photos) == 0
    entries = via.read_via(Path("out/train/via_region_data.json")).files
    size = (photos / "train" / "image" / "000001.jpg").stat().st_size
    assert next(iter(entries)) == f"000001.jpg{size}"
    assert list(via_garments.group_items(entries[f"000001.jpg{size}"])) == ["item1"]  # the trousers are left out
    pictures = coco.read_coco(Path("out/train/coco.json"))
    assert [(name, height, width) for name, height, width, _ in pictures] == [
        ("000001.jpg", 40, 48),
        ("000002.jpg", 40, 48),
    ]
    assert [list(annotation.items) for *_, annotation in pictures] == [["item1"], []]
    assert {path.name for path in Path("out").iterdir()} == {"train", "validation", "test"}


def test_categories_come_from_the_parameters(photos: Path) -> None:
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("categories: [1]", "categories: [1, 8]"))
    assert convert(photos) == 0
    pictures = coco.read_coco(Path("out/train/coco.json"))
    assert [list(annotation.items) for *_, annotation in pictures] == [["item1", "item2"], ["item1"]]


def test_landmark_outlines_pass_through_the_landmarks_but_never_in_the_test_split(photos: Path) -> None:
    params = Path("params.yaml")
    params.write_text(params.read_text().replace("outline: segmentation", "outline: landmarks"))
    corners = [[2, 2, 2], [2, 30, 1], [25, 35, 2], [30, 4, 2]]
    names = ("shoulder_left", "hem_left", "hem_right", "shoulder_right")
    places = dict(zip(map(SHORT_SLEEVE_TOP.index, names), corners, strict=True))
    points = [number for index in range(25) for number in places.get(index, [0, 0, 0])]
    for split, number in (("train", 1), ("test", 4)):
        write_json(photos / split / "annos" / f"{number:06d}.json", photo(item1=top(landmarks=points), item2=TROUSERS))
    write_json(photos / "validation/annos/000003.json", photo(item1=top(landmarks=[5, 5, 2] * 2 + [0] * 69)))
    params.write_text(params.read_text().replace("categories: [1]", "categories: [1, 8]"))
    assert convert(photos) == 0
    polygons = {
        split: [[polygon.tolist() for polygon in item.polygons] for *_, annotation in coco.read_coco(
            Path("out") / split / "coco.json") for item in annotation.items.values()]
        for split in ("train", "validation", "test")
    }  # fmt: skip
    assert polygons["train"] == [[[[2, 2], [2, 30], [25, 35], [30, 4]]]]
    assert polygons["validation"] == []
    assert len(polygons["test"]) == 2 and len(polygons["test"][0]) == 2


def test_twice_the_same_bytes(photos: Path) -> None:
    convert(photos)
    first = {path: path.read_bytes() for path in Path("out").rglob("*.json")}
    convert(photos)
    assert first == {path: path.read_bytes() for path in Path("out").rglob("*.json")} and len(first) == 6


def test_an_empty_split_is_written_empty(photos: Path) -> None:
    for path in (photos / "test").rglob("*.j*"):
        path.unlink()
    assert convert(photos) == 0
    assert json.loads(Path("out/test/via_region_data.json").read_text()) == {}


def test_all_faults_of_a_split_are_told(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_annotation(photos, photo(source="nobody", item1=top(scale=9)))
    (photos / "train/annos/000002.json").unlink()
    assert convert(photos) == 1
    first, *lines = capsys.readouterr().err.splitlines()
    assert first.endswith("data/photos/train: 3 faults") and len(lines) == 3
    assert all(word in line for word, line in zip(("scale", "source", "000002.jpg"), lines, strict=True))


def break_annotation(photos: Path, content: Any) -> None:
    write_json(photos / "train" / "annos" / "000001.json", content)


def far_outside() -> dict[str, Any]:
    return photo(item1=top(segmentation=[[2, 2, 80, 2, 30, 30]]))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: (p / "train/annos/000001.json").unlink(), ["000001.jpg has no annotation", "annos/000001.json"]),
        (
            lambda p: break_annotation(p, far_outside()),
            ["000001.json: item1.segmentation[0] lies outside", "33 px beyond"],
        ),
        (lambda p: break_annotation(p, photo(item1=top(scale=9))), ["000001.json: item1.scale", "received: 9"]),
        (lambda p: (p / "train/annos/000001.json").write_text("{"), ["000001.json is not readable JSON"]),
        (lambda p: (p / "train/image/000001.jpg").write_bytes(b"no picture"), ["000001.jpg cannot be decoded"]),
        (lambda p: (p / "validation").rename(p / "valid"), ["validation is no split of photos", "curate_photos"]),
    ],
)
def test_bad_input_is_one_message_with_a_remedy(
    photos: Path, damage: Any, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    damage(photos)
    assert convert(photos) == 1
    message = capsys.readouterr().err
    for word in [*words, "remedy: "]:
        assert word in message
    assert "Traceback" not in message
    assert not Path("out").exists() and not Path("out.tmp").exists()


def test_a_point_or_two_beyond_the_border_is_fine(photos: Path) -> None:
    break_annotation(photos, photo(item1=top(segmentation=[[-2, 2, 49, 2, 30, 41]])))
    assert convert(photos) == 0


def test_a_failure_keeps_what_was_there(photos: Path) -> None:
    convert(photos)
    before = Path("out/train/coco.json").read_bytes()
    break_annotation(photos, {})
    assert convert(photos) == 1
    assert Path("out/train/coco.json").read_bytes() == before


def test_real_photos(shared_data: Path, workspace: Path) -> None:
    folder = workspace / "photos"
    folder.mkdir()
    for split, source in {"train": "train", "validation": "validation", "test": "validation"}.items():
        (folder / split).symlink_to(shared_data / "deepfashion2" / source)
    assert convert(folder) == 0
    assert len(via.read_via(Path("out/train/via_region_data.json")).files) == 162
