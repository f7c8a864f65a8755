"""Scores of fitted pairs, always beside the three results without a network: untouched photo, flat fill, luminance.

With an exact answer, distances are taken to it inside the true shirt. Without one there remain those that need no
truth: that nothing outside of the soft mask changed, and how far the shirt's mean colour is from the garment's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tryon.config import ALL_PATTERNS
from tryon.errors import DataError
from tryon.evaluation.baselines import flat_fill, recolour_by_luminance
from tryon.evaluation.bootstrap import interval
from tryon.evaluation.borders import border_ciede2000
from tryon.evaluation.colour import ciede2000, ciede2000_to_lab
from tryon.evaluation.stripes import angle_error_deg, frequency_error, stripe_frequency_and_angle, stripe_phase_error
from tryon.evaluation.structure import psnr, ssim
from tryon.geometry.boxes import from_mask
from tryon.images.patterns import STRIPED_FROM

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Scores = dict[str, float]

# Pixels of the picture that stay round the true shirt: more than the border's 3 and half of SSIM's window.
_CONTEXT_PX = 8


@dataclass(frozen=True, eq=False)
class FittedPair:
    """A result with all that it is judged by.

    Args:
        photo, result: (H, W, 3).
        alpha: (H, W) in [0, 1], the soft mask that the result was composed with.
        garment_lab: measured mean Lab colour of the garment (3,).
        answer: (H, W, 3), the same scene in the garment, where it is known.
        shirt: (H, W), the true shirt, where it is known.
    """

    photo: Picture
    result: Picture
    alpha: NDArray[np.float32]
    garment_lab: NDArray[np.float32]
    answer: Picture | None = None
    shirt: Mask | None = None


def score_pair(pair: FittedPair) -> Scores:
    """All scores of one pair by name; those against the answer only where answer and true shirt are known.

    Raises:
        DataError: pictures of the pair differ in size.
    """
    for name, part in (("result", pair.result), ("alpha", pair.alpha), ("answer", pair.answer), ("mask", pair.shirt)):
        if part is not None and part.shape[:2] != pair.photo.shape[:2]:
            raise DataError(
                f"{name} and photo of a pair differ in size", received=part.shape[:2], needed=str(pair.photo.shape[:2])
            )
    scores: Scores = {"outside_changed_pixels": float(outside_changed_pixels(pair.photo, pair.result, pair.alpha))}
    if (pair.alpha > 0.5).any():
        scores["ciede2000_to_garment"] = ciede2000_to_lab(pair.result, pair.garment_lab, pair.alpha > 0.5)
    if pair.answer is None or pair.shirt is None or not pair.shirt.any():
        return scores
    window = _window(pair.shirt)
    answer, shirt = pair.answer[window], pair.shirt[window]
    for suffix, picture in results_by_suffix(pair).items():
        scores |= {name + suffix: value for name, value in _against(picture[window], answer, shirt).items()}
    return scores | _stripe_scores(pair.result[window], answer, shirt)


def results_by_suffix(pair: FittedPair) -> dict[str, Picture]:
    """The result (``""``) and the three without a network, by the suffix of their scores."""
    return {
        "": pair.result,
        "_untouched": pair.photo,
        "_flat_fill": flat_fill(pair.photo, pair.alpha, pair.garment_lab),
        "_luminance": recolour_by_luminance(pair.photo, pair.alpha, pair.garment_lab),
    }


def outside_changed_pixels(photo: Picture, result: Picture, alpha: NDArray[np.floating]) -> int:
    """How many pixels differ from the photo where alpha is 0."""
    return int(np.count_nonzero((photo != result).any(axis=-1) & (alpha == 0)))


def summarise(scored: Sequence[tuple[Mapping[str, str], Scores]], *, refused: int, seed: int) -> Scores:
    """Flat figures over scored pairs: means, by pattern as `NAME/PATTERN`, and an interval for CIEDE2000.

    `outside_changed_pixels` is a sum, for which anything but 0 is a fault.

    Args:
        scored: (row with `pattern` and `recognised`, scores) of each pair that was not refused.
        refused: how many pairs were.
        seed: of the interval.
    """
    scores = [each for _, each in scored]
    figures: Scores = {"pairs": len(scored) + refused, "refused": refused, **_means(scores)}
    figures["outside_changed_pixels"] = int(sum(each["outside_changed_pixels"] for each in scores))
    for pattern in sorted({row["pattern"] for row, _ in scored}):
        means = _means(each for row, each in scored if row["pattern"] == pattern)
        figures |= {f"{name}/{pattern}": value for name, value in means.items() if name != "outside_changed_pixels"}
    # The model of all patterns recognises none: it draws what it is given.
    if named := [row for row, _ in scored if row["recognised"] != ALL_PATTERNS]:
        figures["pattern_recognised_rate"] = _mean([row["recognised"] == row["pattern"] for row in named])
    if distances := [each["ciede2000"] for each in scores if "ciede2000" in each]:
        low, high = interval(distances, seed)
        figures |= {"ciede2000_low": round(low, 4), "ciede2000_high": round(high, 4)}
    return figures


def rank(rows: Sequence[Scores]) -> list[int]:
    """Indices of the pairs from best to worst: by distance to the answer, or where none is known to the colour."""
    score = "ciede2000" if any("ciede2000" in row for row in rows) else "ciede2000_to_garment"
    return sorted((index for index, row in enumerate(rows) if score in row), key=lambda index: rows[index][score])


def _against(picture: Picture, answer: Picture, shirt: Mask) -> Scores:
    scores = {name: score(picture, answer, shirt) for name, score in _SCORES.items()}
    if not shirt.all():
        scores["border_ciede2000"] = border_ciede2000(picture, answer, shirt)
    return scores


_SCORES = {"ciede2000": ciede2000, "ssim": ssim, "psnr": psnr}


def _stripe_scores(result: Picture, answer: Picture, shirt: Mask) -> Scores:
    frequency, angle, strength = stripe_frequency_and_angle(answer, shirt)
    if strength < STRIPED_FROM:
        return {}
    got_frequency, got_angle, got_strength = stripe_frequency_and_angle(result, shirt)
    return {
        "stripe_frequency_error": frequency_error(got_frequency, frequency),
        "stripe_angle_error_deg": angle_error_deg(got_angle, angle),
        "stripe_phase_error": stripe_phase_error(result, answer, shirt),
        "stripe_strength": got_strength,
        "stripe_strength_answer": strength,
    }


def _means(scores: Iterable[Mapping[str, float]]) -> Scores:
    values: dict[str, list[float]] = {}
    for each in scores:
        for name, value in each.items():
            values.setdefault(name, []).append(value)
    return {name: _mean(of) for name, of in sorted(values.items())}


def _mean(values: Sequence[float]) -> float:
    """Rounded, so that figures of equal runs on different machines stay equal."""
    return round(float(np.mean(values)), 4)


def _window(shirt: Mask) -> tuple[slice, slice]:
    left, top, right, bottom = (int(value) for value in from_mask(shirt))
    return (
        slice(max(0, top - _CONTEXT_PX), bottom + _CONTEXT_PX),
        slice(max(0, left - _CONTEXT_PX), right + _CONTEXT_PX),
    )
