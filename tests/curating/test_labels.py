"""Labels against their picture, on drawn shirts: sound ones pass, each fault is found by the check meant for it."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tryon.curating import labels
from tryon.formats.deepfashion2 import Item
from tryon.geometry.landmarks import FLIP_ORDER
from tryon.rendering.annotation import annotate_photo
from tryon.rendering.dataset import draw_photo
from tryon.rendering.photo import wear


@dataclass(frozen=True)
class Shirt:
    image: NDArray[np.uint8]
    item: Item

    @property
    def mask(self) -> NDArray[np.bool_]:
        return self.item.mask(*self.image.shape[:2])

    def verdicts(self, item: Item) -> dict[str, bool | None]:
        mask = item.mask(*self.image.shape[:2])
        return {
            "landmarks_near": labels.landmarks_near(item, mask),
            "landmarks_agree": labels.landmarks_agree(item, mask),
            "sides_agree": labels.sides_agree(item),
            "on_edges": labels.on_edges(item, labels.edges_of(self.image)),
        }


@pytest.fixture(scope="module", params=[0, 1])
def shirt(request: pytest.FixtureRequest) -> Shirt:
    drawn, worn, _ = draw_photo(5, "test", request.param, 192)
    top = next(item for item in annotate_photo(drawn).items.values() if item.category_id == 1)
    return Shirt(wear(drawn, worn).image, top)


def moved(points: Any, x: float, y: float) -> NDArray[np.float64]:
    """Points or landmarks moved; absent landmarks stay."""
    result = np.array(points, float)
    present = result[:, 2] > 0 if result.shape[1] == 3 else np.ones(len(result), bool)
    result[present, :2] += (x, y)
    return result


def test_a_sound_annotation_passes(shirt: Shirt) -> None:
    assert set(shirt.verdicts(shirt.item).values()) == {True}


def test_an_outline_beside_the_shirt_is_not_on_the_edges(shirt: Shirt) -> None:
    by = 0.15 * np.sqrt(shirt.mask.sum())
    for x, y in ((by, 0), (-by, 0), (0, by)):
        item = replace(
            shirt.item,
            polygons=tuple(moved(one, x, y) for one in shirt.item.polygons),
            landmarks=moved(shirt.item.landmarks, x, y),
        )
        assert shirt.verdicts(item) == {
            "landmarks_near": True,
            "landmarks_agree": True,
            "sides_agree": True,
            "on_edges": False,
        }


def test_mirrored_landmarks_go_round_the_wrong_way(shirt: Shirt) -> None:
    item = replace(shirt.item, landmarks=np.asarray(shirt.item.landmarks)[FLIP_ORDER])
    assert labels.sides_agree(item) is False


def test_one_exchanged_pair_is_found(shirt: Shirt) -> None:
    points = np.array(shirt.item.landmarks)
    left, right = labels._LEFT[1], labels._RIGHT[1]
    assert points[[left, right], 2].all()
    points[[left, right]] = points[[right, left]]
    assert labels.sides_agree(replace(shirt.item, landmarks=points)) is False


def test_a_person_who_leans_or_lies_keeps_her_sides(shirt: Shirt) -> None:
    points = np.array(shirt.item.landmarks, float)
    for degrees in (40, 90, 180):
        turn = cv2.getRotationMatrix2D((96, 96), degrees, 1.0)
        turned = points.copy()
        turned[:, :2] = points[:, :2] @ turn[:, :2].T + turn[:, 2]
        turned[points[:, 2] == 0] = 0
        assert labels.sides_agree(replace(shirt.item, landmarks=turned)) is True


def test_landmarks_of_another_place_are_neither_near_nor_agree(shirt: Shirt) -> None:
    by = 0.6 * np.sqrt(shirt.mask.sum())
    verdicts = shirt.verdicts(replace(shirt.item, landmarks=moved(shirt.item.landmarks, by, by)))
    assert (verdicts["landmarks_near"], verdicts["landmarks_agree"]) == (False, False)
    assert (verdicts["sides_agree"], verdicts["on_edges"]) == (True, True)


def test_distance_of_landmarks_is_that_to_the_nearest_outline(shirt: Shirt) -> None:
    square = replace(shirt.item, polygons=(np.array([[50, 50], [149, 50], [149, 149], [50, 149]]),))
    mask = square.mask(192, 192)
    limit = labels.MAX_LANDMARK_DISTANCE * 100
    for distance, near in ((0.9 * limit, True), (1.1 * limit, False)):
        points = np.zeros((25, 3))
        points[0] = (149 + distance, 100, 2)
        points[1] = (20, 20, 1)  # hidden: anywhere
        assert labels.landmarks_near(replace(square, landmarks=points), mask) is near


def test_nothing_is_said_where_there_is_nothing_to_see(shirt: Shirt) -> None:
    bare = replace(shirt.item, landmarks=np.zeros((25, 3)))
    assert shirt.verdicts(bare) == {
        "landmarks_near": None,
        "landmarks_agree": None,
        "sides_agree": None,
        "on_edges": True,
    }
    far = replace(shirt.item, polygons=(np.array([[900, 900], [950, 900], [950, 950]]),))
    assert labels.on_edges(far, labels.edges_of(shirt.image)) is None
    point = replace(shirt.item, polygons=(np.array([[5, 5], [5, 5], [5, 5]]),))
    assert labels.on_edges(point, labels.edges_of(shirt.image)) in (True, False, None)


def test_the_same_item_twice_is_found_within_a_category_only(shirt: Shirt) -> None:
    near = replace(shirt.item, polygons=tuple(moved(one, 2, 0) for one in shirt.item.polygons))
    far = replace(shirt.item, polygons=tuple(moved(one, 60, 0) for one in shirt.item.polygons))
    items = {"item1": shirt.item, "item2": near, "item3": far, "item4": replace(near, category_id=2)}
    found = labels.repeats(items, {name: item.mask(192, 192) for name, item in items.items()})
    assert found == {"item2"}
