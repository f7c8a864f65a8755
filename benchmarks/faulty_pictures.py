"""Good shop pictures made faulty in known ways, so that what cleaning finds can be counted."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tryon.images.files import decode_own, encode_jpeg
from tryon.images.resizing import resize, resize_long_side

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Rng = np.random.Generator
WORDS = ("SAMPLE", "shop.example", "Stock Photo", "PREVIEW")


def out_of_focus(picture: Picture, rng: Rng) -> Picture:
    """A Gaussian blur of 0.5 to 1 % of the long side."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.005, 0.01)) * max(picture.shape)), np.uint8)


def shaken(picture: Picture, rng: Rng) -> Picture:
    """A straight movement of 2.5 to 5 % of the long side in any direction."""
    length = int(rng.uniform(0.025, 0.05) * max(picture.shape)) | 1
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), float(rng.uniform(0, 180)), 1)
    kernel = cv2.warpAffine(line, turn, (length, length))
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def dark(picture: Picture, rng: Rng) -> Picture:
    """8 to 20 % of the light."""
    return (picture * rng.uniform(0.08, 0.2)).astype(np.uint8)


def overexposed(picture: Picture, rng: Rng) -> Picture:
    """2.5 to 3.5 times the light and a grey veil."""
    return np.asarray(np.clip(picture * rng.uniform(2.5, 3.5) + 40, 0, 255), np.uint8)


def framed(picture: Picture, rng: Rng) -> Picture:
    """Black or white bars of 2 to 12 % above and below, left and right, or all round."""
    height, width = picture.shape[:2]
    upright, sideways = [(True, False), (False, True), (True, True)][rng.integers(3)]
    rows = max(3, int(height * rng.uniform(0.02, 0.12))) * upright
    columns = max(3, int(width * rng.uniform(0.02, 0.12))) * sideways
    colour = (int(rng.choice([0, 255])),) * 3
    bars = cv2.copyMakeBorder(picture, rows, rows, columns, columns, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(bars, np.uint8)


def marked(picture: Picture, rng: Rng, kind: str) -> Picture:
    """A word drawn over the picture, a quarter to half opaque: `tiled`, once across the `middle`, or in a `corner`."""
    height, width = picture.shape[:2]
    side = max(height, width)
    word, opacity = str(rng.choice(WORDS)), int(255 * rng.uniform(0.25, 0.5))
    layer = Image.new("L", (2 * side, 2 * side), 0)
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(size=max(9, side * {"tiled": 0.045, "middle": 0.11, "corner": 0.04}[kind]))
    length = draw.textlength(word, font=font)
    if kind == "middle":
        font = ImageFont.load_default(size=max(9, side * 0.11 * width / length))
        length = draw.textlength(word, font=font)
    places = [(side - length / 2, side - side * 0.05)]
    if kind == "tiled":
        places = [(x, y) for y in range(0, 2 * side, side // 6) for x in range(0, 2 * side, int(1.6 * length))]
    for place in places:
        draw.text(place, word, fill=opacity, font=font)
    middle = (side, side)
    if kind == "corner":
        middle = (int(side + length / 2 - width * 0.47), int(side - height * 0.45))
    else:
        layer = layer.rotate(float(rng.uniform(15, 45)))
    corner = (middle[0] - width // 2, middle[1] - height // 2)
    alpha = np.asarray(layer.crop((*corner, corner[0] + width, corner[1] + height)), np.float32)[..., None] / 255
    ink = float(rng.choice([255, 255, 0]))
    return (picture * (1 - alpha) + ink * alpha + 0.5).astype(np.uint8)


def close_up(picture: Picture, mask: Mask, rng: Rng) -> Picture:
    """A window of 45 to 70 % of the shirt's box, within it."""
    left, top, right, bottom = box(mask)
    height, width = (bottom - top) * rng.uniform(0.45, 0.7), (right - left) * rng.uniform(0.45, 0.7)
    y, x = int(rng.uniform(top, bottom - height)), int(rng.uniform(left, right - width))
    return np.ascontiguousarray(picture[y : y + int(height), x : x + int(width)])


def folded(picture: Picture, mask: Mask, rng: Rng) -> Picture:
    """Nearly half of the shirt folded over the rest: from below, or from one side."""
    upward = bool(rng.integers(2))
    if upward:
        picture, mask = np.rot90(picture), np.rot90(mask)
    left, _, right, _ = box(mask)
    ground = emptied(picture, mask, rng)
    line = int(left + (right - left) * rng.uniform(0.5, 0.6))
    folded_over = ground.copy()
    folded_over[:, :line][mask[:, :line]] = picture[:, :line][mask[:, :line]]
    reach = min(line, picture.shape[1] - line)
    flap, flap_mask = picture[:, line : line + reach][:, ::-1], mask[:, line : line + reach][:, ::-1]
    folded_over[:, line - reach : line][flap_mask] = (flap[flap_mask] * 0.93).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(folded_over, -1) if upward else folded_over)


def lying_sideways(picture: Picture, _mask: Mask, rng: Rng) -> Picture:
    """Turned by a quarter or by half."""
    return np.ascontiguousarray(np.rot90(picture, int(rng.integers(1, 4))))


def turned_away(picture: Picture, mask: Mask, rng: Rng) -> Picture:
    """The shirt seen from the side: 35 to 50 % of its width, in perspective."""
    left, top, right, bottom = (float(edge) for edge in box(mask))
    middle, half = (left + right) / 2, (right - left) * rng.uniform(0.35, 0.5) / 2
    near, far = rng.permutation([0.0, rng.uniform(0.08, 0.15) * (bottom - top)])
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    seen = [[middle - half, top + near], [middle + half, top + far], [middle + half, bottom - far]]
    matrix = cv2.getPerspectiveTransform(corners, np.array([*seen, [middle - half, bottom - near]], np.float32))
    size = picture.shape[1::-1]
    shirt = cv2.warpPerspective(mask.astype(np.uint8), matrix, size) > 0
    return np.where(shirt[..., None], cv2.warpPerspective(picture, matrix, size), emptied(picture, mask, rng))


def emptied(picture: Picture, mask: Mask, _rng: Rng) -> Picture:
    """The ground without the shirt, filled in from around it."""
    small = resize_long_side(picture, 160)
    hole = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8))
    filled = cv2.inpaint(
        small, cv2.resize(hole, small.shape[1::-1], interpolation=cv2.INTER_NEAREST), 5, cv2.INPAINT_TELEA
    )
    return np.where(hole[..., None] > 0, resize(filled, *picture.shape[:2]), picture)


def ground_alone(picture: Picture, mask: Mask, _rng: Rng) -> Picture:
    """The largest part of the ground beside the shirt, enlarged to the picture's long side."""
    left, top, right, bottom = box(mask)
    parts = [picture[:, :left], picture[:, right:], picture[:top], picture[bottom:]]
    part = max(parts, key=lambda one: min(one.shape[:2]))
    scale = max(picture.shape) / max(part.shape)
    return resize(np.ascontiguousarray(part), *(max(1, round(side * scale)) for side in part.shape[:2]))


def together(picture: Picture, other: Picture, rng: Rng) -> Picture:
    """Two pictures as one, side by side or one above the other."""
    if rng.integers(2):
        return beside(picture, other)
    turned = beside(np.rot90(picture), np.rot90(other))
    return np.ascontiguousarray(np.rot90(turned, -1))


def beside(picture: Picture, other: Picture) -> Picture:
    """Two pictures as one, side by side."""
    height = max(len(picture), len(other))
    sides = [resize(one, height, max(1, round(one.shape[1] * height / len(one)))) for one in (picture, other)]
    return np.ascontiguousarray(np.concatenate(sides, axis=1))


def box(mask: Mask) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a mask, half-open."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def saved(picture: Picture) -> Picture:
    """The picture after a trip through JPEG, as it would be found."""
    return decode_own(encode_jpeg(picture, 80), "faulty picture")


PIXEL_FAULTS: dict[str, Callable[[Picture, Rng], Picture]] = {
    "out of focus": out_of_focus,
    "shaken": shaken,
    "dark": dark,
    "overexposed": overexposed,
    "framed": framed,
}
SHIRT_FAULTS: dict[str, Callable[[Picture, Mask, Rng], Picture]] = {
    "close-up": close_up,
    "folded": folded,
    "lying sideways": lying_sideways,
    "turned away": turned_away,
    "no shirt, filled in": emptied,
    "no shirt, ground": ground_alone,
}
MARKS = ("tiled", "middle", "corner")
