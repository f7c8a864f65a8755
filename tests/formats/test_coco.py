"""COCO: there and back without loss, its own program agrees about areas, files of other origin, and faults."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.formats.annotation_strategies import SIDE, annotations, photo, top
from tryon.errors import DataError
from tryon.formats import coco
from tryon.formats.coco_masks import decode_rle
from tryon.formats.deepfashion2 import annotation_to_dict, parse_annotation
from tryon.formats.json_files import Place
from tryon.geometry.masks import from_polygons

DEFAULTS = {"source": "user", "pair_id": 0, "scale": 2, "occlusion": 1, "zoom_in": 1, "viewpoint": 2, "style": 0}


def one_photo(**changes: Any) -> dict[str, Any]:
    return coco.to_coco([("000012.jpg", SIDE, SIDE, parse_annotation(photo(**changes), "a"))])


@given(st.lists(annotations(), max_size=3))
@settings(max_examples=60, deadline=None)
def test_there_and_back_loses_nothing(contents: list[dict[str, Any]]) -> None:
    pictures = [
        (f"{number:06d}.jpg", SIDE, SIDE + number, parse_annotation(content, "a"))
        for number, content in enumerate(contents, start=5)
    ]
    back = coco.from_coco(json.loads(json.dumps(coco.to_coco(pictures))))
    assert [picture[:3] for picture in back] == [picture[:3] for picture in pictures]
    for (*_, annotation), content in zip(back, contents, strict=True):
        assert annotation_to_dict(annotation) == content
        assert list(annotation.items) == [key for key in content if key.startswith("item")]


def test_ids_area_box_and_keypoints() -> None:
    content = one_photo()
    (image,), (entry,) = content["images"], content["annotations"]
    assert image["id"] == 12 and entry["image_id"] == 12
    assert entry["area"] == 29 * 29 and entry["bbox"] == [1, 1, 30, 31]
    assert entry["num_keypoints"] == 24 and len(entry["keypoints"]) == 75
    assert len(content["categories"][0]["keypoints"]) == 25


def test_names_that_are_no_numbers_are_counted() -> None:
    annotation = parse_annotation(photo(), "a")
    content = coco.to_coco([("b.jpg", SIDE, SIDE, annotation), ("a.jpg", SIDE, SIDE, annotation)])
    assert [image["id"] for image in content["images"]] == [1, 2]
    content = coco.to_coco([("x/1.jpg", SIDE, SIDE, annotation), ("y/1.jpg", SIDE, SIDE, annotation)])
    assert [image["id"] for image in content["images"]] == [1, 2]


def test_cocos_own_program_reads_it(tmp_path: Path) -> None:
    from pycocotools.coco import COCO

    coco.write_coco(tmp_path / "coco.json", [("000012.jpg", SIDE, SIDE, parse_annotation(photo(), "a"))])
    with contextlib.redirect_stdout(io.StringIO()):
        reader = COCO(str(tmp_path / "coco.json"))
    (entry,) = reader.loadAnns(reader.getAnnIds(imgIds=[12]))
    theirs = reader.annToMask(entry).astype(bool)
    ours = parse_annotation(photo(), "a").items["item1"].mask(SIDE, SIDE)
    # COCO takes coordinates as borders between pixels, so its mask lacks our last row and column; both are unions.
    assert not (theirs & ~ours).any() and (ours & ~theirs).sum() <= 2 * 29
    assert coco.read_coco(tmp_path / "coco.json")[0][0] == "000012.jpg"


def official() -> dict[str, Any]:
    """A file as the data set's own converter writes it."""
    landmarks = [0] * 882
    landmarks[0:3] = [5, 6, 2]
    return {
        "info": {},
        "licenses": [],
        "images": [{"id": 1, "file_name": "000001.jpg", "height": SIDE, "width": SIDE, "license": 0}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "segmentation": top()["segmentation"],
                "area": 900,
                "bbox": [1, 1, 30, 31],
                "iscrowd": 0,
                "keypoints": landmarks,
                "num_keypoints": 1,
                "pair_id": 3,
                "style": 1,
            }
        ],
        "categories": [{"id": 1, "name": "short_sleeved_shirt", "supercategory": "clothes"}],
    }


def test_file_of_another_origin_needs_defaults() -> None:
    with pytest.raises(DataError, match=r"has no `(occlusion|scale)`"):
        coco.from_coco(official())
    ((name, _, _, annotation),) = coco.from_coco(official(), defaults=DEFAULTS)
    item = annotation.items["item1"]
    assert (name, item.category_name, item.style, item.scale) == ("000001.jpg", "short sleeve top", 1, 2)
    np.testing.assert_array_equal(item.bounding_box, [1, 1, 31, 32])
    np.testing.assert_array_equal(item.landmarks[0], [5, 6, 2])


def test_official_landmarks_of_later_categories_are_found() -> None:
    content = official()
    content["categories"][0].update(id=1, name="skirt")
    content["annotations"][0]["keypoints"][3 * 182 : 3 * 182 + 3] = [7, 8, 1]
    ((*_, annotation),) = coco.from_coco(content, defaults=DEFAULTS)
    landmarks = annotation.items["item1"].landmarks
    assert landmarks.shape == (8, 3) and landmarks[0].tolist() == [7, 8, 1]


@given(arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12))))
@settings(max_examples=100, deadline=None)
def test_run_lengths_equal_cocos_own(mask: np.ndarray) -> None:
    from pycocotools import mask as theirs

    packed = theirs.encode(np.asfortranarray(mask, np.uint8))
    content = {"size": list(mask.shape), "counts": packed["counts"].decode()}
    np.testing.assert_array_equal(decode_rle(content, mask.shape, Place("a")), mask)
    values = mask.T.reshape(-1)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], values, [not values[-1]]])))
    runs = np.diff(np.concatenate([[0], changes])).tolist()
    np.testing.assert_array_equal(decode_rle({"size": list(mask.shape), "counts": runs}, mask.shape, Place("a")), mask)


def test_run_lengths_become_polygons_of_the_same_mask() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[5:30, 5:35] = True
    mask[10:20, 10:20] = False
    mask[35, 35] = True
    values = mask.T.reshape(-1)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]])))
    content = official()
    counts = np.diff(np.concatenate([[0], changes, [values.size]])).tolist()
    content["annotations"][0].update(segmentation={"size": [SIDE, SIDE], "counts": counts}, iscrowd=1)
    ((*_, annotation),) = coco.from_coco(content, defaults=DEFAULTS)
    np.testing.assert_array_equal(from_polygons(annotation.items["item1"].polygons, SIDE, SIDE), mask)


FAULTS = [
    (lambda c: c.pop("images"), "has no `images`"),
    (lambda c: c.update(annotations={}), "annotations"),
    (lambda c: c["images"].append(dict(c["images"][0])), r"images\[1\].id"),
    (lambda c: c["annotations"].append(dict(c["annotations"][0])), r"annotations\[1\].id"),
    (lambda c: c["annotations"][0].update(image_id=99), r"annotations\[0\].image_id"),
    (lambda c: c["annotations"][0].update(category_id=99), r"annotations\[0\].category_id"),
    (lambda c: c["annotations"].append({**c["annotations"][0], "id": 9}), r"annotations\[1\].item"),
    (lambda c: c["categories"][0].update(name="hat"), r"categories\[0\].name"),
    (lambda c: c["images"][0].update(file_name="../../etc/passwd"), "file_name"),
    (lambda c: c["images"][0].update(file_name="/etc/passwd"), "file_name"),
    (lambda c: c["images"][0].update(file_name="..\\x.jpg"), "file_name"),
    (lambda c: c["images"][0].update(file_name="http://example.org/x.jpg"), "file_name"),
    (lambda c: c["images"][0].update(height=0), "height"),
    (lambda c: c["images"][0].update(width=10**9), "width"),
    (lambda c: c["images"][0].update(width=60_000, height=60_000), "at most 50000000 pixels"),
    (lambda c: c["annotations"][0].update(bbox=[1, 2, 0, 5]), "bounding_box"),
    (lambda c: c["annotations"][0].update(segmentation=[[1, 2, 3]]), r"segmentation\[0\]"),
    (lambda c: c["annotations"][0].update(segmentation={"size": [3, 3], "counts": [9]}), "segmentation.size"),
    (lambda c: c["annotations"][0].update(segmentation={"size": [40, 40], "counts": [9]}), "segmentation.counts"),
    (lambda c: c["annotations"][0].update(segmentation={"size": [40, 40], "counts": [-1, 1601]}), r"counts\[0\]"),
    (lambda c: c["annotations"][0].update(segmentation={"size": [40, 40], "counts": "\u00ff"}), "counts"),
    (lambda c: c["annotations"][0].update(segmentation={"size": [40, 40], "counts": "oo"}), "counts"),
    (lambda c: c["annotations"][0].update(segmentation={"size": [40, 40], "counts": [1600]}), "an empty mask"),
    (lambda c: c["annotations"].insert(0, 5), r"annotations\[0\]"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS)
def test_faults_are_named(change: Any, words: str) -> None:
    content = json.loads(json.dumps(one_photo()))
    change(content)
    with pytest.raises(DataError, match=words) as caught:
        coco.from_coco(content, "coco.json")
    assert "coco.json" in str(caught.value)
