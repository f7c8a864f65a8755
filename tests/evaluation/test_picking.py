"""The rule by which an epoch is kept."""

import pytest

from tryon.evaluation.picking import KERNEL_DISTANCE, LIMITS, RATING, WORST, pick, rate
from tryon.images.patterns import Look

PLAIN = Look((40, 0, -40), (40, 0, -40), (2, 1, 1), 0.05, 0.1, 0.0)
STRIPED = Look((60, 0, -8), (90, 0, 4), (20, 5, 5), 0.6, 0.08, 0.0)
JUST_GOOD = {
    "ciede2000_to_target": 6.0,
    "silhouette_iou": 0.97,
    KERNEL_DISTANCE: 0.01,
    "stripe_frequency_error": 0.1,
    "stripe_angle_error_deg": 5.0,
    "stripe_strength": 0.45,
}


def test_what_is_just_good_enough_in_everything_is_rated_one():
    assert rate(JUST_GOOD, STRIPED, 0.1) == pytest.approx(1.0)
    assert rate(JUST_GOOD, PLAIN, 0.1) == pytest.approx(1.0)


def test_a_perfect_one_is_rated_nothing_and_more_stripes_or_luck_earn_nothing():
    perfect = dict.fromkeys(JUST_GOOD, 0.0) | {"silhouette_iou": 1.0, "stripe_strength": 0.6}
    lucky = perfect | {KERNEL_DISTANCE: -0.01, "stripe_strength": 0.9}
    assert rate(perfect, STRIPED, 0.1) == rate(lucky, STRIPED, 0.1) == 0.0


@pytest.mark.parametrize(
    ("name", "worse", "by"),
    [
        ("ciede2000_to_target", 12.0, 1.0),
        ("silhouette_iou", 0.94, 1.0),
        (KERNEL_DISTANCE, 0.03, 2.0),
        ("stripe_frequency_error", 0.3, 2.0),
        ("stripe_angle_error_deg", 90.0, WORST - 1),
        ("stripe_strength", 0.15, 2.0),
    ],
)
def test_each_error_counts_in_units_of_its_limit_and_only_so_far(name, worse, by):
    assert rate(JUST_GOOD | {name: worse}, STRIPED, 0.1) == pytest.approx(1.0 + by / len(LIMITS))


def test_stripes_count_for_striped_targets_only():
    without = {name: value for name, value in JUST_GOOD.items() if not name.startswith("stripe")}
    assert rate(without, PLAIN, 0.1) == pytest.approx(1.0)


def test_the_earliest_of_the_best_is_picked():
    assert pick([{RATING: value} for value in (3.0, 1.0, 2.0, 1.0)]) == 2
