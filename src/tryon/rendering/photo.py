"""Photos: a drawn scene with a look on its shirt, and everything that is known about it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.rendering.canvas import Canvas
from tryon.rendering.cut import Shirt
from tryon.rendering.drawing import Floats, soft_noise, three
from tryon.rendering.light import CLOTH_FALLOFF, Light
from tryon.rendering.looks import Look
from tryon.rendering.scene import SUPERSAMPLE, Scene, draw_scene, shrink

_SHOULDER = 0.86  # brighter cloth than this is compressed towards white, as a camera does
SHEEN = 0.022  # light that cloth of any colour gives back, so that black cloth shows its folds


@dataclass(frozen=True)
class DrawnScene:
    """A scene as maps, ready for any look.

    Args:
        scene: what was drawn.
        canvas: the maps at `SUPERSAMPLE` times the picture's size.
        ground: (H, W, 3) the picture without the shirt's light, noise of the camera included.
        alpha: (H, W) visible coverage of the shirt, exactly 0 where no shirt is seen.
    """

    scene: Scene
    canvas: Canvas
    ground: Floats
    alpha: Floats


@dataclass(frozen=True)
class RenderedPhoto:
    """A photo in uint8 and the float layers it was made of."""

    image: NDArray[np.uint8]
    alpha: Floats
    drawn: DrawnScene


def draw(scene: Scene) -> DrawnScene:
    """Draw everything of a scene but the look."""
    canvas = draw_scene(scene)
    grain = soft_noise(np.random.default_rng([scene.seed, 1]), (scene.size_px, scene.size_px), 1.0) * np.float32(
        scene.grain
    )
    ground = shrink(canvas.rest) + grain[..., None]
    return DrawnScene(scene, canvas, ground, shrink(canvas.alpha))


def wear(drawn: DrawnScene, look: Look) -> RenderedPhoto:
    """The drawn scene with a look on the shirt: picture = ground + alpha * shirt."""
    layer = paint_cloth(drawn.canvas, look, drawn.scene.light, drawn.scene.frame.scale)
    image = np.clip((drawn.ground + layer) * 255 + 0.5, 0, 255).astype(np.uint8)
    return RenderedPhoto(image, drawn.alpha, drawn)


def render_photo(scene: Scene, look: Look) -> RenderedPhoto:
    """Draw a scene and put a look on its shirt."""
    return wear(draw(scene), look)


def exact_answer(photo: NDArray[np.uint8], drawn: DrawnScene, look: Look) -> NDArray[np.uint8]:
    """The same scene in another look; wherever no shirt is seen, the pixels of `photo` (as decoded from its file)."""
    answer = wear(drawn, look).image
    return np.where((drawn.alpha > 0)[..., None], answer, photo)


def paint_cloth(canvas: Canvas, look: Look, light: Light, px_per_cm: float) -> Floats:
    """The shirt's share of the picture (H, W, 3) at the picture's size: alpha * shaded look."""
    side = canvas.side // SUPERSAMPLE
    result = np.zeros((side, side, 3), np.float32)
    left, top, width, height = cv2.boundingRect((canvas.alpha > 0).astype(np.uint8))
    if width == 0:
        return result
    step = SUPERSAMPLE
    right, bottom = -(-(left + width) // step) * step, -(-(top + height) // step) * step
    left, top = left // step * step, top // step * step
    part = slice(top, bottom), slice(left, right)
    shade = canvas.shade[part]
    albedo = look.albedo(canvas.u[part], canvas.v[part], canvas.part[part], px_per_cm)
    lit = shade_albedo(albedo, shade, light) * three(canvas.alpha[part])
    result[top // step : bottom // step, left // step : right // step] = shrink(lit)
    return result


def shade_albedo(albedo: Floats, shade: Floats, light: Light) -> Floats:
    """Cloth of these colours under a map of shades: a cooler shadow, a little sheen, soft highlights."""
    factors = []
    for tint, falloff in zip(light.tint, CLOTH_FALLOFF, strict=True):
        bend = np.float32(tint * (falloff - 1))  # shade ** falloff, to first order about 1
        factors.append(shade * (bend * (shade - 1) + np.float32(tint)))
    lit = albedo * np.asarray(cv2.merge(factors), np.float32)
    lit += three(SHEEN * shade * shade)
    over = np.maximum(lit - _SHOULDER, 0)
    return np.asarray(lit - over + over / (1 + over / (1 - _SHOULDER)), np.float32)


@dataclass(frozen=True)
class RenderedGarment:
    """A shop picture in uint8, the garment's coverage, and what is needed to annotate it."""

    image: NDArray[np.uint8]
    alpha: Floats
    canvas: Canvas
    shirt: Shirt


def finish_garment(
    canvas: Canvas, seed: int, size_px: int, look: Look, light: Light, px_per_cm: float, shirt: Shirt
) -> RenderedGarment:
    """A drawn shop picture with its look."""
    grain = soft_noise(np.random.default_rng([seed, 1]), (size_px, size_px), 1.0) * np.float32(0.004)
    layer = shrink(canvas.rest) + grain[..., None] + paint_cloth(canvas, look, light, px_per_cm)
    image = np.clip(layer * 255 + 0.5, 0, 255).astype(np.uint8)
    return RenderedGarment(image, shrink(canvas.alpha), canvas, shirt)
