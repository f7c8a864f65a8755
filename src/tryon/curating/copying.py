"""From a source folder into the curated one: byte for byte where possible, never larger than allowed."""

import shutil
from pathlib import Path

from tryon.formats.deepfashion2 import read_annotation, write_annotation
from tryon.formats.moving import move_annotation
from tryon.geometry.motions import Motion, resizing
from tryon.images.files import read_image, write_jpeg
from tryon.images.resizing import resize_long_side

_JPEG_START = b"\xff\xd8\xff"


def copy_picture(source: Path, target: Path, long_side_px: int, max_side_px: int) -> Motion | None:
    """Copy a picture; one that is no JPEG or larger than allowed is written as a new JPEG.

    Returns:
        How points of the source lie in the copy; None where the copy is of the same size.
    """
    with source.open("rb") as file:
        is_jpeg = file.read(len(_JPEG_START)) == _JPEG_START
    if is_jpeg and long_side_px <= max_side_px:
        shutil.copyfile(source, target)
        return None
    image = read_image(source)
    smaller = resize_long_side(image, max_side_px)
    write_jpeg(target, smaller)
    return None if smaller.shape == image.shape else resizing(*image.shape[:2], *smaller.shape[:2])


def copy_annotation(source: Path, target: Path, motion: Motion | None) -> None:
    """Copy an annotation; outlines, boxes and landmarks follow the picture."""
    if motion is None:
        shutil.copyfile(source, target)
        return
    write_annotation(target, move_annotation(read_annotation(source), motion))
