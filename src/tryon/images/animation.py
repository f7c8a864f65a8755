"""A few pages as one moving picture that every browser shows; the same pages give the same bytes."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tryon.errors import DataError

FRAME_MS, LAST_FRAME_MS = 600, 2500
_CAPTION_PX, _PAPER, _INK = 24, (255, 255, 255), (40, 40, 40)


def encode_gif(pages: Sequence[NDArray[np.uint8]], captions: Sequence[str]) -> bytes:
    """A GIF that shows RGB pages (H, W, 3) of one size in turn, each above its caption, again and again.

    Raises:
        DataError: there are no pages, or they differ in size.
    """
    sizes = {page.shape for page in pages}
    if len(sizes) != 1:
        raise DataError("pages cannot be animated", received=f"sizes {sorted(sizes)}", needed="pages of one size")
    # One palette for all frames, of the last and best page, lest colours flicker from frame to frame.
    frames = [_captioned(page, caption) for page, caption in zip(pages, captions, strict=True)]
    palette = frames[-1].quantize(256, Image.Quantize.MEDIANCUT)
    drawn = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    durations = [FRAME_MS] * (len(drawn) - 1) + [LAST_FRAME_MS]
    drawn[0].save(buffer, "GIF", save_all=True, append_images=drawn[1:], duration=durations, loop=0, optimize=False)
    return buffer.getvalue()


def _captioned(page: NDArray[np.uint8], caption: str) -> Image.Image:
    height, width = page.shape[:2]
    frame = Image.new("RGB", (width, height + _CAPTION_PX), _PAPER)
    frame.paste(Image.fromarray(np.ascontiguousarray(page)), (0, 0))
    font = ImageFont.load_default(size=14)
    ImageDraw.Draw(frame).text((6, height + 3), caption, fill=_INK, font=font)
    return frame
