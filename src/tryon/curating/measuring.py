"""What is measured on each picture file before it is judged: content hash, perceptual hash, size, sharpness, light."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.images.files import decode_own
from tryon.images.hashing import perceptual_hash

T = TypeVar("T")
R = TypeVar("R")
UNDECODABLE = "undecodable"
PICTURE_MISSING = "picture missing"
_CHUNK = 256  # pictures in flight at a time: bounds the memory for sets of any size


@dataclass(frozen=True)
class Measurement:
    """One picture file. `fault` is empty, or says why nothing but the content hash could be measured.

    `phash` and `mirrored` are the perceptual hashes of the picture and of its mirror image;
    `sharpness` is the variance of the Laplacian of the grey picture (levels squared), `luminance` its mean in [0, 1].
    """

    sha256: str
    fault: str = ""
    phash: int = 0
    mirrored: int = 0
    width: int = 0
    height: int = 0
    sharpness: float = 0.0
    luminance: float = 0.0

    @property
    def phash_hex(self) -> str:
        """The perceptual hash as 16 hexadecimal digits; empty where there is none."""
        return "" if self.fault else f"{self.phash:016x}"


def measure(path: Path, sha256: str = "") -> Measurement:
    """Measure one picture file; a missing, cut, enormous or foreign file is a measurement with a fault.

    Args:
        path: of the file.
        sha256: by which the picture is known, if not by its file's own.
    """
    return examine(path, sha256)[0]


def examine(path: Path, sha256: str = "") -> tuple[Measurement, NDArray[np.uint8] | None]:
    """As `measure`, and the picture (H, W, 3) as well; None where there is a fault."""
    if not path.is_file():
        return Measurement(sha256="", fault=PICTURE_MISSING), None
    content = path.read_bytes()
    sha256 = sha256 or hashlib.sha256(content).hexdigest()
    try:
        image = decode_own(content, path.name)
    except DataError:
        return Measurement(sha256, fault=UNDECODABLE), None
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    measured = Measurement(
        sha256,
        phash=perceptual_hash(image),
        mirrored=perceptual_hash(np.ascontiguousarray(image[:, ::-1])),
        width=image.shape[1],
        height=image.shape[0],
        sharpness=float(cv2.Laplacian(grey, cv2.CV_64F).var()),
        luminance=float(np.mean(grey) / 255.0),
    )
    return measured, image


def measure_all(paths: Sequence[Path]) -> list[Measurement]:
    """Measure many files, in their order, on all cores."""
    return list(in_threads(measure, paths))


def in_threads(function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """`map` on all cores for functions that spend their time in OpenCV, Pillow or NumPy; the order is kept."""
    remaining = iter(items)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        while chunk := list(islice(remaining, _CHUNK)):
            yield from pool.map(function, chunk)
