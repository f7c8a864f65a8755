"""Two ways after which a pattern repeats: found for dots at any turn and size, and not where there are none."""

import numpy as np
import pytest

from tryon.images.lattices import find_lattice

SIDE = 160


def cloth(first: tuple[float, float], second: tuple[float, float], side: int = SIDE) -> np.ndarray:
    """Light dots (L 80 on 30) at all whole multiples of two ways (x, y)."""
    y, x = np.mgrid[:side, :side].astype(np.float64)
    parts = np.linalg.solve(np.array([first, second]).T, np.stack([x.ravel(), y.ravel()]))
    away = parts - np.rint(parts)
    dots = np.hypot(*(np.array([first, second]).T @ away)).reshape(side, side) < 4
    return np.stack([np.where(dots, 80, 30), np.zeros_like(x), np.zeros_like(x)], axis=-1).astype(np.float32)


def leads_to_itself(way: np.ndarray, first: tuple[float, float], second: tuple[float, float]) -> bool:
    parts = np.linalg.solve(np.array([first, second]).T, way)
    return bool(np.abs(parts - np.rint(parts)).max() < 0.05 and np.abs(parts).max() > 0.5)


@pytest.mark.parametrize(
    ("first", "second"), [((14.0, 0.0), (0.0, 14.0)), ((13.0, 3.0), (-3.0, 13.0)), ((14.5, 1.0), (7.7, 13.0))]
)
@pytest.mark.parametrize("side", [SIDE, 400])
def test_the_ways_of_a_pattern_are_found(first: tuple[float, float], second: tuple[float, float], side: int) -> None:
    inside = np.ones((side, side), bool)
    inside[: side // 4, : side // 3] = False
    found = find_lattice(cloth(first, second, side), inside)
    assert found is not None and found.shape == (2, 2)
    assert all(leads_to_itself(way, first, second) for way in found)
    assert abs(np.linalg.det(found)) == pytest.approx(abs(np.linalg.det([first, second])), rel=0.1)


@pytest.mark.parametrize("kind", ["plain", "noise", "print", "tiny", "nothing"])
def test_cloth_that_does_not_repeat_has_none(kind: str) -> None:
    lab, inside = np.full((SIDE, SIDE, 3), 50.0, np.float32), np.ones((SIDE, SIDE), bool)
    if kind == "noise":
        lab += np.random.default_rng(1).normal(0, 5, lab.shape).astype(np.float32)
    elif kind == "print":
        lab[40:80, 50:110] = 90
    elif kind == "tiny":
        lab, inside = lab[:2, :3], inside[:2, :3]
    elif kind == "nothing":
        inside[:] = False
    assert find_lattice(lab, inside) is None
