"""What lies before a shirt: found where it is long, of another colour and goes on beyond the shirt, and only there."""

import cv2
import numpy as np
import pytest

from tests.fitting.stand_ins import BLUE, RED
from tryon.fitting.coverings import covering
from tryon.fitting.segments import find_shirts, uncovered

GROUND, BLACK, YELLOW = (150, 160, 150), (20, 20, 22), (230, 200, 60)
STRAP = ((50, 20), (150, 190))  # from beyond the shirt to beyond it


def worn(shirt: tuple[int, int, int] | np.ndarray = YELLOW) -> tuple[np.ndarray, np.ndarray]:
    """A shirt (200, 200) in folds on a ground, and its mask."""
    picture = np.full((200, 200, 3), GROUND, np.uint8)
    mask = np.zeros((200, 200), bool)
    mask[40:170, 40:160] = True
    light = 1 + 0.25 * np.sin(np.arange(200) / 9)[None, :, None]
    picture[mask] = np.clip(np.array(shirt) * light, 0, 255).astype(np.uint8).repeat(200, 0).reshape(200, 200, 3)[mask]
    return picture, mask


def line(picture: np.ndarray, start: tuple[int, int], end: tuple[int, int], colour, width: int = 8) -> np.ndarray:
    """The picture with a strip drawn into it, in place; where the strip is."""
    drawn = np.zeros(picture.shape[:2], np.uint8)
    cv2.line(drawn, start, end, 1, width)
    picture[drawn > 0] = colour
    return drawn > 0


@pytest.mark.parametrize("shirt", [YELLOW, (240, 240, 240), RED, BLUE])
@pytest.mark.parametrize("scale", [1, 3])
def test_a_strap_is_found_in_pictures_of_any_size(shirt, scale) -> None:
    picture, mask = worn(shirt)
    strap = line(picture, *STRAP, BLACK)
    size = {"dsize": None, "fx": scale, "fy": scale, "interpolation": cv2.INTER_NEAREST}
    large = [cv2.resize(each.astype(np.uint8), **size) for each in (picture, mask, strap)]
    found = covering(large[0], large[1] > 0)
    true = (large[1] > 0) & (large[2] > 0)
    assert np.count_nonzero(found & true) > 0.95 * np.count_nonzero(true)
    assert not (found & ~true).any()


def test_a_shirt_in_folds_is_covered_by_nothing() -> None:
    picture, mask = worn()
    assert not covering(picture, mask).any()


def test_what_does_not_go_on_beyond_the_shirt_is_of_the_shirt() -> None:
    picture, mask = worn()
    line(picture, (60, 60), (140, 160), BLACK)
    assert not covering(picture, mask).any()


def test_stripes_are_of_the_shirt_though_the_wall_has_their_colour() -> None:
    picture, mask = worn()
    for row in range(60, 160, 25):
        line(picture, (20, row), (180, row), GROUND, 5)
    assert not covering(picture, mask).any()


def test_a_shirt_of_two_colours_is_covered_by_nothing() -> None:
    picture, mask = worn()
    line(picture, (20, 110), (180, 110), BLACK, 30)
    assert not covering(picture, mask).any()


def test_a_cuff_is_no_covering() -> None:
    picture, mask = worn()
    picture[100:130, 20:60] = BLACK
    assert not covering(picture, mask).any()


class FindsTheMask:
    """A network that always finds one mask."""

    def __init__(self, mask: np.ndarray) -> None:
        self.mask_probs, self.scores = mask[None].astype(np.float32), np.ones(1, np.float32)
        self.landmarks = self.face = None

    def predict(self, images):
        return [self] * len(images)


def test_an_uncovered_shirt_is_plain_again() -> None:
    """A strap across it looks like a stripe."""
    picture, mask = worn((240, 240, 240))
    strap = line(picture, *STRAP, BLACK, 12)
    (shirt,) = find_shirts(FindsTheMask(mask), [picture])
    free = uncovered(shirt)
    assert shirt.look.stripe_strength > 2 * free.look.stripe_strength
    assert shirt.palette[0, 0] < 20 < 60 < free.palette[0, 0]
    assert np.count_nonzero(free.mask & strap) < 0.03 * np.count_nonzero(mask & strap) and free.mask[100, 60]
    assert uncovered(free) is free
