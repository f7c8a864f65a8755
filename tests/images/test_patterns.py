"""Looks of garments: colours and stripes as drawn, folds that do not read as stripes, the nearest reference by name."""

from pathlib import Path

import numpy as np
import pytest

from tests.images.synthetic_shirts import BLUE, NAVY, RED, WHITE, draw_shirt
from tryon.errors import DataError
from tryon.images.colour import rgb_to_lab
from tryon.images.patterns import Look, classify_look, look_distance, mean_look, measure_look


def turn_between(a: float, b: float) -> float:
    """Degrees between two directions of stripes, which repeat after 180."""
    return abs((a - b + 90) % 180 - 90)


@pytest.mark.parametrize("size", [64, 128])
@pytest.mark.parametrize("period", [0.06, 0.1, 0.2])
@pytest.mark.parametrize("angle_deg", [0, 30, 90, -45])
def test_stripes_are_measured_as_drawn(size: int, period: float, angle_deg: float) -> None:
    look = measure_look(*draw_shirt((NAVY, WHITE), size, period, angle_deg, fold_strength=0.6, seed=3))
    assert look.stripe_strength > 0.5
    assert look.stripe_period == pytest.approx(period, rel=0.08)
    assert turn_between(look.stripe_angle_deg, angle_deg) < 4
    assert -90 < look.stripe_angle_deg <= 90


def test_wide_stripes_are_stripes() -> None:
    look = measure_look(*draw_shirt((NAVY, WHITE), 128, 0.3, 0.0, fold_strength=0.5))
    assert look.stripe_strength > 0.4 and look.stripe_period == pytest.approx(0.3, rel=0.12)


def test_stripes_of_equal_lightness_are_seen_by_their_colour() -> None:
    look = measure_look(*draw_shirt(((200, 90, 90), (90, 140, 90)), 128, 0.1))
    assert look.stripe_strength > 0.5


@pytest.mark.parametrize("colour", [WHITE, BLUE, RED, NAVY])
@pytest.mark.parametrize("size", [64, 128])
def test_folds_are_no_stripes(colour: tuple[int, int, int], size: int) -> None:
    for seed in range(4):
        for strength in (0.0, 0.5, 1.0):
            look = measure_look(*draw_shirt((colour,), size, fold_strength=strength, seed=seed))
            assert look.stripe_strength < 0.17, (seed, strength)


def test_checks_and_noise_are_less_striped_than_stripes() -> None:
    image, mask = draw_shirt((WHITE,), 128)
    rows, columns = np.indices(mask.shape) // 6
    checks = image.copy()
    checks[mask & ((rows + columns) % 2 == 0)] = NAVY
    noise = np.random.default_rng(8).integers(0, 256, image.shape).astype(np.uint8)
    stripes = measure_look(*draw_shirt((NAVY, WHITE), 128, 0.1)).stripe_strength
    assert measure_look(checks, mask).stripe_strength < 0.75 * stripes
    assert measure_look(noise, mask).stripe_strength < 0.1


def test_colours_are_the_garments_own() -> None:
    for colour in (WHITE, BLUE, RED):
        image, mask = draw_shirt((colour,), 64)
        image[~mask] = (0, 255, 0)
        look = measure_look(image, mask)
        expected = rgb_to_lab(np.array(colour) / 255)
        np.testing.assert_allclose(look.lab, expected, atol=2)
        np.testing.assert_allclose(look.dominant_lab, expected, atol=3)
        assert max(look.lab_std) < 4


def test_dominant_colour_is_not_moved_by_a_print() -> None:
    image, mask = draw_shirt((BLUE,), 128)
    image[45:75, 50:78] = (250, 220, 20)
    look = measure_look(image, mask)
    np.testing.assert_allclose(look.dominant_lab, rgb_to_lab(np.array(BLUE) / 255), atol=3)
    assert np.linalg.norm(np.subtract(look.lab, look.dominant_lab)) > 8


def test_a_mirrored_garment_has_the_mirrored_angle() -> None:
    image, mask = draw_shirt((NAVY, WHITE), 128, 0.1, 30)
    plain, mirrored = measure_look(image, mask), measure_look(image[:, ::-1].copy(), mask[:, ::-1].copy())
    assert mirrored.stripe_angle_deg == pytest.approx(-plain.stripe_angle_deg, abs=1)
    assert mirrored.stripe_strength == pytest.approx(plain.stripe_strength, abs=0.05)


@pytest.mark.parametrize("box", [(10, 11, 10, 11), (10, 40, 10, 11), (10, 11, 10, 40), (10, 13, 10, 13)])
def test_the_smallest_masks_have_a_look(box: tuple[int, int, int, int]) -> None:
    image, mask = np.full((50, 50, 3), 90, np.uint8), np.zeros((50, 50), bool)
    mask[box[0] : box[1], box[2] : box[3]] = True
    look = measure_look(image, mask)
    assert look.stripe_strength == 0 and np.isfinite([*look.lab, *look.dominant_lab, *look.lab_std]).all()


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(DataError, match="empty mask"):
        measure_look(np.zeros((5, 5, 3), np.uint8), np.zeros((5, 5), bool))


def test_looks_as_json_and_back() -> None:
    look = measure_look(*draw_shirt((NAVY, WHITE), 64))
    assert Look.from_dict(look.to_dict()) == look
    for damage in ({"lab": [1, 2]}, {"stripe_period": "x"}, {"lab_std": None}):
        with pytest.raises(DataError, match="a look cannot be read"):
            Look.from_dict({**look.to_dict(), **damage})
    with pytest.raises(DataError, match="a look cannot be read"):
        Look.from_dict({})


def references() -> dict[str, Look]:
    """The typical look of four drawings each."""
    plain = {"blue": BLUE, "white": WHITE, "red": RED}
    looks = {
        name: [measure_look(*draw_shirt((colour,), 64, fold_strength=0.5, seed=seed)) for seed in range(4)]
        for name, colour in plain.items()
    }
    looks["striped"] = [
        measure_look(*draw_shirt((NAVY, WHITE), 64, 0.08 + 0.01 * seed, fold_strength=0.5, seed=seed))
        for seed in range(4)
    ]
    return {name: mean_look(several) for name, several in looks.items()}


def test_the_nearest_reference_by_name() -> None:
    known = references()
    for seed in range(10, 16):
        for name, colours in {"blue": (BLUE,), "white": (WHITE,), "red": (RED,), "striped": (NAVY, WHITE)}.items():
            look = measure_look(*draw_shirt(colours, 64, 0.12, 10.0 * seed, fold_strength=0.8, seed=seed))
            found, distance = classify_look(look, known)
            assert found == name and distance < 1, (seed, name, found, distance)
    striped_red = measure_look(*draw_shirt((RED, WHITE), 64, 0.1))
    assert classify_look(striped_red, known)[0] == "striped"
    green = measure_look(*draw_shirt(((30, 140, 50),), 64))
    assert classify_look(green, {name: known[name] for name in ("blue", "striped")})[1] > 1


def test_distance_is_symmetric_and_zero_to_itself() -> None:
    known = references()
    for a in known.values():
        assert look_distance(a, a) == 0
        for b in known.values():
            assert look_distance(a, b) == pytest.approx(look_distance(b, a), rel=1e-5)


def test_mean_look_of_angles_about_90_degrees() -> None:
    looks = [Look((50, 0, 0), (50, 0, 0), (1, 1, 1), 0.8, 0.1, angle) for angle in (88.0, -88.0)]
    assert turn_between(mean_look(looks).stripe_angle_deg, 90) < 0.1
    with pytest.raises(DataError, match="at least one look"):
        mean_look([])
    with pytest.raises(DataError, match="no references"):
        classify_look(looks[0], {})


def test_real_striped_garments_read_as_striped(shared_data: Path) -> None:
    from tryon.formats.deepfashion2 import read_annotation
    from tryon.formats.tables import read_table
    from tryon.images.files import read_image

    folder = shared_data / "garments"
    strengths: dict[str, list[float]] = {"plain": [], "striped": []}
    for row in read_table(folder / "labels.csv", ["file", "pattern", "has_mask", "small_logo"]):
        wanted = strengths.get(row["pattern"])
        if wanted is None or len(wanted) == 15 or row["has_mask"] != "1" or row["small_logo"] == "1":
            continue
        image = read_image(folder / "images" / row["file"])
        item = read_annotation(folder / "annos" / f"{row['file'][:6]}.json").items["item1"]
        wanted.append(measure_look(image, item.mask(*image.shape[:2])).stripe_strength)
    assert np.median(strengths["striped"]) > 0.4
    assert np.median(strengths["plain"]) < 0.1
    striped, plain = np.array(strengths["striped"]), np.array(strengths["plain"])
    assert (striped[:, None] > plain).mean() > 0.9


@pytest.mark.parametrize(("std", "strength", "patterned"), [(7.0, 0.0, False), (12.0, 0.0, True), (2.0, 0.6, True)])
def test_a_cloth_of_several_colours_or_with_stripes_is_patterned(std: float, strength: float, patterned: bool) -> None:
    look = Look((50, 0, 0), (50, 0, 0), (std, 0.0, 0.0), strength, 0.1, 0.0)
    assert look.patterned is patterned
