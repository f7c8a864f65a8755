"""Slices that are measured: the contrast across an outline against a slow version, and the length of sleeves."""

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from tryon.evaluation.slices import (
    BACKGROUND_CLOSE,
    LONG_SLEEVES,
    close_share,
    measured_slices,
    outline_contrast,
    sleeve_ratio,
)
from tryon.geometry.landmarks import SHORT_SLEEVE_TOP, flip, scale_shift

NONE = np.zeros((25, 3))
SIDE = 48


def disc() -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    return np.hypot(y - 24, x - 22) < 15


def photo_of(inside: tuple[int, ...], outside: tuple[int, ...], noise: float = 0.0) -> np.ndarray:
    picture = np.where(disc()[..., None], inside, outside) + np.random.default_rng(0).normal(0, noise, (SIDE, SIDE, 3))
    return np.clip(picture, 0, 255).astype(np.uint8)


def slow_contrast(photo: np.ndarray, mask: np.ndarray) -> list[float]:
    """At each pixel that touches the other side: mean colours of both sides in a window, 1 to `reach` pixels off."""
    lab = rgb2lab(photo / 255)
    reach = max(3, round(0.06 * mask.sum() ** 0.5))
    places = np.argwhere(np.ones_like(mask))
    to_edge = {
        tuple(p): np.hypot(*(np.argwhere(mask != mask[tuple(p)]) - p).T).min() - 0.5 for p in places
    }  # the edge runs half way
    contrast = []
    for y, x in places:
        if to_edge[y, x] > 0.5:
            continue
        sides: dict[bool, list[np.ndarray]] = {True: [], False: []}
        for v in range(max(0, y - reach), min(SIDE, y + reach + 1)):
            for u in range(max(0, x - reach), min(SIDE, x + reach + 1)):
                if 1 < to_edge[v, u] <= reach:
                    sides[bool(mask[v, u])].append(lab[v, u])
        if sides[True] and sides[False]:
            means = [np.mean(sides[side], axis=0) for side in (True, False)]
            contrast.append(float(deltaE_ciede2000(*means)))
    return contrast


@pytest.mark.parametrize("noise", [0.0, 40.0])
def test_contrast_equals_the_slow_version(noise: float) -> None:
    photo = photo_of((180, 60, 60), (60, 60, 120), noise)
    photo[:20] = (180, 70, 60)
    slow = slow_contrast(photo, disc())
    assert np.allclose(outline_contrast(photo, disc()), slow, atol=0.05)
    assert close_share(photo, disc()) == pytest.approx(np.mean(np.array(slow) < 10))
    assert len(slow) > 80


def test_a_background_of_the_shirts_colour_makes_the_slice() -> None:
    near, far = photo_of((120, 120, 125), (130, 130, 130), 8), photo_of((120, 120, 125), (230, 230, 230), 8)
    assert measured_slices(near, disc(), NONE) == (BACKGROUND_CLOSE,)
    assert measured_slices(far, disc(), NONE) == ()
    half = far.copy()
    half[:, :24] = near[:, :24]
    assert 0.3 < close_share(half, disc()) < 0.7


def test_a_striped_shirt_on_its_own_mean_colour_is_told_by_its_stripes() -> None:
    """The mean over the whole shirt would call it close; window by window it is not."""
    photo = photo_of((128, 128, 128), (128, 128, 128))
    stripes = np.where((np.arange(SIDE) // 8 % 2)[:, None, None], 250, 6).astype(np.uint8)
    photo = np.where(disc()[..., None], stripes, photo).astype(np.uint8)
    assert close_share(photo, disc()) < 0.2 < close_share(photo_of((128, 128, 128), (128, 128, 128)), disc())


@pytest.mark.parametrize("mask", [np.zeros((SIDE, SIDE), bool), np.ones((SIDE, SIDE), bool)])
def test_without_an_outline_there_is_no_slice(mask: np.ndarray) -> None:
    assert len(outline_contrast(photo_of((1, 1, 1), (1, 1, 1)), mask)) == 0
    assert measured_slices(photo_of((1, 1, 1), (1, 1, 1)), mask, NONE) == ()


def test_a_mask_of_one_pixel_is_no_error() -> None:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[20, 20] = True
    assert close_share(photo_of((1, 1, 1), (1, 1, 1)), mask) == 0.0, "nothing of it is clear of the outline"


def sleeves(left_cm: float, right_cm: float) -> np.ndarray:
    """A shirt with arms hanging: sleeves of these lengths, armholes 20 deep."""
    landmarks = np.zeros((25, 3))
    for side, x, length in (("left", 40, left_cm), ("right", 90, right_cm)):
        for name, y in (
            ("shoulder", 10),
            ("sleeve_outer", 10 + length / 3),
            ("cuff_outer", 10 + length),
            ("armpit", 30),
        ):
            landmarks[SHORT_SLEEVE_TOP.index(f"{name}_{side}")] = (x, y, 2)
    return landmarks


def absent(landmarks: np.ndarray, *names: str) -> np.ndarray:
    gone = landmarks.copy()
    gone[[SHORT_SLEEVE_TOP.index(name) for name in names]] = 0
    return gone


def test_the_longer_sleeve_counts_in_armhole_depths() -> None:
    assert sleeve_ratio(sleeves(30, 50)) == pytest.approx(2.5)
    assert sleeve_ratio(flip(sleeves(30, 50), 200)) == pytest.approx(2.5)
    assert sleeve_ratio(scale_shift(sleeves(30, 50), 0.3, (7, 9))) == pytest.approx(2.5)


def test_long_sleeves_make_the_slice_and_short_ones_do_not() -> None:
    far = photo_of((120, 20, 20), (230, 230, 230))
    assert measured_slices(far, disc(), sleeves(45, 30)) == (LONG_SLEEVES,)
    assert measured_slices(far, disc(), sleeves(30, 30)) == ()


def test_hidden_landmarks_count_and_absent_ones_leave_the_other_sleeve() -> None:
    hidden = sleeves(30, 50)
    hidden[hidden[:, 2] > 0, 2] = 1
    assert sleeve_ratio(hidden) == pytest.approx(2.5)
    one = absent(sleeves(30, 50), "cuff_outer_right")
    assert sleeve_ratio(one) == pytest.approx(1.5)
    assert sleeve_ratio(absent(one, "armpit_left")) == 0.0
    assert sleeve_ratio(NONE) == 0.0


def test_an_armhole_without_depth_has_no_ratio() -> None:
    folded = sleeves(30, 30)
    for side in ("left", "right"):
        folded[SHORT_SLEEVE_TOP.index(f"armpit_{side}")] = folded[SHORT_SLEEVE_TOP.index(f"shoulder_{side}")]
    assert sleeve_ratio(folded) == 0.0
