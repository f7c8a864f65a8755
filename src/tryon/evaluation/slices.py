"""Which slices of a test set a shirt belongs to by what can be measured of it: its background, its sleeves.

Those that annotators judged (`scale_2`, `occlusion_1`, ...) come with the outlines. `python benchmarks/slices.py`
prints the distributions that the thresholds below are read from.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.evaluation.colour import lab_distances
from tryon.geometry.landmarks import ABSENT, SHORT_SLEEVE_TOP
from tryon.geometry.masks import signed_distance
from tryon.images.colour import rgb_to_lab, to_float

BACKGROUND_CLOSE, LONG_SLEEVES = "background_close", "long_sleeves"

# Where the two sides of the outline differ less than by another shade, the eye needs the shirt's form to find it.
CLOSE_CIEDE2000 = 10.0
# Of the outline: about one rendered shirt in ten.
CLOSE_SHARE = 0.2
# Rendered short sleeves end at 2.02 and half sleeves begin at 2.04 armhole depths.
LONG_SLEEVE = 2.03

_REACH = 0.06  # of the root of the shirt's area: wide enough for a mean colour, too narrow for the next thing
_BLUR_PX = 1.0  # nearest to the outline the camera has mixed both sides
_SLEEVES = tuple(
    [SHORT_SLEEVE_TOP.index(f"{name}_{side}") for name in ("shoulder", "sleeve_outer", "cuff_outer", "armpit")]
    for side in ("left", "right")
)


def measured_slices(
    photo: NDArray[np.uint8], mask: NDArray[np.bool_], landmarks: NDArray[np.floating]
) -> tuple[str, ...]:
    """The measured slices of one shirt.

    Args:
        photo: (H, W, 3).
        mask: (H, W), the true one.
        landmarks: (25, 3), all absent where the annotation has none.
    """
    is_close = close_share(photo, mask) >= CLOSE_SHARE
    is_long = sleeve_ratio(landmarks) >= LONG_SLEEVE
    return (BACKGROUND_CLOSE,) * is_close + (LONG_SLEEVES,) * is_long


def close_share(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """The share of the outline where shirt and background are less than `CLOSE_CIEDE2000` apart; 0 without outline."""
    contrast = outline_contrast(photo, mask)
    return float((contrast < CLOSE_CIEDE2000).mean()) if len(contrast) else 0.0


def outline_contrast(photo: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Colour distance (P,) across the outline, at each of its pixels: the mean Lab colours of the shirt and of what
    is beside it, in a square window and both within its radius of the outline."""
    distance = signed_distance(mask)
    reach = max(3, round(_REACH * float(np.sqrt(np.count_nonzero(mask)))))
    lab = rgb_to_lab(to_float(photo))
    inside, in_reach_inside = _local_mean(lab, (distance > _BLUR_PX) & (distance <= reach), reach)
    outside, in_reach_outside = _local_mean(lab, (distance < -_BLUR_PX) & (distance >= -reach), reach)
    outline = (np.abs(distance) <= 0.5) & in_reach_inside & in_reach_outside
    return lab_distances(inside[outline], outside[outline])


def sleeve_ratio(landmarks: NDArray[np.floating]) -> float:
    """Length of the longer sleeve, from the shoulder along its outer edge to the cuff, by the depth of its armhole.

    Both shrink alike where the shirt is far away. 0 where no sleeve has its four landmarks (hidden ones count).
    """
    return max(_ratio(np.asarray(landmarks, np.float64)[places]) for places in _SLEEVES)


def _ratio(points: NDArray[np.float64]) -> float:
    shoulder, elbow, cuff, armpit = points[:, :2]
    depth = float(np.linalg.norm(armpit - shoulder))
    if depth == 0 or (points[:, 2] == ABSENT).any():
        return 0.0
    return float(np.linalg.norm(elbow - shoulder) + np.linalg.norm(cuff - elbow)) / depth


def _local_mean(
    lab: NDArray[np.float32], region: NDArray[np.bool_], radius: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Mean colour (H, W, 3) of the region's pixels in a window round each pixel, and where there are any."""
    window = (2 * radius + 1, 2 * radius + 1)
    weight = region.astype(np.float32)
    count = cv2.boxFilter(weight, -1, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
    total = cv2.boxFilter(lab * weight[..., None], -1, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(total / np.maximum(count, 1)[..., None], np.float32), np.asarray(count > 0.5)
