"""AP of landmarks against a slow version written from the protocol, and at the edges."""

import math

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation.landmarks import SIGMAS, landmark_ap, visibility_accuracy
from tryon.geometry.landmarks import FLIP_ORDER

Shirt = tuple[np.ndarray, np.ndarray]  # landmarks (25, 3), box (4,)


def shirt(seed: int, *, left: float = 20, top: float = 30, side: float = 100) -> Shirt:
    """A shirt with a few absent and hidden landmarks."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, side, (25, 2)) + np.array([left, top])
    visibility = rng.choice([0, 1, 2], size=25, p=[0.1, 0.3, 0.6])
    landmarks = np.column_stack([points, visibility])
    landmarks[visibility == 0] = 0
    return landmarks, np.array([left, top, left + side, top + side])


def moved(landmarks: np.ndarray, by: float, seed: int = 0) -> np.ndarray:
    """The landmarks, each shifted by `by` pixels in a direction of its own."""
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, 25)
    return np.column_stack([landmarks[:, 0] + by * np.cos(angle), landmarks[:, 1] + by * np.sin(angle), np.ones(25)])


def picture(*shirts: Shirt) -> tuple[np.ndarray, np.ndarray]:
    landmarks = np.array([points for points, _ in shirts]).reshape(-1, 25, 3)
    return landmarks, np.array([box for _, box in shirts]).reshape(-1, 4)


def said(*found: tuple[np.ndarray, float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([points for points, _ in found]).reshape(-1, 25, 3), np.array([score for _, score in found])


def slow_oks(truth: Shirt, found: np.ndarray, least: int) -> float:
    points, (x1, y1, x2, y2) = truth
    likeness = []
    for (x, y, visible), (found_x, found_y, _), sigma in zip(points, found, SIGMAS, strict=True):
        if visible >= least:
            distance = math.hypot(x - found_x, y - found_y)
            likeness.append(math.exp(-(distance**2) / (2 * (2 * sigma) ** 2 * (x2 - x1) * (y2 - y1))))
    return sum(likeness) / len(likeness)


def slow_ap(truths: list[list[Shirt]], founds: list[list[tuple[np.ndarray, float]]], least: int) -> list[float]:
    """AP at 0.50, 0.55, ..., 0.95; every shirt must have a landmark that counts."""
    averages = []
    for threshold in np.linspace(0.5, 0.95, 10):
        verdicts = []
        for shirts, found in zip(truths, founds, strict=True):
            free = list(range(len(shirts)))
            for points, score in sorted(found, key=lambda pair: -pair[1]):
                oks = {index: slow_oks(shirts[index], points, least) for index in free}
                best = max(oks, key=lambda index: oks[index], default=None)
                hit = best is not None and oks[best] >= threshold
                if hit:
                    free.remove(best)
                verdicts.append((score, hit))
        verdicts.sort(key=lambda verdict: -verdict[0])
        hits = np.cumsum([hit for _, hit in verdicts])
        recall = hits / sum(map(len, truths))
        precision = hits / np.arange(1, len(hits) + 1)
        at = [max(precision[recall >= wanted], default=0.0) for wanted in np.linspace(0, 1, 101)]
        averages.append(float(np.mean(at)))
    return averages


def random_case(seed: int) -> tuple[list[list[Shirt]], list[list[tuple[np.ndarray, float]]]]:
    rng = np.random.default_rng(seed)
    truths, founds = [], []
    for number in range(6):
        shirts = [shirt(100 * seed + number, side=rng.uniform(60, 140))]
        if number % 3 == 0:
            shirts.append(shirt(100 * seed + number + 50, left=170, side=80))
        found = [(moved(points, rng.uniform(0, 9), number), rng.uniform()) for points, _ in shirts]
        if number % 2:
            found.append((moved(shirts[0][0], 30), rng.uniform()))
        truths.append(shirts)
        founds.append(found if number != 4 else [])
    return truths, founds


@pytest.mark.parametrize("seed", range(5))
def test_it_equals_the_slow_version(seed: int) -> None:
    truths, founds = random_case(seed)
    fast = landmark_ap([picture(*shirts) for shirts in truths], [said(*found) for found in founds])
    for suffix, least in (("", 1), ("_visible", 2)):
        slow = slow_ap(truths, founds, least)
        assert fast[f"landmark_ap{suffix}"] == pytest.approx(np.mean(slow))
        assert fast[f"landmark_ap50{suffix}"] == pytest.approx(slow[0])
        assert fast[f"landmark_ap75{suffix}"] == pytest.approx(slow[5])
    assert 0 < fast["landmark_ap"] < 1


def test_perfect_landmarks_score_one_and_none_score_zero(capsys: pytest.CaptureFixture[str]) -> None:
    truth = picture(shirt(1))
    names = ["landmark_ap", "landmark_ap50", "landmark_ap75"]
    perfect = landmark_ap([truth], [said((shirt(1)[0], 0.9))])
    assert perfect == dict.fromkeys([*names, *(f"{name}_visible" for name in names)], pytest.approx(1.0))
    assert set(landmark_ap([truth], [said()]).values()) == {0.0}
    assert capsys.readouterr().out == ""


def test_what_is_said_of_visibility_and_of_absent_landmarks_does_not_count() -> None:
    points, box = shirt(2)
    found = points.copy()
    found[:, 2] = 0.3
    found[points[:, 2] == 0, :2] = 1e4
    assert landmark_ap([picture((points, box))], [said((found, 0.9))])["landmark_ap"] == pytest.approx(1.0)


def test_a_wrong_hidden_landmark_costs_only_where_hidden_ones_count() -> None:
    points, box = shirt(3)
    found = points.copy()
    found[points[:, 2] == 1, :2] += 500
    scores = landmark_ap([picture((points, box))], [said((found, 0.9))])
    assert scores["landmark_ap_visible"] == pytest.approx(1.0)
    assert scores["landmark_ap"] < 0.9


def test_the_same_error_is_worse_on_a_smaller_shirt() -> None:
    def score(side: float) -> float:
        points, box = shirt(4, side=side)
        return landmark_ap([picture((points, box))], [said((moved(points, 4), 0.9))])["landmark_ap"]

    assert score(60) < score(110) < score(200)


def test_a_shirt_without_landmarks_neither_counts_nor_costs() -> None:
    points, box = shirt(5)
    bare = (np.zeros((25, 3)), np.array([300.0, 30, 400, 130]))
    on_it = np.column_stack([np.linspace(310, 390, 25), np.linspace(40, 120, 25), np.ones(25)])
    with_bare = landmark_ap([picture((points, box), bare)], [said((on_it, 0.95), (points, 0.9))])
    assert with_bare["landmark_ap"] == pytest.approx(1.0)
    far_off = on_it + np.array([900, 0, 0])
    beside_it = landmark_ap([picture((points, box), bare)], [said((far_off, 0.95), (points, 0.9))])
    assert beside_it["landmark_ap"] == pytest.approx(0.5)


def test_pictures_without_shirts_cost_what_is_found_in_them() -> None:
    points, box = shirt(6)
    scores = landmark_ap([picture((points, box)), picture()], [said((points, 0.8)), said((points, 0.9))])
    assert scores["landmark_ap"] == pytest.approx(0.5)


def test_the_sigmas_are_those_of_a_mirrored_shirt_as_well() -> None:
    assert np.array_equal(SIGMAS, SIGMAS[FLIP_ORDER]) and SIGMAS.shape == (25,)


def test_visibility_counts_both_kinds_alike_however_few_are_hidden() -> None:
    seen = np.array([[2, 2]] * 90 + [[2, 1]] * 5 + [[1, 1]] * 3 + [[1, 2]] * 2, float)
    parts = {kind: [row[1] == kind for row in seen.tolist() if row[0] == kind] for kind in (1, 2)}
    slow = sum(sum(part) / len(part) for part in parts.values()) / 2
    assert visibility_accuracy(seen)["landmark_visibility"] == pytest.approx(slow)
    always_visible = np.column_stack([seen[:, 0], np.full(100, 2)])
    assert visibility_accuracy(always_visible)["landmark_visibility"] == 0.5


@pytest.mark.parametrize("kind", [1, 2])
def test_visibility_of_one_kind_alone_has_no_figure(kind: int) -> None:
    assert visibility_accuracy(np.full((4, 2), kind, float)) == visibility_accuracy(np.zeros((0, 2))) == {}


def test_bad_input_is_refused_by_name() -> None:
    points, box = shirt(7)
    truth, found = [picture((points, box))], [said((points, 0.9))]
    with pytest.raises(DataError, match="no visible landmark"):
        landmark_ap([picture((np.zeros((25, 3)), box))], found)
    with pytest.raises(DataError, match="1 and 0"):
        landmark_ap(truth, [])
    with pytest.raises(DataError, match=r"fit their boxes[\s\S]*\(1, 25, 3\)"):
        landmark_ap([(points[None, :24], box[None])], found)
    with pytest.raises(DataError, match="fit their scores"):
        landmark_ap(truth, [(points[None], np.zeros(2))])
    with pytest.raises(DataError, match="not finite"):
        landmark_ap(truth, [said((np.full((25, 3), np.nan), 0.9))])
