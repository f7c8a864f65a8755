"""Which of several found shirts is meant: the picture's subject, not a passer-by."""

import numpy as np
from numpy.typing import NDArray


def main_instance(scores: NDArray[np.floating], masks: NDArray[np.bool_]) -> int | None:
    """Index of the shirt with the largest score times the side of its area; None where nothing was found.

    The side (the root of the area) lets a subject win over a small bystander found with slightly more confidence,
    without letting a huge doubtful region win over a clear shirt.

    Args:
        scores: (N,) confidences.
        masks: (N, H, W).
    """
    if len(scores) == 0:
        return None
    areas = np.asarray(masks).reshape(len(scores), -1).mean(axis=1)
    best = int(np.argmax(np.asarray(scores) * np.sqrt(areas)))
    return best if areas[best] > 0 else None
