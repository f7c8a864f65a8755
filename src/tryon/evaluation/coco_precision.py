"""COCO's precision by recall, as pycocotools accumulates it, for one class (a shirt is a shirt)."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError

Kind = Literal["segm", "bbox", "keypoints"]
Row = dict[str, Any]

_SHIRT = 1


@dataclass(frozen=True, eq=False)
class Precision:
    """Interpolated precision (T, 101) at each threshold (T,) and recall point (101,); -1 where nothing counts."""

    values: NDArray[np.float64]
    recalls: NDArray[np.float64]
    thresholds: NDArray[np.float64]

    def at(self, threshold: float) -> NDArray[np.float64]:
        """The precision (101,) at one threshold.

        Raises:
            DataError: it is none of COCO's 0.50, 0.55, ..., 0.95.
        """
        index = int(np.argmin(abs(self.thresholds - threshold)))
        if abs(self.thresholds[index] - threshold) > 1e-6:
            raise DataError("not an IoU threshold of COCO", received=threshold, needed="0.50, 0.55, ..., 0.95")
        return np.asarray(self.values[index], np.float64)

    def averages(self) -> dict[str, float]:
        """`ap` (mean over the thresholds 0.50 to 0.95), `ap50` and `ap75`."""
        return {
            "ap": float(self.values.mean()),
            "ap50": float(self.at(0.5).mean()),
            "ap75": float(self.at(0.75).mean()),
        }


def accumulate(
    truths: Sequence[Sequence[Row]],
    founds: Sequence[Sequence[Row]],
    kind: Kind,
    *,
    sizes: Sequence[tuple[int, int]] | None = None,
    sigmas: NDArray[np.float64] | None = None,
) -> Precision:
    """Precision by recall of what was found in pictures.

    Args:
        truths: for each picture, the COCO fields of its true shirts, without ids.
        founds: for each picture, those of its detections, with `score`.
        kind: by which a detection is compared with a truth.
        sizes: height and width of each picture, which masks need.
        sigmas: of each keypoint (n,), which keypoints need.

    Raises:
        DataError: there is no truth at all, or the number of pictures differs.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    if len(truths) != len(founds):
        raise DataError("pictures with ground truth and with detections differ in number",
                        received=f"{len(truths)} and {len(founds)}")  # fmt: skip
    annotations, results = _numbered(truths, first=1), _numbered(founds, first=1 + sum(map(len, truths)))
    if not annotations:
        raise DataError("no ground truth in any picture", needed="at least one shirt")
    pictures = [{"id": number} for number in range(1, len(truths) + 1)]
    for picture, (height, width) in zip(pictures, sizes or (), strict=bool(sizes)):
        picture |= {"height": height, "width": width}
    dataset: Row = {"images": pictures, "categories": [{"id": _SHIRT, "name": "shirt"}]}
    with contextlib.redirect_stdout(io.StringIO()):
        truth, found = COCO(), COCO()
        truth.dataset, found.dataset = dataset | {"annotations": annotations}, dataset | {"annotations": results}
        truth.createIndex()
        found.createIndex()
        scorer = COCOeval(truth, found, kind)
        if sigmas is not None:
            scorer.params.kpt_oks_sigmas = sigmas
        scorer.evaluate()
        scorer.accumulate()
    values = scorer.eval["precision"][:, :, 0, 0, -1]  # (T, 101): one class, all areas, most detections
    return Precision(values, scorer.params.recThrs, scorer.params.iouThrs)


def _numbered(rows: Sequence[Sequence[Row]], first: int) -> list[Row]:
    """The rows of all pictures with the numbers that COCO wants: of the picture, the class and the row itself."""
    named = [row | {"image_id": picture} for picture, of_one in enumerate(rows, 1) for row in of_one]
    return [row | {"id": number, "category_id": _SHIRT, "iscrowd": 0} for number, row in enumerate(named, first)]
