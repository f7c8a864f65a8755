"""The limits of cleaning: which measurement each of them bounds, and how they are chosen from the training split.

Imported by benchmarks/cleaning.py. All limits together may refuse a few good pictures only, so that budget is spent
where it finds most: every limit starts at the furthest good picture, and the one whose next step finds the most faulty
pictures that no other limit finds, for each good picture lost, takes that step, until the budget is spent. Faults count
alike, however many pictures each has.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from cleaning_samples import FOUND_BY, Sample
from numpy.typing import NDArray

from tryon.cleaning import checks
from tryon.config_collections import CleaningConfig

MAX_REFUSED = 0.05  # of the good pictures, by all limits together
STEPS = 8  # good pictures that one limit may lose at once
LEAST_GAIN = 0.002  # of the mean recall for a good picture lost: below, a limit follows chance


class Limit(NamedTuple):
    """A key of `cleaning`, the place in it where it has two, its check and measurement, and whether more is worse."""

    key: str
    place: int | None
    check: str
    measure: str
    high: bool

    @property
    def name(self) -> str:
        """As it is printed."""
        return self.key if self.place is None else f"{self.key}[{self.place}]"

    def of(self, limits: CleaningConfig) -> float:
        """What it is set to."""
        value = getattr(limits, self.key)
        return float(value if self.place is None else value[self.place])

    def beyond(self, samples: Sequence[Sample], limit: float) -> NDArray[np.bool_]:
        """Which samples (N,) it refuses."""
        values = self.values(samples)
        return values > limit if self.high else values < limit

    def values(self, samples: Sequence[Sample]) -> NDArray[np.float64]:
        """The measurement (N,); landmarks of a model without them never refuse."""
        return np.array([measured(one, self.measure) for one in samples], np.float64)


LIMITS = (
    Limit("max_blur", None, checks.BLURRED, "blur", True),
    Limit("exposure", 0, checks.EXPOSURE, "luminance", False),
    Limit("exposure", 1, checks.EXPOSURE, "luminance", True),
    Limit("max_border", None, checks.BORDER, "border", True),
    Limit("max_watermark", None, checks.WATERMARK, "watermark", True),
    Limit("min_shirt_score", None, checks.NO_SHIRT, "score", False),
    Limit("min_outline", None, checks.NO_SHIRT, "outline", False),
    Limit("max_second_score", None, checks.SEVERAL_SHIRTS, "second_score", True),
    Limit("max_edge", None, checks.CLOSE_UP, "edge", True),
    Limit("max_bleached", None, checks.EXPOSURE, "bleached", True),
    Limit("min_upright", None, checks.NOT_UPRIGHT, "upright", False),
    Limit("max_asymmetry", None, checks.NOT_FRONTAL, "asymmetry", True),
    Limit("shirt_aspect", 0, checks.NOT_FRONTAL, "aspect", False),
    Limit("shirt_aspect", 1, checks.NOT_FRONTAL, "aspect", True),
    Limit("min_landmarks", None, checks.NOT_FRONTAL, "landmarks", False),
)


def measured(one: Sample, measure: str) -> float:
    """A measurement by its name."""
    if measure == "watermark":
        return one.watermark
    value = getattr(one.pixels if hasattr(one.pixels, measure) else one.shirts, measure)
    return 1.0 if value is None else float(value)


def choose(samples: Sequence[Sample]) -> dict[str, float]:
    """The limits for these samples by the module's rule; those that found nothing stay at the furthest good picture."""
    good = [one for one in samples if not one.fault]
    faulty = [one for one in samples if one.fault in FOUND_BY]
    counts = {fault: sum(one.fault == fault for one in faulty) for fault in FOUND_BY}
    weights = np.array([1 / counts[one.fault] for one in faulty]) / sum(count > 0 for count in counts.values())
    steps = {limit: ordered(limit.values(good), limit.high) for limit in LIMITS}
    reached = dict.fromkeys(LIMITS, 0)
    lost, found = np.zeros(len(good), np.bool_), np.zeros(len(faulty), np.bool_)
    for limit in LIMITS:
        found |= limit.beyond(faulty, steps[limit][0])
    while True:
        best = None
        for limit in LIMITS:
            for step in range(reached[limit] + 1, min(reached[limit] + 1 + STEPS, len(steps[limit]))):
                more_lost = lost | limit.beyond(good, steps[limit][step])
                more_found = found | limit.beyond(faulty, steps[limit][step])
                gain = float(weights[more_found & ~found].sum()) / max(int((more_lost & ~lost).sum()), 0.5)
                if more_lost.mean() <= MAX_REFUSED and gain > LEAST_GAIN and (best is None or gain > best[0]):
                    best = gain, limit, step, more_lost, more_found
        if best is None:
            return {limit.name: round(float(steps[limit][reached[limit]]), 4) for limit in LIMITS}
        _, limit, reached[limit], lost, found = best


def ordered(values: NDArray[np.float64], high: bool) -> NDArray[np.float64]:
    """The different values, the worst first."""
    found = np.unique(values)
    return found[::-1] if high else found
