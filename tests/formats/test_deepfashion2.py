"""DeepFashion2: nothing is lost on the way through, and every fault is named with file, item and field."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.formats.annotation_strategies import SIDE, annotations, photo, top
from tryon.errors import DataError
from tryon.formats import deepfashion2
from tryon.formats.deepfashion2 import CATEGORIES, LANDMARK_COUNTS, annotation_to_dict, parse_annotation


def same_json(a: Any, b: Any) -> bool:
    """Equal as JSON texts, so that 1 and 1.0 differ, but not the order of an object's keys."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


@given(annotations())
@settings(max_examples=100, deadline=None)
def test_reading_and_writing_loses_nothing(content: dict[str, Any]) -> None:
    annotation = parse_annotation(content, "000001.json")
    written = json.loads(json.dumps(annotation_to_dict(annotation)))
    assert written == content
    assert [key for key in written if key.startswith("item")] == [key for key in content if key.startswith("item")]
    assert annotation_to_dict(parse_annotation(written, "000001.json")) == written


def test_whole_numbers_stay_whole() -> None:
    assert same_json(annotation_to_dict(parse_annotation(photo(), "a")), photo())
    floats = photo(item1=top(bounding_box=[1.5, 1.0, 31.0, 32.0]))
    assert same_json(annotation_to_dict(parse_annotation(floats, "a")), floats)


def test_file_and_back(tmp_path: Path) -> None:
    path = tmp_path / "annos" / "000001.json"
    content = {"item2": top(), "source": "shop", "item1": top(style=3, note="größe £"), "pair_id": 4}
    deepfashion2.write_annotation(path, parse_annotation(content, "a"))
    annotation = deepfashion2.read_annotation(path)
    assert list(annotation.items) == ["item2", "item1"]
    assert annotation.items["item1"].extra == {"note": "größe £"}
    first = path.read_bytes()
    deepfashion2.write_annotation(path, annotation)
    assert path.read_bytes() == first


def test_mask_is_the_union_of_the_polygons() -> None:
    mask = parse_annotation(photo(), "a").items["item1"].mask(SIDE, SIDE)
    assert mask.sum() == 29 * 29  # even-odd filling would take the second polygon out


def test_table_of_categories() -> None:
    assert list(CATEGORIES) == list(LANDMARK_COUNTS) == list(range(1, 14))
    assert sum(LANDMARK_COUNTS.values()) == 294


FAULTS = [
    (lambda c: c.pop("source"), "has no `source`"),
    (lambda c: c.pop("pair_id"), "has no `pair_id`"),
    (lambda c: c.update(source="User"), ": source is"),
    (lambda c: c.update(pair_id="7"), ": pair_id is"),
    (lambda c: c.update(item1=[]), ": item1 is"),
    (lambda c: c["item1"].pop("segmentation"), "item1 has no `segmentation`"),
    (lambda c: c["item1"].pop("landmarks"), "item1 has no `landmarks`"),
    (lambda c: c["item1"].update(category_id=0), "item1.category_id"),
    (lambda c: c["item1"].update(category_id=14), "item1.category_id"),
    (lambda c: c["item1"].update(category_id="1"), "item1.category_id"),
    (lambda c: c["item1"].update(category_id=1.0), "item1.category_id"),
    (lambda c: c["item1"].update(category_id=True), "item1.category_id"),
    (lambda c: c["item1"].update(category_name="trousers"), "item1.category_name"),
    (lambda c: c["item1"].update(bounding_box=[1, 2, 3]), "item1.bounding_box"),
    (lambda c: c["item1"].update(bounding_box=[9, 2, 3, 8]), "item1.bounding_box"),
    (lambda c: c["item1"].update(bounding_box=[1, 2, 1, 8]), "item1.bounding_box"),
    (lambda c: c["item1"].update(bounding_box=[1, 2, "3", 8]), r"item1.bounding_box\[2\]"),
    (lambda c: c["item1"].update(bounding_box=[1, 2, 10**400, 8]), r"item1.bounding_box\[2\]"),
    (lambda c: c["item1"].update(person_keypoints=[0] * 50), "item1.person_keypoints"),
    (lambda c: c["item1"].update(person_keypoints=[1, 1, 0.9] + [0] * 48), r"item1.person_keypoints\[2\]"),
    (lambda c: c["item1"].update(landmarks=[0] * 72), "item1.landmarks"),
    (lambda c: c["item1"].update(landmarks=[1, 1, 3] + [0] * 72), r"item1.landmarks\[2\]"),
    (lambda c: c["item1"].update(scale=0), "item1.scale"),
    (lambda c: c["item1"].update(scale=4), "item1.scale"),
    (lambda c: c["item1"].update(occlusion=None), "item1.occlusion"),
    (lambda c: c["item1"].update(zoom_in=2.5), "item1.zoom_in"),
    (lambda c: c["item1"].update(viewpoint="2"), "item1.viewpoint"),
    (lambda c: c["item1"].update(style=-1), "item1.style"),
    (lambda c: c["item1"].update(segmentation=[]), "item1.segmentation"),
    (lambda c: c["item1"].update(segmentation=[[]]), r"item1.segmentation\[0\]"),
    (lambda c: c["item1"].update(segmentation=[[1, 2]]), r"item1.segmentation\[0\]"),
    (lambda c: c["item1"].update(segmentation=[[1, 2, 3, 4]]), r"item1.segmentation\[0\]"),
    (lambda c: c["item1"].update(segmentation=[[1, 2, 3, 4, 5, 6, 7]]), r"item1.segmentation\[0\]"),
    (lambda c: c["item1"].update(segmentation=[[[1, 2, 3, 4, 5, 6]]]), r"item1.segmentation\[0\]\[0\]"),
    (lambda c: c["item1"].update(segmentation=[[1, 2, 3, 4, 5, float("inf")]]), r"item1.segmentation\[0\]\[5\]"),
    (lambda c: c["item1"].update(segmentation=[1, 2, 3, 4, 5, 6]), r"item1.segmentation\[0\]"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS)
def test_faults_are_named(change: Any, words: str) -> None:
    content = photo()
    change(content)
    with pytest.raises(DataError, match=words) as caught:
        parse_annotation(content, "annos/000001.json")
    assert "annos/000001.json" in str(caught.value)
    assert "needed: " in str(caught.value) and "remedy: " in str(caught.value)


def test_style_0_in_a_shop_picture_and_no_items_are_fine() -> None:
    assert parse_annotation({"source": "shop", "pair_id": 0, "item1": top(style=0)}, "a").items["item1"].style == 0
    assert not parse_annotation({"source": "shop", "pair_id": 0}, "a").items


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"source": "user"',
        '{"source": "user", "pair_id": 1}'.encode("utf-16"),
        b'\xef\xbb\xbf{"source": "user", "pair_id": 1}',
        b'{"source": "user", "source": "shop", "pair_id": 1}',
        b'{"source": "user", "pair_id": NaN}',
        b'{"source": "user", "pair_id": 1,}',
        b"[" * 100_000,
    ],
)
def test_files_that_are_no_json_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "000009.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"000009\.json is not readable JSON"):
        deepfashion2.read_annotation(path)


def test_missing_file_and_list_at_top(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        deepfashion2.read_annotation(tmp_path / "000001.json")
    with pytest.raises(DataError, match="an object"):
        parse_annotation([], "a")


def test_polygons_outside_of_the_picture() -> None:
    annotation = parse_annotation(photo(), "a")
    deepfashion2.check_inside(annotation, height=31, width=31, tolerance_px=0, name="a.json")
    deepfashion2.check_inside(annotation, height=29, width=29, tolerance_px=2, name="a.json")
    with pytest.raises(DataError, match=r"a.json: item1.segmentation\[0\] lies outside") as caught:
        deepfashion2.check_inside(annotation, height=31, width=28, tolerance_px=2, name="a.json")
    assert "3 px beyond" in str(caught.value)


def test_real_files_come_back_equal(shared_data: Path) -> None:
    paths = [shared_data / "annotation_samples" / "deepfashion2_000001.json"]
    paths += sorted((shared_data / "deepfashion2" / "validation" / "annos").iterdir())
    for path in paths:
        content = json.loads(path.read_text())
        assert same_json(annotation_to_dict(deepfashion2.read_annotation(path)), content), path


def test_real_trousers_keep_their_area(shared_data: Path) -> None:
    """Even-odd filling would leave 87 pixels."""
    items = deepfashion2.read_annotation(shared_data / "annotation_samples" / "deepfashion2_000001.json").items
    assert items["item2"].mask(624, 468).sum() == pytest.approx(27_207, rel=0.01)
    assert np.issubdtype(items["item2"].bounding_box.dtype, np.integer)
