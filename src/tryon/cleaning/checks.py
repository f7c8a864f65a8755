"""The checks: a measurement against a limit of `cleaning` in params.yaml, and how probable the fault is.

The probability rises from 0 to 1 around the limit. Where it is close to one half, neither the limit nor the model
knows: there a person's look is worth most.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tryon.cleaning.pixels import PixelFacts
from tryon.cleaning.shirts import ShirtFacts
from tryon.config_collections import CleaningConfig

TOO_SMALL, TOO_LONG, BLURRED, EXPOSURE = "too small", "too long", "blurred", "exposure"
BORDER, WATERMARK = "border", "watermark"
NO_SHIRT, SEVERAL_SHIRTS, CLOSE_UP = "no shirt", "several shirts", "close-up"
NOT_UPRIGHT, NOT_FRONTAL = "not upright", "not frontal"
PIXEL_CHECKS = (TOO_SMALL, TOO_LONG, BLURRED, EXPOSURE, BORDER, WATERMARK)
SHIRT_CHECKS = (NO_SHIRT, SEVERAL_SHIRTS, CLOSE_UP, NOT_UPRIGHT, NOT_FRONTAL)

# In units of each measurement: about a sixth of the way from the limit to the middle of the good training pictures
# (`python benchmarks/cleaning.py`, `limits`). `doubt` there shows what they are worth.
_SPREADS = {
    "blur": 0.026,
    "luminance": 0.04,
    "border": 0.1,
    "watermark": 0.15,
    "score": 0.0016,
    "second score": 0.16,
    "outline": 0.11,
    "bleached": 0.047,
    "upright": 0.22,
    "edge": 0.027,
    "asymmetry": 0.04,
    "aspect": 0.065,
    "landmarks": 0.06,
}


@dataclass(frozen=True)
class Finding:
    """One measurement against its limit.

    Args:
        check: which of the checks.
        detail: the measurement, in words.
        refused: whether it is beyond the limit.
        probability: of the fault, 0 to 1; 0.5 at the limit.
    """

    check: str
    detail: str
    refused: bool
    probability: float


def check_pixels(pixels: PixelFacts, watermark: float, limits: CleaningConfig) -> Iterator[Finding]:
    """The checks that need no model; `watermark` is the measure of `tryon.cleaning.watermarks`."""
    short, long = sorted((pixels.width, pixels.height))
    size = f"{pixels.width} x {pixels.height}"
    yield _exact(TOO_SMALL, size, short < limits.min_side_px)
    yield _exact(TOO_LONG, size, long > limits.max_aspect * short)
    yield _above(BLURRED, "blur", pixels.blur, limits.max_blur)
    darkest, brightest = limits.exposure
    yield _below(EXPOSURE, "luminance", pixels.luminance, darkest)
    yield _above(EXPOSURE, "luminance", pixels.luminance, brightest)
    yield _above(BORDER, "border", pixels.border, limits.max_border)
    yield _above(WATERMARK, "watermark", watermark, limits.max_watermark)


def check_shirts(shirts: ShirtFacts, limits: CleaningConfig) -> Iterator[Finding]:
    """The checks by what Mask R-CNN found."""
    yield _below(NO_SHIRT, "score", shirts.score, limits.min_shirt_score)
    if shirts.score == 0:
        return  # of a shirt that is none the rest says nothing
    yield _below(NO_SHIRT, "outline", shirts.outline, limits.min_outline)
    yield _above(SEVERAL_SHIRTS, "second score", shirts.second_score, limits.max_second_score)
    yield _above(CLOSE_UP, "edge", shirts.edge, limits.max_edge)
    yield _above(EXPOSURE, "bleached", shirts.bleached, limits.max_bleached)
    yield _below(NOT_UPRIGHT, "upright", shirts.upright, limits.min_upright)
    yield _above(NOT_FRONTAL, "asymmetry", shirts.asymmetry, limits.max_asymmetry)
    narrowest, widest = limits.shirt_aspect
    yield _below(NOT_FRONTAL, "aspect", shirts.aspect, narrowest)
    yield _above(NOT_FRONTAL, "aspect", shirts.aspect, widest)
    if shirts.landmarks is not None:
        yield _below(NOT_FRONTAL, "landmarks", shirts.landmarks, limits.min_landmarks)


def fault_probability(findings: list[Finding]) -> float:
    """The probability that a picture has any of the faults, as if they were independent."""
    return 1.0 - math.prod(1.0 - one.probability for one in findings)


def doubt(findings: list[Finding]) -> float:
    """1 where a fault is as probable as none, 0 where the verdict is sure."""
    return 1.0 - abs(2.0 * fault_probability(findings) - 1.0)


def _exact(check: str, detail: str, refused: bool) -> Finding:
    return Finding(check, detail, refused, float(refused))


def _above(check: str, measure: str, value: float, limit: float) -> Finding:
    probability = _logistic((value - limit) / _SPREADS[measure])
    return Finding(check, f"{measure} {value:.3f}", value > limit, probability)


def _below(check: str, measure: str, value: float, limit: float) -> Finding:
    probability = _logistic((limit - value) / _SPREADS[measure])
    return Finding(check, f"{measure} {value:.3f}", value < limit, probability)


def _logistic(value: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))
