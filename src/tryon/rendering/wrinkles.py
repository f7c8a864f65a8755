"""Which folds a worn T-shirt has: they follow the pose, the cut and the lean of the body."""

import numpy as np

from tryon.rendering.cut import Shirt, arm_of
from tryon.rendering.drawing import Floats
from tryon.rendering.figure import WAIST_Y
from tryon.rendering.folds import Fold, curved_fold

Point = tuple[float, float]


def torso_folds(rng: np.random.Generator, shirt: Shirt) -> list[Fold]:
    """Folds of the body of the shirt, in upright torso coordinates."""
    folds: list[Fold] = []
    for side in (-1, 1):
        folds += _armpit_drags(rng, shirt, side)
        folds += _waist_bunching(rng, shirt, side)
    folds += _hanging(rng, shirt)
    return folds + _shallow(rng, shirt)


def sleeve_folds(rng: np.random.Generator, shirt: Shirt, side: int) -> list[Fold]:
    """Folds of a sleeve in body coordinates: from the armpit to the outer edge, and near the hem."""
    outer, inner = shirt.sleeve_edges(side)
    pit = shirt.figure.bend(shirt.armpit(side)[None])[0]
    folds = []
    for _ in range(rng.integers(3, 6)):
        start = pit + (inner[-1] - pit) * rng.uniform(0.0, 0.55) + rng.normal(0, 0.6, 2)
        end = outer[int(rng.integers(3, 15))] * 0.8 + inner[int(rng.integers(8, 15))] * 0.2
        height = rng.uniform(0.2, 0.5) * (0.6 + 0.8 * shirt.cut.looseness)
        folds.append(curved_fold(_at(start), _at(end), side * rng.uniform(-1.2, 1.2), rng.uniform(1.0, 2.2), height))
    if shirt.cut.looseness > 0.35:
        hem = outer[-1] * 0.5 + inner[-1] * 0.5 + (outer[-1] - inner[-1]) * rng.uniform(-0.3, 0.3)
        top = outer[6] * 0.5 + inner[6] * 0.5
        folds.append(
            curved_fold(_at(top), _at(hem), rng.uniform(-0.8, 0.8), rng.uniform(1.4, 2.4), rng.uniform(0.25, 0.5))
        )
    return folds


def _armpit_drags(rng: np.random.Generator, shirt: Shirt, side: int) -> list[Fold]:
    """Drag lines that radiate from the armpit over the chest and down to the waist; stronger with a raised arm."""
    arm = arm_of(shirt.figure, side)
    pull = 0.55 + 0.9 * min(1.0, max(0.0, abs(arm.elbow[0]) - abs(arm.shoulder[0])) / 18)
    x, y = (float(value) for value in shirt.armpit(side))
    folds = []
    for _ in range(rng.integers(3, 6)):
        angle = rng.uniform(-0.35, 1.25)
        length = rng.uniform(7, 15) * (0.8 + 0.3 * pull)
        start = (x - side * rng.uniform(0.2, 2.0), y + rng.uniform(-3.0, 3.5))
        end = (start[0] - side * length * np.cos(angle), start[1] + length * np.sin(angle))
        folds.append(
            curved_fold(
                start, end, side * rng.uniform(-0.4, 1.6), rng.uniform(1.0, 2.6), rng.uniform(0.22, 0.55) * pull
            )
        )
    return folds


def _waist_bunching(rng: np.random.Generator, shirt: Shirt, side: int) -> list[Fold]:
    """Short crescents at the side of the waist; more on the side to which the body leans."""
    lean = shirt.figure.lean_cm * side
    count = int(rng.integers(2, 5) + (lean > 1.5))
    folds = []
    for _ in range(count):
        y = rng.normal(WAIST_Y + 3, 5)
        width = float(shirt.half_width(np.array([y], np.float32))[0])
        start = (side * (width - rng.uniform(0, 1.5)), y)
        end = (side * (width - rng.uniform(6, 14)), y + rng.uniform(-3.5, 5.0))
        height = rng.uniform(0.2, 0.5) * (1 + 0.12 * max(lean, 0))
        folds.append(curved_fold(start, end, side * rng.uniform(-1.6, 0.6), rng.uniform(1.1, 2.8), height))
    return folds


def _hanging(rng: np.random.Generator, shirt: Shirt) -> list[Fold]:
    """Long soft folds that fall from the chest to the hem of a loose shirt."""
    cut = shirt.cut
    count = round(2 + 5 * cut.looseness + rng.uniform(0, 1.5))
    width = float(shirt.half_width(np.array([cut.hem_y], np.float32))[0])
    folds = []
    for _ in range(count):
        end_x = rng.uniform(-0.92, 0.92) * width
        start = (end_x * rng.uniform(0.55, 0.85), rng.uniform(20, 34))
        end = (end_x, cut.hem_y + 3.0)
        height = rng.uniform(0.6, 1.3) * (0.45 + 0.8 * cut.looseness)
        folds.append(curved_fold(start, end, rng.uniform(-1.5, 1.5), rng.uniform(1.8, 4.0), height))
    return folds


def _shallow(rng: np.random.Generator, shirt: Shirt) -> list[Fold]:
    """Wide, shallow unevenness anywhere, so that no part of the cloth looks ironed onto a board."""
    folds = []
    for _ in range(7):
        start = (rng.uniform(-12, 12), rng.uniform(8, shirt.cut.hem_y - 6))
        angle, length = rng.uniform(-0.7, 0.7) + rng.choice([0, np.pi / 2]), rng.uniform(8, 20)
        end = (start[0] + length * np.cos(angle), start[1] + length * np.sin(angle))
        folds.append(curved_fold(start, end, rng.uniform(-2, 2), rng.uniform(2.2, 4.5), rng.uniform(0.35, 0.9)))
    return folds


def _at(point: Floats) -> Point:
    return float(point[0]), float(point[1])
