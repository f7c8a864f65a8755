"""Batches of members, worked off by child processes on all cores; results come in the order of the batches."""

import signal
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from tryon.console import die_with_parent
from tryon.errors import ServiceError

T = TypeVar("T")
R = TypeVar("R")


def in_batches(
    function: Callable[[Sequence[T]], list[R]], items: Sequence[T], size: int, workers: int
) -> Generator[R, None, None]:
    """The results of all items, in their order.

    Args:
        function: from a batch to its results; must be picklable. One batch alone is worked off in this process.
        size: items of a batch.
        workers: child processes; they die with this one.

    Raises:
        ServiceError: a child was killed.
    """
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    if len(batches) < 2 or workers < 2:
        for batch in batches:
            yield from function(batch)
        return
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start) as pool:
            for results in pool.map(function, batches):
                yield from results
    except BrokenProcessPool as error:
        raise ServiceError(
            "a child process that reads the archive was killed",
            needed=f"memory for {workers} of them, 300 MB each",
            remedy="run the same command again: it goes on where it stopped",
        ) from error


def _start() -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
