"""Scenes: everything of a picture except the look of the shirt, drawn once and kept as maps.

`sample_scene` decides, `draw_scene` paints from back to front, and `tryon.rendering.photo` adds a look. The same
scene with another look is therefore the exact answer to a try-on.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from tryon.rendering import backdrop, occluders
from tryon.rendering.canvas import Canvas
from tryon.rendering.cut import Cut, Shirt, arm_of, sample_cut
from tryon.rendering.drape import back_cloth, sleeve_cloth, torso_cloth
from tryon.rendering.drawing import Floats, blur, enlarge, fill, window_round
from tryon.rendering.figure import Arm, Figure, Frame, sample_figure
from tryon.rendering.hair import Hair, paint_back_hair, paint_front_hair, sample_hair
from tryon.rendering.head import Face, HeadFrame, head_frame, paint_head, paint_neck, sample_face, skull_outline
from tryon.rendering.light import Light, sample_light
from tryon.rendering.limbs import Legwear, arm_outline, paint_arm, paint_legs, sample_legwear
from tryon.rendering.wrinkles import sleeve_folds, torso_folds

SUPERSAMPLE = 2


@dataclass(frozen=True)
class Scene:
    """Person, pose, cut of the shirt, light, background, things in front and framing; no look."""

    size_px: int
    figure: Figure
    cut: Cut
    face: Face
    hair: Hair
    legwear: Legwear
    light: Light
    frame: Frame
    zoom_in: int
    backdrop_kind: backdrop.Kind
    backdrop_hint: tuple[float, float, float] | None
    bag: occluders.Bag | None
    grain: float
    seed: int

    @cached_property
    def shirt(self) -> Shirt:
        return Shirt(self.cut, self.figure)


def sample_scene(
    rng: np.random.Generator, size_px: int, backdrop_hint: tuple[float, float, float] | None = None
) -> Scene:
    """A random scene for a square picture of `size_px`; `backdrop_hint` is a colour that the wall may come close to."""
    figure = sample_figure(rng)
    hair = sample_hair(rng, figure.build.female)
    kind = backdrop.KINDS[rng.choice(4, p=[0.22, 0.18, 0.25, 0.35])]
    frame, zoom_in = _sample_frame(rng, size_px * SUPERSAMPLE)
    return Scene(
        size_px=size_px,
        figure=figure,
        cut=sample_cut(rng),
        face=sample_face(rng, figure.build.female, hair.colour),
        hair=hair,
        legwear=sample_legwear(rng, figure.build.female),
        light=sample_light(rng),
        frame=frame,
        zoom_in=zoom_in,
        backdrop_kind=kind,
        backdrop_hint=backdrop_hint if kind in ("plain", "gradient") and rng.random() < 0.25 else None,
        bag=occluders.sample_bag(rng, figure),
        grain=float(rng.uniform(0.002, 0.007)),
        seed=int(rng.integers(2**31)),
    )


def draw_scene(scene: Scene) -> Canvas:
    """Paint the scene from back to front."""
    rng = np.random.default_rng(scene.seed)
    side = scene.size_px * SUPERSAMPLE
    canvas = Canvas(side)
    figure, frame, light = scene.figure, scene.frame, scene.light
    head = head_frame(figure)
    canvas.rest = backdrop.draw_backdrop(rng, scene.backdrop_kind, side, light, scene.backdrop_hint)
    if scene.backdrop_kind != "street":
        backdrop.cast_on_wall(canvas.rest, _silhouette(scene, head), light, 0.055 * side)
    paint_back_hair(canvas, frame, light, head, scene.hair, rng)
    far, near = _arms_by_distance(figure)
    for arm in (far, near):
        if arm.pose in ("pocket", "behind") or (arm is far and abs(figure.yaw) > 0.45):
            paint_arm(canvas, frame, light, figure, arm, scene.face.skin)
    paint_legs(canvas, frame, light, figure, scene.legwear, scene.face.skin, rng)
    if abs(figure.yaw) > 0.45:
        _dress_arm(canvas, scene, far, rng, bare=False)
    _paint_torso(canvas, scene, head, rng)
    for arm in (far, near):
        hidden = arm is far and abs(figure.yaw) > 0.45 and arm.pose not in ("bent", "crossed", "hip")
        if not hidden:
            _dress_arm(canvas, scene, arm, rng, bare=True)
    paint_head(canvas, frame, light, head, scene.face)
    paint_front_hair(canvas, frame, light, head, scene.hair, rng)
    return canvas


def shrink(array: Floats) -> Floats:
    """A canvas map at the picture's own size."""
    height, width = array.shape[:2]
    return np.asarray(
        cv2.resize(array, (width // SUPERSAMPLE, height // SUPERSAMPLE), interpolation=cv2.INTER_AREA), np.float32
    )


def _paint_torso(canvas: Canvas, scene: Scene, head: HeadFrame, rng: np.random.Generator) -> None:
    """Back of the collar, neck, body of the shirt, bag; with the shadow of the chin."""
    figure, frame, light, shirt = scene.figure, scene.frame, scene.light, scene.shirt
    _cast(
        canvas, [frame.to_px(figure.bend(shirt.torso_outline))], light, frame, spread_cm=2.0, strength=0.35, drop_cm=1.5
    )
    canvas.drape(back_cloth(shirt, frame, light))
    paint_neck(canvas, frame, light, figure, head, scene.face.skin)
    _cast(
        canvas, [frame.to_px(figure.bend(shirt.torso_outline))], light, frame, spread_cm=0.5, strength=0.3, drop_cm=0.0
    )
    canvas.drape(torso_cloth(shirt, frame, light, torso_folds(rng, shirt)))
    _cast(
        canvas,
        [frame.to_px(head.to_body(skull_outline(head, 0.0)))],
        light,
        frame,
        spread_cm=3.0,
        strength=0.25,
        drop_cm=4.0,
    )
    if scene.bag is not None:
        occluders.paint_bag(canvas, frame, light, shirt, scene.bag)


def _dress_arm(canvas: Canvas, scene: Scene, arm: Arm, rng: np.random.Generator, *, bare: bool) -> None:
    """An arm with its hand, the shadow it casts on the shirt, and the sleeve over it."""
    figure, frame, light, shirt = scene.figure, scene.frame, scene.light, scene.shirt
    sleeve = [frame.to_px(outline) for outline in shirt.sleeve_outlines(arm.side)]
    tucked_away = arm.pose in ("pocket", "behind")
    if bare:
        limb = [] if tucked_away else [frame.to_px(arm_outline(figure, arm))]
        _cast(canvas, [*limb, *sleeve], light, frame, spread_cm=1.6, strength=0.34, drop_cm=0.8)
        paint_arm(canvas, frame, light, figure, arm, scene.face.skin, upper_only=tucked_away)
    _cast(canvas, sleeve, light, frame, spread_cm=0.8, strength=0.4, drop_cm=0.9)
    canvas.drape(sleeve_cloth(shirt, arm.side, frame, light, sleeve_folds(rng, shirt, arm.side)))


def _cast(
    canvas: Canvas,
    outlines_px: list[Floats],
    light: Light,
    frame: Frame,
    *,
    spread_cm: float,
    strength: float,
    drop_cm: float,
) -> None:
    """A soft shadow of some outlines on everything painted so far except the distant background."""
    offset = np.array([-light.direction[0], 0.6]) * drop_cm * frame.scale
    moved = [outline + offset.astype(np.float32) for outline in outlines_px]
    window = window_round(np.concatenate(moved), canvas.side, 3 * spread_cm * frame.scale)
    if window.is_empty:
        return
    coarse = fill([outline / 2 for outline in moved], window.coarse)
    shadow = enlarge(blur(coarse, spread_cm * frame.scale / 2))
    body = np.minimum(canvas.alpha[window.slices] + canvas.body[window.slices], 1)
    canvas.darken(window, 1 - np.float32(strength) * shadow * body)


def _arms_by_distance(figure: Figure) -> tuple[Arm, Arm]:
    """The arm farther from the camera first."""
    near_side = -1 if figure.yaw > 0 else 1
    return arm_of(figure, -near_side), arm_of(figure, near_side)


def _silhouette(scene: Scene, head: HeadFrame) -> Floats:
    """Rough coverage of the whole person at a quarter of the canvas's size, for the shadow on the wall."""
    frame, figure, shirt = scene.frame, scene.figure, scene.shirt
    side = scene.size_px * SUPERSAMPLE // 4
    hip = float(figure.half_width(np.array([54.0], np.float32))[0])
    legs = np.array([[-hip, 50], [hip, 50], [hip * 0.8, 140], [-hip * 0.8, 140]], np.float32)
    outlines = [figure.bend(shirt.torso_outline), head.to_body(skull_outline(head, 0.0)), legs]
    outlines += [arm_outline(figure, arm) for arm in figure.arms] + [
        outline for arm in figure.arms for outline in shirt.sleeve_outlines(arm.side)
    ]
    everything = np.array([[0, 0], [side, side]], np.float32)
    return fill([frame.to_px(outline) / 4 for outline in outlines], window_round(everything, side, 0))


def _sample_frame(rng: np.random.Generator, side: int) -> tuple[Frame, int]:
    """How much of the body the picture shows: whole, to the knees, to the hips, or cropped tight."""
    kind = rng.choice(4, p=[0.14, 0.30, 0.44, 0.12])
    top, bottom = [
        (rng.uniform(-46, -38), rng.uniform(150, 160)),
        (rng.uniform(-43, -35), rng.uniform(84, 112)),
        (rng.uniform(-41, -33), rng.uniform(58, 74)),
        (rng.uniform(-26, -16), rng.uniform(46, 58)),
    ][kind]
    scale = side / (bottom - top)
    spread = max(0.0, side - 62 * scale) * 0.22 + 0.03 * side
    x = side / 2 + rng.uniform(-1, 1) * spread
    return Frame(side, float(scale), float(rng.normal(0, 0.02)), (float(x), float(-top * scale))), (1, 1, 2, 3)[kind]
