"""Contact sheets: rows of pictures on one page, with labels above the columns."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tryon.images.resizing import letterbox

_PAPER, _CELL, _INK = 255, 238, (40, 40, 40)


def grid(
    rows: Sequence[Sequence[NDArray[np.uint8]]],
    cell_px: int,
    gap_px: int = 4,
    labels: Sequence[str] | None = None,
) -> NDArray[np.uint8]:
    """A page (H, W, 3) of pictures in square cells, white between them.

    Args:
        rows: pictures (H, W, 3) or grey (H, W), of any size; rows may be of different length.
        cell_px: side of a cell; pictures are fitted into it whole.
        gap_px: white space round each cell.
        labels: one for each column, written above it and shortened to its width.
    """
    columns = max((len(row) for row in rows), default=0)
    label_px = max(12, cell_px // 9) + gap_px if labels else 0
    pitch = cell_px + gap_px
    page = np.full((label_px + gap_px + len(rows) * pitch, gap_px + max(columns, 1) * pitch, 3), _PAPER, np.uint8)
    for row_number, row in enumerate(rows):
        for column, picture in enumerate(row):
            top, left = label_px + gap_px + row_number * pitch, gap_px + column * pitch
            page[top : top + cell_px, left : left + cell_px] = _fit(picture, cell_px)
    return _write_labels(page, labels[:columns], cell_px, gap_px) if labels else page


def _fit(picture: NDArray[np.uint8], cell_px: int) -> NDArray[np.uint8]:
    colour = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture[..., :3]
    square, _ = letterbox(np.ascontiguousarray(colour), cell_px, _CELL)
    return np.asarray(square, np.uint8)


def _write_labels(page: NDArray[np.uint8], labels: Sequence[str], cell_px: int, gap_px: int) -> NDArray[np.uint8]:
    image = Image.fromarray(page)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=max(9, cell_px // 11))
    for column, label in enumerate(labels):
        left = gap_px + column * (cell_px + gap_px)
        draw.text((left, gap_px), _shorten(label, draw, font, cell_px), fill=_INK, font=font)
    return np.array(image, np.uint8)


def _shorten(
    label: str, draw: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: int
) -> str:
    if draw.textlength(label, font=font) <= width_px:
        return label
    while label and draw.textlength(label + "…", font=font) > width_px:
        label = label[:-1]
    return label + "…"
