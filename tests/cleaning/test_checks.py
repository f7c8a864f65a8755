"""Each limit refuses on its own side, the probability is one half at it, and doubt is highest there."""

from dataclasses import replace

import pytest

from tests.cleaning.collected import limits
from tryon.cleaning import checks
from tryon.cleaning.pixels import PixelFacts
from tryon.cleaning.shirts import ShirtFacts

GOOD = PixelFacts(400, 500, 0, 0, blur=0.4, luminance=0.5, border=0.0, colours="", overlay="")
SHIRT = ShirtFacts(score=0.9999, area=0.4, upright=3.0, outline=0.95, asymmetry=0.05, aspect=1.0, landmarks=0.98)
LIMITS = limits(max_blur=0.7, min_outline=0.75)


def refused(findings: list[checks.Finding]) -> list[str]:
    return [one.check for one in findings if one.refused]


@pytest.mark.parametrize(
    ("changes", "watermark", "check"),
    [
        ({"width": 100, "height": 100}, 0.0, checks.TOO_SMALL),
        ({"width": 150}, 0.0, checks.TOO_LONG),
        ({"blur": 0.9}, 0.0, checks.BLURRED),
        ({"luminance": 0.05}, 0.0, checks.EXPOSURE),
        ({"luminance": 0.95}, 0.0, checks.EXPOSURE),
        ({"border": 0.9}, 0.0, checks.BORDER),
        ({}, 9.0, checks.WATERMARK),
    ],
)
def test_each_fault_of_the_pixels_is_named(changes: dict[str, float], watermark: float, check: str) -> None:
    assert refused(list(checks.check_pixels(replace(GOOD, **changes), watermark, LIMITS))) == [check]
    assert refused(list(checks.check_pixels(GOOD, 0.0, LIMITS))) == []


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"score": 0.8}, checks.NO_SHIRT),
        ({"outline": 0.3}, checks.NO_SHIRT),
        ({"bleached": 0.6}, checks.EXPOSURE),
        ({"upright": -2.0}, checks.NOT_UPRIGHT),
        ({"second_score": 0.99}, checks.SEVERAL_SHIRTS),
        ({"edge": 0.5}, checks.CLOSE_UP),
        ({"asymmetry": 0.6}, checks.NOT_FRONTAL),
        ({"aspect": 0.3}, checks.NOT_FRONTAL),
        ({"aspect": 2.5}, checks.NOT_FRONTAL),
        ({"landmarks": 0.2}, checks.NOT_FRONTAL),
    ],
)
def test_each_fault_of_the_shirt_is_named(changes: dict[str, float], check: str) -> None:
    assert refused(list(checks.check_shirts(replace(SHIRT, **changes), LIMITS))) == [check]
    assert refused(list(checks.check_shirts(SHIRT, LIMITS))) == []


def test_of_a_shirt_that_is_none_nothing_else_is_said() -> None:
    assert [one.check for one in checks.check_shirts(ShirtFacts(), LIMITS)] == [checks.NO_SHIRT]


def test_a_model_without_landmarks_is_not_asked_for_them() -> None:
    found = list(checks.check_shirts(replace(SHIRT, landmarks=None), LIMITS))
    assert refused(found) == [] and all("landmarks" not in one.detail for one in found)


def test_doubt_is_one_at_the_limit_and_falls_to_both_sides() -> None:
    def doubt(blur: float) -> float:
        return checks.doubt(list(checks.check_pixels(replace(GOOD, blur=blur), 0.0, LIMITS)))

    assert doubt(0.7) == pytest.approx(1.0, abs=0.02)
    assert doubt(0.4) < doubt(0.66) < doubt(0.69) > doubt(0.75) > doubt(0.95)
    assert checks.doubt([]) == 0.0


def test_probabilities_add_up_as_if_independent() -> None:
    one = checks.Finding("x", "", False, 0.5)
    assert checks.fault_probability([one, one]) == 0.75
