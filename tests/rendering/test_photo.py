"""Photos and their exact answers."""

import dataclasses

import numpy as np
import pytest

from tryon.images.files import decode_own, encode_jpeg
from tryon.rendering.looks import sample_look
from tryon.rendering.photo import draw, exact_answer, render_photo, shade_albedo, wear
from tryon.rendering.scene import Scene, sample_scene

SIZE = 128


def scene_of(seed: int) -> Scene:
    return sample_scene(np.random.default_rng(seed), SIZE)


def plain(grey: float):
    look = sample_look(np.random.default_rng(0), "plain")
    colour = (grey, grey, grey)
    return dataclasses.replace(look, ground=colour, motif=colour, collar=colour, heather=0.0)


STRIPED = sample_look(np.random.default_rng(1), "striped")


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_bytes(seed):
    first, again = (render_photo(scene_of(seed), STRIPED) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.alpha, again.alpha)


def test_other_seeds_give_other_people():
    assert not np.array_equal(render_photo(scene_of(0), STRIPED).image, render_photo(scene_of(1), STRIPED).image)


@pytest.mark.parametrize("seed", range(6))
def test_outside_of_the_shirt_two_looks_are_the_same_picture(seed):
    drawn = draw(scene_of(seed))
    red, striped = wear(drawn, plain(0.4)).image, wear(drawn, STRIPED).image
    assert np.array_equal(red[drawn.alpha == 0], striped[drawn.alpha == 0])
    inside = drawn.alpha > 0.95
    assert (red[inside] != striped[inside]).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_keeps_the_decoded_photo_outside(seed):
    drawn = draw(scene_of(seed))
    photo = decode_own(encode_jpeg(wear(drawn, plain(0.5)).image), "photo")
    answer = exact_answer(photo, drawn, STRIPED)
    assert np.array_equal(answer[drawn.alpha == 0], photo[drawn.alpha == 0])
    assert np.array_equal(answer[drawn.alpha > 0], wear(drawn, STRIPED).image[drawn.alpha > 0])


def test_answering_with_the_worn_look_gives_the_photo_again():
    drawn = draw(scene_of(5))
    image = wear(drawn, STRIPED).image
    assert np.array_equal(exact_answer(image, drawn, STRIPED), image)


def test_looks_share_shading():
    """Two greys differ by one factor, whatever the folds do: the light is the scene's."""
    drawn = draw(scene_of(2))
    inside = drawn.alpha > 0.99
    dark, light = (wear(drawn, plain(grey)).image[inside].astype(float) for grey in (0.3, 0.5))
    assert np.corrcoef(dark[:, 1], light[:, 1])[0, 1] > 0.995


def test_the_picture_is_linear_in_the_shirt():
    drawn = draw(scene_of(3))
    middle = wear(drawn, plain(0.4)).image.astype(float)
    ends = [wear(drawn, plain(grey)).image.astype(float) for grey in (0.3, 0.5)]
    assert np.abs(middle - (ends[0] + ends[1]) / 2).max() <= 1.01


def test_pictures_are_neither_flat_nor_burnt():
    for seed in range(6):
        photo = render_photo(scene_of(seed), plain(0.5))
        shirt = photo.image[photo.alpha > 0.99].astype(float).mean(axis=1)
        assert shirt.std() > 4
        assert (photo.image == 255).mean() < 0.12


def test_edges_of_the_shirt_are_soft():
    alpha = render_photo(scene_of(1), STRIPED).alpha
    assert ((alpha > 0.05) & (alpha < 0.95)).sum() > 100


def test_highlights_roll_off_below_white():
    light = scene_of(0).light
    shade = np.linspace(0.5, 1.5, 50, dtype=np.float32)[None]
    lit = shade_albedo(np.full((1, 50, 3), 0.95, np.float32), shade, light)
    assert (np.diff(lit[0, :, 1]) > 0).all()
    assert lit.max() < 1.0


@pytest.mark.parametrize("size", [64, 96, 256])
def test_any_size(size):
    photo = render_photo(sample_scene(np.random.default_rng(4), size), STRIPED)
    assert photo.image.shape == (size, size, 3)
    assert photo.image.dtype == np.uint8
    assert photo.alpha.shape == (size, size)


def test_the_same_scene_at_twice_the_size_is_the_same_picture():
    import cv2

    small, large = (render_photo(sample_scene(np.random.default_rng(4), size), plain(0.5)) for size in (96, 192))
    again = cv2.resize(large.alpha, (96, 96), interpolation=cv2.INTER_AREA)
    assert np.abs(again - small.alpha).mean() < 0.01


def test_scenes_vary_in_everything():
    scenes = [scene_of(seed) for seed in range(120)]
    assert {scene.backdrop_kind for scene in scenes} == {"plain", "gradient", "room", "street"}
    assert {scene.zoom_in for scene in scenes} == {1, 2, 3}
    assert {scene.legwear.kind for scene in scenes} == {"trousers", "skirt"}
    assert {scene.hair.style for scene in scenes} >= {"short", "bob", "long", "bun", "afro", "bald"}
    assert any(scene.bag is not None for scene in scenes)
    assert {scene.figure.build.female for scene in scenes} == {True, False}


def test_a_wall_may_come_close_to_a_hint():
    hint = (0.9, 0.1, 0.1)
    scenes = [sample_scene(np.random.default_rng(seed), SIZE, hint) for seed in range(80)]
    hinted = [scene for scene in scenes if scene.backdrop_hint == hint]
    assert 2 <= len(hinted) <= 30
    corner = render_photo(hinted[0], plain(0.5)).image[2, 2].astype(float)
    assert corner[0] > 1.5 * corner[1]
