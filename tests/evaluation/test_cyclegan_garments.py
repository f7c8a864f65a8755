"""Scores by garment: each against its own look, means by pattern, seen and unseen apart."""

import numpy as np
import pytest

from tryon.errors import DataError
from tryon.evaluation.cyclegan import Sample, score_samples
from tryon.evaluation.cyclegan_garments import Garment, score_garments
from tryon.evaluation.cyclegan_pages import comparison_pages

SIDE = 48
MASK = np.zeros((SIDE, SIDE), bool)
MASK[4:44, 8:40] = True
RED, BLUE, GREEN = (190, 40, 45), (40, 80, 170), (50, 120, 60)


def cloth(colour, *, stripes: bool = False) -> np.ndarray:
    picture = np.full((SIDE, SIDE, 3), 128, np.uint8)
    picture[MASK] = colour
    if stripes:
        picture[(np.arange(SIDE) % 8 < 4)[:, None] & MASK] = (240, 240, 235)
    return picture


def sample(fake: np.ndarray) -> Sample:
    return Sample(cloth((140, 140, 140)), MASK, fake, None)


def garment(colour, pattern: str, *, stripes: bool = False) -> Garment:
    return Garment(cloth(colour, stripes=stripes), MASK, pattern)


def test_each_garment_is_its_own_target():
    garments = [garment(RED, "plain"), garment(BLUE, "plain"), garment(GREEN, "plain")]
    exact = score_garments(garments, lambda k: [sample(garments[k].picture)], [])
    assert exact["ciede2000_to_target"] == pytest.approx(0, abs=1e-6)
    always_red = score_garments(garments, lambda k: [sample(cloth(RED))], [])
    singly = [score_samples([sample(cloth(RED))], each.look)["ciede2000_to_target"] for each in garments]
    assert always_red["ciede2000_to_target"] == pytest.approx(np.mean(singly))
    assert always_red["ciede2000_to_target/plain"] == always_red["ciede2000_to_target"]
    assert "ciede2000_to_target/unseen" not in always_red


def test_unseen_patterns_are_counted_apart():
    garments = [garment(RED, "plain"), garment(BLUE, "striped", stripes=True), garment(GREEN, "other")]
    scores = score_garments(garments, lambda k: [sample(cloth(RED))], ["other", "striped"])
    assert scores["ciede2000_to_target"] == pytest.approx(0, abs=1e-6)
    apart = [scores["ciede2000_to_target/striped"], scores["ciede2000_to_target/other"]]
    assert min(apart) > 10
    assert scores["ciede2000_to_target/unseen"] == pytest.approx(np.mean(apart))


def test_stripes_are_scored_for_the_garments_that_have_them():
    garments = [garment(RED, "plain"), garment(BLUE, "striped", stripes=True)]
    scores = score_garments(garments, lambda k: [sample(garments[k].picture)], [])
    assert scores["stripe_frequency_error"] == scores["stripe_frequency_error/striped"] == pytest.approx(0, abs=1e-6)
    assert "stripe_frequency_error/plain" not in scores


@pytest.mark.parametrize("garments", [[], [garment(RED, "plain")]])
def test_without_a_garment_of_a_seen_pattern_there_is_nothing_to_score(garments):
    with pytest.raises(DataError, match="cannot be scored"):
        score_garments(garments, lambda k: [sample(cloth(RED))], ["plain"])


def test_pages_show_the_garment_where_there_is_one_and_eight_rows():
    samples = [sample(cloth(RED))] * 9
    looks = [garment(RED, "plain").look] * 9
    bare, dressed = comparison_pages(samples, looks), comparison_pages(samples, looks, [cloth(BLUE)] * 9)
    assert len(bare) == len(dressed) == 2
    assert dressed[0].shape[1] > bare[0].shape[1]
    assert dressed[1].shape[0] < dressed[0].shape[0]
    assert (dressed[0] == BLUE).all(axis=-1).any()
    assert not (bare[0] == BLUE).all(axis=-1).any()
