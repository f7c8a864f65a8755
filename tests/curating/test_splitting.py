"""Division by content: repeatable, close to the fraction, and stable when the fraction grows."""

import hashlib

import pytest

from tryon.curating.splitting import divide

CONTENTS = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(2000)]


@pytest.mark.parametrize("fraction", [0.0, 0.15, 0.5, 1.0])
def test_about_the_fraction_becomes_validation(fraction: float) -> None:
    share = sum(divide(content, 7, fraction) == "validation" for content in CONTENTS) / len(CONTENTS)
    assert share == pytest.approx(fraction, abs=0.035)  # three standard deviations of 2,000 fair draws


def test_a_larger_fraction_moves_pictures_in_one_direction_only() -> None:
    small = {content for content in CONTENTS if divide(content, 7, 0.1) == "validation"}
    large = {content for content in CONTENTS if divide(content, 7, 0.3) == "validation"}
    assert small < large


def test_the_seed_decides_and_nothing_else() -> None:
    first = [divide(content, 1, 0.5) for content in CONTENTS]
    assert first == [divide(content, 1, 0.5) for content in CONTENTS]
    assert first != [divide(content, 2, 0.5) for content in CONTENTS]
