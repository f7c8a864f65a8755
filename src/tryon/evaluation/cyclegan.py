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
from tryon.evaluation.masks import mask_iou
from tryon.evaluation.stripes import angle_error_deg, frequency_error
from tryon.evaluation.structure import fold_correlation, ssim
from tryon.images.cutouts import NEUTRAL_GROUND_U8
from tryon.images.patterns import STRIPED_FROM, Look, measure_look
from tryon.images.resizing import resize

U8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Scores = dict[str, float]
SegmentedPictures = Callable[[Sequence[U8]], Sequence[Sequence[Mask]]]


@dataclass(frozen=True, eq=False)
class Sample:
    """One cut-out that went in, what came out, and what the way back made of that; None where there is no way back."""

    picture: U8
    mask: Mask
    fake: U8
    cycled: U8 | None


def score_samples(samples: Sequence[Sample], target: Look) -> Scores:
    """Means over the samples of every score that needs no model, and the same of the two results without a network.

    `stripe_frequency_error` and `stripe_angle_error_deg` are there for a striped target only, `cycle_ssim` where there
    is a way back; a result without a network carries its name as suffix.

    Raises:
        DataError: there are no samples.
    """
    if not samples:
        raise DataError("a CycleGAN cannot be scored", received="no pictures", needed="pictures in testA")
    scores = _mean([_score_fake(s.fake, s.picture, s.mask, target) for s in samples])
    ways_back = [ssim(s.cycled, s.picture, s.mask) for s in samples if s.cycled is not None]
    if ways_back:
        scores["cycle_ssim"] = _average(ways_back)
    for name, redraw in BASELINES.items():
        fakes = [redraw(s.picture, s.mask, target) for s in samples]
        suffixed = _mean([_score_fake(f, s.picture, s.mask, target) for f, s in zip(fakes, samples, strict=True)])
        scores |= {f"{key}_{name}": value for key, value in suffixed.items()}
    return scores


def background_change(fake: U8, picture: U8, mask: Mask) -> float:
    """Mean absolute difference, 0 to 255, outside of the mask; 0 where the mask covers everything."""
    outside = ~mask
    if not outside.any():
        return 0.0
    return float(np.abs(fake[outside].astype(np.float64) - picture[outside]).mean())


def sleeve_retention(
    fakes: Sequence[U8], masks: Sequence[Mask], find_shirts: SegmentedPictures, size_px: int, margin: float = 0.15
) -> float:
    """Mean IoU of the shirt that a detector finds in each fake with the mask that was put in; nothing found counts 0.

    Args:
        find_shirts: from pictures to the masks found in each, best first, at the picture's own size.
        size_px: side at which the detector sees the fake on the neutral ground.
        margin: neutral ground added on each side, so that the garment does not fill the picture.
    """
    placed = [_placed(fake, size_px, margin, NEUTRAL_GROUND_U8) for fake in fakes]
    wanted = [_placed(mask.astype(np.uint8) * 255, size_px, margin, 0) > 127 for mask in masks]
    found = find_shirts(placed)
    return _average([mask_iou(f[0], w) if len(f) else 0.0 for f, w in zip(found, wanted, strict=True)])


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


def _placed(array: NDArray[np.uint8], size_px: int, margin: float, ground: int) -> NDArray[np.uint8]:
    """The square in the middle of a larger one of `size_px`, filled with `ground`."""
    inner = round(size_px / (1 + 2 * margin))
    start = (size_px - inner) // 2
    square = np.full((size_px, size_px, *array.shape[2:]), ground, np.uint8)
    square[start : start + inner, start : start + inner] = resize(array, inner, inner)
    return square


def _mean(rows: Sequence[Scores]) -> Scores:
    return {key: _average([row[key] for row in rows]) for key in rows[0]}


def _average(values: Sequence[float]) -> float:
    return float(np.mean(values))
