"""Thumbnails show what is wrong: outlines, and for one item its box and landmarks."""

import base64
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.curating.made_data import SIDE, add_photo, annotate, item
from tryon.curating.thumbnails import thumbnail
from tryon.images.files import decode_own

GREY = np.full((SIDE, SIDE, 3), 128, np.uint8)
BORDER = round(0.12 * SIDE)
SCALE = 220 / (SIDE + 2 * BORDER) if SIDE + 2 * BORDER > 220 else 1.0


def pixels(address: str | None) -> NDArray[np.int64]:
    assert address is not None
    assert address.startswith("data:image/jpeg;base64,")
    return decode_own(base64.b64decode(address.split(",", 1)[1]), "thumbnail").astype(np.int64)


def at(image: NDArray[np.int64], x: float, y: float) -> NDArray[np.int64]:
    """The colour at a point of the photo."""
    return image[round((y + BORDER) * SCALE), round((x + BORDER) * SCALE)]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return add_photo(tmp_path, "train", "000001", item(bounding_box=[30, 30, 130, 130]), image=GREY)


def test_outlines_are_drawn_on_the_bordered_picture(photo: Path) -> None:
    image = pixels(thumbnail(photo))
    assert max(image.shape) <= 220
    assert image[2, 2].min() > 200
    red, green, _ = at(image, 80, 40)
    assert red > green + 60
    assert np.abs(at(image, 80, 80) - 128).max() < 12


def test_a_named_item_shows_its_box_and_landmarks(photo: Path) -> None:
    plain, named = pixels(thumbnail(photo)), pixels(thumbnail(photo, "item1"))
    assert at(plain, 80, 30).mean() - at(named, 80, 30).mean() > 10
    red, _, blue = at(named, 60, 60)
    assert red > blue + 60
    assert np.abs(at(plain, 60, 60) - 128).max() < 12


def test_outlines_far_outside_and_broken_annotations_do_no_harm(photo: Path) -> None:
    annotation = photo.parent.parent / "annos" / "000001.json"
    annotate(annotation, item(segmentation=[[-900000, 40, 900000, 40, 120, 900000]]))
    pixels(thumbnail(photo, "item1"))
    annotation.write_text("{")
    assert np.abs(at(pixels(thumbnail(photo)), 80, 40) - 128).max() < 12
    annotation.unlink()
    pixels(thumbnail(photo))


def test_what_cannot_be_decoded_has_no_thumbnail(photo: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:600])
    assert thumbnail(photo) is None
    assert thumbnail(photo.with_name("none.jpg")) is None
