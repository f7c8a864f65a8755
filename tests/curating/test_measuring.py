"""What is measured on picture files, good and bad."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.curating.made_data import picture
from tryon.curating.measuring import PICTURE_MISSING, UNDECODABLE, in_threads, measure
from tryon.images.files import write_jpeg, write_png


def test_size_hash_light_and_sharpness(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    write_jpeg(path, np.full((40, 60, 3), 51, np.uint8))
    measured = measure(path)
    assert (measured.width, measured.height, measured.fault) == (60, 40, "")
    assert measured.luminance == pytest.approx(0.2, abs=0.005)
    assert measured.sharpness == pytest.approx(0.0, abs=0.1)
    assert measured.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_sharpness_is_the_variance_of_the_laplacian(tmp_path: Path) -> None:
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2] = 100  # Laplacian -200 on the bright columns, +200 on the dark ones
    path = tmp_path / "stripes.png"
    cv2.imwrite(str(path), stripes)
    assert measure(path).sharpness == pytest.approx(200**2, rel=0.01)


def test_blurring_lowers_sharpness_and_keeps_the_hash_close(tmp_path: Path) -> None:
    sharp, blurred = tmp_path / "sharp.jpg", tmp_path / "blurred.jpg"
    write_jpeg(sharp, picture(1))
    write_jpeg(blurred, cv2.GaussianBlur(picture(1), (0, 0), 2))
    assert measure(blurred).sharpness < measure(sharp).sharpness / 10
    assert (measure(blurred).phash ^ measure(sharp).phash).bit_count() <= 4


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut"])
def test_what_cannot_be_decoded_still_has_a_content_hash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    measured = measure(path)
    assert measured.fault == UNDECODABLE
    assert measured.phash_hex == ""
    assert measured.sha256 == hashlib.sha256(content).hexdigest()


def test_a_cut_file_is_undecodable(tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    write_jpeg(path, picture(1))
    path.write_bytes(path.read_bytes()[:2000])
    assert measure(path).fault == UNDECODABLE


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    assert measure(tmp_path / "none.jpg").fault == PICTURE_MISSING


def test_threads_keep_the_order_over_many_chunks() -> None:
    assert list(in_threads(lambda number: number * 2, range(1000))) == [number * 2 for number in range(1000)]


def test_the_mirrored_hash_is_that_of_the_mirror_image(tmp_path: Path) -> None:
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    write_png(one, picture(3))
    write_png(other, np.ascontiguousarray(picture(3)[:, ::-1]))
    assert measure(one).mirrored == measure(other).phash
    assert measure(other).mirrored == measure(one).phash
