"""Behaviour of the fitting: what stays untouched, what changes with what, and every refusal."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.fitting.stand_ins import BLUE, CONFIG, ColourPredictor, FlatGenerator, garment, photo, shirt_mask
from tryon.errors import FittingRefusal, ModelError, RefusalReason
from tryon.evaluation.colour import ciede2000_to_lab
from tryon.evaluation.stripes import stripe_frequency_and_angle
from tryon.evaluation.structure import fold_correlation
from tryon.fitting import Fitter
from tryon.images.patterns import measure_look

GREY = np.full((120, 100, 3), 120, np.uint8)
INSIDE = np.zeros((120, 100), bool)
INSIDE[36:94, 34:66] = True


def fitter(**changes: Any) -> Fitter:
    generators = {"striped": FlatGenerator(BLUE, striped=True), "blue": FlatGenerator(BLUE)}
    return Fitter(ColourPredictor(), generators, replace(CONFIG, **changes), margin=0.06)


def test_pixels_outside_of_the_soft_mask_are_byte_identical() -> None:
    source = photo()
    result = fitter().fit(source, garment(BLUE))
    outside = result.alpha == 0
    assert 0.3 < outside.mean() < 0.8
    assert np.array_equal(result.image[outside], source[outside])
    assert (result.image[INSIDE] != source[INSIDE]).any(axis=-1).all()
    assert result.image.dtype == np.uint8 and result.alpha.dtype == np.float32


def test_the_shirt_takes_the_garments_colour_and_keeps_the_photos_folds() -> None:
    source = photo()
    result = fitter().fit(source, garment(BLUE))
    assert ciede2000_to_lab(result.image, np.array(result.garment_look.lab), INSIDE) < 4
    assert fold_correlation(result.image, source, INSIDE) > 0.97
    assert fold_correlation(fitter(detail=0.0).fit(source, garment(BLUE)).image, source, INSIDE) < 0.5


def test_stripes_of_the_generator_are_stripes_in_the_result() -> None:
    result = fitter(cloth="generator").fit(photo(), garment(BLUE, striped=True))
    assert result.pattern == result.recognised == "striped"
    assert result.alignment is None
    frequency, angle, strength = stripe_frequency_and_angle(result.image, shirt_mask())
    assert strength > 0.5
    assert abs(angle) < 5
    # 8 of 64 generated pixels a period, of a square of 78 px round a shirt of 70: 7.2 periods over its height.
    assert frequency == pytest.approx(7.2, rel=0.05)


def test_noise_of_a_generator_does_not_reach_a_plain_shirt() -> None:
    class NoisyGenerator(FlatGenerator):
        def redraw(self, images: np.ndarray, masks: np.ndarray, garments: None = None) -> np.ndarray:
            noise = np.random.default_rng(0).normal(0, 0.15, images.shape)
            return np.clip(super().redraw(images, masks) + noise * (masks[..., None] > 0.5), 0, 1).astype(np.float32)

    clean = fitter().fit(photo(), garment(BLUE)).image.astype(float)
    noisy = Fitter(ColourPredictor(), {"blue": NoisyGenerator(BLUE)}, CONFIG, 0.06).fit(photo(), garment(BLUE)).image
    assert np.abs(noisy - clean)[INSIDE].mean() < 5


def test_two_garments_give_two_results_and_a_pattern_can_be_given() -> None:
    plain, striped = (fitter().fit(photo(), garment(BLUE, striped)) for striped in (False, True))
    assert (plain.pattern, striped.pattern) == ("blue", "striped")
    assert not np.array_equal(plain.image, striped.image)
    forced = fitter().fit(photo(), garment(BLUE), pattern="striped")
    assert (forced.pattern, forced.recognised) == ("striped", "blue")


def test_a_garment_unlike_every_pattern_is_refused_unless_a_pattern_is_given() -> None:
    orange = np.array([240, 150, 20], np.uint8)
    with pytest.raises(FittingRefusal, match=r"none of the trained patterns[\s\S]*remedy: train its pattern") as caught:
        fitter().fit(photo(), garment(orange))
    assert caught.value.reason is RefusalReason.PATTERN_UNKNOWN
    assert fitter().fit(photo(), garment(orange), pattern="blue").pattern == "blue"


def test_a_plain_garment_gives_stripes_that_it_has_not_their_own_colours() -> None:
    pale = np.array([150, 160, 190], np.uint8)
    striped = Fitter(ColourPredictor(), {"striped": FlatGenerator(BLUE, striped=True)}, CONFIG, margin=0.06)
    result = striped.fit(photo(), garment(pale), pattern="striped")
    assert stripe_frequency_and_angle(result.image, shirt_mask())[2] > 0.5


def test_mirrored_input_gives_a_mirrored_result() -> None:
    source, target = photo(), garment(BLUE, striped=True)
    plain = fitter().fit(source, target)
    mirrored = fitter().fit(source[:, ::-1].copy(), target[:, ::-1].copy())
    assert np.abs(mirrored.alpha - plain.alpha[:, ::-1]).max() <= 1.01 / 255
    assert np.abs(mirrored.image.astype(int) - plain.image[:, ::-1]).max() <= 2


def test_the_same_input_gives_the_same_bytes() -> None:
    first, second = (fitter().fit(photo(), garment(BLUE)).image for _ in range(2))
    assert np.array_equal(first, second)


def test_a_striped_shirt_does_not_shine_through() -> None:
    """The pattern that is worn is no light: its stripes must not become folds of the new shirt."""
    worn = garment(np.array([190, 40, 40], np.uint8), striped=True)
    result = fitter().fit(worn, garment(BLUE))
    assert measure_look(worn, shirt_mask()).stripe_strength > 0.6
    assert measure_look(result.image, shirt_mask()).stripe_strength < 0.25


def test_no_old_colour_is_left_along_the_edge() -> None:
    """Halo: redness of the pixels just inside of the edge, against the inner ones."""
    result = fitter(border_px=1.0).fit(photo(), garment(BLUE))
    redness = result.image[..., 0].astype(int) - result.image[..., 2]
    rim = result.worn_mask & (result.alpha > 0.8) & ~INSIDE
    assert redness[rim].max() < -40


@pytest.mark.parametrize(
    ("pictures", "pattern", "reason"),
    [
        ((GREY, garment(BLUE)), None, RefusalReason.NO_SHIRT_IN_PHOTO),
        ((photo(), GREY), None, RefusalReason.NO_GARMENT_IN_PICTURE),
        ((photo(), garment(BLUE)), "tartan", RefusalReason.PATTERN_UNKNOWN),
    ],
)
def test_refusals_are_typed_and_say_what_to_do(
    pictures: tuple[np.ndarray, np.ndarray], pattern: str | None, reason: RefusalReason
) -> None:
    with pytest.raises(FittingRefusal) as caught:
        fitter().fit(*pictures, pattern)
    assert caught.value.reason is reason
    assert caught.value.remedy and caught.value.exit_code == 1
    if reason is RefusalReason.PATTERN_UNKNOWN:
        assert "blue, striped" in str(caught.value)


def test_a_shirt_below_the_least_area_is_refused() -> None:
    with pytest.raises(FittingRefusal, match="too small") as caught:
        fitter(min_shirt_area=0.9).fit(photo(), garment(BLUE))
    assert caught.value.reason is RefusalReason.SHIRT_TOO_SMALL
    assert "90.00%" in str(caught.value)


def test_a_shirt_that_leaves_the_picture_is_opaque_at_its_rim() -> None:
    source = photo()[:80, 20:]
    result = fitter().fit(source, garment(BLUE))
    assert result.image.shape == source.shape
    assert (result.alpha[79, 14:45] == 1).all()
    assert (result.image[60:, 14:45, 2] > result.image[60:, 14:45, 0]).all()


def test_loading_a_folder_without_generators_names_it(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing holds no generator[\s\S]*make repro"):
        Fitter.load(tmp_path, tmp_path / "nothing", CONFIG, 0.06)


def test_patterns_are_listed_in_order() -> None:
    assert fitter().patterns == ("blue", "striped")
