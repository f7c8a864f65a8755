"""Photos with outlined shirts, from VIA annotations to batches for training.

A split is read once and kept in memory as squares. Everything drawn at random depends on the seed, the epoch
and the place in it, so that any batch can be made again without those before it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.datasets.augmentation import Augmentation, Change
from tryon.datasets.garment_kinds import NOTHING, SHIRT, read_other_garments
from tryon.datasets.outlines import read_outlines
from tryon.datasets.recolouring import recoloured
from tryon.errors import DataError
from tryon.geometry.landmarks import ABSENT, UNKNOWN, scale_shift
from tryon.images.files import read_image
from tryon.images.resizing import letterbox

Batch = dict[str, NDArray[Any]]

# Squares are kept at twice the network's side where that is small, so that moving a picture by fractions of a
# pixel keeps it sharp.
FINE_SIDE_LIMIT_PX = 256
COVERED = 128  # coverage from which a pixel counts for the box
SMALLEST_BOX_PX = 2.0  # a shirt that augmentation pushed out of the picture is no object any more


@dataclass(frozen=True, eq=False)
class ShirtSquares:
    """A split in memory.

    Args:
        names: (N,) file names.
        pictures: (N, F, F, 3) uint8, letterboxed; F is `side` times 1 or 2.
        coverages: for each picture (instances, F, F) uint8, 255 where covered.
        landmarks: for each picture (instances, 25, 3): x, y as indices of its pixels, visibility; with the wearer's
            face (instances, 30, 3).
        side: of the network's input.
        ground: grey level round the pictures.
        digest: sha256 over all that was read.
        others: (N, F, F) uint8 kinds of other garments (`garment_kinds`); None: they were not read.
    """

    names: tuple[str, ...]
    pictures: NDArray[np.uint8]
    coverages: tuple[NDArray[np.uint8], ...]
    landmarks: tuple[NDArray[np.float64], ...]
    side: int
    ground: int
    digest: str
    others: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def points(self) -> int:
        """How many landmarks a shirt has, those of a face among them."""
        return int(self.landmarks[0].shape[1])

    def sample(self, index: int, augmentation: Augmentation, random: np.random.Generator) -> tuple[Any, ...]:
        """One picture (S, S, 3) uint8, its boxes (n, 4), coverages (n, S, S) uint8, landmarks (n, L, 3) and kinds of
        garments (S, S) uint8, changed at random."""
        if (blank := augmentation.draw_blank(random, self.side)) is not None:
            return blank, *self._stack([], [], []), np.full((self.side, self.side), NOTHING, np.uint8)
        objects = [coverage_box(coverage) for coverage in self.coverages[index]]
        change = augmentation.draw(random, self.pictures.shape[1], objects)
        recoloured = self._recoloured(index, augmentation, random)
        picture = self._shrink(change.picture(recoloured, self.ground))
        boxes, coverages, landmarks = [], [], []
        for coverage, points in zip(self.coverages[index], self.landmarks[index], strict=True):
            moved = change.mask(coverage)
            box = coverage_box(moved) * (self.side / len(moved))
            if min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_BOX_PX:
                boxes.append(box)
                coverages.append(self._shrink(moved))
                landmarks.append(self._within(change.landmarks(points)))
        return picture, *self._stack(boxes, coverages, landmarks), self._kinds(index, change, coverages)

    def batch(
        self,
        indices: Sequence[int],
        augmentation: Augmentation,
        randoms: Sequence[np.random.Generator],
        max_instances: int,
    ) -> Batch:
        """`images`, `boxes`, `class_ids` (0 for padding), `masks` and `landmarks` of some pictures, padded to
        `max_instances`; with other garments `kinds`, too."""
        B, G, S = len(indices), max_instances, self.side
        out: Batch = {
            "images": np.zeros((B, S, S, 3), np.uint8),
            "boxes": np.zeros((B, G, 4), np.float32),
            "class_ids": np.zeros((B, G), np.int32),
            "masks": np.zeros((B, G, S, S), np.uint8),
            "landmarks": np.zeros((B, G, self.points, 3), np.float32),
        }
        if self.others is not None:
            out["kinds"] = np.zeros((B, S, S), np.uint8)
        for row, (index, random) in enumerate(zip(indices, randoms, strict=True)):
            picture, boxes, coverages, landmarks, kinds = self.sample(index, augmentation, random)
            largest = np.argsort([-int(coverage.sum()) for coverage in coverages], kind="stable")[:G]
            out["images"][row] = picture
            if self.others is not None:
                out["kinds"][row] = kinds
            for place, instance in enumerate(largest):
                out["boxes"][row, place] = boxes[instance]
                out["class_ids"][row, place] = 1
                out["masks"][row, place] = coverages[instance]
                out["landmarks"][row, place] = landmarks[instance]
        return out

    def _recoloured(self, index: int, augmentation: Augmentation, random: np.random.Generator) -> NDArray[np.uint8]:
        """The picture with some of its garments in other colours."""
        picture: NDArray[np.uint8] = self.pictures[index]
        if augmentation.recolour == 0:
            return picture
        regions = [coverage >= COVERED for coverage in self.coverages[index]]
        if self.others is not None:
            regions += [self.others[index] == kind for kind in np.unique(self.others[index]) if kind != NOTHING]
        return recoloured(picture, regions, augmentation.recolour, random)

    def _kinds(self, index: int, change: Change, coverages: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """What each pixel (S, S) of the changed picture shows: a shirt, another garment or nothing."""
        kinds = np.full((self.side, self.side), NOTHING, np.uint8)
        if self.others is not None:
            step = self.pictures.shape[1] // self.side
            kinds[...] = change.labels(self.others[index])[::step, ::step]
        for coverage in coverages:
            kinds[coverage >= COVERED] = SHIRT
        return kinds

    def _stack(self, boxes: list[Any], coverages: list[Any], landmarks: list[Any]) -> tuple[Any, Any, Any]:
        """Arrays of the objects of one picture, of which there may be none."""
        return (
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array(coverages, np.uint8).reshape(-1, self.side, self.side),
            np.array(landmarks, np.float32).reshape(-1, self.points, 3),
        )

    def _within(self, landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Landmarks of the picture that is kept, in the network's square; those beyond it are absent, as in
        DeepFashion2."""
        scale = self.side / self.pictures.shape[1]
        moved = scale_shift(landmarks, scale, (scale - 1) / 2)
        inside = np.all((moved[:, :2] >= -0.5) & (moved[:, :2] < self.side - 0.5), axis=1)
        return np.where((inside | (moved[:, 2] == UNKNOWN))[:, None], moved, 0.0)

    def _shrink(self, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if len(array) == self.side:
            return array
        return np.asarray(cv2.resize(array, (self.side, self.side), interpolation=cv2.INTER_AREA), np.uint8)


def load_shirts(
    photos: Path,
    annotations: Path,
    split: str,
    *,
    side: int,
    ground: int,
    face: bool = False,
    other_garments: bool = False,
) -> ShirtSquares:
    """A split of `data/photos` with the outlines of `data/annotations`, in memory.

    Args:
        photos: holds `SPLIT/image`.
        annotations: holds `SPLIT/via_region_data.json`.
        split: its name.
        side: of the network's input.
        ground: grey level round the pictures.
        face: read the wearers' faces behind the landmarks.
        other_garments: read the other garments' kinds.

    Raises:
        DataError: a file is missing or does not fit the other; the split is empty.
    """
    outlined = read_outlines(photos, annotations, split)
    if not outlined:
        raise DataError(
            f"the split {split} of {annotations} has no photo",
            needed="at least one",
            remedy="see params.yaml, photos.splits",
        )
    fine = side * 2 if side <= FINE_SIDE_LIMIT_PX else side
    pictures = np.empty((len(outlined), fine, fine, 3), np.uint8)
    coverages, landmarks = [], []
    others = np.zeros(pictures.shape[:3], np.uint8) if other_garments else None
    digest = hashlib.sha256()
    for place, photo in enumerate(outlined):
        image = read_image(photo.path)
        pictures[place], placement = letterbox(image, fine, ground)
        instance_masks = photo.masks(*image.shape[:2])
        squares = [letterbox(mask.astype(np.uint8) * 255, fine, 0)[0] for mask in instance_masks]
        coverages.append(np.stack(squares) if squares else np.zeros((0, fine, fine), np.uint8))
        points = np.concatenate([photo.landmarks, photo.faces], axis=1) if face else photo.landmarks
        digest.update(photo.name.encode() + image.tobytes() + instance_masks.tobytes() + points.tobytes())
        if others is not None:
            kinds = read_other_garments(photo.path, *image.shape[:2])
            others[place] = placement.labels(kinds)
            digest.update(kinds.tobytes())
        points[..., :2] = np.where(points[..., 2:] > ABSENT, placement.to_square(points[..., :2]), 0.0)
        landmarks.append(points)
    names = tuple(photo.name for photo in outlined)
    return ShirtSquares(names, pictures, tuple(coverages), tuple(landmarks), side, ground, digest.hexdigest(), others)


def coverage_box(coverage: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The half-open box (4,) of the pixels that are covered by half or more; zeros if there is none."""
    covered = coverage >= COVERED
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    if len(rows) == 0:
        return np.zeros(4, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def epoch_batches(count: int, batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """The pictures of each batch of an epoch: every picture once, in an order of its own; the last batch is filled up
    from the epoch's beginning, since all batches have one shape."""
    order = np.random.default_rng([seed, 1, epoch]).permutation(count).tolist()
    filled = order + [order[place % count] for place in range(-count % batch_size)]
    return [filled[start : start + batch_size] for start in range(0, len(filled), batch_size)]


def fixed_batches(count: int, batch_size: int) -> Iterator[list[int]]:
    """The pictures in order; the last batch is filled up from the beginning."""
    for start in range(0, count, batch_size):
        yield [place % count for place in range(start, start + batch_size)]


def randoms(seed: int, *where: int, count: int) -> list[np.random.Generator]:
    """A generator for each picture of a batch, named by its seed and place."""
    return [np.random.default_rng([seed, 2, *where, row]) for row in range(count)]
