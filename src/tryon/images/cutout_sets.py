"""Cut-outs of many pictures: the main shirt of each, and all of them in one npz file.

The file holds `images (N, S, S, 3)`, `masks (N, S, S)` of 0 and 255, `names (N,)`; equal content gives equal bytes.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tryon.images.cutouts import CutOut, cut_out
from tryon.images.files import read_image
from tryon.images.instances import main_instance
from tryon.outputs import write_bytes

# np.savez stamps each member with the time of day; a fixed date keeps the file's bytes equal from run to run.
_DATE = (1980, 1, 1, 0, 0, 0)
_CHUNK = 16  # pictures held in memory at a time


@dataclass(frozen=True, eq=False)
class ShirtCutOut:
    """The main shirt of a picture: its mask (H, W) there, its cut-out, and its row of the manifest."""

    mask: NDArray[np.bool_]
    cut: CutOut
    facts: dict[str, str]


def detect_in_files(predictor: Any, paths: Sequence[Path]) -> Iterator[tuple[NDArray[np.uint8], Any]]:
    """Each picture file's pixels with Mask R-CNN's detections in them, in the order of the paths; a few at a time."""
    for start in range(0, len(paths), _CHUNK):
        images = [read_image(path) for path in paths[start : start + _CHUNK]]
        yield from zip(images, predictor.predict(images), strict=True)


def cut_main_shirt(
    image: NDArray[np.uint8], detections: Any, *, size_px: int, margin: float, min_area: float
) -> ShirtCutOut | None:
    """The main shirt among the detections of a picture; None where there is none of at least `min_area` of the picture.

    Args:
        image: (H, W, 3).
        detections: Mask R-CNN's, with `scores` (N,), `boxes` (N, 4) and `mask_probs` (N, H, W).
        size_px: side of the cut-out.
        margin: free space round it, as in `cut_out`.
        min_area: least part of the picture.
    """
    index = main_instance(detections.scores, detections.mask_probs > 0.5)
    if index is None:
        return None
    mask = np.asarray(detections.mask_probs[index] > 0.5, bool)
    if mask.mean() < min_area:
        return None
    box = " ".join(f"{value:.0f}" for value in detections.boxes[index])
    cut = cut_out(image, mask, size_px, margin)
    facts = {"score": f"{detections.scores[index]:.4f}", "area": f"{mask.mean():.4f}", "box": box}
    return ShirtCutOut(mask, cut, facts | {"side_px": str(cut.placement.side)})


def without_shirt(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture (H, W, 4) with the masked shirt transparent, and black beneath."""
    opaque = ~np.asarray(mask, bool)
    return np.dstack([np.where(opaque[..., None], image, 0), np.where(opaque, 255, 0)]).astype(np.uint8)


def write_cutout_set(path: Path, cuts: Mapping[str, CutOut], size_px: int) -> None:
    """Write cut-outs of one size under their names, in the order of the names; an empty set is a file of no rows."""
    names = sorted(cuts)
    images = [cuts[name].image for name in names]
    masks = [cuts[name].mask for name in names]
    write_bytes(
        path,
        _npz(
            {
                "images": np.stack(images) if images else np.zeros((0, size_px, size_px, 3), np.uint8),
                "masks": np.stack(masks) if masks else np.zeros((0, size_px, size_px), np.uint8),
                "names": np.array(names, dtype=np.str_),
            }
        ),
    )


def _npz(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(member, content.getvalue())
    return buffer.getvalue()
