"""Landmarks (n, 3) of garments: x, y in pixels and visibility 0 absent, 1 hidden, 2 visible; absent ones are 0, 0, 0.
Where data sets are joined, -1 is unknown.

DeepFashion2 numbers the landmarks of a short sleeve top along its outline, counter-clockwise in the picture: six round
the neck, then down the sleeve on the picture's left, its side, the hem, and up again on the right.
Left and right are those of the picture. Reference: Ge et al., DeepFashion2, CVPR 2019, section 3.1 and figure 3.

COCO numbers the keypoints of a person; their left and right are those of the person. The first five are the face.
Reference: Lin et al., Microsoft COCO, ECCV 2014, and the data set's own list of keypoints.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

ABSENT, HIDDEN, VISIBLE = 0, 1, 2
UNKNOWN = -1  # nobody said whether the point is there: it teaches nothing

SHORT_SLEEVE_TOP = (
    "neck_back_middle",
    "neck_left",
    "neck_front_left",
    "neck_front_middle",
    "neck_front_right",
    "neck_right",
    "shoulder_left",
    "sleeve_outer_left",
    "cuff_outer_left",
    "cuff_inner_left",
    "sleeve_inner_left",
    "armpit_left",
    "side_upper_left",
    "side_lower_left",
    "hem_left",
    "hem_middle",
    "hem_right",
    "side_lower_right",
    "side_upper_right",
    "armpit_right",
    "sleeve_inner_right",
    "cuff_inner_right",
    "cuff_outer_right",
    "sleeve_outer_right",
    "shoulder_right",
)


PERSON = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
FACE = PERSON[:5]

# Along the outline as it is seen from the front; of the back only the neck's middle is seen.
_NECK_FRONT = ("neck_front_right", "neck_front_middle", "neck_front_left")
_AROUND = ("neck_left", *SHORT_SLEEVE_TOP[SHORT_SLEEVE_TOP.index("shoulder_left") :], "neck_right")


def _mirrored(name: str) -> str:
    words = name.split("_")
    return "_".join({"left": "right", "right": "left"}.get(word, word) for word in words)


def flip_order(names: Sequence[str]) -> NDArray[np.intp]:
    """At place i the place of the point that takes place i when the picture is mirrored."""
    return np.array([names.index(_mirrored(name)) for name in names])


FLIP_ORDER = flip_order(SHORT_SLEEVE_TOP)
# The same of a shirt's landmarks with its wearer's face behind them, if there is one: take as many as there are points.
FLIP_ORDER_WITH_FACE = flip_order((*SHORT_SLEEVE_TOP, *FACE))


def flip(landmarks: ArrayLike, width: int) -> FloatArray:
    """The landmarks (25, 3) of a short sleeve top in the mirrored picture; absent ones stay 0, 0, 0."""
    mirrored = np.array(landmarks, np.float64).reshape(len(SHORT_SLEEVE_TOP), 3)[FLIP_ORDER]
    present = mirrored[:, 2] != ABSENT
    mirrored[present, 0] = width - 1 - mirrored[present, 0]
    return np.asarray(mirrored)


def outline(landmarks: ArrayLike) -> FloatArray | None:
    """The polygon (n, 2) through the present landmarks (25, 3) of a short sleeve top; None for fewer than three.

    The neck is closed along its front where any of that is present, else over the middle of its back.
    """
    points = dict(
        zip(SHORT_SLEEVE_TOP, np.asarray(landmarks, np.float64).reshape(len(SHORT_SLEEVE_TOP), 3), strict=True)
    )
    front = any(points[name][2] != ABSENT for name in _NECK_FRONT)
    around = [points[name] for name in (*_AROUND, *(_NECK_FRONT if front else ("neck_back_middle",)))]
    polygon = [point[:2] for point in around if point[2] != ABSENT]
    return np.array(polygon) if len(polygon) >= 3 else None


def scale_shift(landmarks: ArrayLike, scale: ArrayLike, shift: ArrayLike) -> FloatArray:
    """The landmarks (n, 3) with x, y times `scale` plus `shift`; absent ones stay 0, 0, 0."""
    moved = np.array(landmarks, np.float64).reshape(-1, 3)
    present = moved[:, 2] > ABSENT
    moved[present, :2] = moved[present, :2] * np.asarray(scale, float) + np.asarray(shift, float)
    return moved
