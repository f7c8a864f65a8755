"""Faults of strangers' files, gathered so that a person sees all of them at once instead of one after the other.

A reader puts each part that can be judged by itself into `with faults:` and ends with `faults.settle()`. What was
gathered then goes up as one error, which the reader of the whole file or set gathers in turn.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, TypeVar

from tryon.errors import DataError, FaultError, FaultsError

T = TypeVar("T")

# Faults that are kept: no message shows more, and a hostile file of nothing but faults must not fill the memory.
_KEPT = 1000


class Faults:
    """The faults met so far. As a context it takes up a `DataError` of its block and lets the program go on."""

    def __init__(self) -> None:
        self.found: list[DataError] = []
        self.count = 0  # of all, while only the first ones are kept

    def __enter__(self) -> "Faults":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, DataError):
            return False
        self.add(error)
        return True

    def add(self, error: DataError) -> None:
        """Take up an error; one that stands for several faults as each of them."""
        self.found += (error.faults if isinstance(error, FaultsError) else (error,))[: _KEPT - len(self.found)]
        self.count += error.count if isinstance(error, FaultsError) else 1

    def settle(self, what: str) -> None:
        """Go on if there was no fault; `what` names the whole in the message.

        Raises:
            DataError: the one fault, or a `FaultsError` of all of them.
        """
        if self.count == 1:
            raise self.found[0]
        if self.found:
            raise FaultsError(f"{what}: {self.count} faults", self.found, self.count)


@dataclass
class Sifted(Generic[T]):
    """What a set holds: the usable parts, and the faults of the others by the name of the picture they belong to."""

    good: list[T] = field(default_factory=list)
    bad: dict[str, Faults] = field(default_factory=dict)

    @contextmanager
    def collect(self, name: str) -> Iterator[None]:
        """Take up a `DataError` of the block as a fault of the picture of that name."""
        try:
            yield
        except DataError as error:
            self.bad.setdefault(name, Faults()).add(error)

    def faults(self) -> Faults:
        """The faults of all pictures."""
        everything = Faults()
        for faults in self.bad.values():
            everything.found += faults.found[: _KEPT - len(everything.found)]
            everything.count += faults.count
        return everything

    def all_good(self, what: str) -> list[T]:
        """The parts, if none is faulty.

        Raises:
            DataError: the one fault, or a `FaultsError` of all of them.
        """
        self.faults().settle(what)
        return self.good


def count_reasons(bad: dict[str, Faults]) -> Counter[str]:
    """How many pictures have which kind of fault; the first fault of a picture counts."""
    firsts = (faults.found[0] for faults in bad.values())
    return Counter(fault.reason if isinstance(fault, FaultError) else "unreadable" for fault in firsts)
