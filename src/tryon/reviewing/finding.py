"""Masks found by a model in a thread of their own, so that nobody waits for them: wished ones first, then the rest."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tryon.errors import TryonError
from tryon.images.instances import main_instance
from tryon.reviewing.drawing import shrink
from tryon.reviewing.pictures import Picture

logger = logging.getLogger("tryon.reviewing")


@dataclass(frozen=True, eq=False)
class Shirts:
    """What a model found in a picture (H, W, 3): `scores` (N,) and `masks` (N, H, W)."""

    scores: NDArray[np.floating]
    masks: NDArray[np.bool_]


MaskFinder = Callable[[NDArray[np.uint8]], Shirts]


@dataclass(frozen=True, eq=False)
class Found:
    """The shirts of one picture, the main one first.

    Args:
        masks: as `tryon.reviewing.drawing.shrink` gives them.
        score: of the main shirt; 0 if there is none.
        fault: why the picture could not be looked at; empty if it could.
    """

    masks: list[NDArray[np.bool_]]
    score: float
    fault: str = ""


class BackgroundFinder:
    """Looks for shirts in pictures until it is closed.

    Args:
        load: gives the model; called in the thread, as loading takes seconds.
        decode: gives a picture's pixels.
        pictures: to be looked at without a wish, in this order.

    Attributes:
        failure: why the model cannot be used; empty if it can.
    """

    def __init__(
        self,
        load: Callable[[], MaskFinder],
        decode: Callable[[Picture], NDArray[np.uint8]],
        pictures: Iterable[Picture],
    ) -> None:
        self.failure = ""
        self._load, self._decode = load, decode
        self._wishes: deque[Picture] = deque()
        self._rest = deque(pictures)
        self._found: dict[str, Found] = {}
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="finding masks")
        self._thread.start()

    def wish(self, pictures: Iterable[Picture]) -> None:
        """Have these pictures looked at next, the first one first; earlier wishes are dropped."""
        with self._change:
            self._wishes = deque(picture for picture in pictures if picture.sha256 not in self._found)
            self._change.notify()

    def found(self, sha256: str) -> Found | None:
        """What was found in a picture; None if it was not looked at yet."""
        return self._found.get(sha256)

    def scores(self) -> dict[str, float]:
        """The scores of the pictures that were looked at so far."""
        with self._change:
            return {sha256: found.score for sha256, found in self._found.items() if not found.fault}

    def close(self) -> None:
        """Stop after the picture at hand."""
        with self._change:
            self._closed = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            finder = self._load()
            while (picture := self._next()) is not None:
                found = self._look(finder, picture)
                with self._change:
                    self._found[picture.sha256] = found
        except TryonError as error:
            logger.warning("no masks: %s", error)
            self.failure = str(error)
        except BaseException:
            self.failure = "it stopped unexpectedly; the terminal says why"
            raise

    def _next(self) -> Picture | None:
        with self._change:
            while not self._closed:
                for queue in (self._wishes, self._rest):
                    while queue:
                        picture = queue.popleft()
                        if picture.sha256 not in self._found:
                            return picture
                self._change.wait()
        return None

    def _look(self, finder: MaskFinder, picture: Picture) -> Found:
        try:
            shirts = finder(self._decode(picture))
        except TryonError as error:
            return Found([], 0.0, str(error))
        main = main_instance(shirts.scores, shirts.masks)
        if main is None:
            return Found([], 0.0)
        order = [main, *(index for index in range(len(shirts.scores)) if index != main)]
        return Found([shrink(shirts.masks[index]) for index in order], float(shirts.scores[main]))
