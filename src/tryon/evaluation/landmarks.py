"""Average precision of the 25 landmarks of short sleeve tops, by DeepFashion2's protocol.

A detection is compared with a shirt by object keypoint similarity (OKS): the mean over the shirt's annotated landmarks
of exp(-d^2 / (2 area (2 sigma)^2)), d in pixels, area that of the shirt's bounding box. What an IoU is to masks, OKS is
here: COCO's thresholds 0.50 to 0.95, at most 20 detections in a picture. A shirt without annotated landmarks neither
counts nor costs a detection that covers it. What a detection says of visibility is not looked at there;
`visibility_accuracy` looks at nothing else.

Reference: Ge et al., DeepFashion2, CVPR 2019, and the evaluation code published with the data: its sigmas, its areas
(width times height of the item's annotated box), and visible landmarks alone beside visible and hidden ones.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.coco_precision import Row, accumulate
from tryon.geometry import boxes
from tryon.geometry.landmarks import ABSENT, HIDDEN, SHORT_SLEEVE_TOP, VISIBLE

# How much each landmark is forgiven, as a part of the root of the area: the first 25 of DeepFashion2's 294.
SIGMAS = np.array([
    0.0120, 0.0158, 0.0169, 0.0165, 0.0169, 0.0158, 0.0298, 0.0329, 0.0321, 0.0323, 0.0340, 0.0388, 0.0452,
    0.0574, 0.0492, 0.0352, 0.0492, 0.0574, 0.0452, 0.0388, 0.0340, 0.0323, 0.0321, 0.0329, 0.0298,
])  # fmt: skip
_LENGTH = 3 * len(SHORT_SLEEVE_TOP)

# For each picture: landmarks (N, 25, 3) with visibility and boxes (N, 4); landmarks (M, 25, 3) and scores (M,).
LandmarkTruth = Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]
LandmarksFound = Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]


def landmark_ap(ground_truth: LandmarkTruth, detections: LandmarksFound) -> dict[str, float]:
    """`landmark_ap`, `landmark_ap50`, `landmark_ap75` over visible and hidden landmarks; with `_visible`, over those
    that can be seen.

    Args:
        ground_truth: for each picture, landmarks (N, 25, 3) as x, y, visibility (0 absent, 1 hidden, 2 visible) and
            the annotated boxes (N, 4); N may be 0.
        detections: for each picture, landmarks (M, 25, 3), of which only x and y are read, and scores (M,).

    Raises:
        DataError: shapes do not fit, a detected coordinate is not finite, the number of pictures differs, or no shirt
            has a visible landmark.
    """
    if not any((np.asarray(landmarks)[..., 2] == VISIBLE).any() for landmarks, _ in ground_truth):
        raise DataError(
            "no visible landmark in any picture", needed="at least one shirt whose annotation has landmarks"
        )
    founds = [_found_rows(np.asarray(landmarks), np.asarray(scores)) for landmarks, scores in detections]
    metrics: dict[str, float] = {}
    for suffix, least in (("", HIDDEN), ("_visible", VISIBLE)):
        truths = [_true_rows(np.asarray(landmarks), np.asarray(of), least) for landmarks, of in ground_truth]
        averages = accumulate(truths, founds, "keypoints", sigmas=SIGMAS).averages()
        metrics |= {f"landmark_{name}{suffix}": value for name, value in averages.items()}
    return metrics


def visibility_accuracy(seen: NDArray[np.floating]) -> dict[str, float]:
    """`landmark_visibility`: the mean of the part of the visible landmarks that are called visible and of the part of
    the hidden ones that are called hidden; 0.5 is worth a guess, however few are hidden.

    Args:
        seen: (P, 2) for each landmark that is annotated within the picture, of shirts that were found: HIDDEN or
            VISIBLE as annotated, and as detected. Where one of both is never annotated, there is no such metric.
    """
    right = [np.mean(seen[seen[:, 0] == kind, 1] == kind) for kind in (HIDDEN, VISIBLE) if (seen[:, 0] == kind).any()]
    return {"landmark_visibility": float(np.mean(right))} if len(right) == 2 else {}


def _true_rows(landmarks: NDArray[np.floating], xyxy: NDArray[np.floating], least: int) -> list[Row]:
    """The COCO fields of one picture's shirts; landmarks of a visibility below `least` count as absent."""
    _check(landmarks, len(xyxy), "boxes")
    counted = landmarks[..., 2] >= least
    return [
        {
            "keypoints": np.where(counts[:, None], points, ABSENT).reshape(_LENGTH),
            "num_keypoints": int(counts.sum()),
            "bbox": box_xywh.tolist(),
            "area": float(area),
        }
        for points, counts, box_xywh, area in zip(
            landmarks, counted, boxes.xyxy_to_xywh(xyxy), boxes.area(xyxy), strict=True
        )
    ]


def _found_rows(landmarks: NDArray[np.floating], scores: NDArray[np.floating]) -> list[Row]:
    """The COCO fields of one picture's detections; pycocotools wants an area, and any is within `all`."""
    _check(landmarks, len(scores), "scores")
    if not np.isfinite(landmarks[..., :2]).all():
        raise DataError("a detected landmark is not finite", needed="numbers for x and y")
    return [
        {"keypoints": points.reshape(_LENGTH), "score": float(score), "area": 1.0}
        for points, score in zip(landmarks, scores, strict=True)
    ]


def _check(landmarks: NDArray[np.floating], count: int, what: str) -> None:
    needed = (count, len(SHORT_SLEEVE_TOP), 3)
    if landmarks.shape != needed:
        raise DataError(f"landmarks do not fit their {what}", received=landmarks.shape, needed=str(needed))
