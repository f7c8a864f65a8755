"""The look of a garment: its colours and its stripes, measured within its mask.

Stripes are sought in the spectrum of lightness and chroma after slow changes (light, large folds) have been taken out.
A garment is striped as far as its changes of colour stand in one direction at one frequency and its multiples. Lengths
are fractions of the garment's height, so that a look does not depend on the picture's size.

The figures below are those that `python benchmarks/patterns.py --garments ../shared/data/garments` prints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import fft2, next_fast_len
from skimage.color import deltaE_ciede2000

from tryon.errors import DataError
from tryon.geometry import boxes
from tryon.images.colour import rgb_to_lab, to_float
from tryon.images.resizing import resize

FloatArray = NDArray[np.float32]
Triple = tuple[float, float, float]

# Larger garments are shrunk to this: fine stripes (1/50 of the height) still have 4 pixels. On 193 real garments the
# strength tells striped from plain with an area under the curve of 0.974; at 128 pixels with one of 0.948.
_SIDE_PX = 192
# The spectrum is drawn out to this many times the garment's side, so that its peaks are wider than one cell.
_PADDING = 1.5
# Width to which the power is smoothed before its peak is sought, in periods over the height.
_PEAK_WIDTH = 0.75
# Slower changes than this (standard deviation, as a fraction of the height) count as light and shape, not as stripes.
_TREND_SIGMA = 0.09
# Stripes have at least 3 periods over the garment's height, and each has at least 2.5 pixels.
_LEAST_PERIODS, _LEAST_PERIOD_PX = 3.0, 2.5
_LAB_SHIFT = np.array([0, 128, 128], np.float32)  # to non-negative values
_COLOUR_SCALE = 20.0
_STRIPED_SCALE = 0.4
# Of 193 real garments, 96.4 % lie on the right side of this; of 249 drawn worn shirts, 93.6 %.
HALF_STRIPED = 0.17
# From this strength on a cloth is taken as striped: no plain one is (real garments reach 0.32, drawn worn shirts 0.23),
# and 99 % of the striped worn shirts are. Of the real striped garments 31 % are too faint or too fine.
STRIPED_FROM = 0.4


# Standard deviation of the colours (in Lab, all channels together) of a cloth of one colour: of the rendered cut-outs
# the plain garments reach 8, those of a pattern start at 11.
_PLAIN_BELOW = 10.0


@dataclass(frozen=True)
class Look:
    """Colours in CIE Lab and stripes of one garment.

    Args:
        lab: mean colour.
        dominant_lab: the colour that covers most of the garment.
        lab_std: standard deviation of each channel.
        stripe_strength: 0 none, 1 nothing but stripes.
        stripe_period: as a fraction of the garment's height; means little where the strength is small.
        stripe_angle_deg: direction of the stripes, -90 (exclusive) to 90: 0 horizontal, positive rises to the right.
    """

    lab: Triple
    dominant_lab: Triple
    lab_std: Triple
    stripe_strength: float
    stripe_period: float
    stripe_angle_deg: float

    @property
    def patterned(self) -> bool:
        """Whether the cloth is of more than one colour, in stripes or otherwise."""
        return self.stripe_strength >= STRIPED_FROM or float(np.linalg.norm(self.lab_std)) >= _PLAIN_BELOW

    def to_dict(self) -> dict[str, Any]:
        """The look as JSON values."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "Look":
        """The look from JSON values.

        Raises:
            DataError: a value is missing or of the wrong kind.
        """
        try:
            return cls(
                lab=_triple(content["lab"]),
                dominant_lab=_triple(content["dominant_lab"]),
                lab_std=_triple(content["lab_std"]),
                stripe_strength=float(content["stripe_strength"]),
                stripe_period=float(content["stripe_period"]),
                stripe_angle_deg=float(content["stripe_angle_deg"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                "a look cannot be read",
                received=f"{type(error).__name__}: {error}",
                needed="lab, dominant_lab, lab_std of three numbers; stripe_strength, stripe_period, stripe_angle_deg",
                remedy="run prepare_domains again",
            ) from error


def measure_look(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Look:
    """The look of the garment (H, W, 3) under its mask (H, W); a rim of the mask is left out.

    Raises:
        DataError: the mask is empty.
    """
    if not np.any(mask):
        raise DataError("the look of a garment cannot be measured", received="an empty mask", needed="a garment")
    colours, inside = _at_measuring_size(image, np.asarray(mask, bool))
    lab = rgb_to_lab(to_float(colours))
    pixels = lab[inside]
    strength, period, angle = _measure_stripes(lab, inside)
    return Look(
        lab=_triple(pixels.mean(axis=0)),
        dominant_lab=_triple(_dominant(pixels)),
        lab_std=_triple(pixels.std(axis=0)),
        stripe_strength=round(strength, 4),
        stripe_period=round(period, 4),
        stripe_angle_deg=round(angle, 2),
    )


def mean_look(looks: Sequence[Look]) -> Look:
    """The typical look of several garments: the median of each value; period and angle over those with clear stripes.

    Raises:
        DataError: there are none.
    """
    if not looks:
        raise DataError("there is no garment to take the typical look of", needed="at least one look")
    strengths = np.array([look.stripe_strength for look in looks])
    clear = [look for look in looks if look.stripe_strength >= np.median(strengths)]
    doubled = np.deg2rad([2 * look.stripe_angle_deg for look in clear])  # 89 and -89 degrees are neighbours
    angle = np.rad2deg(np.arctan2(np.sin(doubled).mean(), np.cos(doubled).mean())) / 2
    return Look(
        lab=_triple(np.median([look.lab for look in looks], axis=0)),
        dominant_lab=_triple(np.median([look.dominant_lab for look in looks], axis=0)),
        lab_std=_triple(np.median([look.lab_std for look in looks], axis=0)),
        stripe_strength=round(float(np.median(strengths)), 4),
        stripe_period=round(float(np.median([look.stripe_period for look in clear])), 4),
        stripe_angle_deg=round(float(angle), 2),
    )


def look_distance(a: Look, b: Look) -> float:
    """How different two looks are; up to about 1 they would be called the same.

    Colour counts by CIEDE2000 with the lightness halved (k_L = 2, as for textiles), 20 of it being one unit; a plain
    and a clearly striped garment are 2.5 apart. Between two striped ones colour counts less, as their colours mix.
    """
    between = max(_colour_difference(a.dominant_lab, b.dominant_lab), _colour_difference(a.lab, b.lab))
    striped_a, striped_b = _stripedness(a.stripe_strength), _stripedness(b.stripe_strength)
    colour = between / _COLOUR_SCALE * (1 - 0.6 * min(striped_a, striped_b))
    return float(np.hypot(colour, (striped_a - striped_b) / _STRIPED_SCALE))


def classify_look(look: Look, references: Mapping[str, Look]) -> tuple[str, float]:
    """The name of the nearest reference and the distance to it (`look_distance`).

    Raises:
        DataError: there are no references.
    """
    if not references:
        raise DataError("a look cannot be named", received="no references", needed="at least one named look")
    distances = {name: look_distance(look, reference) for name, reference in references.items()}
    nearest = min(sorted(distances), key=lambda name: distances[name])
    return nearest, distances[nearest]


def _stripedness(strength: float) -> float:
    """0 plain to 1 striped; the strength that tells real striped garments from plain ones best gives one half."""
    return strength**2 / (strength**2 + HALF_STRIPED**2)


def _at_measuring_size(
    image: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The garment's box, at most `_SIDE_PX` large, and its mask without a rim of 2 %."""
    x1, y1, x2, y2 = boxes.from_mask(mask).astype(int)
    scale = min(1.0, _SIDE_PX / (y2 - y1), _SIDE_PX / (x2 - x1))
    height, width = max(1, round((y2 - y1) * scale)), max(1, round((x2 - x1) * scale))
    colours = resize(np.ascontiguousarray(image[y1:y2, x1:x2]), height, width)
    region = resize(np.ascontiguousarray(mask[y1:y2, x1:x2]), height, width)
    padded = np.pad(region.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    # At least the pixel that resizing mixed with what lies beyond; never more than leaves something to measure.
    rim = min(max(1.5, 0.02 * height), 0.5 * float(depth.max()))
    return colours, np.asarray(depth > rim)


def _dominant(pixels: FloatArray) -> FloatArray:
    """The mean of the pixels near the fullest place of the Lab histogram (cells of 8, smoothed)."""
    cells = np.clip(((pixels + _LAB_SHIFT) / 8).astype(int), 0, 32)
    counts = np.zeros((33, 33, 33), np.float32)
    np.add.at(counts, tuple(cells.T), 1)
    for axis in range(3):
        lower, upper = np.roll(counts, 1, axis), np.roll(counts, -1, axis)
        counts = counts + 0.5 * (lower + upper)
    peak = np.array(np.unravel_index(int(counts.argmax()), counts.shape)) * 8 + 4 - _LAB_SHIFT
    near = np.linalg.norm(pixels - peak, axis=1) < 14
    return np.asarray(pixels[near].mean(axis=0) if near.any() else np.median(pixels, axis=0), np.float32)


def _measure_stripes(lab: FloatArray, inside: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Strength, period (fraction of the height) and angle of the strongest stripes."""
    height = lab.shape[0]
    weight = inside.astype(np.float32)
    changes = _without_trend(lab, weight)
    variance = float((changes**2).sum() / max(weight.sum(), 1))
    size = next_fast_len(int(_PADDING * max(lab.shape[:2])))
    power = (np.abs(fft2(changes, s=(size, size), axes=(0, 1))) ** 2).sum(axis=-1)
    along = np.fft.fftfreq(size) * height  # periods over the garment's height
    fx, fy = np.meshgrid(along, along)
    frequency = np.hypot(fx, fy)
    half = ((fy > 0) | ((fy == 0) & (fx > 0))) & (frequency >= _LEAST_PERIODS)
    half &= frequency <= height / _LEAST_PERIOD_PX
    if not half.any() or variance == 0:
        return 0.0, 0.0, 0.0
    smooth = cv2.GaussianBlur(np.fft.fftshift(power), (0, 0), _PEAK_WIDTH * size / height)
    peak = int(np.where(half, np.fft.ifftshift(smooth), -1).argmax())
    f0, angle = float(frequency.flat[peak]), float(np.arctan2(fx.flat[peak], fy.flat[peak]))
    near = half & _on_line(frequency, np.arctan2(fx, fy), f0, angle)
    core = half & (np.hypot(fx - fx.flat[peak], fy - fy.flat[peak]) <= max(1.0, 0.12 * f0))
    weights = power[core] / power[core].sum()
    f0 = float((weights * frequency[core]).sum())
    angle = float(np.arctan2((weights * fx[core]).sum(), (weights * fy[core]).sum()))
    share = 2 * float(power[near].sum()) / float(power.sum())  # the other half of a real spectrum mirrors this one
    degrees = float(np.rad2deg(angle))
    return share * variance / (variance + _fold_floor(f0) ** 2), 1 / f0, degrees + 180 if degrees <= -90 else degrees


def _on_line(frequency: ArrayLike, angles: ArrayLike, f0: float, angle: float) -> NDArray[np.bool_]:
    """Which frequencies belong to stripes of frequency `f0` and direction `angle`: near it or its multiples.

    Stripes on a body bend, and are drawn together where it turns away: a fifth is allowed for each.
    """
    frequency = np.asarray(frequency)
    turn = np.abs((np.asarray(angles) - angle + np.pi / 2) % np.pi - np.pi / 2)
    across = frequency * np.sin(turn)
    along = frequency * np.cos(turn)
    multiple = np.maximum(1, np.rint(along / f0))
    tolerance = np.maximum(1.5, 0.2 * f0)
    return np.asarray(
        (np.abs(along - multiple * f0) <= tolerance)
        & (multiple <= 4)
        & (across <= np.maximum(1.5, 0.2 * along))
        & (np.cos(turn) > 0.5)
    )


def _fold_floor(frequency: float) -> float:
    """Contrast (standard deviation in Lab) that folds and weave may have at this frequency without being stripes."""
    return 2.0 + 8.0 * float(np.exp(-((frequency / 9.0) ** 2)))


def _without_trend(lab: FloatArray, weight: FloatArray) -> FloatArray:
    """The colours minus their local mean within the garment, 0 outside."""
    sigma = _TREND_SIGMA * lab.shape[0]
    mass = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    mean = cv2.GaussianBlur(lab * weight[..., None], (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray((lab - mean / np.maximum(mass, 1e-6)[..., None]) * weight[..., None], np.float32)


def _colour_difference(a: Triple, b: Triple) -> float:
    return float(deltaE_ciede2000(np.array(a), np.array(b), kL=2))


def _triple(values: ArrayLike) -> Triple:
    a, b, c = (round(float(value), 3) for value in np.asarray(values, np.float64).reshape(-1))
    return a, b, c
