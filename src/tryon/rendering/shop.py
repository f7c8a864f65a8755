"""Shop pictures: one garment lying flat on a ground or hanging before a wall, with a soft shadow."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from tryon.rendering import backdrop
from tryon.rendering.canvas import Canvas
from tryon.rendering.cut import Cut, Shirt, sample_cut
from tryon.rendering.drape import back_cloth, sleeve_cloth, torso_cloth
from tryon.rendering.drawing import Floats, Window, blur, fill, smoothstep, soft_noise, stroke, window_round
from tryon.rendering.figure import Arm, Build, Figure, Frame
from tryon.rendering.folds import Fold
from tryon.rendering.light import Light, sample_light
from tryon.rendering.looks import Look
from tryon.rendering.photo import RenderedGarment, finish_garment
from tryon.rendering.scene import SUPERSAMPLE
from tryon.rendering.wrinkles import sleeve_folds, torso_folds

View = Literal["flat", "hanging"]
Ground = Literal["paper", "cloth", "wood", "wall"]

_FLAT_BUILD = Build(
    female=False,
    shoulder=21.5,
    chest=22.5,
    waist=22.0,
    hip=22.4,
    neck=6.0,
    arm=7.6,
    head_width=7,
    head_height=11,
    bust=0,
)
_RELIEF = {"flat": 0.14, "hanging": 0.34}


@dataclass(frozen=True)
class Layout:
    """How one garment lies or hangs: cut, arms, light, ground and framing; no look."""

    size_px: int
    view: View
    ground: Ground
    figure: Figure
    cut: Cut
    light: Light
    frame: Frame
    seed: int


def sample_layout(rng: np.random.Generator, size_px: int) -> Layout:
    """A random shop picture's layout."""
    view: View = "flat" if rng.random() < 0.75 else "hanging"
    grounds: tuple[Ground, ...] = ("paper", "cloth", "wood")
    ground: Ground = "wall" if view == "hanging" else grounds[rng.choice(3, p=[0.45, 0.25, 0.3])]
    angle = rng.uniform(0.75, 1.0) if view == "flat" else rng.uniform(0.22, 0.36)
    figure = Figure(
        _FLAT_BUILD,
        0.0,
        float(rng.normal(0, 0.4)),
        0.0,
        0.0,
        0.0,
        0.0,
        (_sleeve_bone(-1, angle + rng.normal(0, 0.05)), _sleeve_bone(1, angle + rng.normal(0, 0.05))),
    )
    cut = sample_cut(rng)
    cut = Cut(
        cut.neck,
        cut.neck_half_width,
        cut.neck_depth + 2.5,
        cut.band,
        1.0,
        0.6 + 0.8 * cut.looseness,
        cut.hem_y + 4,
        0.5,
        min(cut.sleeve, 24.0),
        0.4,
        0.8 + cut.looseness,
    )
    side = size_px * SUPERSAMPLE
    scale = side / rng.uniform(86, 102)
    middle = side / 2 + rng.uniform(-0.03, 0.03, 2) * side
    origin = (float(middle[0]), float(middle[1] - 29.0 * scale))
    light = sample_light(rng)
    roll = rng.normal(0, 0.05 if view == "flat" else 0.015)
    return Layout(
        size_px,
        view,
        ground,
        figure,
        cut,
        light,
        Frame(side, float(scale), float(roll), origin),
        int(rng.integers(2**31)),
    )


def render_garment(layout: Layout, look: Look) -> RenderedGarment:
    """A shop picture of a garment of this look, with its exact alpha."""
    rng = np.random.default_rng(layout.seed)
    side = layout.size_px * SUPERSAMPLE
    canvas = Canvas(side)
    shirt = Shirt(layout.cut, layout.figure, relief=_RELIEF[layout.view])
    frame, light = layout.frame, layout.light
    canvas.rest[:] = _draw_ground(rng, layout, side)
    outlines = [frame.to_px(layout.figure.bend(shirt.torso_outline)), frame.to_px(layout.figure.bend(_inside(shirt)))]
    sleeves = {s: [frame.to_px(outline) for outline in shirt.sleeve_outlines(s)] for s in (-1, 1)}
    _shadow(canvas, [*outlines, *sleeves[-1], *sleeves[1]], layout)
    canvas.drape(back_cloth(shirt, frame, light))
    if layout.view == "hanging":
        _paint_hanger(canvas, layout, shirt)
    canvas.drape(torso_cloth(shirt, frame, light, _softened(torso_folds(rng, shirt), layout.view)))
    for s in (-1, 1):
        window = window_round(np.concatenate(sleeves[s]), side, 8)
        edge = blur(fill(sleeves[s], window), 0.5 * frame.scale)
        canvas.darken(window, 1 - np.float32(0.16) * edge * canvas.alpha[window.slices])
        canvas.drape(sleeve_cloth(shirt, s, frame, light, _softened(sleeve_folds(rng, shirt, s), layout.view)))
    return finish_garment(canvas, layout.seed, layout.size_px, look, light, frame.scale, shirt)


def _sleeve_bone(side: int, angle: float) -> Arm:
    """A straight arm in the plane of the cloth."""
    shoulder = np.array([side * 17.0, 7.4])
    direction = np.array([side * np.sin(angle), np.cos(angle)])
    elbow, hand = shoulder + 30 * direction, shoulder + 56 * direction
    pair = [(float(p[0]), float(p[1])) for p in (shoulder, elbow, hand)]
    return Arm(side, "hanging", pair[0], pair[1], pair[2])


def _softened(folds: list[Fold], view: View) -> list[Fold]:
    """Lying cloth keeps shallow creases only."""
    share = 0.55 if view == "flat" else 0.7
    return [Fold(fold.curve, fold.width, fold.height * share) for fold in folds]


def _inside(shirt: Shirt) -> Floats:
    return np.concatenate([shirt.back_collar, shirt.front_collar[::-1]]).astype(np.float32)


def _shadow(canvas: Canvas, outlines: list[Floats], layout: Layout) -> None:
    """A close, dark shadow and a wide, faint one."""
    full = Window(0, 0, canvas.side, canvas.side)
    lx, ly, _ = layout.light.direction
    reach = 1.0 if layout.view == "flat" else 2.6
    for distance, spread, strength in ((0.5, 0.7, 0.30), (1.6, 2.6, 0.26)):
        offset = np.array([-lx, -ly + 0.15], np.float32) * np.float32(distance * reach * layout.frame.scale)
        soft = blur(fill([outline + offset for outline in outlines], full), spread * reach * layout.frame.scale)
        canvas.darken(full, 1 - np.float32(strength) * soft)


def _draw_ground(rng: np.random.Generator, layout: Layout, side: int) -> Floats:
    if layout.ground in ("paper", "wall"):
        return backdrop.draw_backdrop(rng, "plain" if rng.random() < 0.6 else "gradient", side, layout.light, None)
    n = side // 2
    if layout.ground == "wood":
        small = _wood(rng, n)
    else:
        colour = np.clip(rng.uniform(0.25, 0.85) + rng.normal(0, 0.10, 3), 0.08, 0.92)
        waves = 0.05 * soft_noise(rng, (n, n), n / 5) + 0.018 * soft_noise(rng, (n, n), 1.5)
        small = colour.astype(np.float32) * (1 + waves)[..., None]
    small = np.clip(small * np.asarray(layout.light.tint, np.float32), 0.02, 1).astype(np.float32)
    return np.asarray(cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR), np.float32)


def _wood(rng: np.random.Generator, n: int) -> Floats:
    """Boards with grain along them."""
    base = np.array([0.66, 0.52, 0.38]) * rng.uniform(0.55, 1.25) * np.array([1, 1, rng.uniform(0.9, 1.2)])
    board = n / rng.uniform(4, 7)
    x = np.arange(n, dtype=np.float32)
    index = np.floor(x / board).astype(int)
    tone = 1 + 0.08 * rng.standard_normal(index.max() + 1)[index]
    gap = 1 - 0.35 * smoothstep(1.6, 0.0, np.mod(x, board))
    grain = cv2.resize(
        rng.standard_normal((max(2, n // 40), n), dtype=np.float32), (n, n), interpolation=cv2.INTER_CUBIC
    )
    picture = base * ((tone * gap)[None, :] * (1 + 0.045 * blur(grain, 0.8)))[..., None]
    return np.asarray(picture if rng.random() < 0.5 else np.swapaxes(picture, 0, 1), np.float32)


def _paint_hanger(canvas: Canvas, layout: Layout, shirt: Shirt) -> None:
    """The hook and the bar of a wooden hanger between the necklines."""
    frame = layout.frame
    angle = np.linspace(-0.3 * np.pi, 1.0 * np.pi, 14)
    hook = np.stack([2.2 * np.cos(angle), -13.5 - 2.2 * np.sin(angle)], axis=1)[::-1]
    hook = np.concatenate([[[0, -3.0], [0, -9.8]], hook[::-1][:-4]]).astype(np.float32)
    neck = float(shirt.neck_points[1][0])
    bar = np.array([[-neck - 3, -1.6], [0, -3.6], [neck + 3, -1.6]], np.float32)
    for line, width, colour in ((hook, 0.55, (0.62, 0.62, 0.63)), (bar, 2.2, (0.60, 0.43, 0.27))):
        points = frame.to_px(line)
        window = window_round(points, canvas.side, 3 * frame.scale)
        if not window.is_empty:
            canvas.paint(window, colour, stroke(points, width * frame.scale, window))
