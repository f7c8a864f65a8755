"""From a source folder into the curated one: byte for byte where possible, never larger than allowed."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.formats.deepfashion2 import Item, read_annotation, write_annotation
from tryon.geometry import landmarks, polygons
from tryon.images.files import read_image, write_jpeg
from tryon.images.resizing import resize_long_side

FloatArray = NDArray[np.float64]
_JPEG_START = b"\xff\xd8\xff"


def copy_picture(source: Path, target: Path, long_side_px: int, max_side_px: int) -> FloatArray:
    """Copy a picture; one that is no JPEG or larger than allowed is written as a new JPEG.

    Returns:
        Width and height of the copy as fractions of the source's: (1, 1) unless it had to be made smaller.
    """
    with source.open("rb") as file:
        is_jpeg = file.read(len(_JPEG_START)) == _JPEG_START
    if is_jpeg and long_side_px <= max_side_px:
        shutil.copyfile(source, target)
        return np.ones(2)
    image = read_image(source)
    smaller = resize_long_side(image, max_side_px)
    write_jpeg(target, smaller)
    return np.array([smaller.shape[1] / image.shape[1], smaller.shape[0] / image.shape[0]])


def copy_annotation(source: Path, target: Path, scale: FloatArray) -> None:
    """Copy an annotation; outlines, boxes and landmarks follow the picture's scale (x, y)."""
    if (scale == 1).all():
        shutil.copyfile(source, target)
        return
    annotation = read_annotation(source)
    items = {key: _scaled(item, scale) for key, item in annotation.items.items()}
    write_annotation(target, replace(annotation, items=items))


def _scaled(item: Item, scale: FloatArray) -> Item:
    shift = (scale - 1) / 2  # coordinates are pixel centres: the picture's corner at -0.5 stays where it is
    corners = polygons.scale_shift(np.asarray(item.bounding_box).reshape(2, 2), scale, shift)
    return replace(
        item,
        polygons=tuple(polygons.scale_shift(polygon, scale, shift) for polygon in item.polygons),
        bounding_box=corners.reshape(4),
        landmarks=landmarks.scale_shift(item.landmarks, scale, shift),
    )
