"""One way from an opened picture to RGB pixels, for our own files and for strangers' alike.

Orientation applied, colours in sRGB, 8 bits a channel, transparent parts on white, nothing else kept. Pillow alone
cuts 16-bit grey off at 255 (all white) and OpenCV treats the orientation differently: so nothing else decodes.
"""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

FORMATS = ("JPEG", "PNG", "WEBP")

_PNG_END = b"IEND\xaeB`\x82"


def check_end(content: bytes, format_name: str | None) -> None:
    """Check that a PNG file's bytes hold its last chunk, which Pillow does not miss.

    Raises:
        OSError: they do not: the file was cut.
    """
    if format_name == "PNG" and _PNG_END not in content:
        raise OSError("the end of the PNG file is missing")


def to_rgb(image: Image.Image, long_side_px: int | None = None) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of an opened picture; reads it to the end.

    Args:
        image: as `Image.open` gives it.
        long_side_px: a picture of four times this and more is shrunk by a whole factor, to no less than twice this,
            before its colours are converted; for pictures so large that the conversion would take seconds.

    Raises:
        OSError, SyntaxError, ValueError: as Pillow does for damaged content.
    """
    profile = image.info.get("icc_profile")
    image.load()
    upright = ImageOps.exif_transpose(image)
    narrow = _to_eight_bits(upright)
    if long_side_px is not None and max(narrow.size) >= 4 * long_side_px and narrow.mode not in ("P", "1"):
        narrow = narrow.reduce(max(narrow.size) // (2 * long_side_px))
    return np.array(_on_white(_to_srgb(narrow, profile)), np.uint8)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours in sRGB; a profile that is damaged or made for another kind of picture is left out of account."""
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != {"RGBA": "RGB", "L": "GRAY"}.get(image.mode, image.mode):
            return image
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """16 bits of grey, which Pillow keeps as `I;16` or `I`, divided down instead of cut off."""
    if image.mode.startswith("I"):
        return Image.fromarray((np.asarray(image).astype(np.uint32).clip(0, 65535) >> 8).astype(np.uint8))
    if image.mode == "F":
        return Image.fromarray(np.rint(np.asarray(image).clip(0, 1) * 255).astype(np.uint8))
    return image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")
