"""The 17 keypoints of a drawn person, in COCO's order and with its left and right, which are the person's own."""

import numpy as np

from tryon.geometry.landmarks import ABSENT, HIDDEN, PERSON, VISIBLE
from tryon.rendering.drawing import Floats
from tryon.rendering.figure import HIP_Y, Figure
from tryon.rendering.head import HeadFrame, ear_is_drawn, face_points, head_frame
from tryon.rendering.limbs import ANKLE_Y, KNEE_Y, Legwear, leg_line
from tryon.rendering.scene import SUPERSAMPLE, Scene

_TUCKED_AWAY = ("pocket", "behind")


def person_keypoints(scene: Scene) -> Floats:
    """Keypoints (17, 3) in pixels of the picture: x and y to a tenth, visibility; absent ones are 0, 0, 0.

    Hidden is what the pose hides: the far ear of a turned head, a hand that is tucked away. Hair and clothes are not
    looked at.
    """
    head = head_frame(scene.figure)
    points = {**_of_head(head), **_of_arms(scene.figure), **_of_legs(scene.figure, scene.legwear)}
    px = scene.frame.to_px(np.array([points[name] for name in PERSON], np.float32)) / SUPERSAMPLE - 0.5
    inside = np.all((px > -0.5) & (px < scene.size_px - 0.5), axis=1)
    hidden = {f"{_name(arm.side)}_wrist" for arm in scene.figure.arms if arm.pose in _TUCKED_AWAY}
    hidden |= {f"{_name(side)}_ear" for side in (-1, 1) if not ear_is_drawn(head, side)}
    seen = np.array([HIDDEN if name in hidden else VISIBLE for name in PERSON])
    rows = np.column_stack([np.round(px, 1), seen])
    return np.where(inside[:, None], rows, ABSENT).astype(np.float32)


def _name(side: int) -> str:
    """Whose side of the picture is -1 is the person's right."""
    return "right" if side < 0 else "left"


def _of_head(head: HeadFrame) -> dict[str, Floats]:
    return dict(zip(PERSON, face_points(head), strict=False))


def _of_arms(figure: Figure) -> dict[str, Floats]:
    joints = ("shoulder", "elbow", "wrist")
    return {
        f"{_name(arm.side)}_{joint}": np.array(place, np.float32)
        for arm in figure.arms
        for joint, place in zip(joints, (arm.shoulder, arm.elbow, arm.hand), strict=True)
    }


def _of_legs(figure: Figure, legwear: Legwear) -> dict[str, Floats]:
    points = {}
    for side in (-1, 1):
        line = leg_line(figure, legwear, side)
        for joint, y in (("hip", HIP_Y), ("knee", KNEE_Y), ("ankle", ANKLE_Y)):
            points[f"{_name(side)}_{joint}"] = np.array([np.interp(y, line[:, 1], line[:, 0]), y], np.float32)
    return points
