"""Which epoch of a CycleGAN is kept: the one with the least rating on the validation side, the earliest of equal ones.

A rating is the mean of errors, each in units of the limit that results are held to (`LIMITS`), so that 1 is a result
just good enough in everything. Each error is limited to `WORST` of its limits: of two epochs that are hopeless in
one respect, the others decide.
"""

from collections.abc import Mapping, Sequence

from tryon.images.patterns import STRIPED_FROM, Look

RATING = "rating"
# The features are those of a fixed random network of our own: no figure to compare with published KID.
KERNEL_DISTANCE = "kid_random_network"
WORST = 10.0
# Of the errors below. The kernel distance has no unit: a tenth of that of the pictures before they are redrawn.
LIMITS = {"colour": 6.0, "shape": 0.03, "likeness": 0.1, "frequency": 0.1, "angle": 5.0, "strength": 0.25}


def rate(scores: Mapping[str, float], target: Look, untouched_distance: float) -> float:
    """The rating of one epoch.

    Args:
        scores: of `score_fakes`, and `KERNEL_DISTANCE`.
        target: the measured look; stripes count only if it has some.
        untouched_distance: the kernel distance of the pictures before they are redrawn.
    """
    errors = {
        "colour": scores["ciede2000_to_target"],
        "shape": 1.0 - scores["silhouette_iou"],
        "likeness": max(0.0, scores[KERNEL_DISTANCE]) / untouched_distance,
    }
    if target.stripe_strength >= STRIPED_FROM:
        errors |= {
            "frequency": scores["stripe_frequency_error"],
            "angle": scores["stripe_angle_error_deg"],
            "strength": max(0.0, 1.0 - scores["stripe_strength"] / target.stripe_strength),
        }
    return sum(min(error / LIMITS[name], WORST) for name, error in errors.items()) / len(errors)


def pick(scores: Sequence[Mapping[str, float]]) -> int:
    """The epoch, counted from 1, that the rule keeps."""
    ratings = [each[RATING] for each in scores]
    return 1 + ratings.index(min(ratings))
