"""Where a trained Mask R-CNN sees landmarks and outlines on the cloth: what `tryon.fitting.posing` weighs them by.

python benchmarks/cloth_frames.py [--models models] [--photos 240] [--garments 120] [--seed 777]

Draws photos and shop pictures, finds the shirt in each, and prints for each landmark, and each point of the wearer's
face, its median place on the cloth in centimetres (x to the right on a right half, y down from the hollow of the neck)
and the deviation along both (of normal noise of the same median, so that few great errors count little); then y of the
mask's upper and lower end and half of its width; where the seam of a sleeve runs, and y on the sleeve's own cloth where
it begins below the arm; the joint: the place of the torso from which a sleeve runs to the middle of its cuff, chosen so
that the sleeves' stripes agree (how well, 1 for wholly, is printed). Of worn shirts at last how far the front's middle
lies beside the body's axis: the shares of the collar's and the nose's way to the side that tell it best, the error that
is left, and the one of taking the axis for the middle. Pictures that cut the shirt off tell of sleeves and the front's
middle only.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.console import print_table
from tryon.fitting.frames import Frame
from tryon.fitting.posing import LEVELS, Source, find_pose, round_body, trusted_points, turn_signs
from tryon.fitting.posing import TORSO as TORSO_PIECE
from tryon.fitting.segments import Predictor, Segment, find_shirts
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP
from tryon.models.mask_rcnn import load_predictor
from tryon.rendering.canvas import LEFT_SLEEVE, RIGHT_SLEEVE, TORSO, Canvas
from tryon.rendering.dataset import draw_photo, stream
from tryon.rendering.looks import STRIPE_PERIOD_CM, sample_look
from tryon.rendering.photo import wear
from tryon.rendering.scene import SUPERSAMPLE
from tryon.rendering.shop import render_garment, sample_layout

Points = NDArray[np.float64]
_RIM_PX = 5
_SLEEVES = {"left": (LEFT_SLEEVE, -1), "right": (RIGHT_SLEEVE, 1)}
_SEAM_LEVELS = (2.0, 5.0, 8.0, 11.0)
_LEAST_PIXELS = 30  # of a sleeve or of the front's middle, to tell anything
_NEAR_MIDDLE_CM, _CHEST_CM = 8.0, 18.0  # cloth that tells where the front's middle is: near it, and below the arms


class Drawn(NamedTuple):
    """A drawn shirt: its picture, true landmarks (25, 2) in it, pixels of a centimetre, and the maps of its cloth."""

    picture: NDArray[np.uint8]
    landmarks: Points
    scale: float
    canvas: Canvas


def main() -> None:
    """Print one table for worn shirts and one for lying garments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/")
    parser.add_argument("--photos", type=int, default=240)
    parser.add_argument("--garments", type=int, default=120)
    parser.add_argument("--seed", type=int, default=777)
    parser.add_argument("--size-px", type=int, default=256)
    arguments = parser.parse_args()
    predictor = load_predictor(arguments.models / "mask_rcnn")
    sources: tuple[tuple[Source, Iterator[Drawn]], ...] = (
        ("worn", photos(arguments.seed, arguments.photos, arguments.size_px)),
        ("lying", garments(arguments.seed, arguments.garments, arguments.size_px)),
    )
    for source, drawn in sources:
        print_table((source, "number", "x", "y", "deviation x", "deviation y"), rows(predictor, drawn, source))


def photos(seed: int, count: int, size_px: int) -> Iterator[Drawn]:
    """Photos of people in shirts."""
    for index in range(count):
        drawn, look, _ = draw_photo(seed, "train", index, size_px)
        frame, shirt = drawn.scene.frame, drawn.scene.shirt
        points = frame.to_px(shirt.landmarks()) / SUPERSAMPLE - 0.5
        yield Drawn(wear(drawn, look).image, points.astype(float), frame.scale / SUPERSAMPLE, drawn.canvas)


def garments(seed: int, count: int, size_px: int) -> Iterator[Drawn]:
    """Shop pictures."""
    for index in range(count):
        rng = stream(seed, 1, 0, 9, index)
        look, layout = sample_look(rng, ("plain", "blue", "striped")[index % 3]), sample_layout(rng, size_px)
        garment = render_garment(layout, look)
        points = layout.frame.to_px(garment.shirt.landmarks()) / SUPERSAMPLE - 0.5
        yield Drawn(garment.image, points.astype(float), layout.frame.scale / SUPERSAMPLE, garment.canvas)


def rows(predictor: Predictor, drawn: Iterator[Drawn], source: Source) -> list[tuple[str, ...]]:
    """Name, number, means and standard deviations of everything that was seen."""
    seen: dict[str, list[tuple[float, float]]] = {}
    seen_sleeves: list[Sleeve] = []
    turned: list[tuple[float, float, float]] = []
    for each in drawn:
        (found,) = find_shirts(predictor, [each.picture])
        if found is None or found.landmarks is None:
            continue
        seen_sleeves += sleeves(each, found, source)
        turned += turns(each, found, source)
        side = each.picture.shape[0]
        if not ((each.landmarks < _RIM_PX).any() or (each.landmarks > side - _RIM_PX).any()):
            for name, place in sightings(each, found):
                seen.setdefault(name, []).append(place)
    of_torso = [(name, str(len(of)), *(f"{value:.1f}" for value in _summary(of))) for name, of in seen.items()]
    return [*of_torso, *sleeve_rows(seen_sleeves), *(turn_rows(np.array(turned)) if turned else [])]


def sightings(drawn: Drawn, found: Segment) -> Iterator[tuple[str, tuple[float, float]]]:
    """Name and place on the cloth of each landmark, and of the outline's ends and sides."""
    assert found.landmarks is not None
    named = trusted_points(found.landmarks, found.face, found.mask.shape)
    to_cloth = true_frame(drawn)
    for name, point in named.items():
        x, y = to_cloth(point[None])[0]
        sign = -1 if name.endswith("_left") else 1
        yield name.removesuffix("_left").removesuffix("_right"), (sign * x, y)
    ys, xs = np.nonzero(found.mask)
    x, y = to_cloth(np.stack([xs, ys], axis=1).astype(float)).T
    yield "upper end", (0.0, float(y.min()))
    yield "lower end", (0.0, float(y.max()))
    for level in LEVELS:
        near = x[np.abs(y - level) < 0.5]
        if near.size:
            yield "half width", (float(np.ptp(near)) / 2, level)


class Sleeve(NamedTuple):
    """Places (N, 2) of a sleeve's pixels on the torso's cloth, as on a right half, y on its own; its cuff's middle."""

    places: Points
    own_y: Points
    cuff: Points


def sleeves(drawn: Drawn, found: Segment, source: Source) -> Iterator[Sleeve]:
    """The visible sleeves, as the frame that fitting finds for the torso sees them."""
    assert found.landmarks is not None
    named = dict(zip(SHORT_SLEEVE_TOP, found.landmarks[:, :2], strict=True))
    torso = flat_torso(found, source)
    for side, (part, sign) in _SLEEVES.items():
        points, own_y = part_of(drawn.canvas, part)
        if len(own_y) >= _LEAST_PIXELS:
            cuff = (named[f"cuff_outer_{side}"] + named[f"cuff_inner_{side}"]) / 2
            places = np.stack(torso.to_cloth(*np.concatenate([points, cuff[None]]).astype(np.float32).T), axis=1)
            places[:, 0] *= sign
            yield Sleeve(places[:-1].astype(float), own_y, places[-1].astype(float))


def flat_torso(found: Segment, source: Source) -> Frame:
    """The frame that fitting finds for the torso, not bent round the body."""
    fitted = find_pose(found.mask, found.landmarks, source, found.face).frames[TORSO_PIECE]
    return Frame(fitted.origin, fitted.across)


def turns(drawn: Drawn, found: Segment, source: Source) -> Iterator[tuple[float, float, float]]:
    """What collar and nose say of the wearer's turn, and how far the front's middle lies beside the axis in truth."""
    if source != "worn":
        return
    flat, named = flat_torso(found, source), trusted_points(found.landmarks, found.face, found.mask.shape)
    body = round_body(flat, named)
    points, v = part_of(drawn.canvas, TORSO)
    u = part_of(drawn.canvas, TORSO, "u")[1]
    near = (np.abs(u) < _NEAR_MIDDLE_CM) & (v > _CHEST_CM)
    if body is not None and np.count_nonzero(near) >= _LEAST_PIXELS:
        x, y = flat.to_cloth(*points[near].T.astype(np.float32))
        axis = np.interp(y, body.sides[:, 0], body.sides[:, 1:].mean(axis=1))
        yield *turn_signs(flat, named, float(body.sides[0, 1:].mean())), float(np.median(x - u[near] - axis))


def turn_rows(turned: Points) -> list[tuple[str, ...]]:
    """The shares that tell the front's middle best, and the errors (cm) with them and without."""
    signs, truth = turned[:, :2], turned[:, 2]

    shares = np.linalg.lstsq(signs, truth, rcond=None)[0]
    left, of_axis = (float(np.sqrt(np.square(error).mean())) for error in (truth - signs @ shares, truth))
    count, (collar, nose) = str(len(turned)), shares
    return [
        ("turn by the collar, the nose", count, f"{collar:.2f}", f"{nose:.2f}", "", ""),
        ("error of that, of the axis", count, f"{left:.1f}", "", f"{of_axis:.1f}", ""),
    ]


def sleeve_rows(seen: Sequence[Sleeve]) -> list[tuple[str, ...]]:
    """Seam, beginning and joint."""
    rows = []
    for level in _SEAM_LEVELS:
        near = [each.places[np.abs(each.places[:, 1] - level) < 0.5, 0] for each in seen]
        ends = np.array([x.min() for x in near if x.size])
        rows.append(("seam", str(len(ends)), f"{np.median(ends):.1f}", f"{level:.1f}", f"{ends.std():.1f}", ""))
    inner = np.array([each.own_y[each.places[:, 0].argmin()] for each in seen])
    rows.append(("begins", str(len(inner)), "", f"{np.median(inner):.1f}", "", f"{inner.std():.1f}"))
    agreement, x, y, own_y = max(_joint(seen, x, y) for x in np.arange(10, 24.0) for y in np.arange(0, 14.0))
    rows.append(("joint", str(len(seen)), f"{x:.1f}", f"{y:.1f}", f"{agreement:.2f}", ""))
    return [*rows, ("joint, on the sleeve", str(len(seen)), "", f"{own_y:.1f}", "", "")]


def _joint(seen: Sequence[Sleeve], x: float, y: float) -> tuple[float, float, float, float]:
    """How well stripes of sleeves that turn about a place agree, 1 for wholly; the place, and y on the sleeve there."""
    along = [(each.cuff - (x, y)) / np.hypot(*(each.cuff - (x, y))) for each in seen]
    starts = np.concatenate([each.own_y - (each.places - (x, y)) @ to for each, to in zip(seen, along, strict=True)])
    middle = float(np.median(starts))
    agreed = np.exp(2j * np.pi * (starts - middle) / STRIPE_PERIOD_CM).mean()
    return float(np.abs(agreed)), x, y, middle + float(np.angle(agreed)) / (2 * np.pi) * STRIPE_PERIOD_CM


def true_frame(drawn: Drawn) -> Any:
    """From places of the picture (N, 2) to places of the torso's cloth: along the line from neck to hem, by the y that
    the renderer gave the cloth's pixels."""
    named = dict(zip(SHORT_SLEEVE_TOP, drawn.landmarks, strict=True))
    neck, hem = ((named[f"{name}_left"] + named[f"{name}_right"]) / 2 for name in ("neck", "hem"))
    along = (hem - neck) / np.hypot(*(hem - neck))
    across = np.array([along[1], -along[0]])
    points, v = part_of(drawn.canvas, TORSO)
    scale, start = np.polyfit(v, points @ along, 1)
    origin = neck + along * (start - neck @ along)
    return lambda places: np.stack([(places - origin) @ across, (places - origin) @ along], axis=1) / scale


def part_of(canvas: Canvas, part: int, along: Literal["u", "v"] = "v") -> tuple[Points, Points]:
    """Places (N, 2) in the picture and y on the cloth (N,), or x, of the visible pixels of a part."""
    pick = slice(1, None, SUPERSAMPLE)
    ys, xs = np.nonzero((canvas.part[pick, pick] == part) & (canvas.alpha[pick, pick] > 0.9))
    return np.stack([xs, ys], axis=1).astype(float), getattr(canvas, along)[pick, pick][ys, xs].astype(float)


def _summary(places: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    (x, y), normal = np.median(places, axis=0), 1.4826  # of the standard deviation for one of median distances
    dx, dy = normal * np.median(np.abs(np.array(places) - (x, y)), axis=0)
    return float(x), float(y), float(dx), float(dy)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
