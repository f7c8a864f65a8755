"""Our own picture files: read whole or not at all, written whole or not at all, the same bytes for the same pixels."""

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from tryon import outputs
from tryon.errors import DataError, DecodeError
from tryon.images.normalising import FORMATS, check_end, to_rgb

# Our own files may be larger than uploads, but not so large that one of them fills the memory (3 bytes a pixel).
MAX_PIXELS = 50_000_000


def read_image(path: Path) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of a JPEG, PNG or WebP file, upright, in sRGB, on white.

    Raises:
        DataError: there is no such file, or it is too large.
        DecodeError: the file is cut off, damaged or no picture.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"picture {path} cannot be read", received=error.strerror, remedy="check the path, or run the stage before"
        ) from error
    return decode_own(content, str(path))


def decode_own(content: bytes, name: str) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of a picture file's bytes; `name` is used in messages."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of oddities in metadata, which is dropped
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _check_size(image, name)
                check_end(content, image.format)
                return to_rgb(image)
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise DecodeError(
            f"picture {name} cannot be decoded",
            received=f"{len(content)} bytes: {_without_address(error)}",
            needed="a whole JPEG, PNG or WebP file",
            remedy="fetch or make the file again, or remove it together with its annotation",
        ) from error


def read_size(path: Path) -> tuple[int, int]:
    """Height and width of a picture as `read_image` would give it, from the file's header alone.

    Raises:
        DataError: there is no such file.
        DecodeError: the file is no picture.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"picture {path} is missing", remedy="check the path, or run the stage before")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
                turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DecodeError(
            f"picture {path} cannot be decoded",
            received=_without_address(error),
            needed="a JPEG, PNG or WebP file",
            remedy="fetch or make the file again, or remove it together with its annotation",
        ) from error
    return (width, height) if turned else (height, width)


def encode_png(image: NDArray[np.uint8], text: dict[str, str] | None = None) -> bytes:
    """A PNG file of an RGB (H, W, 3), RGBA (H, W, 4) or grey (H, W) picture, with text entries."""
    entries = PngImagePlugin.PngInfo()
    for key, value in sorted((text or {}).items()):
        entries.add_itxt(key, value)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image, np.uint8)).save(buffer, "PNG", pnginfo=entries, compress_level=6)
    return buffer.getvalue()


def encode_jpeg(image: NDArray[np.uint8], quality: int = 95) -> bytes:
    """A JPEG file of an RGB picture (H, W, 3), colours at full resolution."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image, np.uint8)).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def write_png(path: Path, image: NDArray[np.uint8], text: dict[str, str] | None = None) -> None:
    """Write an RGB, RGBA or grey picture as PNG, whole, with text entries (`read_png_text` reads them)."""
    outputs.write_bytes(Path(path), encode_png(image, text))


def write_jpeg(path: Path, image: NDArray[np.uint8], quality: int = 95) -> None:
    """Write an RGB picture as JPEG, whole."""
    outputs.write_bytes(Path(path), encode_jpeg(image, quality))


def read_png_text(path: Path) -> dict[str, str]:
    """The text entries of a PNG file, as `write_png` put them there."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            image.load()
            return {key: str(value) for key, value in getattr(image, "text", {}).items()}
    except (OSError, SyntaxError, ValueError) as error:
        raise DecodeError(f"picture {path} cannot be decoded", received=error, needed="a whole PNG file") from error


def read_rgba(path: Path) -> NDArray[np.uint8]:
    """The pixels (H, W, 4) of one of our own PNG files with transparency."""
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return np.array(image.convert("RGBA"), np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise DecodeError(
            f"picture {path} cannot be decoded",
            received=error,
            needed="a whole PNG file",
            remedy="run the stage before again",
        ) from error


_ORIENTATION = 0x0112


def _check_size(image: Image.Image, name: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise DataError(
            f"picture {name} is too large",
            received=f"{image.width} x {image.height} pixels",
            needed=f"at most {MAX_PIXELS} pixels",
            remedy="make it smaller",
        )


def _without_address(error: BaseException) -> str:
    """Pillow's words without the buffer's memory address, which would differ from run to run."""
    words = str(error)
    return "not a picture of a known format" if "cannot identify" in words else words or type(error).__name__
