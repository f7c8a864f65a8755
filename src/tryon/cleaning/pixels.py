"""What is measured on a picture without a network: sharpness, light, added borders, and what it is compared by.

Pictures are measured at a common size, so that the same fault has the same figure in a large and in a small file.
"""

import base64
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import blur_effect

from tryon.images.hashing import perceptual_hash
from tryon.images.resizing import resize_long_side

Picture = NDArray[np.uint8]

MEASURED_PX = 384  # long side
# Neighbouring pixels within which a re-blurred picture is compared with itself: of 5 and 11, at 256 and 384 px, this
# pair tells blurred shop pictures from sharp ones best.
_BLUR_PX = 5
_BAR_NOISE = 4.0  # levels: what JPEG leaves of a bar of one colour
_BAR_STEP = 12.0  # levels between a bar and the picture beside it
_MIN_BAR_PX, _MAX_BAR = 2, 0.4  # of the measured picture, and as a part of its side
_SMEAR_PX = (2, 9)  # JPEG smears the line over its block: behind it the picture begins within so many pixels
_COLOURS_PX = 12
OVERLAY_PX = 256
# Of 96 to 384 px and widths of 1 to 2 px this tells marked pictures of a host from unmarked ones best. Marks are faint
# and edges of the picture strong, so only the sign is kept, of what exceeds the noise of JPEG.
_OVERLAY_SIGMA, _OVERLAY_NOISE = 1.3, 1.0


@dataclass(frozen=True)
class PixelFacts:
    """One picture that could be decoded.

    Args:
        width: in pixels, of the file.
        height: likewise.
        phash: perceptual hash, 64 bits.
        mirrored: that of the mirror image.
        blur: 0 sharp to 1 blurred.
        luminance: mean of the grey picture, 0 to 1.
        border: the part of a side along which a bar of one colour ends in a straight line; of the worst side.
        colours: a tiny picture (`unpack_colours`) as text.
        overlay: its fine structure (`unpack_overlay`) as text.
    """

    width: int
    height: int
    phash: int
    mirrored: int
    blur: float
    luminance: float
    border: float
    colours: str
    overlay: str


def measure_pixels(image: Picture) -> PixelFacts:
    """Measure a picture (H, W, 3)."""
    small = resize_long_side(image, MEASURED_PX)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return PixelFacts(
        width=image.shape[1],
        height=image.shape[0],
        phash=perceptual_hash(image),
        mirrored=perceptual_hash(np.ascontiguousarray(image[:, ::-1])),
        blur=round(blur(grey), 4),
        luminance=round(float(grey.mean() / 255), 4),
        border=round(border(small), 4),
        colours=_pack(cv2.resize(small, (_COLOURS_PX, _COLOURS_PX), interpolation=cv2.INTER_AREA)),
        overlay=_pack_overlay(overlay(small)),
    )


def blur(grey: NDArray[np.uint8]) -> float:
    """How little a grey picture loses when it is blurred further: 0 sharp to 1 blurred; 1 for one of a single colour.

    Unlike the Laplacian's variance it does not take a plain shirt on a plain ground for a blurred picture.
    Reference: Crété, Dolmière, Ladret and Nicolas, The Blur Effect, SPIE 6492, 2007.
    """
    if min(grey.shape) <= _BLUR_PX or np.ptp(grey) == 0:
        return 1.0
    return float(blur_effect(grey.astype(np.float64) / 255, h_size=_BLUR_PX))


def border(image: Picture) -> float:
    """The part of a side along which a bar of one colour ends in a straight line, of the side where it is largest.

    A plain ground that the garment lies on has no such line: it ends at the garment's outline.
    """
    return max(_bar(np.rot90(image, turns)) for turns in range(4))


def overlay(image: Picture) -> NDArray[np.int8]:
    """The fine structure (H, W) of a picture of at most 256 px: 1 lighter than around it, -1 darker, 0 neither."""
    grey = cv2.cvtColor(resize_long_side(image, OVERLAY_PX), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), _OVERLAY_SIGMA)
    return np.asarray(np.sign(fine) * (np.abs(fine) > _OVERLAY_NOISE), np.int8)


def unpack_colours(text: str) -> NDArray[np.uint8]:
    """The tiny picture (12, 12, 3) of `PixelFacts.colours`."""
    return np.frombuffer(_unpack(text), np.uint8).reshape(_COLOURS_PX, _COLOURS_PX, 3)


def unpack_overlay(text: str) -> NDArray[np.int8]:
    """The fine structure (H, W) of `PixelFacts.overlay`."""
    content = np.frombuffer(_unpack(text), np.uint8)
    height, width = (int(side) + 1 for side in content[:2])
    lighter, darker = np.unpackbits(content[2:], count=2 * height * width).reshape(2, height, width).astype(np.int8)
    return np.asarray(lighter - darker, np.int8)


def _bar(image: Picture) -> float:
    """`border` of the first rows of a picture."""
    rows = image.astype(np.float32)
    means = rows.mean(axis=1)
    calm = (rows.std(axis=1).max(axis=1) < _BAR_NOISE) & (np.abs(means - means[0]).max(axis=1) < _BAR_NOISE)
    height = int(np.argmin(calm)) if not calm.all() else len(rows)
    nearest, furthest = (height + offset for offset in _SMEAR_PX)
    if not _MIN_BAR_PX <= height < _MAX_BAR * len(rows) or furthest > len(rows):
        return 0.0
    bar = means[:height].mean(axis=0)
    differs = np.abs(rows[nearest:furthest] - bar).max(axis=2) > _BAR_STEP
    return float(differs.mean(axis=1).max())


def _pack_overlay(fine: NDArray[np.int8]) -> str:
    """Its sides less one, a byte each, then one bit a pixel for the lighter and one for the darker ones."""
    sides = np.array(fine.shape, np.int64) - 1
    return _pack(np.concatenate([sides.astype(np.uint8), np.packbits(np.stack([fine > 0, fine < 0]))]))


def _pack(array: NDArray[np.generic]) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 6)).decode()


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
