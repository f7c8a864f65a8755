"""The layer over the photo: untouched pixels, and what shines through at the border."""

from dataclasses import replace

import numpy as np

from tests.fitting.stand_ins import BLUE, CONFIG, ColourPredictor, FlatGenerator, garment, photo, shirt_mask
from tryon.fitting.garment_cloth import place_cloth
from tryon.fitting.redrawing import lay_over, redraw_shirt
from tryon.fitting.segments import find_shirts
from tryon.images.colour import rgb_to_lab, to_float


def test_the_worn_colour_does_not_shine_through_a_soft_border() -> None:
    picture = np.full((10, 20, 3), 100, np.uint8)
    picture[:, 10:] = (200, 0, 0)
    alpha = np.zeros((10, 20), np.float32)
    alpha[:, 10:] = 1
    alpha[:, 9:11] = 0.5
    layer = np.zeros((10, 20, 3), np.float32)
    result = lay_over(picture, layer, alpha)
    assert np.array_equal(result[:, :9], picture[:, :9])
    assert (result[:, 9:11] == 50).all()  # half of the ground, nothing of the red
    assert (result[:, 11:] == 0).all()


def test_nothing_is_laid_where_alpha_is_0() -> None:
    picture = photo()
    assert np.array_equal(
        lay_over(picture, np.zeros(picture.shape, np.float32), np.zeros((120, 100), np.float32)), picture
    )


def test_the_layer_covers_the_mask_and_the_border_beyond_without_the_neutral_ground() -> None:
    picture, mask = photo(), shirt_mask()
    shirt, target = find_shirts(ColourPredictor(), [picture, garment(BLUE)])
    assert shirt is not None and target is not None
    layer = redraw_shirt(shirt, target, FlatGenerator(BLUE), own_pattern=True, config=CONFIG, margin=0.06).layer
    near = np.zeros_like(mask)
    near[28:102, 28:72] = True
    assert (layer[near][:, 2] > layer[near][:, 0] + 0.15).all()


def test_a_palette_holds_equal_shares_of_the_cloth_from_dark_to_light() -> None:
    picture = garment(BLUE, striped=True)
    (found,) = find_shirts(ColourPredictor(), [picture])
    assert found is not None and found.palette.shape == (32, 3)
    assert (np.diff(found.palette[:, 0]) >= 0).all()
    assert found.palette[0, 0] < 40 < 80 < found.palette[-1, 0]
    mean = rgb_to_lab(to_float(picture[found.mask])).mean(axis=0)
    assert np.allclose(found.palette.mean(axis=0), mean, atol=0.5)


def test_faint_stripes_of_a_garment_are_not_taken_for_its_light() -> None:
    """Their measured strength may be below that of clear stripes; they are drawn as stripes all the same."""
    faint = np.where((np.arange(120) // 5 % 2 == 0)[:, None, None], BLUE, (BLUE * 0.75).astype(np.uint8))
    picture = np.where(shirt_mask()[..., None], faint, 200).astype(np.uint8)
    worn, target = find_shirts(ColourPredictor(), [photo(), picture])
    assert worn is not None and target is not None
    weak = replace(target, look=replace(target.look, stripe_strength=0.3))
    cloth = place_cloth(worn, weak)
    lightness = rgb_to_lab(cloth.colours)[..., 0]
    assert lightness[cloth.known].std() > 0.8 * rgb_to_lab(to_float(picture))[..., 0][target.mask].std()
