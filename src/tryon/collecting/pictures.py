"""From the bytes that came to the picture that is kept: decoded in a guarded child, stored without anything else."""

import hashlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from tryon.collecting.verdicts import RefusedError, Verdict
from tryon.errors import DecodeError
from tryon.images.decode_pool import DecodePool
from tryon.images.decoding import DEFAULT_LIMITS, DecodeLimits
from tryon.images.files import write_jpeg
from tryon.images.hashing import perceptual_hash

LONG_SIDE_PX = 2_048
IMAGES = "images"


@dataclass(frozen=True)
class Stored:
    """What is known of a picture: `sha256` of the bytes as they came, the others of its pixels."""

    sha256: str = ""
    phash: str = ""
    width: int = 0
    height: int = 0


NOTHING = Stored()


def came(content: bytes) -> Stored:
    """What is known of bytes that are not stored."""
    return Stored(sha256_of(content))


def decode_limits(max_bytes: int) -> DecodeLimits:
    """What a collected picture may be: an upload's limits, but kept larger."""
    return replace(DEFAULT_LIMITS, max_bytes=max_bytes, long_side_px=LONG_SIDE_PX)


def file_of(sha256: str) -> str:
    """Where a picture lies in its collection: a name that nobody else has a say in."""
    return f"{IMAGES}/{sha256[:20]}.jpg"


class PictureStore:
    """Takes files as they came and keeps pictures; `store` may be called from several threads.

    Args:
        folder: of the collection.
        pool: decodes.
        forgotten: sha256 of what must not come back.
    """

    def __init__(self, folder: Path, pool: DecodePool, forgotten: frozenset[str]) -> None:
        self._folder = folder
        self._pool = pool
        self._forgotten = forgotten
        self._writing = threading.Lock()

    def store(self, content: bytes) -> Stored:
        """Decode a picture and write it, unless it lies there already.

        Raises:
            RefusedError: it is no acceptable picture, or was forgotten.
        """
        sha256 = sha256_of(content)
        if sha256 in self._forgotten:
            raise RefusedError(Verdict.FORGOTTEN, "this content was forgotten")
        try:
            pixels = self._pool.decode(content)
        except DecodeError as error:
            raise RefusedError(Verdict(error.kind), str(error.received)) from error
        with self._writing:  # the same bytes may come twice at once
            if not (self._folder / file_of(sha256)).exists():
                write_jpeg(self._folder / file_of(sha256), pixels)
        height, width = pixels.shape[:2]
        return Stored(sha256, f"{perceptual_hash(pixels):016x}", width, height)


def sha256_of(content: bytes) -> str:
    """Of a file's bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
