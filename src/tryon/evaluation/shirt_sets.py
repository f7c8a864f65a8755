"""Outlined photos and what a detector says of them, as the truth and the finds that are scored."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.console import track
from tryon.datasets.outlines import OutlinedPhoto
from tryon.evaluation.shirts import Found, Measured, Truth, measure
from tryon.evaluation.slices import measured_slices
from tryon.images.files import read_image

BATCH = 8

# Pictures to detections with `boxes`, `scores`, `masks`, `landmarks` and `visible`, as a predictor's `predict`.
Predict = Callable[[Sequence[NDArray[np.uint8]]], Sequence[Any]]


def measure_photos(predict: Predict, photos: Sequence[OutlinedPhoto], confidence: float) -> list[Measured]:
    """What is outlined and what is detected in each photo, and scores of those found with at least this confidence."""
    measured = []
    for start in track(range(0, len(photos), BATCH), "batches of photos"):
        batch = photos[start : start + BATCH]
        images = [read_image(photo.path) for photo in batch]
        for photo, image, said in zip(batch, images, predict(images), strict=True):
            found = Found(said.boxes, said.scores, said.masks, said.landmarks, said.visible)
            measured.append(measure(_truth(photo, image), found, image, confidence))
    return measured


def _truth(photo: OutlinedPhoto, image: NDArray[np.uint8]) -> Truth:
    masks = photo.masks(*image.shape[:2])
    slices = tuple(
        outline.slices + measured_slices(image, mask, outline.landmarks)
        for outline, mask in zip(photo.outlines, masks, strict=True)
    )
    return Truth(photo.name, photo.source, masks, photo.boxes, slices, photo.landmarks)
