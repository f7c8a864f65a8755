"""Log lines of a training every ten seconds: pictures a second, time left, losses."""

import logging
import time
from collections.abc import Mapping

from tryon.console import PROGRESS_INTERVAL_S

logger = logging.getLogger("tryon")


class Progress:
    """Counts the time since the first step that this process made, which compiles the graph and is no measure.

    Args:
        epochs, steps_per_epoch: of the whole training.
        pictures_per_step: of both sides together.
    """

    def __init__(self, epochs: int, steps_per_epoch: int, pictures_per_step: int) -> None:
        self._epochs, self._steps_per_epoch, self._pictures_per_step = epochs, steps_per_epoch, pictures_per_step
        self._first_step, self._started, self._reported = 0, 0.0, 0.0

    def report(self, step: int, losses: Mapping[str, float]) -> None:
        """Say how far the training is, if it is time to; `step` counts from 1 and is done."""
        now = time.monotonic()
        if not self._first_step:
            self._first_step, self._started, self._reported = step, now, now
        if now - self._reported < PROGRESS_INTERVAL_S:
            return
        self._reported = now
        rate = (step - self._first_step) / (now - self._started)
        left_s = (self._epochs * self._steps_per_epoch - step) / rate
        epoch = (step - 1) // self._steps_per_epoch + 1
        shown = ", ".join(f"{name} {value:.2f}" for name, value in losses.items())
        logger.info(
            "epoch %d of %d, step %d: %.1f pictures/s, %.0f s left (%s)",
            *(epoch, self._epochs, step, self._pictures_per_step * rate, left_s, shown),
        )
