"""How well the shirts of a set of photos were found: scores by shirt, means over the set and by slice.

Arrays in, numbers out; the outlined truth and the detections come as masks at the photos' own size.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.datasets.outlines import SHOP
from tryon.errors import DataError
from tryon.evaluation.borders import cutout_border_ciede2000
from tryon.evaluation.landmarks import landmark_ap, visibility_accuracy
from tryon.evaluation.masks import Detected, GroundTruth, Kind, boundary_iou, coco_ap, mask_iou, precision_recall
from tryon.geometry.boxes import from_mask
from tryon.geometry.landmarks import ABSENT, HIDDEN, VISIBLE

FOUND_IOU = 0.5  # COCO's lowest threshold: below it a detection is of something else
SCORES = ("mask_iou", "boundary_iou", "border_ciede2000")
SCORE_COLUMNS = ("photo", "shirt", "source", "found", "score", *SCORES, "slices")
SLICE_COLUMNS = ("slice", "shirts", "found_rate", *SCORES)
CURVE_COLUMNS = ("kind", "threshold_iou", "recall", "precision")
_KINDS: dict[str, Kind] = {"mask": "segm", "box": "bbox"}


@dataclass(frozen=True, eq=False)
class Truth:
    """The shirts of one photo: masks (N, H, W), annotated boxes (N, 4), for each the slices that it belongs to, and
    landmarks (N, 25, 3)."""

    name: str
    source: str
    masks: NDArray[np.bool_]
    boxes: NDArray[np.float64]
    slices: tuple[tuple[str, ...], ...]
    landmarks: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """What was detected in one photo: boxes (N, 4), scores (N,), masks (N, H, W), and from a detector that
    finds landmarks these (N, 25, 3) with the probabilities (N, 25) that they are seen."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    masks: NDArray[np.bool_]
    landmarks: NDArray[np.float32] | None
    visible: NDArray[np.float32] | None = None

    def above(self, confidence: float) -> "Found":
        """The detections of at least this confidence."""
        keep = self.scores >= confidence
        landmarks = None if self.landmarks is None else self.landmarks[keep]
        visible = None if self.visible is None else self.visible[keep]
        return Found(self.boxes[keep], self.scores[keep], self.masks[keep], landmarks, visible)


@dataclass(frozen=True)
class ShirtScore:
    """One outlined shirt and the detection that took it; a shirt that none took has score and IoUs 0, and the colour
    error of an empty cut-out. A shirt that fills its photo has no border: its colour error is NaN and in no mean."""

    photo: str
    shirt: int
    source: str
    slices: tuple[str, ...]
    score: float
    mask_iou: float
    boundary_iou: float
    border_ciede2000: float

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
            **{name: _text(getattr(self, name)) for name in ("score", *SCORES)},
            "slices": " ".join(self.slices),
        }


@dataclass(frozen=True, eq=False)
class Measured:
    """One photo: its shirts, all that was detected, a score for each shirt with the detections that count, and of the
    landmarks of found shirts (P,) the annotated visibility and the detected one, in rows of `seen` (P, 2)."""

    truth: Truth
    found: Found
    scores: tuple[ShirtScore, ...]
    seen: NDArray[np.float64]


def measure(truth: Truth, found: Found, photo: NDArray[np.uint8], confidence: float) -> Measured:
    """The shirts of a photo (H, W, 3) scored with the detections of at least this confidence.

    The others are kept: average precision looks at doubtful ones too.
    """
    sure = found.above(confidence)
    takers = _takers(truth, sure)
    scores = tuple(_score(truth, shirt, sure, taker, photo) for shirt, taker in enumerate(takers))
    return Measured(truth, found, scores, _seen(truth, sure, takers, scores))


def _takers(truth: Truth, found: Found) -> list[int | None]:
    """The detection that each shirt is taken by: one to one, the largest IoU first."""
    ious = np.array([[mask_iou(own, other) for other in found.masks] for own in truth.masks], np.float64)
    ious = ious.reshape(len(truth.masks), len(found.masks))
    taken: dict[int, int] = {}
    for flat in np.argsort(-ious, axis=None, kind="stable"):
        shirt, detection = divmod(int(flat), ious.shape[1])
        if ious[shirt, detection] > 0 and shirt not in taken and detection not in taken.values():
            taken[shirt] = detection
    return [taken.get(shirt) for shirt in range(len(truth.masks))]


def _seen(
    truth: Truth, found: Found, takers: Sequence[int | None], scores: Sequence[ShirtScore]
) -> NDArray[np.float64]:
    """The annotated and the detected visibility (P, 2) of the annotated landmarks of found shirts."""
    rows = [np.zeros((0, 2))]
    for landmarks, taker, score in zip(truth.landmarks, takers, scores, strict=True):
        if taker is not None and score.found and found.landmarks is not None and found.visible is not None:
            # Of a point within the picture: seen or hidden, whichever is more probable.
            said = np.where(2 * found.visible[taker] > found.landmarks[taker, :, 2], VISIBLE, HIDDEN)
            rows.append(np.column_stack([landmarks[:, 2], said])[landmarks[:, 2] != ABSENT])
    return np.concatenate(rows)


def _score(truth: Truth, shirt: int, found: Found, detection: int | None, photo: NDArray[np.uint8]) -> ShirtScore:
    true_mask = truth.masks[shirt]
    mask = np.zeros_like(true_mask) if detection is None else found.masks[detection]
    has_border = bool(true_mask.any() and not true_mask.all())
    return ShirtScore(
        photo=truth.name,
        shirt=shirt + 1,
        source=truth.source,
        slices=(*truth.slices[shirt], SHOP) if truth.source == SHOP else truth.slices[shirt],
        score=0.0 if detection is None else float(found.scores[detection]),
        mask_iou=0.0 if detection is None else mask_iou(true_mask, mask),
        boundary_iou=0.0 if detection is None else boundary_iou(true_mask, mask),
        border_ciede2000=cutout_border_ciede2000(photo, mask, true_mask) if has_border else float("nan"),
    )


def summarise(measured: Sequence[Measured]) -> dict[str, float]:
    """The flat metrics of `metrics/mask_rcnn.json`, over worn shirts; `mask_iou/SLICE` and `boundary_iou/SLICE` for
    each slice, and for the shop's; of landmarks only where they are annotated and looked for.

    Raises:
        DataError: there is no worn shirt at all.
    """
    worn = [score for photo in measured for score in photo.scores if score.source != SHOP]
    if not worn:
        raise DataError("no outlined shirt to score", needed="a split with photos of source `user`")
    metrics = _means(worn)
    for name, kind in _KINDS.items():
        precision = coco_ap(*_worn_shapes(measured, kind), kind)
        metrics |= {f"{name}_{measure}": value for measure, value in precision.items()}
    metrics |= _landmark_scores(measured)
    slices = _by_slice(measured)
    for measure in ("mask_iou", "boundary_iou"):
        metrics |= {f"{measure}/{name}": _means(chosen)[measure] for name, chosen in slices.items()}
    return {name: round(value, 6) for name, value in metrics.items()}


def slice_rows(measured: Sequence[Measured]) -> list[dict[str, str | int]]:
    """How many shirts each slice holds and their means: the rows of `slices.csv`."""
    return [
        {"slice": name, "shirts": len(chosen), **{measure: _text(value) for measure, value in _means(chosen).items()}}
        for name, chosen in _by_slice(measured).items()
    ]


def curve_rows(measured: Sequence[Measured]) -> list[dict[str, str | float]]:
    """Precision by recall of the masks and of the boxes of worn shirts: the rows of `pr_curve.csv`."""
    return [
        {"kind": name, "threshold_iou": threshold, "recall": recall, "precision": round(precision, 6)}
        for name, kind in _KINDS.items()
        for threshold, recall, precision in precision_recall(*_worn_shapes(measured, kind), kind)
    ]


def worst_shirts(measured: Sequence[Measured], count: int) -> list[tuple[Measured, ShirtScore]]:
    """The `count` shirts with the worst masks and their photos, the worst first."""
    scored = [(photo, score) for photo in measured for score in photo.scores]
    return sorted(scored, key=lambda pair: (pair[1].mask_iou, pair[1].photo, pair[1].shirt))[:count]


def _by_slice(measured: Sequence[Measured]) -> dict[str, list[ShirtScore]]:
    """The scores of each slice by its name: shop pictures make up theirs and are in no other."""
    slices: dict[str, list[ShirtScore]] = {}
    for score in (score for photo in measured for score in photo.scores):
        for name in (SHOP,) if score.source == SHOP else score.slices:
            slices.setdefault(name, []).append(score)
    return dict(sorted(slices.items()))


def _means(scores: Sequence[ShirtScore]) -> dict[str, float]:
    bordered = [score.border_ciede2000 for score in scores if not np.isnan(score.border_ciede2000)]
    return {
        "found_rate": _mean(score.found for score in scores),
        "mask_iou": _mean(score.mask_iou for score in scores),
        "boundary_iou": _mean(score.boundary_iou for score in scores),
        **({"border_ciede2000": _mean(bordered)} if bordered else {}),
    }


def _worn_shapes(measured: Sequence[Measured], kind: Kind) -> tuple[GroundTruth, Detected]:
    """True shapes and detected ones with their scores of each photo of a worn shirt: masks, or their boxes."""
    worn = [photo for photo in measured if photo.truth.source != SHOP]
    truths = [photo.truth.masks if kind == "segm" else _boxes(photo.truth.masks) for photo in worn]
    founds = [(photo.found.masks if kind == "segm" else photo.found.boxes, photo.found.scores) for photo in worn]
    return truths, founds


def _landmark_scores(measured: Sequence[Measured]) -> dict[str, float]:
    """Average precision of worn shirts' landmarks, and how well seen ones are told from hidden ones."""
    worn = [photo for photo in measured if photo.truth.source != SHOP]
    truths = [(photo.truth.landmarks, photo.truth.boxes) for photo in worn]
    founds = [(photo.found.landmarks, photo.found.scores) for photo in worn if photo.found.landmarks is not None]
    visible = any((landmarks[..., 2] == VISIBLE).any() for landmarks, _ in truths)
    if not (founds and visible):
        return {}
    return {**landmark_ap(truths, founds), **visibility_accuracy(np.concatenate([photo.seen for photo in worn]))}


def _boxes(masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.stack([from_mask(mask) for mask in masks]) if len(masks) else np.zeros((0, 4), np.float32)


def _mean(values: Iterable[Any]) -> float:
    return float(np.mean([float(value) for value in values]))


def _text(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"
