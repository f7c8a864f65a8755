"""One test for each automatic filter."""

from dataclasses import replace
from typing import Any

import pytest

from tests.curating.made_data import PHOTOS, item, trousers
from tryon.curating.filters import main_item, passing_items, picture_reason, size_reason
from tryon.curating.measuring import Measurement
from tryon.formats.deepfashion2 import Item, parse_annotation

GOOD = Measurement("0" * 64, phash=1, width=200, height=160, sharpness=50.0, luminance=0.5)


def items_of(*items: dict[str, Any]) -> dict[str, Item]:
    numbered = {f"item{number}": one for number, one in enumerate(items, start=1)}
    return dict(parse_annotation({"source": "user", "pair_id": 0, **numbered}, "made").items)


@pytest.mark.parametrize(
    ("change", "accepted", "reason"),
    [
        ({}, {"categories": [2]}, "category: 1"),
        ({"viewpoint": 3}, {"viewpoints": [1, 2]}, "viewpoint: 3"),
        ({"scale": 1}, {"scales": [2, 3]}, "scale: 1"),
        ({"occlusion": 3}, {"occlusions": [1]}, "occlusion: 3"),
    ],
)
def test_each_filter_of_items(change: dict[str, Any], accepted: dict[str, Any], reason: str) -> None:
    items = items_of(item(**change))
    assert passing_items(items, replace(PHOTOS, **accepted), shop=False) == ({}, reason)
    passing, why_not = passing_items(items, PHOTOS, shop=False)
    assert (list(passing), why_not) == (["item1"], "")


def test_one_passing_item_is_enough_and_must_pass_all_filters_itself() -> None:
    only_frontal = replace(PHOTOS, viewpoints=[2])
    passing, _ = passing_items(items_of(item(viewpoint=3), item(viewpoint=2), trousers()), only_frontal, shop=False)
    assert list(passing) == ["item2"]
    assert passing_items(items_of(item(viewpoint=3), trousers(viewpoint=2)), only_frontal, shop=False) == (
        {},
        "viewpoint: 3",
    )


def test_shop_pictures_are_filtered_by_category_only() -> None:
    strict = replace(PHOTOS, viewpoints=[2], occlusions=[3], scales=[1])
    assert passing_items(items_of(item(viewpoint=1)), strict, shop=True)[1] == ""
    assert passing_items(items_of(trousers()), strict, shop=True)[1] == "category: 8"


def test_a_picture_without_items_is_dropped() -> None:
    assert passing_items({}, PHOTOS, shop=False) == ({}, "category: no item")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"height": 127}, "too small: 200 x 127"),
        ({"height": 128}, ""),
        ({"sharpness": 4.94}, "blurred: 4.9"),
        ({"sharpness": 5.0}, ""),
        ({"luminance": 0.02}, "exposure: 0.020"),
        ({"luminance": 0.995}, "exposure: 0.995"),
        ({"fault": "undecodable"}, "undecodable"),
    ],
)
def test_each_filter_of_pictures(change: dict[str, Any], reason: str) -> None:
    assert picture_reason(replace(GOOD, **change), PHOTOS) == reason


def test_the_shorter_side_counts() -> None:
    assert size_reason(replace(GOOD, width=100, height=900), 128) == "too small: 100 x 900"


def test_the_main_item_has_the_largest_box() -> None:
    items = items_of(item(bounding_box=[40, 40, 121, 121]), item(bounding_box=[0, 0, 150, 150]))
    assert main_item(items) is items["item2"]
    assert main_item({}) is None
