"""The worn shirt in its new pattern at the photo's size: cloth from the generator, light from the photo."""

from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import FittingConfig
from tryon.fitting.segments import Segment
from tryon.fitting.shading import coloured_like, extend_outwards, masked_blur, relight, shade_of
from tryon.images.colour import to_float, to_u8
from tryon.images.cutouts import CutOut, cut_out, paste_back, take_square
from tryon.images.patterns import STRIPED_FROM, Look
from tryon.images.resizing import resize

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Standard deviation of the blur that separates light from striped cloth, in periods of the stripes.
_BLUR_PER_PERIOD = 0.6
# But at least this fraction of the shirt's height: about a generated pixel.
_LEAST_BLUR = 0.02
# Reaches across the border band (2 x `border_px` and the blur of its alpha) to the nearest untouched pixels.
_BEHIND_BLUR_PX = 1.5


class Generator(Protocol):
    """What fitting needs of a CycleGAN (`tryon.models.cyclegan.load_pattern_generator`)."""

    @property
    def config(self) -> Any:
        """Holds `size_px`, the side of the pictures it redraws."""
        ...

    @property
    def look(self) -> Look:
        """The look that it was trained to draw."""
        ...

    def redraw(self, images: Floats, masks: Floats) -> Floats:
        """Pictures (B, S, S, 3) in [0, 1] with masks (B, S, S), in the pattern."""
        ...


def redraw_shirt(
    photo: Picture,
    shirt: Segment,
    generator: Generator,
    palette: Floats | None,
    *,
    config: FittingConfig,
    margin: float,
) -> Floats:
    """A layer (H, W, 3) in [0, 1] that shows the shirt in the generator's pattern inside its mask and a little beyond.

    Args:
        photo: (H, W, 3).
        shirt: what is worn.
        generator: of the pattern.
        palette: colours of the garment (`Segment.palette`), taken over as far as `config.match_colour` says; None keeps
            those that the generator drew.
        config: how much of the photo's light is taken over, and the like.
        margin: free space round the cut-out.
    """
    cut = cut_out(photo, shirt.mask, generator.config.size_px, margin)
    drawn = _enlarged(generator.redraw(to_float(cut.image)[None], (cut.mask > 0).astype(np.float32)[None])[0], cut)
    square = to_float(take_square(photo, cut.placement))
    inside = take_square(shirt.mask, cut.placement)
    height = float(np.flatnonzero(inside.any(axis=1)).size)
    if generator.look.stripe_strength < STRIPED_FROM:
        cloth = _plain_cloth(drawn, inside, palette, config)
    else:
        cloth = _patterned_cloth(drawn, inside, palette, config, _cloth_blur_px(generator.look, height))
    light = shade_of(square, _eroded(inside), _cloth_blur_px(shirt.look, height))
    lit = relight(cloth, np.ones_like(light), light, config.detail)
    layer: Floats = paste_back(lit, cut.placement, *photo.shape[:2])
    return layer


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
    covered = extend_outwards(drawn.astype(np.float32), _eroded(cut.mask > 0))
    enlarged: Floats = resize(covered, cut.placement.side, cut.placement.side)
    return enlarged


def _eroded(mask: Mask) -> Mask:
    """The mask without its outermost pixels, whose colours are mixed with the ground's; as it is where it is thin."""
    inner = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    return np.asarray(inner if inner.any() else mask, bool)


def _cloth_blur_px(look: Look, height: float) -> float:
    """How far light must be blurred, so that the cloth's pattern is not taken for it; 0 for plain cloth."""
    if look.stripe_strength < STRIPED_FROM:
        return 0.0
    return max(_BLUR_PER_PERIOD * look.stripe_period, _LEAST_BLUR) * height
