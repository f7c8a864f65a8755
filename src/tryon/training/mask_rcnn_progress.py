"""How far a training of Mask R-CNN is: what a checkpoint remembers of it, and what people are told."""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

PROGRESS_INTERVAL_S = 10.0
TOTAL = "total"

logger = logging.getLogger("tryon")


@dataclass
class Progress:
    """How far training has come: what a checkpoint holds beside the weights."""

    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    best_validation: float | None = None
    best_epoch: int = 0


class Clock:
    """Progress lines with rate and time left, and the time since the last checkpoint."""

    def __init__(self, step: int, steps: int, batch_size: int) -> None:
        self._first, self._steps, self._batch_size = step, steps, batch_size
        self._started = self._reported = self._saved_at = time.monotonic()

    def tick(self, step: int) -> None:
        """A step was made; now and then this says how fast and how long it will go on."""
        now = time.monotonic()
        if step == self._first + 1:
            self._first, self._started = step, now  # the first step compiles: not part of the rate
        elif now - self._reported >= PROGRESS_INTERVAL_S:
            self._reported = now
            rate = (step - self._first) / (now - self._started)
            left_s = (self._steps - step) / rate
            logger.info("step %d of %d, %.1f images/s, %.0f s left", step, self._steps, rate * self._batch_size, left_s)

    def saved(self) -> None:
        """A checkpoint was written."""
        self._saved_at = time.monotonic()

    def seconds_since_save(self) -> float:
        """Seconds since the last checkpoint, or since the start."""
        return time.monotonic() - self._saved_at


def summary(metrics: dict[str, float]) -> str:
    """One line for an epoch: the training losses by component and the sum of the validation losses."""
    shown = {name.removeprefix("loss/train/"): value for name, value in metrics.items() if "/train/" in name}
    train = ", ".join(f"{name} {value:.3f}" for name, value in shown.items())
    return f"{train}; validation {metrics[f'loss/validation/{TOTAL}']:.3f}"
