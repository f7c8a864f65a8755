"""Pictures in the sizes that the page shows, in memory only.

A collection's pictures were decoded in the guarded child when they came and written anew by us (`tryon.collecting`), so
our own decoder reads them here. Any other folder may hold a stranger's file: its pictures go through the guarded child,
one process a picture, and both sizes are made at once. Nothing is kept on the disk: a
picture that is to be forgotten leaves no copy.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tryon.images.decoding import DecodeLimits, read_untrusted
from tryon.images.files import encode_jpeg, read_image
from tryon.images.resizing import resize_long_side
from tryon.reviewing.pictures import Collection, Picture

SIZES_PX: Mapping[str, int] = {"small": 320, "large": 1280}
_QUALITY = {"small": 80, "large": 88}
_CACHE_BYTES = 128 * 2**20
# A reviewer has to see what is to be rejected: small and narrow pictures are shown, and camera files of 40 MB.
_LIMITS = DecodeLimits(
    max_bytes=40 * 2**20, min_side_px=1, max_aspect=12_000, long_side_px=SIZES_PX["large"], timeout_s=20.0
)


class Previews:
    """JPEG files of the pictures of a collection, the latest kept in memory. Safe to use from several threads."""

    def __init__(self, collection: Collection) -> None:
        self._ours = collection.ours
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._decoding = threading.Semaphore(os.cpu_count() or 1)

    def get(self, picture: Picture, size: str) -> bytes:
        """A picture's JPEG in a size of `SIZES_PX`.

        Raises:
            DataError: the file is gone, or no acceptable picture.
        """
        with self._lock:
            content = self._recall((picture.sha256, size))
        if content is not None:
            return content
        with self._decoding:
            pixels = self.decode(picture)
            made = {each: self._encode(pixels, each) for each in SIZES_PX}
        with self._lock:
            for each, content in made.items():
                self._kept[picture.sha256, each] = content
            while sum(map(len, self._kept.values())) > _CACHE_BYTES:
                self._kept.popitem(last=False)
        return made[size]

    def decode(self, picture: Picture) -> NDArray[np.uint8]:
        """A picture's pixels (H, W, 3), its long side at most that of the large size.

        Raises:
            DataError: the file is gone, or no acceptable picture.
        """
        if self._ours:
            return resize_long_side(read_image(picture.path), SIZES_PX["large"])
        return read_untrusted(picture.path, _LIMITS)

    def _recall(self, key: tuple[str, str]) -> bytes | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def _encode(self, pixels: NDArray[np.uint8], size: str) -> bytes:
        return encode_jpeg(resize_long_side(pixels, SIZES_PX[size]), _QUALITY[size])
