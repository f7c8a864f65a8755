"""Proposals: a VIA project that a person can correct and take back, measured outlines, untouched pictures."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from via_round_trip import as_javascript

from tryon.conversion import Format, convert
from tryon.errors import DataError, ModelError
from tryon.formats.deepfashion2 import read_annotation
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP
from tryon.geometry.masks import from_polygons, iou
from tryon.images.files import write_jpeg
from tryon.proposing import MAX_POINTS, find_pictures, propose

SHIRT = np.zeros((60, 80), bool)
SHIRT[10:50, 20:60] = SHIRT[10:20, 12:70] = True
LANDMARKS = np.zeros((25, 3))
LANDMARKS[:3] = [[30.4, 12.2, 0.9], [35, 10, 0.2], [-4, 99, 0.8]]


@dataclass
class Found:
    """What Mask R-CNN gives for one picture."""

    masks: np.ndarray
    scores: np.ndarray
    class_ids: np.ndarray
    landmarks: np.ndarray | None
    visible: np.ndarray | None

    def __len__(self) -> int:
        return len(self.scores)


class Finder:
    """Finds the shirt in pictures that are brighter than black, and says that of black ones nothing is known."""

    def __init__(self, names: Sequence[str] = ("short sleeve top",), landmarks: bool = True) -> None:
        self.config, self.landmarks = SimpleNamespace(class_names=list(names)), landmarks

    def predict(self, images: Sequence[np.ndarray]) -> list[Found]:
        return [self._one(int(image.max() > 20)) for image in images]

    def _one(self, count: int) -> Found:
        landmarks = np.stack([LANDMARKS] * count) if count else np.zeros((0, 25, 3))
        return Found(
            masks=np.stack([SHIRT] * count) if count else np.zeros((0, 60, 80), bool),
            scores=np.full(count, 0.87654),
            class_ids=np.ones(count, int),
            landmarks=landmarks if self.landmarks else None,
            visible=np.full((count, 25), 0.3) if self.landmarks else None,
        )


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two pictures with a shirt and a black one, and a file that is none."""
    folder = tmp_path / "pictures"
    for name, shade in (("b.jpg", 90), ("a.jpg", 120), ("dark.jpg", 0)):
        write_jpeg(folder / name, np.full((60, 80, 3), shade, np.uint8))
    (folder / "notes.txt").write_text("no picture")
    return folder


def made(pictures: Path, out: Path, **options: Any) -> dict[str, Any]:
    propose(find_pictures([pictures]), out, options.pop("finder", Finder()), source="user", **options)
    content: dict[str, Any] = json.loads(out.read_text())
    return content


def test_the_project_is_one_that_via_opens(pictures: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    project = made(pictures, tmp_path / "via_project.json")
    assert list(project) == [
        "_via_settings",
        "_via_img_metadata",
        "_via_attributes",
        "_via_data_format_version",
        "_via_image_id_list",
    ]
    keys = [f"{name}{(pictures / name).stat().st_size}" for name in ("a.jpg", "b.jpg", "dark.jpg")]
    assert list(project["_via_img_metadata"]) == project["_via_image_id_list"] == keys
    assert project["_via_settings"]["project"]["name"] == "via_project"
    name = project["_via_attributes"]["region"]["name"]
    assert name["type"] == "dropdown" and len(name["options"]) == 13 and "vest" in name["options"]
    assert name["default_options"] == {"short sleeve top": True}
    used = {
        key
        for entry in project["_via_img_metadata"].values()
        for r in entry["regions"]
        for key in r["region_attributes"]
    }
    assert used <= set(project["_via_attributes"]["region"])
    assert project["_via_img_metadata"][keys[2]]["regions"] == []
    assert {path: path.read_bytes() for path in pictures.iterdir()} == before


def test_regions_say_what_was_found_and_that_nobody_has_looked(pictures: Path, tmp_path: Path) -> None:
    entry = next(iter(made(pictures, tmp_path / "p.json")["_via_img_metadata"].values()))
    outline, *points = entry["regions"]
    said = outline["region_attributes"]
    assert (said["name"], said["item"], said["score"], said["proposed"]) == (
        "short sleeve top",
        "item1",
        "0.877",
        "yes",
    )
    assert said["scale"] == "2"  # 1,780 of 4,800 pixels
    shape = outline["shape_attributes"]
    polygon = np.stack([shape["all_points_x"], shape["all_points_y"]], axis=1)
    assert len(polygon) <= MAX_POINTS and iou(from_polygons([polygon], 60, 80), SHIRT) == 1
    assert [point["shape_attributes"] for point in points] == [
        {"name": "point", "cx": 30, "cy": 12},
        {"name": "point", "cx": 0, "cy": 59},
    ]
    assert [point["region_attributes"]["landmark"] for point in points] == [SHORT_SLEEVE_TOP[0], SHORT_SLEEVE_TOP[2]]
    assert points[0]["region_attributes"]["visibility"] == "1"
    bare = made(pictures, tmp_path / "p.json", finder=Finder(landmarks=False))
    assert len(next(iter(bare["_via_img_metadata"].values()))["regions"]) == 1


def test_a_corrected_project_comes_back_with_every_region_attribute_and_key(pictures: Path, tmp_path: Path) -> None:
    project = as_javascript(made(pictures, tmp_path / "p.json"))
    first, second, _ = project["_via_img_metadata"].values()
    outline, point, *_ = first["regions"]
    outline["shape_attributes"]["all_points_y"][0] += 1
    outline["region_attributes"] |= {"proposed": "no", "note": '목 "crew", £'}
    point["shape_attributes"]["cx"] = 33
    del second["regions"][1]  # the person takes a landmark away, and draws a sling that the network missed
    defaults = {"name": "sling", "item": "", "score": "", "proposed": "no", "landmark": "", "visibility": ""}
    defaults |= {"scale": "1", "occlusion": "1", "zoom_in": "1", "viewpoint": "2", "style": "0"}
    shape = {"name": "ellipse", "cx": 70, "cy": 50, "rx": 6, "ry": 4, "theta": 0.25}
    second["regions"].append({"shape_attributes": shape, "region_attributes": defaults})
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(project))
    convert(saved, tmp_path / "df2", from_format=Format.VIA, to_format=Format.DEEPFASHION2, images=pictures)
    item = read_annotation(tmp_path / "df2/annos/a.json").items["item1"]
    assert item.landmarks[0].tolist() == [33, 12, 1] and item.category_name == "short sleeve top"
    corrected = read_annotation(tmp_path / "df2/annos/b.json").items
    assert {name: one.category_name for name, one in corrected.items()} == {
        "item1": "short sleeve top",
        "item2": "sling",
    }
    assert corrected["item1"].landmarks[0].tolist() == [0, 0, 0]
    (pictures / "dark.jpg").unlink()  # without a garment it is no DeepFashion2 picture
    convert(
        tmp_path / "df2",
        tmp_path / "again.json",
        from_format=Format.DEEPFASHION2,
        to_format=Format.VIA,
        images=pictures,
    )
    again = json.loads((tmp_path / "again.json").read_text())
    kept = {key: entry for key, entry in project["_via_img_metadata"].items() if "dark" not in key}
    assert json.dumps(again) == json.dumps(kept)


def test_a_broken_picture_is_left_out_and_said(
    pictures: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (pictures / "b.jpg").write_bytes((pictures / "b.jpg").read_bytes()[:300])
    done = propose(find_pictures([pictures]), tmp_path / "p.json", Finder(), source="shop")
    assert (done.pictures, len(done.ious), done.unreadable) == (2, 1, 1)
    assert "left out" in caplog.text and "b.jpg" in caplog.text
    for path in pictures.glob("*.jpg"):
        path.write_bytes(b"")
    with pytest.raises(DataError, match="no picture can be read"):
        propose(find_pictures([pictures]), tmp_path / "q.json", Finder(), source="user")
    assert not (tmp_path / "q.json").exists()


def test_pictures_that_cannot_be_told_apart_or_found_are_refused(pictures: Path, tmp_path: Path) -> None:
    write_jpeg(tmp_path / "more/a.jpg", np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(DataError, match=r"cannot be annotated together\n  received: a\.jpg"):
        find_pictures([pictures, tmp_path / "more"])
    with pytest.raises(DataError, match="there is no picture"):
        find_pictures([pictures / "notes.txt"])
    with pytest.raises(DataError, match="nowhere is missing"):
        find_pictures([tmp_path / "nowhere"])
    assert [path.name for path in find_pictures([pictures / "b.jpg", tmp_path / "more"])] == ["a.jpg", "b.jpg"]


def test_a_network_of_other_things_is_refused(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no garments\n  received: person"):
        propose(find_pictures([pictures]), tmp_path / "p.json", Finder(("person", "vest")), source="user")
