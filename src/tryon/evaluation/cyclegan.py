"""Scores of a CycleGAN on unseen cut-outs: did the shirt take on the pattern, and is it still the same shirt?

All pictures are (S, S, 3) uint8 cut-outs on the neutral ground with their mask; `Look` is the measured target.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.baselines import flat_fill, recolour_by_luminance
from tryon.evaluation.colour import lab_distance
from tryon.evaluation.sleeves import silhouette_iou
from tryon.evaluation.stripes import angle_error_deg, frequency_error
from tryon.evaluation.structure import fold_correlation, ssim
from tryon.images.patterns import STRIPED_FROM, Look, measure_look

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Scores = dict[str, float]


@dataclass(frozen=True, eq=False)
class Sample:
    """One cut-out that went in, what came out, and what the way back made of that; None where there is no way back."""

    picture: U8
    mask: Mask
    fake: U8
    cycled: U8 | None


def score_samples(samples: Sequence[Sample], target: Look) -> Scores:
    """`score_fakes`, and the same of the two results without a network, with its name as suffix.

    Raises:
        DataError: there are no samples.
    """
    scores = score_fakes(samples, target)
    for name, redraw in BASELINES.items():
        fakes = [redraw(s.picture, s.mask, target) for s in samples]
        suffixed = _mean([_score_fake(f, s.picture, s.mask, target) for f, s in zip(fakes, samples, strict=True)])
        scores |= {f"{key}_{name}": value for key, value in suffixed.items()}
    return scores


def score_fakes(samples: Sequence[Sample], target: Look) -> Scores:
    """Means over the samples of every score that needs no model.

    `stripe_frequency_error`, `stripe_angle_error_deg` and `stripe_strength` are there for a striped target only,
    `cycle_ssim` where there is a way back.

    Raises:
        DataError: there are no samples.
    """
    if not samples:
        raise DataError("a CycleGAN cannot be scored", received="no pictures", needed="cut-outs of plain garments")
    scores = _mean([_score_fake(s.fake, s.picture, s.mask, target) for s in samples])
    ways_back = [ssim(s.cycled, s.picture, s.mask) for s in samples if s.cycled is not None]
    if ways_back:
        scores["cycle_ssim"] = _average(ways_back)
    return scores


def background_change(fake: U8, picture: U8, mask: Mask) -> float:
    """Mean absolute difference, 0 to 255, outside of the mask; 0 where the mask covers everything."""
    outside = ~mask
    if not outside.any():
        return 0.0
    return float(np.abs(fake[outside].astype(np.float64) - picture[outside]).mean())


def flat_fill_result(picture: U8, mask: Mask, target: Look) -> U8:
    """The mask filled with the target's mean colour."""
    return flat_fill(picture, mask.astype(np.float32), np.array(target.lab, np.float32))


def luminance_result(picture: U8, mask: Mask, target: Look) -> U8:
    """The shirt's own light and shade in the target's colour."""
    return recolour_by_luminance(picture, mask.astype(np.float32), np.array(target.lab, np.float32))


BASELINES: Mapping[str, Callable[[U8, Mask, Look], U8]] = {"flat_fill": flat_fill_result, "luminance": luminance_result}


def _score_fake(fake: U8, picture: U8, mask: Mask, target: Look) -> Scores:
    look = measure_look(fake, mask)
    scores = {
        "ciede2000_to_target": _colour_distance(look, target),
        "fold_correlation": fold_correlation(fake, picture, mask),
        "background_change": background_change(fake, picture, mask),
        "silhouette_iou": silhouette_iou(fake, mask),
    }
    if target.stripe_strength >= STRIPED_FROM:
        scores["stripe_frequency_error"] = _frequency_error(look, target)
        scores["stripe_angle_error_deg"] = angle_error_deg(look.stripe_angle_deg, target.stripe_angle_deg)
        scores["stripe_strength"] = look.stripe_strength
    return scores


def _colour_distance(look: Look, target: Look) -> float:
    """Of the mean colours; of a striped target also of the dominant ones, so that a mixed grey scores badly."""
    mean = lab_distance(np.array(look.lab), np.array(target.lab))
    if target.stripe_strength < STRIPED_FROM:
        return mean
    return (mean + lab_distance(np.array(look.dominant_lab), np.array(target.dominant_lab))) / 2


def _frequency_error(look: Look, target: Look) -> float:
    """Relative error of the frequency; 1 where no stripes are found."""
    if look.stripe_period <= 0:
        return 1.0
    return min(1.0, frequency_error(1 / look.stripe_period, 1 / target.stripe_period))


def _mean(rows: Sequence[Scores]) -> Scores:
    return {key: _average([row[key] for row in rows]) for key in rows[0]}


def _average(values: Sequence[float]) -> float:
    return float(np.mean(values))
