"""Differentiable augmentation: what the critics are shown in place of the pictures, so that few of them last longer.

Real pictures and fakes are changed in the same ways, each by numbers of its own, in the critics' and the generators'
losses alike: the critics cannot learn the few real pictures by heart, and the generators need not draw the changes.
Pictures are (B, S, S, 3) in [-1, 1]; what comes into view from beside the picture is the neutral ground, 0.

Reference: Zhao et al. 2020 (arXiv 2006.10738), section 3 and appendix on the three kinds of change.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from keras import ops
from numpy.typing import NDArray

Kind = Literal["colour", "translation", "cutout"]
Augment = Callable[[Any, int], Any]  # pictures and one of the uses below, to the pictures that are shown

FAKE_PATTERN, FAKE_PLAIN, REAL_PATTERN, SHOWN_PATTERN, REAL_PLAIN, SHOWN_PLAIN = range(6)
USES = 6
NUMBERS = 7  # brightness, saturation, contrast; shift down and right; centre of the cut-out
MAX_SHIFT, CUTOUT_SIDE = 1 / 8, 1 / 2  # of the side, the paper's


def unchanged(pictures: Any, _use: int) -> Any:
    """The pictures as they are."""
    return pictures


def draw_changes(batch_size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The numbers of one step, (USES, B, NUMBERS) in [0, 1)."""
    return rng.random((USES, batch_size, NUMBERS), dtype=np.float32)


def augmentation_by(kinds: Sequence[Kind], changes: Any) -> Augment:
    """The changes of one step, usable inside a compiled graph.

    Args:
        kinds: none of them means none.
        changes: from `draw_changes`.
    """
    if not kinds:
        return unchanged

    def augment(pictures: Any, use: int) -> Any:
        numbers = changes[use]
        for kind, change in (("colour", _recolour), ("translation", _shift), ("cutout", _cut_out)):
            if kind in kinds:
                pictures = change(pictures, numbers)
        return pictures

    return augment


def _recolour(pictures: Any, numbers: Any) -> Any:
    """Brightness up to 0.5 either way, saturation times 0 to 2, contrast times 0.5 to 1.5, as the paper."""
    brightness, saturation, contrast = (ops.reshape(numbers[:, i], (-1, 1, 1, 1)) for i in range(3))
    pictures = pictures + (brightness - 0.5)
    grey = ops.mean(pictures, axis=3, keepdims=True)
    pictures = (pictures - grey) * (2.0 * saturation) + grey
    mean = ops.mean(pictures, axis=(1, 2, 3), keepdims=True)
    return (pictures - mean) * (contrast + 0.5) + mean


def _shift(pictures: Any, numbers: Any) -> Any:
    """Moved by whole pixels, up to an eighth of the side."""
    side = pictures.shape[1]
    most = int(side * MAX_SHIFT + 0.5)
    down, right = (ops.floor(numbers[:, i] * (2 * most + 1)) - most for i in (3, 4))
    return ops.einsum("bij,bjkc,blk->bilc", _moved(side, down), pictures, _moved(side, right))


def _moved(side: int, by: Any) -> Any:
    """(B, S, S): matrices that move the entries of a vector by whole places; the places left empty are 0."""
    places = ops.arange(side, dtype="float32")
    origin = places[None, :, None] - by[:, None, None]
    return ops.cast(ops.equal(origin, places[None, None, :]), "float32")


def _cut_out(pictures: Any, numbers: Any) -> Any:
    """A square of half the side set to the ground; it may lie partly beside the picture."""
    side = pictures.shape[1]
    length = int(side * CUTOUT_SIDE + 0.5)
    places = ops.arange(side, dtype="float32")[None]
    starts = (ops.floor(numbers[:, i, None] * (side + 1)) - length // 2 for i in (5, 6))
    rows, columns = (ops.logical_and(places >= start, places < start + length) for start in starts)
    hole = ops.logical_and(rows[:, :, None, None], columns[:, None, :, None])
    return ops.where(hole, 0.0, pictures)
