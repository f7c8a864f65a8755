"""How far from its true place a fit takes the cloth of a shirt to be, and what that costs the stripes.

python benchmarks/cloth_places.py [--models models] [--photos 64] [--garments 16] [--seed 777]

Draws plain shirts worn and striped garments lying, finds both, and prints two tables. The first: centimetres between
the place on the cloth that a pose gives a pixel and the renderer's own, for landmarks found and true ones: of the torso
the standard deviation between pictures at 25 cm below the neck (a shirt's middle) and of its scale, then the root mean
square over its pixels, the collar's inside among them, and over those of the sleeves. The second: distances of fitted
pairs to their exact answers with landmarks found, with true ones of either shirt, with the exact cloth of either, and
with the exact cloth moved and scaled at random: how exact a place must be. None of the pictures is one of the test
pairs.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import load_params
from tryon.console import print_table
from tryon.evaluation.baselines import recolour_by_luminance
from tryon.evaluation.fitting import FittedPair, Picture, Scores, score_pair
from tryon.fitting import Fitter, Segment, garment_cloth
from tryon.fitting.frames import Frame
from tryon.fitting.posing import LEFT_SLEEVE, RIGHT_SLEEVE, TORSO, Pose, Source, find_pose
from tryon.fitting.shading import extend_outwards
from tryon.geometry.landmarks import ABSENT, FACE
from tryon.images.files import decode_own, encode_jpeg
from tryon.rendering import canvas
from tryon.rendering.annotation import annotate_garment, annotate_photo, visible_mask
from tryon.rendering.canvas import Canvas
from tryon.rendering.dataset import draw_photo, stream
from tryon.rendering.keypoints import person_keypoints
from tryon.rendering.looks import Look, sample_look
from tryon.rendering.photo import DrawnScene, exact_answer, wear
from tryon.rendering.scene import SUPERSAMPLE
from tryon.rendering.shop import render_garment, sample_layout

Floats = NDArray[np.float32]
How = Literal["found", "true landmarks", "exact"]
_PIECES = {
    canvas.TORSO: TORSO, canvas.LEFT_SLEEVE: LEFT_SLEEVE, canvas.RIGHT_SLEEVE: RIGHT_SLEEVE,
    canvas.COLLAR: TORSO, canvas.INSIDE: TORSO,
}  # fmt: skip
_MIDDLE_CM = 25.0
_LEAST_PIXELS = 200  # of a piece, for its frame to be told
_COLUMNS = ("ciede2000", "ssim", "stripe_phase_error")
# Standard deviations of offset (cm) and scale that exact cloth is put out of place by.
_ERRORS = ((0.5, 0.01), (0.8, 0.02), (1.0, 0.03), (1.2, 0.04))


@dataclass(frozen=True, eq=False)
class Mapped(Frame):
    """A frame that looks places of the cloth up, in u and v (H, W); of the base class it has the scale alone."""

    u: Floats
    v: Floats

    def to_cloth(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """The cloth of whole pixels; any shape."""
        at = y.astype(int), x.astype(int)
        return self.u[at], self.v[at]


@dataclass(frozen=True, eq=False)
class Cloth:
    """The renderer's cloth: u and v (H, W) in centimetres, the piece of each pixel (0 for none), pixels for a cm."""

    u: Floats
    v: Floats
    pieces: NDArray[np.uint8]
    scale: float

    @classmethod
    def of(cls, drawn: Canvas, alpha: Floats, scale: float) -> "Cloth":
        """What a canvas holds, at the picture's size."""
        every = np.s_[::SUPERSAMPLE, ::SUPERSAMPLE]
        u, v = drawn.u[every], drawn.v[every]
        known = np.array([_PIECES[each] for each in range(len(_PIECES))], np.uint8)[drawn.part[every]]
        u = np.where(known == TORSO, u, -u)  # the renderer's run to the left on sleeves that hang down
        return cls(u, v, np.where(visible_mask(alpha), known, 0).astype(np.uint8), scale / SUPERSAMPLE)

    def within(self, mask: NDArray[np.bool_]) -> "Cloth":
        """The cloth over another mask, continued from the nearest pixel."""
        u, v, pieces = (
            extend_outwards(each.astype(np.float32), self.pieces > 0) for each in (self.u, self.v, self.pieces)
        )
        return replace(self, u=u, v=v, pieces=np.where(mask, pieces, 0).astype(np.uint8))

    def moved(self, offset_cm: float, stretch: float) -> "Cloth":
        """Out of place, by an error of the offset and one of the scale."""
        return replace(self, v=(self.v + offset_cm + stretch * (self.v - _MIDDLE_CM)).astype(np.float32))

    def pose(self) -> Pose:
        """For a worn shirt: every pixel at its own place."""
        frame = Mapped(np.zeros(2), np.array([self.scale, 0.0]), self.u, self.v)
        return Pose(dict.fromkeys((TORSO, LEFT_SLEEVE, RIGHT_SLEEVE), frame), self.pieces, "landmarks")

    def lying(self) -> Pose:
        """For a lying garment: the frame nearest to each piece."""
        found = {piece: self._frame(piece) for piece in (TORSO, LEFT_SLEEVE, RIGHT_SLEEVE)}
        return Pose({piece: each for piece, each in found.items() if each is not None}, self.pieces, "landmarks")

    def _frame(self, piece: int) -> Frame | None:
        rows, columns = np.nonzero(self.pieces == piece)
        if len(rows) < _LEAST_PIXELS:
            return None
        u, v = (each[rows, columns].astype(float) for each in (self.u, self.v))
        one, none = np.ones_like(u), np.zeros_like(u)
        equations = np.concatenate([np.stack([u, -v, one, none], axis=1), np.stack([v, u, none, one], axis=1)])
        found = np.linalg.lstsq(equations, np.concatenate([columns, rows]).astype(float), rcond=None)[0]
        return Frame(origin=found[2:], across=found[:2])


@dataclass(frozen=True, eq=False)
class Shirt:
    """A drawn shirt as it was found, with its cloth, its true landmarks (25, 3) and its wearer's true face (5, 3)."""

    found: Segment
    cloth: Cloth
    landmarks: Floats
    face: Floats | None


def main() -> None:
    """Draw, find, and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with mask_rcnn/ and cyclegan/")
    parser.add_argument("--photos", type=int, default=64)
    parser.add_argument("--garments", type=int, default=16)
    parser.add_argument("--seed", type=int, default=777)
    parser.add_argument("--size-px", type=int, default=256)
    given = parser.parse_args()
    params = load_params()
    fitter = Fitter.load(given.models / "mask_rcnn", given.models / "cyclegan", params.fitting, params.cutouts.margin)
    garments = [lying(fitter, given.seed, index, given.size_px) for index in range(given.garments)]
    people = [worn(fitter, given.seed, index, given.size_px) for index in range(given.photos)]
    shirts = {"worn": [shirt for shirt, _ in people if shirt], "lying": [shirt for shirt, _ in garments if shirt]}
    print_table(
        ("shirts", "landmarks", "number", "middle", "scale %", "torso", "sleeves"),
        [
            (source, how, str(len(of)), *place_errors(of, source, how))  # type: ignore[arg-type]
            for source, of in shirts.items()
            for how in ("found", "true landmarks")
        ],
    )
    pairs = [
        (shirt, garment, exact_answer(shirt.found.picture, drawn, look))
        for (shirt, drawn), (garment, look) in zip(people, garments * len(people), strict=False)
        if shirt and garment
    ]
    print_table(("worn", "lying", "pairs", "CIEDE2000", "SSIM", "stripe place"), fitted_rows(fitter, pairs))


def worn(fitter: Fitter, seed: int, index: int, size_px: int) -> tuple[Shirt | None, DrawnScene]:
    """A person in a plain shirt; None where it is not found."""
    drawn, look, _ = draw_photo(seed, "test", index // 2 * 3 + index % 2, size_px)  # the third of three is not plain
    picture = decode_own(encode_jpeg(wear(drawn, look).image), "photo")
    landmarks = annotate_photo(drawn).items["item1"].landmarks
    cloth = Cloth.of(drawn.canvas, drawn.alpha, drawn.scene.frame.scale)
    face = person_keypoints(drawn.scene)[: len(FACE)]
    return _found(fitter, picture, cloth, landmarks, face), drawn


def lying(fitter: Fitter, seed: int, index: int, size_px: int) -> tuple[Shirt | None, Look]:
    """A striped garment in a shop picture; None where it is not found."""
    rng = stream(seed, 1, 2, 9, index)
    look, layout = sample_look(rng, "striped"), sample_layout(rng, size_px)
    garment = render_garment(layout, look)
    picture = decode_own(encode_jpeg(garment.image), "garment")
    landmarks = annotate_garment(garment, layout.frame).items["item1"].landmarks
    return _found(fitter, picture, Cloth.of(garment.canvas, garment.alpha, layout.frame.scale), landmarks), look


def _found(
    fitter: Fitter, picture: Picture, cloth: Cloth, landmarks: NDArray[Any], face: Floats | None = None
) -> Shirt | None:
    (found,) = fitter.segment([picture])
    return None if found is None else Shirt(found, cloth, _present(landmarks), None if face is None else _present(face))


def _present(points: NDArray[Any]) -> Floats:
    """Annotated points as a network that is always right would give them."""
    return np.column_stack([points[:, :2], points[:, 2] > ABSENT]).astype(np.float32)


def pose_of(shirt: Shirt, source: Source, how: How) -> Pose:
    """How a shirt lies, told in one of the ways."""
    if how == "exact":
        cloth = shirt.cloth.within(shirt.found.mask)
        return cloth.pose() if source == "worn" else cloth.lying()
    found = shirt.found
    if how == "found":
        return find_pose(found.mask, found.landmarks, source, found.face)
    return find_pose(found.mask, shirt.landmarks, source, shirt.face)


def place_errors(shirts: Sequence[Shirt], source: Source, how: How) -> tuple[str, ...]:
    """Spread of the middle's place and of the scale, root mean squares of the torso's and the sleeves' pixels."""
    lines, torso, sleeves = [], [], []
    for shirt in shirts:
        difference, own = v_errors(shirt.cloth, pose_of(shirt, source, how))
        of_torso = own == TORSO
        height = shirt.cloth.v[of_torso] - _MIDDLE_CM
        lines.append(np.polyfit(height, difference[of_torso], 1))
        torso.append(np.square(difference[of_torso]).mean())
        if (own > TORSO).any():
            sleeves.append(np.square(difference[own > TORSO]).mean())
    stretch, middle = np.std(lines, axis=0)
    return f"{middle:.2f}", f"{100 * stretch:.1f}", *(f"{np.sqrt(np.mean(of)):.2f}" for of in (torso, sleeves))


def v_errors(cloth: Cloth, pose: Pose) -> tuple[Floats, NDArray[np.uint8]]:
    """Error (H, W) of v in centimetres, and the true piece of each pixel that was found; 0 elsewhere."""
    difference = np.zeros(cloth.v.shape, np.float32)
    for piece, frame in pose.frames.items():
        rows, columns = np.nonzero(pose.pieces == piece)
        _, v = frame.to_cloth(columns.astype(np.float32), rows.astype(np.float32))
        difference[rows, columns] = v - cloth.v[rows, columns]
    return difference, np.where(pose.pieces > 0, cloth.pieces, 0).astype(np.uint8)


def fitted_rows(fitter: Fitter, pairs: Sequence[tuple[Shirt, Shirt, Picture]]) -> list[tuple[str, ...]]:
    """Scores of the pairs for each way to tell the two poses."""
    ways: list[tuple[How, How]] = [
        ("found", "found"), ("true landmarks", "found"), ("found", "true landmarks"),
        ("true landmarks", "true landmarks"), ("exact", "found"), ("found", "exact"), ("exact", "exact"),
    ]  # fmt: skip
    rows = [("recoloured by luminance", "-", *_means([score(*pair, recoloured(pair)) for pair in pairs]))]
    for of_worn, of_lying in ways:
        poses = [(pose_of(one, "worn", of_worn), pose_of(other, "lying", of_lying)) for one, other, _ in pairs]
        rows.append((of_worn, of_lying, *_means(fit_and_score(fitter, pairs, poses))))
    for offset_cm, stretch in _ERRORS:
        rng = np.random.default_rng(0)
        poses = []
        for one, other, _ in pairs:
            moved = one.cloth.within(one.found.mask).moved(rng.normal(0, offset_cm), rng.normal(0, stretch))
            poses.append((moved.pose(), pose_of(other, "lying", "exact")))
        name = f"exact, off by {offset_cm} cm and {100 * stretch:.0f} %"
        rows.append((name, "exact", *_means(fit_and_score(fitter, pairs, poses))))
    return rows


def fit_and_score(
    fitter: Fitter, pairs: Sequence[tuple[Shirt, Shirt, Picture]], poses: Sequence[tuple[Pose, Pose]]
) -> list[Scores]:
    """Scores of the pairs, each fitted with given poses of its two shirts."""
    scored = []
    for (one, other, answer), given in zip(pairs, poses, strict=True):
        told: Callable[..., Pose] = lambda _, __, source, *___, given=given: given[source == "lying"]  # noqa: E731
        with patch.object(garment_cloth, "find_pose", told):
            scored.append(score(one, other, answer, fitter.dress(one.found, other.found, "striped").image))
    return scored


def recoloured(pair: tuple[Shirt, Shirt, Picture]) -> Picture:
    """The photo with the worn shirt in the garment's mean colour."""
    found, garment, _ = pair
    lab = np.array(garment.found.look.lab, np.float32)
    return recolour_by_luminance(found.found.picture, found.found.mask.astype(np.float32), lab)


def score(one: Shirt, other: Shirt, answer: Picture, result: Picture) -> Scores:
    """Distances of a result to the exact answer within the true shirt."""
    alpha, lab = one.found.mask.astype(np.float32), np.array(other.found.look.lab, np.float32)
    return score_pair(FittedPair(one.found.picture, result, alpha, lab, answer, one.cloth.pieces > 0))


def _means(scored: Sequence[Scores]) -> tuple[str, ...]:
    values = [[each[name] for each in scored if name in each] for name in _COLUMNS]
    return (str(len(scored)), *(f"{np.mean(of):.3f}" if of else "-" for of in values))


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
