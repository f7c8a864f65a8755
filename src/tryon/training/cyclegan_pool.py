"""The pool of older fakes that the critics are shown beside new ones, as fixed arrays and a plan for each step.

The plan comes from (seed, step) alone, so that a resumed training needs nothing but the pool's pictures.

Reference: Shrivastava et al. 2017 (arXiv 1612.07828), section 2.3; pool of 50 as in the CycleGAN reference.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops


@dataclass(frozen=True)
class PoolPlan:
    """For each fake of a batch: the pool's slot, whether the slot's picture is shown, whether the fake takes it.

    All arrays are (B,): int32, bool, bool.
    """

    slots: np.ndarray
    show_old: np.ndarray
    store: np.ndarray


def plan_pool(size: int, step: int, batch_size: int, rng: np.random.Generator) -> PoolPlan:
    """The plan of one pool for one step.

    The first `size` fakes fill the pool and are shown as they are; later, half of the time a random older fake is shown
    and its place taken. `size` 0 means no pool.

    Args:
        step: steps made before this one.
    """
    slots = np.zeros(batch_size, np.int32)
    show_old = np.zeros(batch_size, bool)
    store = np.zeros(batch_size, bool)
    for i in range(batch_size):
        seen = step * batch_size + i
        if seen < size:
            slots[i], store[i] = seen, True
        elif size > 0:
            slots[i] = rng.integers(size)
            show_old[i] = store[i] = rng.random() > 0.5
    return PoolPlan(slots, show_old, store)


def exchange(pool: Any, fakes: Any, slots: Any, show_old: Any, store: Any) -> tuple[Any, Any]:
    """The fakes to show (B, S, S, 3) and the pool afterwards (P, S, S, 3); usable inside a compiled graph."""
    shown = []
    for i in range(fakes.shape[0]):
        old, new = ops.take(pool, slots[i], axis=0), fakes[i]
        shown.append(ops.where(show_old[i], old, new))
        kept = ops.where(store[i], new, old)
        pool = ops.slice_update(pool, (slots[i], 0, 0, 0), kept[None])
    return ops.stack(shown), pool
