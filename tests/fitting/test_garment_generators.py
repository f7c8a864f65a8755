"""Generators that read the garment: what they are given, when the model of all patterns is taken, and its results."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fitting.stand_ins import (
    BLUE,
    CONFIG,
    RED,
    ColourPredictor,
    FlatGenerator,
    GarmentGenerator,
    garment,
    photo,
    shirt_mask,
)
from tryon.errors import FittingRefusal, RefusalReason
from tryon.evaluation.colour import ciede2000_to_lab
from tryon.fitting import Fitter
from tryon.fitting.garment_cloth import GarmentCloth
from tryon.fitting.redrawing import _guide
from tryon.images.cutouts import cut_out
from tryon.images.patterns import measure_look

INSIDE = np.zeros((120, 100), bool)
INSIDE[36:94, 34:66] = True
GREEN, VIOLET = np.array([30, 120, 50], np.uint8), np.array([110, 40, 150], np.uint8)


def fitter(**generators) -> Fitter:
    return Fitter(ColourPredictor(), generators, CONFIG, margin=0.06)


def checked() -> np.ndarray:
    """A garment in large checks of green and violet: no stripes, two colours."""
    picture = garment(GREEN)
    rows, columns = np.indices((120, 100)) // 17 % 2
    picture[shirt_mask() & (rows != columns)] = VIOLET
    return picture


@pytest.mark.parametrize("colour", [BLUE, GREEN])
def test_the_model_of_all_patterns_refuses_no_garment_and_takes_its_colour(colour):
    result = fitter(all=GarmentGenerator(RED, conditional=True)).fit(photo(), garment(colour))
    assert result.pattern == result.recognised == "all"
    assert ciede2000_to_lab(result.image, np.array(result.garment_look.lab), INSIDE) < 4


def test_it_is_given_the_garment_in_the_place_of_the_shirt_on_neutral_ground():
    generator = GarmentGenerator(RED, conditional=True)
    fitter(all=generator).fit(photo(), garment(BLUE))
    (given,) = generator.given
    assert given.shape == (64, 64, 3) and given.dtype == np.float32
    assert (given[0, 0] == 0.5).all()  # beyond the shirt
    assert given[32, 32] == pytest.approx(BLUE / 255, abs=0.05)


def test_a_pattern_that_is_not_stripes_is_drawn_in_its_colours():
    picture = checked()
    assert measure_look(picture, shirt_mask()).patterned
    for cloth in ("garment", "generator"):
        one = Fitter(
            ColourPredictor(),
            {"all": GarmentGenerator(RED, conditional=True)},
            replace(CONFIG, cloth=cloth),
            margin=0.06,
        )
        shirt = one.fit(photo(), picture).image[INSIDE].astype(int)
        greenish = shirt[:, 1] > shirt[:, 2] + 15
        violet = shirt[:, 2] > shirt[:, 1] + 15
        assert 0.25 < greenish.mean() < 0.75 and 0.25 < violet.mean() < 0.75, cloth


def test_a_trained_pattern_comes_before_the_model_of_all_and_that_before_a_refusal():
    both = fitter(all=GarmentGenerator(RED, conditional=True), blue=FlatGenerator(BLUE))
    assert both.fit(photo(), garment(BLUE)).pattern == "blue"
    assert both.fit(photo(), garment(GREEN)).pattern == "all"
    assert both.fit(photo(), garment(BLUE), "all").pattern == "all"
    with pytest.raises(FittingRefusal) as refused:
        fitter(blue=FlatGenerator(BLUE)).fit(photo(), garment(GREEN))
    assert refused.value.reason is RefusalReason.PATTERN_UNKNOWN


def test_a_garment_drawn_in_another_pattern_has_no_place_in_it():
    generator = GarmentGenerator(BLUE, conditional=False)
    result = fitter(blue=generator, green=FlatGenerator(GREEN)).fit(photo(), garment(GREEN), "blue")
    assert (result.pattern, result.recognised) == ("blue", "green")
    assert (generator.given[0] == 0.5).all()
    fitter(blue=generator).fit(photo(), garment(BLUE))
    assert not (generator.given[1] == 0.5).all()


@pytest.mark.parametrize("conditional", [True, False])
def test_where_the_garment_shows_nothing_only_a_pattern_known_by_heart_may_go_on(conditional):
    mask = shirt_mask()
    cut = cut_out(photo(), mask, 64, 0.06)
    known = mask.copy()
    known[:, :40] = False
    colours = np.broadcast_to(np.float32([0.1, 0.2, 0.7]), (120, 100, 3)).copy()
    guide = _guide(GarmentCloth(colours, known, "box"), cut, fill=conditional)
    unknown = (guide == 0.5).all(axis=-1)
    assert unknown[cut.mask == 0].all()
    assert unknown[cut.mask > 0].any() != conditional
    assert guide[~unknown] == pytest.approx(np.broadcast_to([0.1, 0.2, 0.7], guide[~unknown].shape), abs=1e-5)
