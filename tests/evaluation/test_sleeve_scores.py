"""Is the outline still there: on shirts whose sleeves are whole, missing, or another colour."""

import numpy as np
import pytest

from tryon.evaluation.sleeves import BLACK, WHITE, drawn_part, ground_for, silhouette_iou, sleeve_retention
from tryon.images.patterns import Look

SIDE = 64
MASK = np.zeros((SIDE, SIDE), bool)
MASK[6:60, 16:48] = True
MASK[10:24, 6:58] = True
SLEEVES = MASK.copy()
SLEEVES[:, 16:48] = False
NAVY, OFF_WHITE, BLUE, GREY = (30, 40, 85), (238, 234, 222), (40, 80, 170), (128, 128, 128)


def shirt(colour=BLUE, sleeves=None) -> np.ndarray:
    picture = np.full((SIDE, SIDE, 3), 128, np.uint8)
    picture[MASK] = colour
    if sleeves is not None:
        picture[SLEEVES] = sleeves
    return picture


def striped() -> np.ndarray:
    """Stripes with a line of the neutral ground's grey between them, as resizing mixes navy and off-white."""
    picture = shirt(NAVY)
    rows = np.arange(SIDE) % 6
    picture[MASK & (rows >= 3)[:, None]] = OFF_WHITE
    picture[MASK & (rows == 2)[:, None]] = GREY
    return picture


def not_of(level: int):
    """A detector that finds everything that is not of the ground's grey level."""
    return lambda pictures: [[np.abs(picture.astype(int) - level).sum(axis=2) > 30] for picture in pictures]


@pytest.mark.parametrize("ground", [BLACK, WHITE])
def test_a_whole_shirt_is_retained_and_one_without_sleeves_is_not(ground):
    def retained(*fakes):
        return sleeve_retention(fakes, [MASK] * len(fakes), not_of(ground), 128, ground)

    whole, without = retained(shirt()), retained(shirt(sleeves=GREY))
    assert whole > 0.97
    assert without == pytest.approx(1 - SLEEVES.sum() / MASK.sum(), abs=0.02)
    assert retained(shirt(), shirt(sleeves=GREY)) == pytest.approx((whole + without) / 2)


def test_grey_lines_between_stripes_are_cloth():
    assert sleeve_retention([striped()], [MASK], not_of(BLACK), 128, BLACK) > 0.97
    assert silhouette_iou(striped(), MASK) > 0.99


def test_a_shirt_that_is_not_found_counts_nothing():
    assert sleeve_retention([shirt()], [MASK], lambda pictures: [[] for _ in pictures], size_px=128) == 0.0


def test_the_detector_sees_what_was_drawn_before_the_ground_at_its_size():
    seen = []

    def look_on(pictures):
        seen.extend(pictures)
        return not_of(WHITE)(pictures)

    sleeve_retention([striped()], [MASK], look_on, size_px=96, ground=WHITE)
    assert seen[0].shape == (96, 96, 3)
    assert np.unique(seen[0][:8]).tolist() == [255]
    middle = seen[0][30:60, 40:56].reshape(-1, 3).astype(int)
    assert (np.abs(middle - 128).max(axis=1) < 40).any(), "the lines between stripes are cloth"


def test_the_silhouette_is_that_of_what_was_drawn():
    assert silhouette_iou(shirt(), MASK) == 1.0
    assert silhouette_iou(shirt(sleeves=GREY), MASK) == pytest.approx(1 - SLEEVES.sum() / MASK.sum(), abs=0.01)
    assert silhouette_iou(shirt(sleeves=(200, 150, 120)), MASK) == 1.0  # drawn, if as something else
    assert silhouette_iou(np.full((SIDE, SIDE, 3), 128, np.uint8), MASK) == 0.0


def test_haze_outside_of_the_mask_is_drawn_too():
    haze = shirt()
    haze[:, 59:] = (90, 120, 100)
    assert silhouette_iou(haze, MASK) == pytest.approx(MASK.sum() / (MASK.sum() + 5 * SIDE), abs=0.02)


def test_the_soft_border_of_a_cut_out_is_ground():
    soft = shirt()
    soft[5, 16:48] = (100, 115, 142)  # a third of the shirt's colour
    assert drawn_part(soft, MASK).tolist() == MASK.tolist()


def test_dark_shirts_are_shown_before_white():
    looks = [Look((lightness, 0, 0), (lightness, 0, 0), (0, 0, 0), 0.0, 0.0, 0.0) for lightness in (5, 29, 31, 95)]
    assert [ground_for(look) for look in looks] == [WHITE, WHITE, BLACK, BLACK]
