"""Which pairs of an archive are wanted: the annotations are read first, so that no other picture is ever decrypted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from tryon.archives.layout import Contents, Member, refuse_many_faults
from tryon.archives.members import Archive, read_member
from tryon.archives.workers import in_batches
from tryon.console import track
from tryon.errors import DataError
from tryon.formats.deepfashion2 import Item, parse_annotation
from tryon.formats.json_files import parse_json

# The reason why a picture with these items is not wanted, or an empty text.
Judge = Callable[[Mapping[str, Item]], str]
_BATCH = 256
_FAULT = "faulty"


@dataclass
class Selection:
    """What became of the pairs of one archive.

    Args:
        wanted: numbers of the pairs that pass, in order.
        dropped: how many do not, by kind of reason.
        faults: what is wrong with each pair that cannot be used.
        read: annotations that were read; less than there are if enough have been found.
    """

    wanted: list[int] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    read: int = 0


def select(archive: Archive, contents: Contents, judge: Judge, limit: int | None, workers: int) -> Selection:
    """Read the annotations of all pairs and judge them; stop when `limit` have passed.

    Raises:
        DataError: too many annotations are faulty, or none passes.
    """
    numbers, name, selection = contents.pairs(), archive.path.name, Selection()
    annotations = [contents.annotations[number] for number in numbers]
    reasons = in_batches(partial(_judge_batch, archive, judge), annotations, _BATCH, workers)
    with closing(reasons):
        verdicts = track(zip(numbers, reasons, strict=False), f"{name}: annotations", len(numbers))
        for number, (kind, reason) in verdicts:
            if limit is not None and len(selection.wanted) >= limit:
                break
            selection.read += 1
            if not kind:
                selection.wanted.append(number)
            elif kind == _FAULT:
                selection.faults.append(reason)
            else:
                selection.dropped[kind] += 1
    refuse_many_faults(selection.faults, selection.read, name)
    if not selection.wanted:
        raise DataError(
            f"{name}: no picture passes the filters",
            received=", ".join(f"{kind} {count}" for kind, count in selection.dropped.most_common()),
            needed="items as `photos` in params.yaml wants them",
            remedy="widen categories, viewpoints, scales or occlusions",
        )
    return selection


def _judge_batch(archive: Archive, judge: Judge, members: Sequence[Member]) -> list[tuple[str, str]]:
    """For each annotation the kind of reason why it is not wanted (empty if it is), and the reason in full."""
    with archive.opened() as file:
        return [_judge_one(archive, file, judge, member) for member in members]


def _judge_one(archive: Archive, file: int, judge: Judge, member: Member) -> tuple[str, str]:
    name = member.name.decode()
    try:
        items = parse_annotation(parse_json(read_member(file, member, archive.password), name), name).items
    except DataError as error:
        return _FAULT, f"{error.what}: {error.received}"
    reason = judge(items)
    return reason.partition(":")[0], reason
