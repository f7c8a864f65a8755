"""Perceptual hashes: pictures that look alike differ in few of 64 bits."""

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image


def perceptual_hash(image: NDArray[np.uint8]) -> int:
    """The 64-bit DCT hash of a picture (H, W, 3)."""
    bits = imagehash.phash(Image.fromarray(image)).hash.reshape(-1)
    return int("".join("1" if bit else "0" for bit in bits), 2)


def hamming(a: int, b: int) -> int:
    """In how many bits two hashes differ."""
    return (a ^ b).bit_count()
