"""Outlined photos and what a detector says of them, as the truth and the finds that are scored."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.console import track
from tryon.datasets.outlines import OutlinedPhoto
from tryon.evaluation.shirts import Found, Truth
from tryon.images.files import read_image

BATCH = 8

# Pictures to detections with `boxes`, `scores` and `masks`, as a predictor's `predict`.
Predict = Callable[[Sequence[NDArray[np.uint8]]], Sequence[Any]]


def detect_in_photos(predict: Predict, photos: Sequence[OutlinedPhoto]) -> tuple[list[Truth], list[Found]]:
    """The outlined shirts of each photo, and what is detected in it."""
    truths, founds = [], []
    for start in track(range(0, len(photos), BATCH), "batches of photos"):
        batch = photos[start : start + BATCH]
        images = [read_image(photo.path) for photo in batch]
        for photo, image, said in zip(batch, images, predict(images), strict=True):
            slices = tuple(outline.slices for outline in photo.outlines)
            truths.append(Truth(photo.name, photo.source, photo.masks(*image.shape[:2]), slices))
            founds.append(Found(said.boxes, said.scores, said.masks))
    return truths, founds
