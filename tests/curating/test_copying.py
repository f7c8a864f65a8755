"""Copies are byte-equal where possible; smaller ones keep outline and picture together."""

from pathlib import Path

import numpy as np

from tests.curating.made_data import SIDE, annotate, item, picture
from tryon.curating.copying import copy_annotation, copy_picture
from tryon.formats.deepfashion2 import read_annotation
from tryon.geometry.masks import iou
from tryon.images.files import read_image, write_jpeg, write_png
from tryon.images.resizing import resize


def test_a_jpeg_within_the_limit_is_copied_byte_for_byte(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    write_jpeg(source, picture(1), quality=60)
    assert copy_picture(source, target, SIDE, SIDE) is None
    assert target.read_bytes() == source.read_bytes()


def test_another_format_becomes_a_jpeg_of_the_same_size(tmp_path: Path) -> None:
    source, target = tmp_path / "a.png", tmp_path / "b.jpg"
    write_png(source, picture(1))
    assert copy_picture(source, target, SIDE, SIDE) is None
    assert target.read_bytes()[:3] == b"\xff\xd8\xff"
    assert np.abs(read_image(target).astype(int) - picture(1)).mean() < 5  # grain is what JPEG loses


def test_a_large_picture_shrinks_with_its_outlines(tmp_path: Path) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    write_jpeg(source, picture(1))
    annotate(before, item(segmentation=[[20, 30, 140, 40, 100, 150], [60, 10, 90, 10, 90, 80, 60, 80]]))
    motion = copy_picture(source, target, SIDE, 90)
    copy_annotation(before, after, motion)
    assert read_image(target).shape == (90, 90, 3)
    whole, small = read_annotation(before).items["item1"], read_annotation(after).items["item1"]
    assert iou(small.mask(90, 90), resize(whole.mask(SIDE, SIDE), 90, 90)) > 0.95
    assert np.allclose(small.bounding_box, np.array([40, 40, 121, 121]) * 90 / SIDE)
    assert (small.landmarks[2:] == 0).all()
    assert np.allclose(small.landmarks[0], [60.5 * 90 / SIDE - 0.5, 60.5 * 90 / SIDE - 0.5, 2])


def test_an_annotation_at_full_size_is_copied_byte_for_byte(tmp_path: Path) -> None:
    before, after = tmp_path / "a.json", tmp_path / "b.json"
    annotate(before, item())
    copy_annotation(before, after, None)
    assert after.read_bytes() == before.read_bytes()
