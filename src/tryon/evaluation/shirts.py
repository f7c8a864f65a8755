"""How well the shirts of a set of photos were found: scores by shirt, means over the set and by slice.

Arrays in, numbers out; the outlined truth and the detections come as masks at the photos' own size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.evaluation.masks import boundary_iou, coco_ap, mask_iou, precision_recall
from tryon.geometry.boxes import from_mask

FOUND_IOU = 0.5  # COCO's lowest threshold: below it a detection is of something else
SHOP = "shop"
SCORE_COLUMNS = ("photo", "shirt", "source", "found", "score", "mask_iou", "boundary_iou", "slices")
CURVE_COLUMNS = ("threshold_iou", "recall", "precision")


@dataclass(frozen=True, eq=False)
class Truth:
    """The shirts of one photo: masks (N, H, W), and for each the slices that it belongs to."""

    name: str
    source: str
    masks: NDArray[np.bool_]
    slices: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Found:
    """What was detected in one photo: boxes (N, 4), scores (N,), masks (N, H, W)."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    masks: NDArray[np.bool_]

    def above(self, confidence: float) -> "Found":
        """The detections of at least this confidence."""
        keep = self.scores >= confidence
        return Found(self.boxes[keep], self.scores[keep], self.masks[keep])


@dataclass(frozen=True)
class ShirtScore:
    """One outlined shirt and the detection that took it; a shirt that none took has score and IoUs 0."""

    photo: str
    shirt: int
    source: str
    slices: tuple[str, ...]
    score: float
    mask_iou: float
    boundary_iou: float

    @property
    def found(self) -> bool:
        return self.mask_iou >= FOUND_IOU

    def row(self) -> dict[str, str | int]:
        """The score as a row of `by_photo.csv`."""
        return {
            "photo": self.photo,
            "shirt": self.shirt,
            "source": self.source,
            "found": int(self.found),
            "score": f"{self.score:.4f}",
            "mask_iou": f"{self.mask_iou:.4f}",
            "boundary_iou": f"{self.boundary_iou:.4f}",
            "slices": " ".join(self.slices),
        }


def score_shirts(truth: Truth, found: Found) -> list[ShirtScore]:
    """A score for each shirt of a photo; detections take shirts one to one, the largest IoU first."""
    ious = np.array([[mask_iou(own, other) for other in found.masks] for own in truth.masks], np.float64)
    ious = ious.reshape(len(truth.masks), len(found.masks))
    taken: dict[int, int] = {}
    for flat in np.argsort(-ious, axis=None, kind="stable"):
        shirt, detection = divmod(int(flat), ious.shape[1])
        if ious[shirt, detection] > 0 and shirt not in taken and detection not in taken.values():
            taken[shirt] = detection
    return [_score(truth, shirt, found, taken.get(shirt), ious) for shirt in range(len(truth.masks))]


def _score(truth: Truth, shirt: int, found: Found, detection: int | None, ious: NDArray[np.float64]) -> ShirtScore:
    slices = (*truth.slices[shirt], SHOP) if truth.source == SHOP else truth.slices[shirt]
    if detection is None:
        return ShirtScore(truth.name, shirt + 1, truth.source, slices, 0.0, 0.0, 0.0)
    return ShirtScore(
        truth.name,
        shirt + 1,
        truth.source,
        slices,
        score=float(found.scores[detection]),
        mask_iou=float(ious[shirt, detection]),
        boundary_iou=boundary_iou(truth.masks[shirt], found.masks[detection]),
    )


def summarise(truths: Sequence[Truth], founds: Sequence[Found], confidence: float) -> dict[str, float]:
    """The flat metrics of `metrics/mask_rcnn.json`, over worn shirts; `mask_iou/SLICE` for each slice, and for
    the shop's.

    Args:
        founds: with detections of low confidence too, which average precision needs.
        confidence: from which a detection counts as found.

    Raises:
        DataError: there is no worn shirt at all.
    """
    pairs = list(zip(truths, founds, strict=True))
    scores = [score for truth, found in pairs for score in score_shirts(truth, found.above(confidence))]
    worn = [score for score in scores if score.source != SHOP]
    if not worn:
        raise DataError("no outlined shirt to score", needed="a split with photos of source `user`")
    worn_pairs = [(truth, found) for truth, found in pairs if truth.source != SHOP]
    mask_ap = coco_ap(
        [truth.masks for truth, _ in worn_pairs], [(found.masks, found.scores) for _, found in worn_pairs]
    )
    box_ap = coco_ap(
        [_boxes(truth.masks) for truth, _ in worn_pairs],
        [(found.boxes, found.scores) for _, found in worn_pairs],
        "bbox",
    )
    metrics = {
        "found_rate": _mean(score.found for score in worn),
        "mask_iou": _mean(score.mask_iou for score in worn),
        "boundary_iou": _mean(score.boundary_iou for score in worn),
        "mask_ap": mask_ap["ap"],
        "mask_ap50": mask_ap["ap50"],
        "mask_ap75": mask_ap["ap75"],
        "box_ap": box_ap["ap"],
    }
    for name in sorted({name for score in scores for name in score.slices}):
        chosen = [score for score in scores if name in score.slices and (name == SHOP or score.source != SHOP)]
        if chosen:
            metrics[f"mask_iou/{name}"] = _mean(score.mask_iou for score in chosen)
    return {name: round(value, 6) for name, value in metrics.items()}


def curve_rows(truths: Sequence[Truth], founds: Sequence[Found]) -> list[dict[str, float]]:
    """Precision by recall of the masks of worn shirts: the rows of `pr_curve.csv`."""
    pairs = [(truth, found) for truth, found in zip(truths, founds, strict=True) if truth.source != SHOP]
    masks = [truth.masks for truth, _ in pairs]
    rows = precision_recall(masks, [(found.masks, found.scores) for _, found in pairs])
    return [
        dict(zip(CURVE_COLUMNS, (threshold, recall, round(precision, 6)), strict=True))
        for threshold, recall, precision in rows
    ]


def worst_photos(scores: Sequence[ShirtScore]) -> list[str]:
    """Names of the photos, that of the worst mask first, each once."""
    return list(dict.fromkeys(score.photo for score in sorted(scores, key=lambda score: (score.mask_iou, score.photo))))


def _boxes(masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.stack([from_mask(mask) for mask in masks]) if len(masks) else np.zeros((0, 4), np.float32)


def _mean(values: Iterable[Any]) -> float:
    return float(np.mean([float(value) for value in values]))
