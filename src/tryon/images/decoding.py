"""Pictures of strangers: decoded in a child process that may be killed, so that no file can take this process down.

The child (`tryon.images.decode_child`) has a memory limit, a time limit and nothing to do but decode: it checks format
and size in the header before a pixel is touched, and only the pixels leave it: upright, sRGB, on white, no metadata.
"""

import io
import struct
import subprocess
import sys
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tryon.errors import DataError, DecodeError, ServiceError
from tryon.images.normalising import FORMATS, check_end, to_rgb
from tryon.images.resizing import resize_long_side

HEADER = struct.Struct("<II")  # height and width, before the pixels that a child sends


@dataclass(frozen=True)
class DecodeLimits:
    """What an upload may be.

    Args:
        max_bytes: of the file.
        min_side_px: of the shorter side.
        max_side_px: of the longer side.
        max_aspect: longer side over shorter side.
        max_jpeg_pixels: JPEG is decoded small already, so it may be larger than the others.
        max_pixels: of PNG and WebP, which are decoded in full.
        long_side_px: the result is shrunk to this.
        memory_bytes: address space of the child.
        timeout_s: wall time of the child, its start included.
    """

    max_bytes: int = 10 * 2**20
    min_side_px: int = 128
    max_side_px: int = 12_000
    max_aspect: float = 4.0
    max_jpeg_pixels: int = 50_000_000
    max_pixels: int = 25_000_000
    long_side_px: int = 1024
    # Decoding 25 megapixels of RGBA, and its copies, stay below; a bomb does not.
    memory_bytes: int = 1_500 * 2**20
    timeout_s: float = 5.0


DEFAULT_LIMITS = DecodeLimits()


def decode_untrusted(content: bytes, limits: DecodeLimits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of a stranger's JPEG, PNG or WebP file.

    Raises:
        DecodeError: the bytes are not an acceptable picture; says why, and what would be.
    """
    check_length(content, limits)
    arguments = [f"{key}={value}" for key, value in asdict(limits).items()]
    try:
        child = subprocess.run(
            [sys.executable, "-m", "tryon.images.decode_child", *arguments],
            input=content,
            capture_output=True,
            timeout=limits.timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise refusal("damaged", f"decoding took longer than {limits.timeout_s:g} s") from error
    if child.returncode == REFUSED:
        raise refusal_of_child(child.stderr)
    if child.returncode != 0 or len(child.stdout) < HEADER.size:
        if b"ModuleNotFoundError" in child.stderr:
            raise ServiceError(
                "the decoding child cannot start", received=child.stderr[-200:], remedy="run `tryon doctor`"
            )
        raise refusal("damaged", "decoding needed too much memory or failed")
    return read_pixels(child.stdout)


def read_untrusted(path: Path, limits: DecodeLimits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of a stranger's picture file.

    Raises:
        DataError: there is no such file.
        DecodeError: it is not an acceptable picture.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(limits.max_bytes + 1)
    except OSError as error:
        raise DataError(f"picture {path} cannot be read", received=error.strerror, remedy="check the path") from error
    try:
        return decode_untrusted(content, limits)
    except DecodeError as error:
        raise DecodeError(
            f"{path}: {error.what}", received=error.received, needed=error.needed, remedy=error.remedy
        ) from error


# Exit code of a child that refused a picture, with `KIND: reason` on stderr.
REFUSED = 3


class RefusedError(Exception):
    """Why a child does not accept a picture: one of the kinds of `_REMEDIES`, and the reason in words."""


def decode_within_limits(content: bytes, limits: DecodeLimits) -> NDArray[np.uint8]:
    """What the child does: check the header, decode, normalise, shrink.

    Raises:
        RefusedError: the picture is not accepted.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _check_header(image, limits)
                if image.format == "JPEG":
                    image.draft(None, (2 * limits.long_side_px, 2 * limits.long_side_px))
                check_end(content, image.format)
                return resize_long_side(to_rgb(image, limits.long_side_px), limits.long_side_px)
    except UnidentifiedImageError as error:
        raise RefusedError("not_a_picture", f"{len(content)} bytes that are no JPEG, PNG or WebP") from error
    except Image.DecompressionBombError as error:
        raise RefusedError("too_large", str(error)) from error
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, struct.error) as error:
        raise RefusedError("damaged", str(error) or type(error).__name__) from error


_REMEDIES = {
    "not_a_picture": ("a JPEG, PNG or WebP file", "save the picture as JPEG or PNG and try again"),
    "too_large": (
        "a picture within the limits",
        "make the picture smaller, for example 1500 pixels wide, and try again",
    ),
    "too_small": ("a larger picture", "take the picture at a higher resolution, or crop less of it away"),
    "wrong_shape": ("a picture that is not so narrow", "crop the picture to the person or the garment"),
    "animated": ("a single picture", "save one frame as JPEG or PNG and try again"),
    "damaged": ("a whole, undamaged JPEG, PNG or WebP file", "send the file again, or open and save it anew"),
}


def refusal(kind: str, reason: str) -> DecodeError:
    """The error of a kind of `_REMEDIES`."""
    needed, remedy = _REMEDIES[kind]
    return DecodeError(f"the picture cannot be used ({kind})", received=reason, needed=needed, remedy=remedy, kind=kind)


def refusal_of_child(said: bytes) -> DecodeError:
    """The error of what a child says that refuses: `KIND: reason`."""
    kind, _, reason = said.decode(errors="replace").strip().partition(": ")
    return refusal(kind if kind in _REMEDIES else "damaged", reason)


def check_length(content: bytes, limits: DecodeLimits) -> None:
    """What needs no child to be refused.

    Raises:
        DecodeError: nothing, or more than is accepted.
    """
    if not content:
        raise refusal("not_a_picture", "an empty file")
    if len(content) > limits.max_bytes:
        raise refusal("too_large", f"{len(content)} bytes, at most {limits.max_bytes} are accepted")


def to_payload(pixels: NDArray[np.uint8]) -> bytes:
    """What a child sends of decoded pixels (H, W, 3)."""
    return HEADER.pack(*pixels.shape[:2]) + pixels.tobytes()


def read_pixels(payload: bytes) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) that a child sent."""
    height, width = HEADER.unpack_from(payload)
    return np.frombuffer(payload, np.uint8, offset=HEADER.size).reshape(height, width, 3).copy()


def _check_header(image: Image.Image, limits: DecodeLimits) -> None:
    width, height = image.size
    size = f"{width} x {height} pixels"
    most = limits.max_jpeg_pixels if image.format == "JPEG" else limits.max_pixels
    if max(width, height) > limits.max_side_px or width * height > most:
        raise RefusedError("too_large", f"{size}, at most {limits.max_side_px} a side and {most} in all are accepted")
    if min(width, height) < limits.min_side_px:
        raise RefusedError("too_small", f"{size}, at least {limits.min_side_px} a side are needed")
    if max(width, height) > limits.max_aspect * min(width, height):
        raise RefusedError("wrong_shape", f"{size}, sides up to {limits.max_aspect:g} to 1 are accepted")
    if getattr(image, "n_frames", 1) != 1:
        raise RefusedError("animated", f"{getattr(image, 'n_frames', 1)} frames")
