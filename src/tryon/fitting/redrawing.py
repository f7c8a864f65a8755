"""The worn shirt in its new pattern at the photo's size: cloth from the generator, light from the photo."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.config import FittingConfig
from tryon.fitting.garment_cloth import GarmentCloth, place_cloth
from tryon.fitting.posing import Method
from tryon.fitting.segments import Segment
from tryon.fitting.shading import (
    coloured_like,
    eroded,
    extend_outwards,
    masked_blur,
    pattern_blur_px,
    relight,
    shade_of,
)
from tryon.images.colour import to_float, to_u8
from tryon.images.cutouts import NEUTRAL_GROUND, CutOut, cut_out, paste_back, take_square
from tryon.images.patterns import STRIPED_FROM, Look
from tryon.images.resizing import resize

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Reaches across the border band (2 x `border_px` and the blur of its alpha) to the nearest untouched pixels.
_BEHIND_BLUR_PX = 1.5
_KNOWN = 0.5  # of a small pixel: with less of it covered by cloth nothing is known there


class Generator(Protocol):
    """What fitting needs of a CycleGAN (`tryon.models.cyclegan.load_pattern_generator`)."""

    @property
    def config(self) -> Any:
        """Holds `size_px`, the side of the pictures it redraws, `needs_garment` and `conditional`."""
        ...

    @property
    def look(self) -> Look:
        """The look that it was trained to draw."""
        ...

    def redraw(self, images: Floats, masks: Floats, garments: Floats | None = None) -> Floats:
        """Pictures (B, S, S, 3) in [0, 1] with masks (B, S, S), in the pattern or in the garments (B, S, S, 3)."""
        ...


@dataclass(frozen=True, eq=False)
class Redrawn:
    """The worn shirt in its new pattern.

    Args:
        layer: (H, W, 3) in [0, 1], the photo's size: the shirt inside its mask and a little beyond.
        alignment: what the garment's cloth was brought to its place by; None where its place does not matter.
    """

    layer: Floats
    alignment: Method | None


def redraw_shirt(
    worn: Segment, garment: Segment, generator: Generator, *, own_pattern: bool, config: FittingConfig, margin: float
) -> Redrawn:
    """The worn shirt in the generator's pattern; as far as it is the garment's own, in its colours and at its place.

    Args:
        worn: the shirt in the photo.
        garment: the garment in its picture.
        generator: of the pattern.
        own_pattern: the garment has this pattern itself; else it has no colours and no place for it.
        config: how much of the photo's light is taken over, and the like.
        margin: free space round the cut-out.
    """
    kind = generator.config
    look = garment.look if kind.conditional else generator.look
    patterned = look.patterned if kind.conditional else look.stripe_strength >= STRIPED_FROM
    shows_garment = patterned and config.cloth == "garment"
    placed = place_cloth(worn, garment) if own_pattern and (shows_garment or kind.needs_garment) else None

    cut = cut_out(worn.picture, worn.mask, kind.size_px, margin)
    drawn = _drawn(generator, cut, placed)
    inside = take_square(worn.mask, cut.placement)
    height = float(np.flatnonzero(inside.any(axis=1)).size)
    palette = garment.palette if own_pattern else None
    if not patterned:
        cloth = _plain_cloth(drawn, inside, palette, config)
    else:
        # Ranks of lightness tell two colours of stripes apart, but not the colours of a print.
        shades = None if kind.conditional else palette
        cloth = _patterned_cloth(drawn, inside, shades, config, pattern_blur_px(look, height))
        if shows_garment and placed is not None:
            cloth = _with_garment(cloth, inside, placed, cut)
    square = to_float(take_square(worn.picture, cut.placement))
    light = shade_of(square, eroded(inside), pattern_blur_px(worn.look, height))
    lit = relight(cloth, np.ones_like(light), light, config.detail)
    layer: Floats = paste_back(lit, cut.placement, *worn.mask.shape)
    return Redrawn(layer, placed.method if placed else None)


def _drawn(generator: Generator, cut: CutOut, placed: GarmentCloth | None) -> Floats:
    """What the generator makes of the cut-out, at the size that it has in the photo."""
    guides = None
    if generator.config.needs_garment:
        guides = _guide(placed, cut, fill=generator.config.conditional)[None]
    image, mask = to_float(cut.image)[None], (cut.mask > 0).astype(np.float32)[None]
    return _enlarged(generator.redraw(image, mask, guides)[0], cut)


def _with_garment(cloth: Floats, inside: Mask, placed: GarmentCloth, cut: CutOut) -> Floats:
    """The cloth with the garment's own wherever that is known."""
    known = take_square(placed.known, cut.placement)[..., None]
    return extend_outwards(np.where(known, take_square(placed.colours, cut.placement), cloth), inside)


def _guide(placed: GarmentCloth | None, cut: CutOut, *, fill: bool) -> Floats:
    """The placed cloth in the cut-out's square (S, S, 3), on neutral ground where nothing is known.

    Args:
        fill: the shirt's unknown parts are taken from the nearest cloth, for a generator that knows no pattern by heart
            to go on with.
    """
    side = cut.placement.size_px
    ground = np.full((side, side, 3), NEUTRAL_GROUND, np.float32)
    if placed is None:
        return ground
    known = take_square(placed.known, cut.placement).astype(np.float32)
    weighted = np.dstack([take_square(placed.colours, cut.placement) * known[..., None], known])
    colours, share = np.split(resize(weighted.astype(np.float32), side, side), [3], axis=-1)
    shown = (share >= _KNOWN) & (cut.mask > 0)[..., None]
    guide = np.where(shown, colours / np.maximum(share, _KNOWN), ground).astype(np.float32)
    if fill:
        guide = np.where((cut.mask > 0)[..., None], extend_outwards(guide, shown[..., 0]), ground)
    return guide


def _plain_cloth(drawn: Floats, inside: Mask, palette: Floats | None, config: FittingConfig) -> Floats:
    """Cloth of one colour, the median of what was drawn: the rest of what a generator draws there is its noise."""
    cloth = np.broadcast_to(np.median(drawn[inside], axis=0), drawn.shape).astype(np.float32)
    return cloth if palette is None else coloured_like(cloth, inside, palette.mean(axis=0)[None], config.match_colour)


def _patterned_cloth(
    drawn: Floats, inside: Mask, palette: Floats | None, config: FittingConfig, blur_px: float
) -> Floats:
    """The drawn pattern without the light that was drawn with it, in the garment's colours."""
    light = shade_of(drawn, inside, blur_px)
    cloth = relight(drawn, light, np.ones_like(light), config.detail)
    return cloth if palette is None else coloured_like(cloth, inside, palette, config.match_colour)


def lay_over(photo: Picture, layer: Floats, alpha: Floats) -> Picture:
    """The layer over the photo, byte-identical to it where alpha is 0.

    Pixels on the border show the worn shirt as well as what is behind it. What shines through there is therefore the
    mean of the untouched pixels next to it, not the pixel itself, lest the old colour stays as a fringe.
    """
    touched = alpha > 0
    behind = masked_blur(to_float(photo), ~touched, _BEHIND_BLUR_PX)
    weight = alpha[..., None]
    mixed = to_u8(behind * (1 - weight) + layer * weight)
    return np.where(touched[..., None], mixed, photo)


def _enlarged(drawn: Floats, cut: CutOut) -> Floats:
    """The generated square at the size it has in the photo; the neutral ground is covered first, lest it bleeds in."""
    covered = extend_outwards(drawn.astype(np.float32), eroded(cut.mask > 0))
    enlarged: Floats = resize(covered, cut.placement.side, cut.placement.side)
    return enlarged
